"""The customer's own word on an answer: it helped, or it did not."""

from __future__ import annotations

from sqlalchemy import select, update

from bot.conversations.transcript import lines_at
from bot.storage.conversations import Address, MessageRow, TurnRow
from bot.storage.engine import Database


async def rate(database: Database, address: Address, seq: int, helpful: bool | None) -> bool:
    """Keep what a customer thinks of the answer at ``seq``; ``None`` takes it back.

    Returns whether there is an answer from the FAQ at that place of what was said at their address.
    """
    answered = (
        select(MessageRow.answers_id)
        .where(lines_at(address), MessageRow.seq == seq)
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
