"""Who the customer is, as far as the conversation shows it: identity, orders, earlier conversations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import select, union
from sqlalchemy.ext.asyncio import AsyncSession

from bot.desk.casework import CaseCard, cases_of
from bot.linking.joining import family
from bot.orders import wording
from bot.orders.book import OrderBook
from bot.orders.identity import IdentityPolicy, Level
from bot.orders.model import Bilingual, Order
from bot.storage.cod import ContactRow
from bot.storage.conversations import ConversationRow, HandoffRow
from bot.storage.desk import ConversationOrderRow, RatingRow
from bot.storage.orders import ShopCustomerRow

_ORDERS = 5
# Of a customer's orders; those to another phone are left out afterwards.
_LOOK_AMONG = 10
_EARLIER = 10


class Identity(StrEnum):
    """What the customer has shown."""

    ANONYMOUS = "anonymous"  # named no order that exists
    CLAIMED = "claimed"  # named an order, and proved nothing about it
    LAPSED = "lapsed"  # was known here, but by a proof that no longer counts
    VERIFIED = "verified"  # has proved it; ``Customer.proof`` says how


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
    """The panel beside a conversation; ``proof`` is the strongest one that counts now."""

    identity: Identity
    proof: Level | None
    name: str | None
    orders: tuple[OrderCard, ...]
    earlier: tuple[Earlier, ...]
    cases: tuple[CaseCard, ...]
    linked: tuple[Linked, ...]


async def customer_of(
    session: AsyncSession,
    book: OrderBook,
    policy: IdentityPolicy,
    conversation_id: str,
    now: datetime,
) -> Customer:
    """Return what is known of the customer of a conversation.

    Orders of a customer who is not verified are only those that were named: the agent asks for the
    digits before telling anything.
    """
    ids = await family(session, conversation_id)
    contacts = await _contacts(session, ids)
    proofs = {row.customer_id: level for row, _ in contacts if (level := _proof(row, policy, now))}
    proved = [(row, name) for row, name in contacts if row.customer_id in proofs]
    named = list(
        await session.scalars(
            select(ConversationOrderRow.order_number)
            .where(ConversationOrderRow.conversation_id.in_(ids))
            .distinct()
        )
    )
    orders = await _orders(book, [row for row, _ in proved], named)
    numbers = [order.number for order in orders] if proofs else []
    return Customer(
        identity=_identity(bool(proofs), bool(contacts), bool(orders)),
        proof=max(proofs.values(), key=policy.levels.index, default=None),
        name=next((name for _, name in [*proved, *contacts] if name), None)
        or (orders[0].recipient if orders and proofs else None),
        orders=tuple(_card(order) for order in orders),
        earlier=await _earlier(session, ids, numbers, list(proofs)),
        cases=tuple(await cases_of(session, book, conversation_id, numbers, now)),
        linked=await _linked(session, ids, conversation_id),
    )


async def _contacts(
    session: AsyncSession, ids: Sequence[str]
) -> list[tuple[ContactRow, str | None]]:
    """Return what was proved in a customer's conversations, the newest first, with the shop's name."""
    rows = await session.execute(
        select(ContactRow, ShopCustomerRow.name)
        .outerjoin(ShopCustomerRow, ShopCustomerRow.id == ContactRow.customer_id)
        .where(ContactRow.conversation_id.in_(ids))
        .order_by(ContactRow.proved_at.desc())
    )
    return [(row, name) for row, name in rows]


def _proof(row: ContactRow, policy: IdentityPolicy, now: datetime) -> Level | None:
    """Return what a proof still counts for: of a code, the digits that were asked for before it."""
    level = Level(row.level)
    if level is Level.LAST_FOUR or now - row.proved_at < timedelta(hours=policy.valid_hours):
        return level
    return Level.LAST_FOUR if level is Level.ONE_TIME_CODE else None


def _identity(proved: bool, known: bool, named: bool) -> Identity:
    if proved:
        return Identity.VERIFIED
    if known:
        return Identity.LAPSED
    return Identity.CLAIMED if named else Identity.ANONYMOUS


async def _orders(
    book: OrderBook, proved: Sequence[ContactRow], named: Sequence[str]
) -> list[Order]:
    """Return the orders that a proof opens, the newest first; without any, those that were named."""
    found: dict[str, Order] = {}
    for row in proved:
        for order in await book.of_customer(row.customer_id, limit=_LOOK_AMONG):
            # A phone's proof shows nothing about another phone; who is signed in needs none.
            if row.phone in ("", order.phone):
                found[order.number] = order
    if not proved:
        known = [await book.find(number) for number in named]
        found = {order.number: order for order in known if order is not None}
    # What the conversation is about first: the brief tells of the first one.
    ranked = sorted(found.values(), key=lambda order: order.created_at, reverse=True)
    return sorted(ranked, key=lambda order: order.number not in named)[:_ORDERS]


async def _linked(
    session: AsyncSession, ids: Sequence[str], conversation_id: str
) -> tuple[Linked, ...]:
    rows = await session.scalars(
        select(ConversationRow)
        .where(ConversationRow.id.in_(ids), ConversationRow.id != conversation_id)
        .order_by(ConversationRow.created_at)
    )
    return tuple(Linked(row.id, row.channel, row.joined_at, row.id == ids[0]) for row in rows)


async def _earlier(
    session: AsyncSession, ids: Sequence[str], numbers: Sequence[str], customers: Sequence[str]
) -> tuple[Earlier, ...]:
    same = union(
        select(ConversationOrderRow.conversation_id).where(
            ConversationOrderRow.order_number.in_(numbers)
        ),
        select(ContactRow.conversation_id).where(ContactRow.customer_id.in_(customers)),
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
