"""The outbox: delivers what was committed, in order for each conversation, until it arrives or fails for good."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

import structlog
from sqlalchemy import select, update

from bot.conversations.metrics import DELIVERIES
from bot.conversations.model import Direction, MessageState, State
from bot.conversations.serial import Serial
from bot.conversations.transcript import Entry
from bot.storage.conversations import ConversationRow, MessageRow
from bot.storage.engine import Database

_log = structlog.get_logger(__name__)

_DELIVERIES_AT_ONCE = 64
# Rows written by another process (``yingda desk``) and rows whose backoff has passed are found by polling.
_POLL_S = 0.5
_LONGEST_BACKOFF_S = 300.0


class DeliveryError(Exception):
    """A message could not be delivered now.

    Args:
        message: what was expected and what came.
        retry_after_s: the channel's own wish, in seconds; ``None`` leaves it to the backoff.
        permanent: no later attempt can succeed (the customer blocked the shop, say).
    """

    def __init__(
        self, message: str, *, retry_after_s: float | None = None, permanent: bool = False
    ) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s
        self.permanent = permanent


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message on its way: to whom, in which state the conversation is, and what."""

    conversation_id: str
    user: str
    state: State
    entry: Entry


class Sender(Protocol):
    """What the outbox needs of a channel."""

    async def deliver(self, delivery: Delivery) -> None:
        """Hand one message to the channel; raises ``DeliveryError``."""


class Outbox:
    """Delivers pending messages through the senders of their channels.

    Args:
        senders: by channel name. Messages of a channel without a sender stay pending.
        attempts: how often one message is tried before it is marked failed.
    """

    def __init__(self, database: Database, senders: Mapping[str, Sender], attempts: int) -> None:
        self._database = database
        self._senders = senders
        self._attempts = attempts
        self._deliveries = Serial(self._drain, _DELIVERIES_AT_ONCE)
        self._poller: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to look for due messages."""
        self._poller = asyncio.create_task(self._poll())

    def wake(self, conversation_id: str) -> None:
        """Deliver what is due in this conversation now."""
        self._deliveries.wake(conversation_id)

    async def close(self) -> None:
        """Stop; what is pending stays pending for the next start."""
        if self._poller is not None:
            self._poller.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._poller
        await self._deliveries.close()

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
        """Deliver what is pending, the oldest first; what arrives meanwhile wakes this again."""
        try:
            for message, delivery in await self._pending(conversation_id):
                if not await self._deliver(message, delivery):
                    return
        except Exception:
            _log.exception("outbox stopped for a conversation", conversation=conversation_id)

    async def _pending(self, conversation_id: str) -> list[tuple[MessageRow, Delivery]]:
        async with self._database.read() as session:
            found = await session.execute(
                select(MessageRow, ConversationRow.user, ConversationRow.state)
                .join(ConversationRow, ConversationRow.id == MessageRow.conversation_id)
                .where(
                    MessageRow.conversation_id == conversation_id,
                    MessageRow.direction == Direction.OUT.value,
                    MessageRow.state == MessageState.PENDING.value,
                )
                .order_by(MessageRow.seq)
            )
            return [
                (message, Delivery(conversation_id, user, State(state), Entry.of(message)))
                for message, user, state in found
            ]

    async def _deliver(self, message: MessageRow, delivery: Delivery) -> bool:
        """Deliver one message; false when the conversation has to wait for it."""
        sender = self._senders.get(message.channel)
        due_at = message.next_attempt_at or message.created_at
        if sender is None or due_at > datetime.now(UTC):
            # A later message must not overtake one that waits for its next attempt.
            return False
        try:
            await sender.deliver(delivery)
        except Exception as error:
            return await self._failed(message, error)
        await self._update(message, state=MessageState.DONE.value, done_at=datetime.now(UTC))
        DELIVERIES.labels(message.channel, "delivered").inc()
        return True

    async def _failed(self, message: MessageRow, error: Exception) -> bool:
        """Record a failed attempt; true when it was the last one and later messages may go out."""
        attempts = message.attempts + 1
        known = error if isinstance(error, DeliveryError) else None
        if known is None:
            _log.exception("channel raised an unexpected error", channel=message.channel)
        if attempts >= self._attempts or (known is not None and known.permanent):
            DELIVERIES.labels(message.channel, "failed").inc()
            _log.warning("message not delivered", message=message.id, attempts=attempts)
            state, wait_s = MessageState.FAILED, 0.0
        else:
            state, wait_s = MessageState.PENDING, min(2.0 ** (attempts - 1), _LONGEST_BACKOFF_S)
            if known is not None and known.retry_after_s is not None:
                wait_s = known.retry_after_s
        await self._update(
            message,
            state=state.value,
            attempts=attempts,
            error=str(error)[:500],
            next_attempt_at=datetime.now(UTC) + timedelta(seconds=wait_s),
        )
        return state is MessageState.FAILED

    async def _update(self, message: MessageRow, **columns: object) -> None:
        async with self._database.write() as session:
            await session.execute(
                update(MessageRow).where(MessageRow.id == message.id).values(**columns)
            )
