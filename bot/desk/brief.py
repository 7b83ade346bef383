"""The brief: what the customer wants and what was tried, from recorded turns alone.

Nothing here is guessed or written by a model: each point names a turn's intent, decision or order
number. Points carry both languages, so an agent reads them in their own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.conversations.model import Body, Direction
from bot.desk.catalogue import Catalogue
from bot.faq.errors import UnknownRecordError
from bot.faq.knowledge import Knowledge
from bot.language import detect
from bot.mood import ANGRY
from bot.orders.model import Bilingual
from bot.storage.conversations import HandoffRow, MessageRow, TurnRow

# What was said a day before has little to do with why somebody waits now.
_EPISODE = timedelta(days=1)
_QUOTE_CHARS = 160
_NO_WISH = frozenset({"ask_human", "ask_faq"})
# Words that say nothing of what somebody needs.
_SMALL_TALK = frozenset(
    {"ask_human", "greet", "goodbye", "thanks", "affirm", "deny", "bot_challenge"}
)
_WAITING_LINES = 5


@dataclass(frozen=True, slots=True)
class Tried:
    """One thing that the bot did: ``answer`` (which entry), ``suggest``, ``miss`` or ``decline``."""

    kind: str
    times: int
    faq: Bilingual | None = None


@dataclass(frozen=True, slots=True)
class Brief:
    """What an agent should know before the first word.

    ``wants`` are the tasks understood, the newest first; ``words`` the customer's own last words to
    the bot that are more than small talk or a call for a person. Who only called for one often says
    why while waiting: then it is the longest of those lines.
    """

    wants: tuple[Bilingual, ...]
    words: str | None
    tried: tuple[Tried, ...]
    turns: int
    upset: bool


async def brief_of(
    session: AsyncSession, catalogue: Catalogue, knowledge: Knowledge, conversation_id: str
) -> Brief:
    """Return the brief on the present episode: since the last close, one day at most."""
    turns = await _turns(session, conversation_id)
    wants: dict[str, Bilingual] = {}
    for turn, _ in reversed(turns):
        words = catalogue.intents.get(turn.intent or "")
        if words is not None and turn.intent not in _NO_WISH and _is_task(turn):
            wants.setdefault(words.en, Bilingual(words.zh, words.en))
    # A code alone ("6688") has no language and says nothing.
    said = [
        body.text
        for turn, body in turns
        if turn.intent not in _SMALL_TALK and not body.payload and detect(body.text)
    ] or await _said_waiting(session, conversation_id)
    return Brief(
        wants=tuple(wants.values())[:3],
        words=said[-1][:_QUOTE_CHARS] if said else None,
        tried=_tried([turn for turn, _ in turns], knowledge),
        turns=len(turns),
        upset=any(turn.intent == "complaint" or (turn.anger or 0) >= ANGRY for turn, _ in turns),
    )


async def _said_waiting(session: AsyncSession, conversation_id: str) -> list[str]:
    """Return the longest of the first lines since the open hand-off that the bot left to people."""
    rows = await session.scalars(
        select(MessageRow.body)
        .join(HandoffRow, HandoffRow.conversation_id == MessageRow.conversation_id)
        .outerjoin(TurnRow, TurnRow.message_id == MessageRow.id)
        .where(
            MessageRow.conversation_id == conversation_id,
            MessageRow.direction == Direction.IN.value,
            HandoffRow.closed_at.is_(None),
            MessageRow.created_at >= HandoffRow.created_at,
            TurnRow.message_id.is_(None),
        )
        .order_by(MessageRow.seq)
        .limit(_WAITING_LINES)
    )
    bodies = [Body.from_json(body) for body in rows]
    said = [body.text for body in bodies if not body.payload and detect(body.text)]
    return [max(said, key=len)] if said else []


async def _turns(session: AsyncSession, conversation_id: str) -> list[tuple[TurnRow, Body]]:
    closed: datetime | None = await session.scalar(
        select(func.max(HandoffRow.closed_at)).where(
            HandoffRow.conversation_id == conversation_id, HandoffRow.closed_at.is_not(None)
        )
    )
    newest: datetime | None = await session.scalar(
        select(func.max(TurnRow.created_at)).where(TurnRow.conversation_id == conversation_id)
    )
    if newest is None:
        return []
    since = max(filter(None, (closed, newest - _EPISODE)))
    rows = await session.execute(
        select(TurnRow, MessageRow.body)
        .join(MessageRow, MessageRow.id == TurnRow.message_id)
        .where(
            TurnRow.conversation_id == conversation_id,
            TurnRow.created_at > since,
            MessageRow.direction == Direction.IN.value,
        )
        .order_by(MessageRow.seq)
    )
    return [(turn, Body.from_json(body)) for turn, body in rows]


def _is_task(turn: TurnRow) -> bool:
    return turn.decision.startswith(("flow:", "handoff:"))


def _tried(turns: Sequence[TurnRow], knowledge: Knowledge) -> tuple[Tried, ...]:
    answers: dict[str, int] = {}
    counts = {"suggest": 0, "miss": 0, "decline": 0}
    for turn in turns:
        rung, _, rest = turn.decision.partition(":")
        if rung == "answer":
            answers[rest] = answers.get(rest, 0) + 1
        elif rung == "suggest":
            counts["suggest"] += 1
        elif rung == "clarify" or turn.decision == "handoff:low_confidence":
            counts["miss"] += 1
        elif rung == "decline":
            counts["decline"] += 1
    answered = (Tried("answer", n, faq_title(knowledge, faq_id)) for faq_id, n in answers.items())
    return (*answered, *(Tried(kind, n) for kind, n in counts.items() if n))


def faq_title(knowledge: Knowledge, faq_id: str) -> Bilingual:
    """Return an entry's question in both languages; its id when it has been removed since."""
    try:
        return Bilingual(knowledge.question(faq_id, "zh"), knowledge.question(faq_id, "en"))
    except UnknownRecordError:
        return Bilingual(faq_id, faq_id)
