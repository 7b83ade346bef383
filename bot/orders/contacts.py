"""Which conversations are with which customers of the shop, and how they proved it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from bot.storage.cod import ContactRow

# The weakest proof; it never takes the place of a stronger one.
LAST_FOUR = "last_four"


async def remember_contact(
    session: AsyncSession,
    conversation_id: str,
    customer_id: str,
    phone: str,
    at: datetime,
    level: str = LAST_FOUR,
) -> None:
    """Remember that this conversation is with a customer who proved to own ``phone``.

    Args:
        level: how, as ``bot.orders.identity.Level`` names it.
    """
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    values = {
        "conversation_id": conversation_id, "customer_id": customer_id, "phone": phone,
        "proved_at": at, "level": level,
    }  # fmt: skip
    statement = dialect.insert(ContactRow).values(values)
    if level == LAST_FOUR:
        await session.execute(
            statement.on_conflict_do_update(
                index_elements=["conversation_id", "customer_id", "phone"],
                set_={"proved_at": at},
                where=ContactRow.level == LAST_FOUR,
            )
        )
        return
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=["conversation_id", "customer_id", "phone"],
            set_={"proved_at": at, "level": level},
        )
    )
