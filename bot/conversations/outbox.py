"""The outbox: delivers what was committed, in order for each conversation, until it arrives or fails for good."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Protocol

import structlog
from sqlalchemy import Select, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from bot.background import Background
from bot.conversations.metrics import ANSWER_SECONDS, DELIVERIES
from bot.conversations.model import Author, Body, Direction, MessageState, State
from bot.conversations.serial import Serial
from bot.conversations.transcript import Entry
from bot.storage.conversations import ConversationRow, MessageRow
from bot.storage.engine import Database
from bot.storage.together import Together

_log = structlog.get_logger(__name__)

# One waits for its turn in its channel's rate limit without keeping other channels from theirs.
_DELIVERIES_AT_ONCE = 512
# Rows written by another process (``yingda desk``) and rows whose backoff has passed are found by polling.
_POLL_S = 0.5
_LONGEST_BACKOFF_S = 300.0
# What was just sent must also be written down, or it would be sent again after the next start.
_GRACE_S = 2.0


class DeliveryError(Exception):
    """A message could not be delivered now; it is tried again with growing pauses."""


class RetryAfter(DeliveryError):  # noqa: N818 - what to do, in the outbox's terms
    """The channel said when it will take messages again; the try does not count as an attempt.

    Args:
        message: what was expected and what came.
        seconds: how long to wait.
    """

    def __init__(self, message: str, seconds: float) -> None:
        super().__init__(message)
        self.seconds = seconds


class Refused(DeliveryError):  # noqa: N818
    """No later attempt can succeed: the customer blocked the shop, say."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message on its way: to whom, in which state the conversation is, and what.

    Args:
        answers: the channel's id of the message that this one answers, if it answers one.
        parts_done: how many parts of it arrived in an earlier attempt.
        part_done: to be awaited after each part but the last, so that no part is sent twice.
        settle: records the message as delivered (or again as pending) before ``deliver`` returns,
            for a platform that asks again when it did not get what we recorded.
        rows: the stored messages that go out as this one; for ``Outbox.deliver_again``.
    """

    conversation_id: str
    user: str
    state: State
    entry: Entry
    answers: str | None
    parts_done: int
    part_done: Callable[[], Awaitable[None]]
    settle: Callable[[MessageState], Awaitable[None]]
    rows: tuple[int, ...] = ()


class Sender(Protocol):
    """What the outbox needs of a channel."""

    async def deliver(self, delivery: Delivery) -> None:
        """Hand one message to the channel; raises ``DeliveryError``."""


@dataclass(frozen=True, slots=True)
class _Pending:
    """A stored message that waits, and the moment of the customer's message that it answers."""

    row: MessageRow
    delivery: Delivery
    asked_at: datetime | None

    @property
    def address(self) -> tuple[str, str]:
        """Where it goes: the channel, and who on it."""
        return self.row.channel, self.delivery.user


@dataclass(frozen=True, slots=True)
class _Settled:
    """Stored messages and what became of them."""

    rows: tuple[int, ...]
    state: MessageState


class Outbox:
    """Delivers pending messages through the senders of their channels.

    Args:
        senders: by channel name. Messages of a channel without a sender stay pending.
        attempts: how often one message is tried before it is marked failed.
        merging: channels that count messages, so that what waits goes out as one.
        reveal: fills in what is not stored; see ``bot.linking.codes``.
    """

    def __init__(
        self,
        database: Database,
        senders: Mapping[str, Sender],
        attempts: int,
        merging: Collection[str] = (),
        reveal: Callable[[Body], Body] = lambda body: body,
    ) -> None:
        self._database = database
        self._senders = senders
        self._attempts = attempts
        self._merging = merging
        self._reveal = reveal
        self._deliveries = Serial(self._drain, _DELIVERIES_AT_ONCE)
        self._settled = Together(database, _settle)
        self._poller = Background(self._poll)

    def start(self) -> None:
        """Begin to look for due messages."""
        self._poller.start()

    def wake(self, conversation_id: str) -> None:
        """Deliver what is due in this conversation now."""
        self._deliveries.wake(conversation_id)

    async def release(self, conversation_id: str) -> None:
        """Let what waits for its next attempt go with what comes next: the customer wrote again."""
        async with self._database.write() as session:
            await session.execute(
                update(MessageRow)
                .where(
                    MessageRow.conversation_id == conversation_id,
                    MessageRow.direction == Direction.OUT.value,
                    MessageRow.state == MessageState.PENDING.value,
                )
                .values(next_attempt_at=datetime.now(UTC))
            )

    async def deliver_again(self, conversation_id: str, rows: Collection[int]) -> None:
        """Deliver messages anew that were recorded as delivered and, as it turned out, were not."""
        async with self._database.write() as session:
            await session.execute(
                update(MessageRow)
                .where(
                    MessageRow.conversation_id == conversation_id,
                    MessageRow.id.in_(rows),
                    MessageRow.state == MessageState.DONE.value,
                )
                .values(
                    state=MessageState.PENDING.value,
                    done_at=None,
                    next_attempt_at=datetime.now(UTC),
                )
            )
        self.wake(conversation_id)

    async def has_pending(self, conversation_id: str) -> bool:
        """Tell whether something is still to be delivered in this conversation."""
        return bool(await self._pending(conversation_id))

    async def idle(self, conversation_id: str) -> None:
        """Wait until nothing of the conversation is being delivered."""
        await self._deliveries.idle(conversation_id)

    async def close(self) -> None:
        """Stop; what is pending stays pending for the next start."""
        await self._poller.close()
        await self._deliveries.close(_GRACE_S)

    async def _poll(self) -> None:
        while True:
            try:
                async with self._database.read() as session:
                    due = await session.scalars(
                        select(MessageRow.conversation_id)
                        .where(
                            MessageRow.direction == Direction.OUT.value,
                            MessageRow.state == MessageState.PENDING.value,
                            MessageRow.next_attempt_at <= datetime.now(UTC),
                            MessageRow.channel.in_(self._senders),
                        )
                        .distinct()
                    )
                    for conversation_id in due:
                        self.wake(conversation_id)
            except Exception:
                _log.exception("outbox could not look for due messages, will retry")
            await asyncio.sleep(_POLL_S)

    async def _drain(self, conversation_id: str) -> None:
        """Deliver what is pending, the oldest first; what arrives meanwhile wakes this again.

        Of a customer who is known on several channels, one that is down keeps no other waiting.
        """
        waiting: set[tuple[str, str]] = set()
        try:
            for group in self._together(await self._pending(conversation_id)):
                if self._deliveries.closing:
                    return
                if group[0].address not in waiting and not await self._deliver(group):
                    waiting.add(group[0].address)
        except Exception:
            _log.exception("outbox stopped for a conversation", conversation=conversation_id)

    async def _pending(self, conversation_id: str) -> list[_Pending]:
        async with self._database.read() as session:
            found = await session.execute(
                _pending_lines().where(MessageRow.conversation_id == conversation_id)
            )
            return [
                _Pending(
                    row,
                    Delivery(
                        conversation_id, user, State(state), Entry.of(row),
                        answers, row.parts_done,
                        self._progress_of(row), self._settling([row]), (row.id,),
                    ),
                    asked_at,
                )
                for row, user, state, answers, asked_at in found
            ]  # fmt: skip

    def _progress_of(self, row: MessageRow) -> Callable[[], Awaitable[None]]:
        done = row.parts_done

        async def part_done() -> None:
            nonlocal done
            done += 1
            await self._update([row], parts_done=done)

        return part_done

    def _settling(self, rows: list[MessageRow]) -> Callable[[MessageState], Awaitable[None]]:
        async def settle(state: MessageState) -> None:
            await self._settled.add(_Settled(tuple(row.id for row in rows), state))
            for row in rows:
                row.state = state.value

        return settle

    def _together(self, pending: list[_Pending]) -> list[list[_Pending]]:
        """Return what waits in groups that are delivered as one message each."""
        groups: list[list[_Pending]] = []
        for one in pending:
            if groups and one.row.channel in self._merging and _may_follow(groups[-1][-1], one):
                groups[-1].append(one)
            else:
                groups.append([one])
        return groups

    async def _deliver(self, group: list[_Pending]) -> bool:
        """Deliver one message; false when the conversation has to wait for it."""
        first, rows = group[0], [one.row for one in group]
        sender = self._senders.get(first.row.channel)
        due_at = first.row.next_attempt_at or first.row.created_at
        if sender is None or due_at > datetime.now(UTC):
            # A later message must not overtake one that waits for its next attempt.
            return False
        body = _merged([self._reveal(one.delivery.entry.body) for one in group])
        last = group[-1].delivery
        delivery = replace(
            first.delivery,
            entry=replace(last.entry, body=body),
            answers=last.answers,
            settle=self._settling(rows),
            rows=tuple(row.id for row in rows),
        )
        try:
            await sender.deliver(delivery)
        except Exception as error:
            return await self._failed(rows, error)
        now = datetime.now(UTC)
        if first.row.state != MessageState.DONE.value:
            await delivery.settle(MessageState.DONE)
        for one in group:
            DELIVERIES.labels(one.row.channel, "delivered").inc()
            if one.asked_at is not None:
                waited = (now - one.asked_at).total_seconds()
                ANSWER_SECONDS.labels(one.row.channel).observe(waited)
        return True

    async def _failed(self, rows: list[MessageRow], error: Exception) -> bool:
        """Record a failed attempt; true when it was the last one and later messages may go out."""
        first = rows[0]
        if isinstance(error, RetryAfter):
            await self._postpone(rows, error, first.attempts, error.seconds)
            return False
        if not isinstance(error, DeliveryError):
            _log.exception("channel raised an unexpected error", channel=first.channel)
        attempts = first.attempts + 1
        if attempts < self._attempts and not isinstance(error, Refused):
            wait_s = min(2.0 ** (attempts - 1), _LONGEST_BACKOFF_S)
            await self._postpone(rows, error, attempts, wait_s)
            return False
        DELIVERIES.labels(first.channel, "failed").inc(len(rows))
        _log.warning(
            "message not delivered", message=first.id, attempts=attempts, error=str(error)[:500]
        )
        await self._update(
            rows, state=MessageState.FAILED.value, attempts=attempts, error=str(error)[:500]
        )
        return True

    async def _postpone(
        self, rows: list[MessageRow], error: Exception, attempts: int, wait_s: float
    ) -> None:
        await self._update(
            rows,
            attempts=attempts,
            error=str(error)[:500],
            next_attempt_at=datetime.now(UTC) + timedelta(seconds=wait_s),
        )

    async def _update(self, rows: list[MessageRow], **columns: object) -> None:
        async with self._database.write() as session:
            await session.execute(
                update(MessageRow)
                .where(MessageRow.id.in_([row.id for row in rows]))
                .values(columns)
            )


async def _settle(session: AsyncSession, settled: Sequence[_Settled]) -> None:
    now = datetime.now(UTC)
    for state in {one.state for one in settled}:
        rows = [row for one in settled if one.state is state for row in one.rows]
        await session.execute(
            update(MessageRow)
            .where(MessageRow.id.in_(rows))
            .values(state=state.value, done_at=now if state is MessageState.DONE else None)
        )


@cache
def _pending_lines() -> Select[MessageRow, str, str, str | None, datetime]:
    """Built once, since an alias takes SQLAlchemy long; each with the message that it answers."""
    asked = aliased(MessageRow)
    return (
        select(
            MessageRow,
            func.coalesce(MessageRow.user, ConversationRow.user),
            ConversationRow.state,
            asked.channel_message_id,
            asked.created_at,
        )
        .join(ConversationRow, ConversationRow.id == MessageRow.conversation_id)
        .outerjoin(asked, asked.id == MessageRow.answers_id)
        .where(
            MessageRow.direction == Direction.OUT.value,
            MessageRow.state == MessageState.PENDING.value,
        )
        .order_by(MessageRow.seq)
    )


def _may_follow(before: _Pending, after: _Pending) -> bool:
    """Tell whether two messages read well as one: nothing to see in between, one kind of author."""
    body = before.delivery.entry.body
    by_agent = [one.row.author == Author.AGENT.value for one in (before, after)]
    halfway = before.row.parts_done or after.row.parts_done
    files = body.attachments or after.delivery.entry.body.attachments
    alike = by_agent[0] == by_agent[1] and before.address == after.address
    return alike and not (body.picture or body.link or files or halfway)


def _merged(bodies: Sequence[Body]) -> Body:
    return replace(
        bodies[-1],
        text="\n\n".join(body.text for body in bodies),
        buttons=tuple(button for body in bodies for button in body.buttons),
    )
