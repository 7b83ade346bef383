"""How often each record was the answer lately, and how often that was the end of the matter."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import select

from bot.storage.conversations import TurnRow
from bot.storage.engine import Database

WINDOW = timedelta(days=30)
# What a customer does this soon after an answer is about the answer.
SOON = timedelta(minutes=10)
# The next turn says that the answer did not help: not understood, or a person was wanted.
_IN_VAIN = (
    "clarify",
    "handoff:low_confidence",
    "handoff:asked_for",
    "handoff:complaint",
    "flow:complaint",
    "handoff:anger",
)


@dataclass(frozen=True, slots=True)
class Heat:
    """``asked``: answers given in ``WINDOW``; ``helped``: those that the customer called helpful, or
    of which they said nothing and that no miss or call for a person followed."""

    asked: int = 0
    helped: int = 0


@dataclass(frozen=True, slots=True)
class Answered:
    """One turn, as far as this file cares."""

    conversation_id: str
    decision: str
    at: datetime
    # The customer's own word, which counts more than what followed.
    helpful: bool | None = None


async def heat_of_all(database: Database, now: datetime | None = None) -> dict[str, Heat]:
    """Return the heat of every record that was asked for; the others are cold."""
    since = (now or datetime.now(UTC)) - WINDOW
    async with database.read() as session:
        rows = await session.execute(
            select(TurnRow.conversation_id, TurnRow.decision, TurnRow.created_at, TurnRow.helpful)
            .where(TurnRow.created_at > since)
            .order_by(TurnRow.conversation_id, TurnRow.message_id)
        )
        return count([Answered(*row) for row in rows])


def count(turns: Iterable[Answered]) -> dict[str, Heat]:
    """Return the heat by record; turns in order, one conversation after the other."""
    found: dict[str, Heat] = {}
    turns = list(turns)
    for number, turn in enumerate(turns):
        rung, _, record_id = turn.decision.partition(":")
        if rung != "answer":
            continue
        after = turns[number + 1] if number + 1 < len(turns) else None
        before = found.get(record_id, Heat())
        helped = turn.helpful
        if helped is None:
            helped = after is None or not was_in_vain(turn, after)
        found[record_id] = Heat(before.asked + 1, before.helped + helped)
    return found


def was_in_vain(turn: Answered, after: Answered) -> bool:
    """Tell whether the next turn shows that an answer did not help."""
    return (
        after.conversation_id == turn.conversation_id
        and after.at - turn.at <= SOON
        and after.decision.startswith(_IN_VAIN)
    )
