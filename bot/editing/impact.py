"""What a change wins and loses on questions that customers really asked."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from sqlalchemy import select

from bot.conversations.model import Body, Direction
from bot.faq.knowledge import Knowledge, Ruling
from bot.faq.texts import phrase_key
from bot.gaps.privacy import masked
from bot.storage.conversations import MessageRow, TurnRow
from bot.storage.engine import Database

WINDOW = timedelta(days=30)
# The most frequent ones; 2,000 are read in about 10 s on one slow core.
MOST_QUESTIONS = 2_000


class Effect(StrEnum):
    """What becomes of one question."""

    WON = "won"  # nothing or a suggestion before, an answer now
    LOST = "lost"  # an answer before, none now
    MOVED = "moved"  # another record answers
    OFFERED = "offered"  # nothing before, suggestions now
    DROPPED = "dropped"  # suggestions before, nothing now


@dataclass(frozen=True, slots=True)
class Asked:
    """A question and how often it was asked."""

    text: str
    times: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the thresholds make of a question: the answer's record, or those suggested."""

    answer: str | None
    suggest: tuple[str, ...]
    score: float


@dataclass(frozen=True, slots=True)
class Difference:
    """One question that fares differently."""

    question: Asked
    effect: Effect
    before: Outcome
    after: Outcome


async def recorded_questions(
    database: Database, now: datetime | None = None, limit: int = MOST_QUESTIONS
) -> list[Asked]:
    """Return what was asked of the FAQ in the last month, numbers masked, the most frequent first.

    A turn counts when the FAQ ladder decided it: answered, suggested, declined or missed.
    """
    since = (now or datetime.now(UTC)) - WINDOW
    counts: Counter[str] = Counter()
    words: dict[str, str] = {}
    async with database.read() as session:
        rows = await session.execute(
            select(MessageRow.body, TurnRow.decision)
            .join(TurnRow, TurnRow.message_id == MessageRow.id)
            .where(TurnRow.created_at > since, MessageRow.direction == Direction.IN.value)
            .order_by(MessageRow.id)
        )
        for data, decision in rows:
            body = Body.from_json(data)
            if body.payload or not _of_the_faq(decision):
                continue
            key = phrase_key(body.text)
            if key:
                counts[key] += 1
                words.setdefault(key, body.text)
    return [Asked(masked(words[key]), times) for key, times in counts.most_common(limit)]


def compare(questions: list[Asked], live: Knowledge, draft: Knowledge) -> list[Difference]:
    """Return the questions that fare differently, the most frequent first; encodes each one once."""
    if not questions:
        return []
    texts = [question.text for question in questions]
    vectors = live.index.encode(texts)
    rulings = (map(_outcome, k.rule_all(texts, vectors)) for k in (live, draft))
    found = []
    for question, before, after in zip(questions, *rulings, strict=True):
        effect = _effect(before, after)
        if effect is not None:
            found.append(Difference(question, effect, before, after))
    return sorted(found, key=lambda one: -one.question.times)


def _outcome(ruling: Ruling) -> Outcome:
    best = ruling.hits[0].score if ruling.hits else 0.0
    return Outcome(ruling.answer, () if ruling.answer else ruling.suggest, best)


def _of_the_faq(decision: str) -> bool:
    return decision.startswith(
        ("answer:", "suggest:", "clarify", "decline", "handoff:low_confidence")
    )


def _effect(before: Outcome, after: Outcome) -> Effect | None:
    if before.answer and after.answer:
        return Effect.MOVED if before.answer != after.answer else None
    if after.answer:
        return Effect.WON
    if before.answer:
        return Effect.LOST
    if bool(before.suggest) != bool(after.suggest):
        return Effect.OFFERED if after.suggest else Effect.DROPPED
    return None
