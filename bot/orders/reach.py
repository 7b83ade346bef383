"""Where the customer of an order can be spoken to first, in which language, and what they did before."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.conversations import transcript
from bot.conversations.model import Direction
from bot.language import Language
from bot.orders.model import EventKind, Order
from bot.orders.policy import CodPolicy, History
from bot.storage.cod import ContactRow
from bot.storage.conversations import ConversationRow, MessageRow
from bot.storage.orders import OrderRow, ParcelRow, ShopCustomerRow, TrackingEventRow


async def reach(
    session: AsyncSession, policy: CodPolicy, order: Order, now: datetime
) -> ConversationRow | None:
    """Return the newest conversation with the customer in which the bot may speak first, locked."""
    last_heard = (
        select(func.max(MessageRow.created_at))
        .where(
            MessageRow.conversation_id == ConversationRow.id,
            MessageRow.direction == Direction.IN.value,
        )
        .scalar_subquery()
    )
    known = await session.execute(
        select(ConversationRow, last_heard)
        .join(ContactRow, ContactRow.conversation_id == ConversationRow.id)
        .where(
            ContactRow.customer_id == order.customer_id,
            ContactRow.phone.in_([order.phone, ""]),
            ConversationRow.joined_id.is_(None),
        )
        .order_by(ConversationRow.updated_at.desc(), ConversationRow.id)
    )
    for conversation, heard in known.all():
        if policy.may_speak_first(conversation.address.channel, heard, now):
            return await transcript.locked(session, conversation.id)
    return None


async def language_with(
    session: AsyncSession, conversation: ConversationRow, order: Order, default: Language
) -> Language:
    """Return the conversation's language, else the one the shop names for the customer."""
    if conversation.language:
        return conversation.language
    customer = await session.get(ShopCustomerRow, order.customer_id)
    if customer is not None and customer.language in ("zh", "en"):
        return "zh" if customer.language == "zh" else "en"
    return default


async def history_of(session: AsyncSession, order: Order) -> History:
    """Return what the customer of an order did before it."""
    others = (
        OrderRow.customer_id == order.customer_id,
        OrderRow.number != order.number,
        OrderRow.created_at <= order.created_at,
    )
    orders = select(func.count()).select_from(OrderRow).where(*others)
    refusals = (
        select(func.count(func.distinct(OrderRow.number)))
        .join(ParcelRow, ParcelRow.order_number == OrderRow.number)
        .join(TrackingEventRow, TrackingEventRow.tracking_number == ParcelRow.tracking_number)
        .where(*others, TrackingEventRow.kind == EventKind.REFUSED)
    )
    counts = await session.execute(select(orders.scalar_subquery(), refusals.scalar_subquery()))
    return History(*counts.one())
