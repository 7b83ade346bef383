"""Who the customer is, as far as the conversation shows it: identity, orders, earlier conversations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.desk.casework import CaseCard, cases_of
from bot.linking.joining import family
from bot.orders import wording
from bot.orders.book import OrderBook
from bot.orders.model import Bilingual, Order
from bot.storage.conversations import ConversationRow, HandoffRow, TurnRow
from bot.storage.desk import ConversationOrderRow, RatingRow

_ORDERS = 5
_EARLIER = 10


class Identity(StrEnum):
    """What the customer has shown."""

    ANONYMOUS = "anonymous"  # named no order that exists
    CLAIMED = "claimed"  # named an order, but has not given the digits of its phone
    VERIFIED = "verified"  # gave order number and digits that fit


@dataclass(frozen=True, slots=True)
class ParcelCard:
    """A parcel as the panel shows it; ``news`` is its newest scan."""

    carrier: Bilingual
    tracking_number: str
    news: Bilingual | None
    at: datetime | None


@dataclass(frozen=True, slots=True)
class OrderCard:
    """An order as the panel shows it. Name, phone and address are masked."""

    number: str
    state: Bilingual
    items: Bilingual
    total: Bilingual
    to_collect: Bilingual | None
    placed_at: datetime
    recipient: str
    phone: str
    address: str
    parcels: tuple[ParcelCard, ...]


@dataclass(frozen=True, slots=True)
class Earlier:
    """An earlier hand-off of this customer, here or on another channel."""

    conversation_id: str
    channel: str
    at: datetime
    reason: str
    resolution: str | None
    agent: str | None
    score: int | None


@dataclass(frozen=True, slots=True)
class Linked:
    """Another conversation of this customer: ``whole`` is the one in which all of them go on."""

    conversation_id: str
    channel: str
    since: datetime | None
    whole: bool


@dataclass(frozen=True, slots=True)
class Customer:
    """The panel beside a conversation."""

    identity: Identity
    name: str | None
    orders: tuple[OrderCard, ...]
    earlier: tuple[Earlier, ...]
    cases: tuple[CaseCard, ...]
    linked: tuple[Linked, ...]


async def customer_of(session: AsyncSession, book: OrderBook, conversation_id: str) -> Customer:
    """Return what is known of the customer of a conversation.

    Orders of a customer who is not verified are only those that were named: the agent asks for the
    digits before telling anything.
    """
    ids = await family(session, conversation_id)
    numbers = list(
        await session.scalars(
            select(ConversationOrderRow.order_number)
            .where(ConversationOrderRow.conversation_id.in_(ids))
            .distinct()
        )
    )
    named = [order for number in numbers if (order := await book.find(number)) is not None]
    digits = await _digits(session, ids)
    verified = next((order for order in named if order.last_four in digits), None)
    orders: Sequence[Order] = named
    if verified is not None:
        orders = await book.of_same_customer(verified, limit=_ORDERS)
        numbers = [order.number for order in orders]
    level = Identity.VERIFIED if verified else Identity.CLAIMED if named else Identity.ANONYMOUS
    return Customer(
        identity=level,
        name=verified.recipient if verified else None,
        orders=tuple(_card(order) for order in orders),
        earlier=await _earlier(session, ids, numbers if verified else ()),
        cases=tuple(
            await cases_of(
                session, book, conversation_id, numbers if verified else (), datetime.now(UTC)
            )
        ),
        linked=await _linked(session, ids, conversation_id),
    )


async def _linked(
    session: AsyncSession, ids: Sequence[str], conversation_id: str
) -> tuple[Linked, ...]:
    rows = await session.scalars(
        select(ConversationRow)
        .where(ConversationRow.id.in_(ids), ConversationRow.id != conversation_id)
        .order_by(ConversationRow.created_at)
    )
    return tuple(Linked(row.id, row.channel, row.joined_at, row.id == ids[0]) for row in rows)


async def _digits(session: AsyncSession, ids: Sequence[str]) -> set[str]:
    """Return the last digits of phones that came up in a customer's conversations."""
    found = await session.scalars(select(TurnRow.entities).where(TurnRow.conversation_id.in_(ids)))
    entities: list[dict[str, Any]] = [entity for entities in found for entity in entities]
    return {
        str(entity["value"])[-4:]
        for entity in entities
        if entity.get("entity") in {"last_four", "phone"}
    }


async def _earlier(
    session: AsyncSession, ids: Sequence[str], numbers: Sequence[str]
) -> tuple[Earlier, ...]:
    same = select(ConversationOrderRow.conversation_id).where(
        ConversationOrderRow.order_number.in_(numbers)
    )
    rows = await session.execute(
        select(HandoffRow, ConversationRow.channel, RatingRow.score)
        .join(ConversationRow, ConversationRow.id == HandoffRow.conversation_id)
        .outerjoin(RatingRow, RatingRow.handoff_id == HandoffRow.id)
        .where(
            HandoffRow.closed_at.is_not(None),
            HandoffRow.conversation_id.in_(ids) | HandoffRow.conversation_id.in_(same),
        )
        .order_by(HandoffRow.created_at.desc())
        .limit(_EARLIER)
    )
    return tuple(
        Earlier(
            handoff.conversation_id, channel, handoff.created_at, handoff.reason,
            handoff.resolution, handoff.agent, score,
        )
        for handoff, channel, score in rows
    )  # fmt: skip


def _card(order: Order) -> OrderCard:
    parcels = []
    for parcel in order.parcels:
        last = parcel.last_event
        news = Bilingual(wording.event(last, "zh"), wording.event(last, "en")) if last else None
        carrier = Bilingual(
            wording.carrier(parcel.carrier, "zh"), wording.carrier(parcel.carrier, "en")
        )
        parcels.append(ParcelCard(carrier, parcel.tracking_number, news, last.at if last else None))
    collect = None
    if order.to_collect.minor:
        collect = Bilingual(
            wording.money(order.to_collect, "zh"), wording.money(order.to_collect, "en")
        )
    return OrderCard(
        number=order.number,
        state=Bilingual(wording.state(order.state, "zh"), wording.state(order.state, "en")),
        items=Bilingual(wording.items(order.items, "zh"), wording.items(order.items, "en")),
        total=Bilingual(wording.money(order.total, "zh"), wording.money(order.total, "en")),
        to_collect=collect,
        placed_at=order.created_at,
        recipient=wording.masked_name(order.recipient),
        phone=wording.masked_phone(order.phone),
        address=wording.masked_address(order.address),
        parcels=tuple(parcels),
    )
