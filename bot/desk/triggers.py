"""When the bot should step back by itself: six turns without progress, or an angry customer.

Read from the recorded turns, so a restart forgets nothing. The other reasons are decided in the
dialogue (``actions/``) or by a failure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.conversations.model import HandoffReason
from bot.conversations.turn import Turn
from bot.mood import ANGRY, temper
from bot.storage.conversations import HandoffRow, TurnRow

TURN_LIMIT = 6
# Turns that the mood looks back on, and no further than this: yesterday's anger is yesterday's.
_MOOD_TURNS = 3
_EPISODE = timedelta(hours=6)
# Who has just left the queue is not sent back into it by the same words.
_AFTER_LEAVING = timedelta(hours=1)
_SMALL_TALK = frozenset({"greet", "goodbye", "thanks", "affirm", "deny", "bot_challenge", "inform"})


@dataclass(frozen=True, slots=True)
class Trigger:
    """A reason to bring in a person; ``ask`` when the customer is to be asked first."""

    reason: HandoffReason
    ask: bool


@dataclass(frozen=True, slots=True)
class _Past:
    decision: str
    entities: bool
    anger: float


async def watch(
    session: AsyncSession, conversation_id: str, turn: Turn, anger: float | None, now: datetime
) -> Trigger | None:
    """Return why a person should come after this turn, if the turn itself has not called one.

    Args:
        turn: the present one, which is not recorded yet.
        anger: how angry its message is, 0..1.
    """
    rows = await session.execute(
        select(TurnRow.decision, TurnRow.entities, TurnRow.anger, TurnRow.created_at)
        .where(TurnRow.conversation_id == conversation_id, TurnRow.created_at > now - _EPISODE)
        .order_by(TurnRow.created_at.desc())
        .limit(4 * TURN_LIMIT)
    )
    recorded = [(_Past(rung, bool(named), mood or 0.0), at) for rung, named, mood, at in rows]
    present = _Past(turn.decision, bool(turn.entities), anger or 0.0)
    whole = [present, *(one for one, _ in recorded)]
    if not _is_angry(whole) and without_progress(whole) < TURN_LIMIT:
        return None  # nearly always; looking back less far finds no more
    last = await _last_handoff(session, conversation_id)
    closed = last.closed_at if last is not None else None
    past = [one for one, at in recorded if closed is None or at > closed]
    left = (
        last is not None
        and last.resolution == "customer_left"
        and last.closed_at is not None
        and now - last.closed_at < _AFTER_LEAVING
    )
    return _ruling([present, *past], left=left)


def _ruling(turns: Sequence[_Past], *, left: bool) -> Trigger | None:
    """Return what turns, the newest first, call for; ``left`` when the customer has just left the queue."""
    if _is_angry(turns):
        return Trigger(HandoffReason.ANGER, ask=left)
    stuck = without_progress(turns)
    if stuck and stuck % TURN_LIMIT == 0:
        return Trigger(HandoffReason.TURN_LIMIT, ask=left or stuck == TURN_LIMIT)
    return None


def _is_angry(turns: Sequence[_Past]) -> bool:
    return temper([one.anger for one in turns[:_MOOD_TURNS]]) >= ANGRY


def without_progress(turns: Sequence[_Past]) -> int:
    """Return how many turns in a row, the newest first, have brought the customer no further.

    A turn does when it gives an answer or begins a task that has not been there before, or when the
    customer gave something to work with (an order number, a date). Small talk neither helps nor
    counts.
    """
    count = 0
    for place, turn in enumerate(turns):
        rung, _, what = turn.decision.partition(":")
        if rung == "flow" and what in _SMALL_TALK and not turn.entities:
            continue
        before = {earlier.decision for earlier in turns[place + 1 :]}
        helps = rung in {"answer", "flow"} and (turn.entities or turn.decision not in before)
        if helps:
            return count
        count += 1
    return count


async def _last_handoff(session: AsyncSession, conversation_id: str) -> HandoffRow | None:
    row: HandoffRow | None = await session.scalar(
        select(HandoffRow)
        .where(HandoffRow.conversation_id == conversation_id)
        .order_by(HandoffRow.id.desc())
        .limit(1)
    )
    return row
