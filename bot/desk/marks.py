"""Agents' marks on the bot's answers, wrong or missing: what the list of FAQ gaps is made of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.conversations.model import Body, Direction
from bot.storage.conversations import MessageRow, TurnRow
from bot.storage.desk import MarkRow


class MarkKind(StrEnum):
    """What is the matter with an answer."""

    WRONG = "wrong"  # the bot said something that does not fit
    MISSING = "missing"  # there is no answer to this, and there should be


class NoTurnError(LookupError):
    """The marked line is no customer's message that the bot answered."""


@dataclass(frozen=True, slots=True)
class Mark:
    """One mark, with the question and what the bot made of it.

    ``decision`` is the rung taken (``answer:<faq id>``, ``clarify``, ...); ``faq`` are the entries that
    were found, surest first, as (id, probability).
    """

    conversation_id: str
    message_id: int
    seq: int
    kind: MarkKind
    comment: str
    agent: str
    at: datetime
    question: str
    language: str | None
    intent: str | None
    decision: str
    faq: tuple[tuple[str, float], ...]


async def set_mark(
    session: AsyncSession,
    conversation_id: str,
    seq: int,
    kind: MarkKind | None,
    agent: str,
    comment: str = "",
) -> None:
    """Mark the bot's answer to the customer's line ``seq``; a second mark replaces the first.

    Args:
        kind: ``None`` takes the mark back.

    Raises:
        NoTurnError: the bot has not answered that line.
    """
    message_id = await session.scalar(
        select(MessageRow.id)
        .join(TurnRow, TurnRow.message_id == MessageRow.id)
        .where(
            MessageRow.conversation_id == conversation_id,
            MessageRow.seq == seq,
            MessageRow.direction == Direction.IN.value,
        )
    )
    if message_id is None:
        raise NoTurnError(f"expected a message that the bot answered, got line {seq}")
    await session.execute(delete(MarkRow).where(MarkRow.message_id == message_id))
    if kind is not None:
        session.add(
            MarkRow(
                message_id=message_id, conversation_id=conversation_id, kind=kind.value,
                comment=comment, agent=agent, created_at=datetime.now(UTC),
            )
        )  # fmt: skip


async def marks(session: AsyncSession, since: datetime | None = None) -> list[Mark]:
    """Return all marks made since a moment, the newest first."""
    query = (
        select(MarkRow, MessageRow, TurnRow)
        .join(MessageRow, MessageRow.id == MarkRow.message_id)
        .join(TurnRow, TurnRow.message_id == MarkRow.message_id)
        .order_by(MarkRow.created_at.desc())
    )
    if since is not None:
        query = query.where(MarkRow.created_at >= since)
    return [
        Mark(
            conversation_id=mark.conversation_id,
            message_id=mark.message_id,
            seq=message.seq,
            kind=MarkKind(mark.kind),
            comment=mark.comment,
            agent=mark.agent,
            at=mark.created_at,
            question=Body.from_json(message.body).text,
            language=turn.language,
            intent=turn.intent,
            decision=turn.decision,
            faq=tuple((faq_id, score) for faq_id, score in turn.faq),
        )
        for mark, message, turn in await session.execute(query)
    ]
