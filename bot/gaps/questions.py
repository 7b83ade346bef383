"""Questions that the bot did not settle, read from the conversation log.

Four kinds, by what was recorded: no record was sure enough (``unanswered``), suggestions were shown
and none was taken (``refused``), the customer said that an answer did not help or it was followed by
a miss or a call for a person (``unhelpful``), and people had to answer (``handed_off``).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import or_, select

from bot.conversations.model import Author, Body
from bot.editing.heat import Answered, was_in_vain
from bot.faq.texts import phrase_key
from bot.storage.conversations import MessageRow, TurnRow
from bot.storage.engine import Database

# An agent's line after this long belongs to another matter.
_SAME_MATTER = timedelta(days=1)
# Calls for a person and feelings are no questions for the FAQ.
_NO_QUESTION = frozenset({"ask_human", "complaint", "greet", "thanks", "goodbye", "affirm", "deny"})
# Shorter than this ("嗯", "ok") says nothing by itself.
_SHORTEST = 4
# Agents greet and say goodbye; an answer is longer.
_SHORTEST_ANSWER = 12


class Kind(StrEnum):
    """Why a question counts as asked in vain."""

    UNANSWERED = "unanswered"
    REFUSED = "refused"
    UNHELPFUL = "unhelpful"
    HANDED_OFF = "handed_off"


@dataclass(frozen=True, slots=True)
class Line:
    """A customer's or an agent's line; ``decision`` only where the bot had the word."""

    message_id: int
    conversation_id: str
    author: Author
    body: Body
    at: datetime
    decision: str | None
    intent: str | None
    helpful: bool | None = None


@dataclass(frozen=True, slots=True)
class Missed:
    """One question asked in vain; ``answer`` is what an agent said to it, if one did."""

    message_id: int
    text: str
    kind: Kind
    at: datetime
    record_id: str | None
    answer: str | None


async def missed_questions(database: Database, since: datetime) -> list[Missed]:
    """Return the questions asked in vain since then, in no particular order."""
    async with database.read() as session:
        rows = await session.execute(
            select(
                MessageRow.id, MessageRow.conversation_id, MessageRow.author, MessageRow.body,
                MessageRow.created_at, TurnRow.decision, TurnRow.intent,
                TurnRow.helpful,
            )
            .outerjoin(TurnRow, TurnRow.message_id == MessageRow.id)
            .where(
                MessageRow.created_at > since,
                or_(
                    MessageRow.author == Author.CUSTOMER.value,
                    MessageRow.author == Author.AGENT.value,
                ),
            )
            .order_by(MessageRow.conversation_id, MessageRow.seq)
        )  # fmt: skip
        lines = [
            Line(
                number,
                conversation,
                Author(author),
                Body.from_json(body),
                at,
                decision,
                intent,
                helpful,
            )
            for number, conversation, author, body, at, decision, intent, helpful in rows
        ]
    return list(missed(lines))


def missed(lines: Iterable[Line]) -> Iterator[Missed]:
    """Yield the questions asked in vain among lines in order, one conversation after the other."""
    for _, group in itertools.groupby(lines, key=lambda line: line.conversation_id):
        conversation = list(group)
        for number, line in enumerate(conversation):
            kind = _kind(conversation, number)
            if kind is not None:
                rung, _, record_id = (line.decision or "").partition(":")
                yield Missed(
                    line.message_id, line.body.text, kind, line.at,
                    record_id if rung == "answer" else None, _agents_answer(conversation, number),
                )  # fmt: skip


def _kind(conversation: Sequence[Line], number: int) -> Kind | None:
    line = conversation[number]
    if (
        line.author is not Author.CUSTOMER
        or line.body.payload
        or line.intent in _NO_QUESTION
        or len(phrase_key(line.body.text)) < _SHORTEST
    ):
        return None
    decision = line.decision
    if decision is None:
        return Kind.HANDED_OFF if _first_to_agent(conversation, number) else None
    if decision in ("clarify", "handoff:low_confidence"):
        return Kind.UNANSWERED
    if decision.startswith("handoff:"):
        return Kind.HANDED_OFF
    if decision.startswith("answer:") and line.helpful is not None:
        return None if line.helpful else Kind.UNHELPFUL
    after = next(
        (
            one
            for one in conversation[number + 1 :]
            if one.author is Author.CUSTOMER and one.decision
        ),
        None,
    )
    if after is None or not was_in_vain(_turn(line), _turn(after)):
        return None
    if decision.startswith("suggest:"):
        return Kind.REFUSED
    return Kind.UNHELPFUL if decision.startswith("answer:") else None


def _first_to_agent(conversation: Sequence[Line], number: int) -> bool:
    """Tell whether this is the first line that the bot left to the agents, and one of them answered."""
    before = conversation[number - 1] if number else None
    first = before is None or before.decision is not None or before.author is Author.AGENT
    earlier = any(
        one.author is Author.CUSTOMER and one.decision is None for one in conversation[:number]
    )
    return first and not earlier and _agents_answer(conversation, number) is not None


def _agents_answer(conversation: Sequence[Line], number: int) -> str | None:
    """Return the longest line of an agent that may answer this question."""
    asked = conversation[number].at
    said = [
        line.body.text
        for line in conversation[number + 1 :]
        if line.author is Author.AGENT and line.at - asked <= _SAME_MATTER
    ]
    longest = max(said, key=len, default="")
    return longest if len(longest) >= _SHORTEST_ANSWER else None


def _turn(line: Line) -> Answered:
    return Answered(line.conversation_id, line.decision or "", line.at)
