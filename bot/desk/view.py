"""One conversation as the desk shows it: the transcript with what the bot made of it, and notes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.conversations.model import Attachment, Body
from bot.desk.brief import faq_title
from bot.faq.knowledge import Knowledge
from bot.orders.model import Bilingual
from bot.storage.accounts import AccountRow, AuditRow
from bot.storage.conversations import ConversationRow, MessageRow, TurnRow
from bot.storage.desk import MarkRow, NoteRow

# Deeds that belong into the story of a conversation; looking at it does not.
_SHOWN_DEEDS = ("take", "transfer", "give_back", "close", "late", "unanswered", "part")


@dataclass(frozen=True, slots=True)
class FaqHit:
    """An FAQ entry that was found, with its probability."""

    id: str
    question: Bilingual
    score: float


@dataclass(frozen=True, slots=True)
class Reading:
    """What the bot made of a customer's message; ``mark`` is an agent's word on it (``bot.desk.marks``)."""

    intent: str | None
    confidence: float | None
    decision: str
    language: str | None
    faq: tuple[FaqHit, ...]
    latency_ms: float
    anger: float | None
    mark: str | None


@dataclass(frozen=True, slots=True)
class Line:
    """A message. ``delivery`` is pending, done or failed; ``button`` marks a pressed quick reply.

    ``texts`` are those of a note that the bot left for colleagues, in both languages.
    """

    seq: int
    channel: str
    author: str
    name: str | None
    text: str
    buttons: tuple[str, ...]
    picture: str | None
    link: str | None
    attachments: tuple[Attachment, ...]
    button: bool
    at: datetime
    delivery: str
    error: str | None
    reading: Reading | None
    texts: Bilingual | None = None


@dataclass(frozen=True, slots=True)
class Note:
    """An internal note; it stands after the line ``after_seq``."""

    id: int
    after_seq: int
    name: str
    text: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Deed:
    """Who took, handed on or closed the conversation, and when."""

    id: int
    at: datetime
    action: str
    name: str
    detail: dict[str, str]


async def lines_of(
    session: AsyncSession, knowledge: Knowledge, conversation_id: str, after_seq: int = 0
) -> list[Line]:
    """Return the transcript with ``seq > after_seq``, in order."""
    return await _lines_after(session, knowledge, conversation_id, after_seq)


async def _lines_after(
    session: AsyncSession,
    knowledge: Knowledge,
    conversation_id: str,
    after_seq: int | ColumnElement[int],
) -> list[Line]:
    rows = await session.execute(
        select(MessageRow, TurnRow, MarkRow.kind)
        .outerjoin(TurnRow, TurnRow.message_id == MessageRow.id)
        .outerjoin(MarkRow, MarkRow.message_id == MessageRow.id)
        .where(MessageRow.conversation_id == conversation_id, MessageRow.seq > after_seq)
        .order_by(MessageRow.seq)
    )
    return [_line(message, turn, mark, knowledge) for message, turn, mark in rows]


async def newest_lines(
    session: AsyncSession, knowledge: Knowledge, conversation_id: str, count: int
) -> list[Line]:
    """Return the last ``count`` lines of the transcript, in order."""
    last = (
        select(ConversationRow.last_seq)
        .where(ConversationRow.id == conversation_id)
        .scalar_subquery()
    )
    return await _lines_after(session, knowledge, conversation_id, last - count)


async def notes_of(session: AsyncSession, conversation_id: str) -> list[Note]:
    """Return the internal notes, the oldest first."""
    rows = await session.execute(
        select(NoteRow, AccountRow.name)
        .outerjoin(AccountRow, AccountRow.login == NoteRow.agent)
        .where(NoteRow.conversation_id == conversation_id)
        .order_by(NoteRow.id)
    )
    return [
        Note(note.id, note.after_seq, name or note.agent, note.text, note.created_at)
        for note, name in rows
    ]


async def deeds_of(session: AsyncSession, conversation_id: str) -> list[Deed]:
    """Return what people did with the conversation, the oldest first."""
    rows = await session.execute(
        select(AuditRow, AccountRow.name)
        .outerjoin(AccountRow, AccountRow.login == AuditRow.actor)
        .where(AuditRow.conversation_id == conversation_id, AuditRow.action.in_(_SHOWN_DEEDS))
        .order_by(AuditRow.id)
    )
    return [Deed(row.id, row.at, row.action, name or row.actor, row.detail) for row, name in rows]


def _line(
    message: MessageRow, turn: TurnRow | None, mark: str | None, knowledge: Knowledge
) -> Line:
    body = Body.from_json(message.body)
    return Line(
        seq=message.seq,
        channel=message.channel,
        author=message.author,
        name=message.author_name,
        text=body.text,
        buttons=tuple(button.title for button in body.buttons),
        picture=body.picture,
        link=body.link.url if body.link else None,
        attachments=body.attachments,
        button=body.payload is not None,
        at=message.created_at,
        delivery=message.state,
        error=message.error,
        reading=_reading(turn, mark, knowledge) if turn else None,
        texts=Bilingual(**body.texts) if body.texts else None,
    )


def _reading(turn: TurnRow, mark: str | None, knowledge: Knowledge) -> Reading:
    hits = tuple(FaqHit(faq_id, faq_title(knowledge, faq_id), score) for faq_id, score in turn.faq)
    return Reading(
        turn.intent, turn.confidence, turn.decision, turn.language, hits, turn.latency_ms,
        turn.anger, mark,
    )  # fmt: skip
