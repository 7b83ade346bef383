"""Which conversations are with which customers of the shop."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from bot.storage.cod import ContactRow


async def remember_contact(
    session: AsyncSession, conversation_id: str, customer_id: str, phone: str, at: datetime
) -> None:
    """Remember that this conversation is with a customer who proved to own ``phone``."""
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    values = {
        "conversation_id": conversation_id, "customer_id": customer_id, "phone": phone,
        "proved_at": at,
    }  # fmt: skip
    await session.execute(
        dialect.insert(ContactRow)
        .values(values)
        .on_conflict_do_update(
            index_elements=["conversation_id", "customer_id", "phone"], set_={"proved_at": at}
        )
    )
