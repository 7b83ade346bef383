"""What WeChat still lets us send to a customer, and which numbers they may answer with.

Customer-service messages, "客服消息下发规则" (developers.weixin.qq.com): 5 within 48 hours after a
message of the customer; 3 within one minute after a menu click, a follow or a QR scan.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from bot.conversations.model import Button, Direction, MessageState
from bot.storage.channels import ChannelCustomerRow
from bot.storage.conversations import MessageRow
from bot.storage.engine import Database

MESSAGE_WINDOW = timedelta(hours=48)
MESSAGES = 5
EVENT_WINDOW = timedelta(minutes=1)
EVENTS = 3
# A clock ahead of ours: a repeated delivery still has the moment of the first.
_AHEAD = timedelta(minutes=1)
# WeChat asks at most twice more, 5 s apart; the rest is for clocks and for a new start of ours.
_ANSWERS_REMEMBERED_S = 120.0


@dataclass(frozen=True, slots=True)
class Given:
    """An answer that went into the request of a message.

    Args:
        rows: the stored messages that it consists of.
    """

    message_id: str
    content: dict[str, Any]
    rows: tuple[int, ...]


class Customers:
    """The books of one channel.

    Args:
        channel: its name.
    """

    def __init__(self, database: Database, channel: str) -> None:
        self._database = database
        self._channel = channel

    async def wrote(self, user: str, at: datetime, *, new: bool = False) -> bool:
        """The customer sent a message at a moment of WeChat's clock: the quota is full again.

        A repeated delivery has the same moment and changes nothing; returns whether this one did.

        Args:
            new: known to be no repeated one, so that it counts also within the second of another.
        """
        async with self._database.write() as session:
            row = await self._row(session, user)
            until = at + MESSAGE_WINDOW
            known = row.messages_until
            fills = known is None or known < until or (new and known == until)
            if fills:
                row.messages_until = until
                row.messages_left = MESSAGES
        return fills

    async def stepped_by(self, user: str, at: datetime) -> None:
        """The customer clicked, followed or scanned."""
        async with self._database.write() as session:
            row = await self._row(session, user)
            if row.events_until is None or row.events_until < at + EVENT_WINDOW:
                row.events_until = at + EVENT_WINDOW
                row.events_left = EVENTS

    async def may_send(self, user: str, keep_last: bool) -> bool:
        """Tell whether one more message may be sent; see ``left``."""
        return await self.left(user, keep_last) > 0

    async def left(self, user: str, keep_last: bool) -> int:
        """Return how many messages may be sent.

        Args:
            keep_last: leave the last message of the 48 hours for a person.
        """
        async with self._database.read() as session:
            row = await session.get(ChannelCustomerRow, (self._channel, user))
        if row is None:
            return 0
        now = datetime.now(UTC)
        events = row.events_left if _event_left(row, now) else 0
        return events + max(0, _messages_left(row, now) - (1 if keep_last else 0))

    async def waits_for_answers(self, conversation_id: str) -> bool:
        """Tell whether messages of the customer are still being worked on."""
        async with self._database.read() as session:
            found = await session.scalar(
                select(MessageRow.id)
                .where(
                    MessageRow.conversation_id == conversation_id,
                    MessageRow.direction == Direction.IN.value,
                    MessageRow.state == MessageState.PENDING.value,
                )
                .limit(1)
            )
        return found is not None

    async def sent(self, user: str) -> None:
        """Count one message, first against the quota that ends first."""
        async with self._database.write() as session:
            row = await self._row(session, user)
            if _event_left(row, datetime.now(UTC)):
                row.events_left -= 1
            else:
                row.messages_left = max(0, row.messages_left - 1)

    async def nothing_left(self, user: str) -> None:
        """WeChat says that nothing more may be sent, whatever we counted."""
        async with self._database.write() as session:
            row = await self._row(session, user)
            row.messages_left = row.events_left = 0

    async def shown(
        self,
        user: str,
        buttons: tuple[Button, ...],
        rows: Collection[int],
        answers: tuple[str, dict[str, Any]] | None = None,
    ) -> None:
        """Remember what is being shown.

        Args:
            buttons: the numbered lines of it.
            rows: the stored messages that it consists of.
            answers: (message id, content) when it goes into the request of that message.
        """
        now = datetime.now(UTC).timestamp()
        async with self._database.write() as session:
            row = await self._row(session, user)
            row.offers = [[button.title, button.payload] for button in buttons]
            # What is sent in another way now must not be given once more to who asks again.
            kept = [
                one
                for one in row.answers
                if one[3] > now - _ANSWERS_REMEMBERED_S and not set(one[2]) & set(rows)
            ]
            row.answers = kept if answers is None else [*kept, [*answers, list(rows), now]]

    async def answer_to(self, user: str, message_id: str) -> Given | None:
        """Return what went into the request of a message a moment ago."""
        async with self._database.read() as session:
            row = await session.get(ChannelCustomerRow, (self._channel, user))
            found = [one for one in row.answers if one[0] == message_id] if row else []
            return Given(message_id, found[-1][1], tuple(found[-1][2])) if found else None

    async def offers(self, user: str) -> list[Button]:
        """Return the lines that were numbered in the last message."""
        async with self._database.read() as session:
            row = await session.get(ChannelCustomerRow, (self._channel, user))
            return [Button(*offer) for offer in row.offers] if row else []

    async def _row(self, session: AsyncSession, user: str) -> ChannelCustomerRow:
        key = {"channel": self._channel, "user": user}
        row = await session.get(ChannelCustomerRow, key, with_for_update=True)
        if row is not None:
            return row
        # Two first messages may arrive at once: the key lets one of them make the row.
        dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
        new = {**key, "messages_left": 0, "events_left": 0, "offers": [], "answers": []}
        await session.execute(
            dialect.insert(ChannelCustomerRow).values(new).on_conflict_do_nothing()
        )
        return await session.get_one(ChannelCustomerRow, key, with_for_update=True)


def _event_left(row: ChannelCustomerRow, now: datetime) -> bool:
    return row.events_until is not None and row.events_until > now and row.events_left > 0


def _messages_left(row: ChannelCustomerRow, now: datetime) -> int:
    open_still = row.messages_until is not None and row.messages_until > now
    return row.messages_left if open_still else 0


def moment_of(seconds: float) -> datetime:
    """Return a moment of the platform's clock, which is never taken for far in the future."""
    latest = datetime.now(UTC) + _AHEAD
    return min(datetime.fromtimestamp(min(seconds, latest.timestamp()), UTC), latest)
