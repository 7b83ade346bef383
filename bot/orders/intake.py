"""The intake of order events: each is taken once and handled by its own time, whatever arrives first."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from bot.conversations import transcript
from bot.orders.cod import LEGAL, OPEN, CodState
from bot.orders.contacts import remember_contact
from bot.orders.events import STATE_AFTER, NewOrder, OrderEvent, ParcelSent, ShopEvent
from bot.orders.model import Bilingual, EventKind, OrderState
from bot.orders.policy import CodPolicy
from bot.orders.record import COD_TIMER, NOTICE, confirmation, drop_timer, move, pending, set_timer
from bot.orders.wire import event_from_json
from bot.storage.cod import OrderEventRow
from bot.storage.engine import Database
from bot.storage.orders import (
    OrderItemRow,
    OrderRow,
    ParcelRow,
    ShopCustomerRow,
    TrackingEventRow,
)

SHOP = "shop"
_SCANS = {
    ShopEvent.SHIPPED: EventKind.PICKED_UP,
    ShopEvent.OUT_FOR_DELIVERY: EventKind.OUT_FOR_DELIVERY,
    ShopEvent.DELIVERED: EventKind.DELIVERED,
    ShopEvent.DELIVERY_FAILED: EventKind.NOBODY_HOME,
    ShopEvent.RETURNED: EventKind.RETURNED,
}
# A cancellation here, or its undoing, also has its place in the order of events.
_OURS = ("change.cancel", "undo.cancel")
# The customer hears of these without asking.
_TOLD = {ShopEvent.SHIPPED, ShopEvent.OUT_FOR_DELIVERY, ShopEvent.DELIVERY_FAILED}


class OrderIntake:
    """Takes what the shop tells and brings the order book up to date."""

    def __init__(self, database: Database, policy: CodPolicy) -> None:
        self._database = database
        self._policy = policy

    async def take(self, event: OrderEvent, now: datetime) -> bool:
        """Store an event and what follows from it in one transaction.

        Returns:
            False when an event with this id was taken before; nothing is done then.
        """
        async with self._database.write() as session:
            if not await _claim(session, event, now):
                return False
            if event.kind is ShopEvent.CREATED:
                await self._create(session, event, now)
                for earlier in await _waiting(session, event.order_number):
                    await self._apply(session, earlier, now)
            else:
                await self._apply(session, event, now)
        return True

    async def _create(self, session: AsyncSession, event: OrderEvent, now: datetime) -> None:
        order = event.order
        if order is None or await _locked(session, event.order_number) is not None:
            return  # Told twice under two ids: the first one counts.
        await _put_customer(session, order, event.at)
        row = _order_row(event, order)
        session.add(row)
        await session.flush()
        session.add_all(_item_rows(event.order_number, order))
        if order.contact:
            channel, user = order.contact
            conversation = await transcript.open_conversation(session, channel, user)
            await remember_contact(
                session, conversation.id, order.customer_id, order.phone, event.at, "signed_in"
            )
        if order.cash_on_delivery and self._policy.asks_about(order.total_minor, order.address):
            session.add(pending(event.order_number, now))
            await session.flush()
            wait = timedelta(seconds=self._policy.ask.delay_seconds)
            await set_timer(session, event.order_number, COD_TIMER, now + wait)
        await session.flush()
        await _mark_applied(session, event.event_id, {}, {"state": row.state.value})

    async def _apply(self, session: AsyncSession, event: OrderEvent, now: datetime) -> None:
        row = await _locked(session, event.order_number)
        if row is None:
            return  # It waits for `order.created`.
        before = {"state": row.state.value}
        newest = await _newest_at(session, event)
        await _put_parcel(session, row, event)
        _settle_money(row, event)
        if newest is None or event.at >= newest:
            row.state = STATE_AFTER[event.kind]
            if event.kind in _TOLD:
                await set_timer(
                    session, row.number, f"{NOTICE}{event.kind.value.partition('.')[2]}", now
                )
            await _close_confirmation(session, row, now)
        await session.flush()
        await _mark_applied(session, event.event_id, before, {"state": row.state.value})


async def _claim(session: AsyncSession, event: OrderEvent, now: datetime) -> bool:
    """Store the event as not yet applied; false when its id is taken."""
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    values: dict[str, Any] = {
        "event_id": event.event_id, "order_number": event.order_number, "kind": event.kind.value,
        "actor": SHOP, "at": event.at, "received_at": now, "data": event.raw, "before": {},
        "after": {}, "applied": False,
    }  # fmt: skip
    done = await session.execute(
        dialect.insert(OrderEventRow)
        .values(values)
        .on_conflict_do_nothing(index_elements=["event_id"])
        .returning(OrderEventRow.id)
    )
    return done.scalar_one_or_none() is not None


async def _waiting(session: AsyncSession, order_number: str) -> list[OrderEvent]:
    rows = await session.scalars(
        select(OrderEventRow)
        .where(
            OrderEventRow.order_number == order_number,
            OrderEventRow.applied.is_(False),
            OrderEventRow.kind != ShopEvent.CREATED.value,
        )
        .order_by(OrderEventRow.at, OrderEventRow.id)
    )
    return [event_from_json(row.data) for row in rows]


async def _locked(session: AsyncSession, number: str) -> OrderRow | None:
    found = await session.execute(
        select(OrderRow).where(OrderRow.number == number).with_for_update()
    )
    return found.scalar_one_or_none()


async def _newest_at(session: AsyncSession, event: OrderEvent) -> datetime | None:
    """Return when the newest event happened that the order's state comes from."""
    newest: datetime | None = await session.scalar(
        select(func.max(OrderEventRow.at)).where(
            OrderEventRow.order_number == event.order_number,
            OrderEventRow.applied.is_(True),
            OrderEventRow.kind.in_([*(kind.value for kind in ShopEvent), *_OURS]),
        )
    )
    return newest if newest is None or newest.tzinfo else newest.replace(tzinfo=UTC)


async def _mark_applied(
    session: AsyncSession, event_id: str, before: dict[str, Any], after: dict[str, Any]
) -> None:
    await session.execute(
        update(OrderEventRow)
        .where(OrderEventRow.event_id == event_id)
        .values(applied=True, before=before, after=after)
    )


async def _put_customer(session: AsyncSession, order: NewOrder, at: datetime) -> None:
    known = await session.get(ShopCustomerRow, order.customer_id)
    if known is None:
        session.add(
            ShopCustomerRow(
                id=order.customer_id,
                name=order.customer_name,
                phone=order.phone,
                language=order.language,
                created_at=at,
            )
        )
        await session.flush()
    else:
        known.name, known.phone, known.language = (
            order.customer_name,
            order.phone,
            order.language,
        )


def _order_row(event: OrderEvent, order: NewOrder) -> OrderRow:
    address, total = order.address, order.total_minor
    return OrderRow(
        number=event.order_number,
        customer_id=order.customer_id,
        state=OrderState.PLACED if order.cash_on_delivery else OrderState.UNPAID,
        cash_on_delivery=order.cash_on_delivery,
        currency=order.currency,
        goods_minor=order.goods_minor,
        shipping_minor=order.shipping_minor,
        cod_fee_minor=order.cod_fee_minor,
        discount_minor=order.discount_minor,
        total_minor=total,
        collect_minor=total if order.cash_on_delivery else 0,
        recipient=order.recipient,
        phone=order.phone,
        subdivision=address.subdivision,
        province=address.province,
        city=address.city,
        district=address.district,
        detail=address.detail,
        window_start=order.window.start if order.window else None,
        window_end=order.window.end if order.window else None,
        created_at=event.at,
        paid_at=None,
        cod_confirmed_at=None,
        courier_note=None,
    )


def _item_rows(number: str, order: NewOrder) -> list[OrderItemRow]:
    return [
        OrderItemRow(
            order_number=number,
            position=position,
            tracking_number=None,
            sku=item.sku,
            name_zh=item.name.zh,
            name_en=item.name.en,
            quantity=item.quantity,
            unit_minor=item.unit_price.minor,
        )
        for position, item in enumerate(order.items)
    ]


async def _put_parcel(session: AsyncSession, row: OrderRow, event: OrderEvent) -> None:
    """Add the parcel that an event brings, and the scan that it means for the order's parcels."""
    if event.parcel is not None:
        await _add_parcel(session, row.number, event.parcel, event.at)
    scan = _SCANS.get(event.kind)
    if scan is None:
        return
    if event.refused:
        scan = EventKind.REFUSED
    parcels = await session.scalars(select(ParcelRow).where(ParcelRow.order_number == row.number))
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    place = event.place or Bilingual(row.city, row.city)
    for parcel in parcels.all():
        if event.parcel is not None and parcel.tracking_number != event.parcel.tracking_number:
            continue
        if scan is EventKind.DELIVERED:
            parcel.received_by = event.received_by
        values = {
            "tracking_number": parcel.tracking_number, "kind": scan, "at": event.at,
            "place_zh": place.zh, "place_en": place.en,
        }  # fmt: skip
        await session.execute(
            dialect.insert(TrackingEventRow).values(values).on_conflict_do_nothing()
        )


async def _add_parcel(session: AsyncSession, number: str, parcel: ParcelSent, at: datetime) -> None:
    if await session.get(ParcelRow, parcel.tracking_number) is not None:
        return
    count = await session.scalar(
        select(func.count()).select_from(ParcelRow).where(ParcelRow.order_number == number)
    )
    session.add(
        ParcelRow(
            tracking_number=parcel.tracking_number,
            order_number=number,
            position=count or 0,
            carrier=parcel.carrier,
            shipped_at=at,
            expected_on=parcel.expected_on,
            received_by=None,
        )
    )
    await session.flush()
    inside = update(OrderItemRow).where(
        OrderItemRow.order_number == number, OrderItemRow.tracking_number.is_(None)
    )
    if parcel.skus:
        inside = inside.where(OrderItemRow.sku.in_(parcel.skus))
    await session.execute(inside.values(tracking_number=parcel.tracking_number))


def _settle_money(row: OrderRow, event: OrderEvent) -> None:
    if event.kind is ShopEvent.PAID:
        paid = row.collect_minor if event.amount_minor is None else event.amount_minor
        row.collect_minor = max(0, row.collect_minor - paid)
    if event.kind is ShopEvent.PAID or (event.kind is ShopEvent.DELIVERED and row.cash_on_delivery):
        row.paid_at = row.paid_at or event.at
    if event.kind in {ShopEvent.DELIVERED, ShopEvent.RETURNED, ShopEvent.CANCELLED}:
        row.collect_minor = 0


async def _close_confirmation(session: AsyncSession, row: OrderRow, now: datetime) -> None:
    """End a confirmation that the shop has overtaken by cancelling or packing the order."""
    cod = await confirmation(session, row.number)
    if cod is None or row.state in {OrderState.PLACED, OrderState.UNPAID}:
        return
    state = CodState(cod.state)
    if row.state is OrderState.PAID:
        # Who pays, be it a part, wants the parcel.
        if CodState.CONFIRMED in LEGAL[state]:
            move(session, cod, CodState.CONFIRMED, actor=SHOP, at=now, why="paid")
            row.cod_confirmed_at = row.cod_confirmed_at or now
    elif row.state is OrderState.CANCELLED:
        if state is not CodState.CANCELLED:
            move(session, cod, CodState.CANCELLED, actor=SHOP, at=now, why="cancelled by the shop")
    elif state in OPEN | {CodState.PENDING, CodState.UNREACHABLE, CodState.CANCELLED}:
        move(session, cod, CodState.EXPIRED, actor=SHOP, at=now, why="sent without an answer")
    await drop_timer(session, row.number, COD_TIMER)
