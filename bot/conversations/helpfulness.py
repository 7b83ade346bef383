"""The customer's own word on an answer: it helped, or it did not."""

from __future__ import annotations

from sqlalchemy import select, update

from bot.storage.conversations import MessageRow, TurnRow
from bot.storage.engine import Database


async def rate(database: Database, conversation_id: str, seq: int, helpful: bool | None) -> bool:
    """Keep what a customer thinks of the answer at ``seq``; ``None`` takes it back.

    Returns whether there is an answer from the FAQ at that place of their own conversation.
    """
    answered = (
        select(MessageRow.answers_id)
        .where(MessageRow.conversation_id == conversation_id, MessageRow.seq == seq)
        .scalar_subquery()
    )
    async with database.write() as session:
        rated = await session.scalars(
            update(TurnRow)
            .where(TurnRow.message_id == answered, TurnRow.decision.startswith("answer:"))
            .values(helpful=helpful)
            .returning(TurnRow.message_id)
        )
        return rated.first() is not None
