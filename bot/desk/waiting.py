"""How long a customer waits: from the place in the queue, real handling times and who is there."""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.conversations.model import HandoffReason, State
from bot.desk.catalogue import Catalogue
from bot.storage.conversations import ConversationRow, HandoffRow

_LOOK_BACK = timedelta(days=14)
_CASES = 50
# Below this many finished conversations a guess would be no better than none.
_FEWEST_CASES = 5
# Somebody has room: they still have to read before they come.
_AT_ONCE_S = 60.0


@dataclass
class WaitClock:
    """What an expected wait is made of; the keeper brings it up to date.

    ``handling_s`` is the median from taking to closing of the last conversations, ``slots`` how many
    conversations those who are there have at once, ``free`` how many of these are unused.
    """

    handling_s: float | None = None
    slots: int = 0
    free: int = 0

    def minutes(self, place: int) -> int | None:
        """Return the expected wait at ``place`` (from 1) in whole minutes, at least 1.

        Those who are there finish ``slots`` conversations in each handling time, so the n-th who finds
        no room waits n/slots of it. ``None`` when nobody is there or too little is known.
        """
        if not self.slots:
            return None
        if place <= self.free:
            return math.ceil(_AT_ONCE_S / 60)
        if self.handling_s is None:
            return None
        return max(1, math.ceil((place - self.free) * self.handling_s / self.slots / 60))


async def handling_time(session: AsyncSession, now: datetime) -> float | None:
    """Return the median seconds from taking to closing of the last 50 conversations of two weeks."""
    rows = await session.execute(
        select(HandoffRow.taken_at, HandoffRow.closed_at)
        .where(
            HandoffRow.taken_at.is_not(None),
            HandoffRow.closed_at > now - _LOOK_BACK,
            HandoffRow.resolution.not_in(("customer_left", "joined", "returned_to_bot")),
        )
        .order_by(HandoffRow.closed_at.desc())
        .limit(_CASES)
    )
    lengths = [(closed - taken).total_seconds() for taken, closed in rows if closed and taken]
    return statistics.median(lengths) if len(lengths) >= _FEWEST_CASES else None


async def place_of(session: AsyncSession, catalogue: Catalogue, conversation_id: str) -> int | None:
    """Return a conversation's place in the queue, from 1; ``None`` when it does not wait."""
    return (await places(session, catalogue)).get(conversation_id)


async def places(session: AsyncSession, catalogue: Catalogue) -> dict[str, int]:
    """Return the place in the queue, from 1, of every conversation that waits."""
    rows = await session.execute(
        select(HandoffRow.conversation_id, HandoffRow.reason, HandoffRow.created_at)
        .join(ConversationRow, ConversationRow.id == HandoffRow.conversation_id)
        .where(HandoffRow.closed_at.is_(None), ConversationRow.state == State.QUEUED.value)
    )
    order = sorted(
        (at - catalogue.reasons[HandoffReason(reason)].lead, waiting)
        for waiting, reason, at in rows
    )
    return {waiting: place for place, (_, waiting) in enumerate(order, start=1)}
