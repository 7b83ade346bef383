"""The shop's orders with a copy of our own: what a customer hears while the shop can't be reached.

Every order that the shop's API returns is copied into our tables, where timers, confirmations and
the desk find it. While the API is down the copy answers, marked with its time (``Order.as_of``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.clock import Clock, utc_now
from bot.orders.book import BookDownError, OrderBook, SqlOrderBook, find_locked, order_of
from bot.orders.fields import Changes
from bot.orders.model import Order
from bot.storage.cod import OrderEventRow
from bot.storage.engine import Database
from bot.storage.orders import (
    OrderItemRow,
    OrderRow,
    ParcelRow,
    ShopCustomerRow,
    TrackingEventRow,
)


class MirroredOrderBook:
    """A shop's order book; what it last said helps out while it is down.

    Args:
        shop: asks the shop.
        clock: says when an answer came.
    """

    def __init__(self, shop: OrderBook, database: Database, clock: Clock = utc_now) -> None:
        self._shop = shop
        self._database = database
        self._copy = SqlOrderBook(database)
        self._clock = clock

    async def find(self, reference: str) -> Order | None:
        """Return the order with this order or tracking number, perhaps as it was last known.

        Raises:
            BookDownError: the shop is down, and nothing is known of such an order.
        """
        try:
            order = await self._shop.find(reference)
        except BookDownError:
            known = await self._copy.find(reference)
            if known is None:
                raise
            return await self._as_of(known)
        if order is not None:
            await self._keep([order])
        return order

    async def of_same_customer(self, order: Order, *, limit: int) -> Sequence[Order]:
        """Return at most ``limit`` orders of the same customer to the same phone, newest first."""
        try:
            orders = await self._shop.of_same_customer(order, limit=limit)
        except BookDownError:
            known = await self._copy.of_same_customer(order, limit=limit)
            return [await self._as_of(one) for one in known]
        await self._keep(orders)
        return orders

    async def of_customer(self, customer_id: str, *, limit: int) -> Sequence[Order]:
        """Return at most ``limit`` orders of a customer, newest first."""
        try:
            orders = await self._shop.of_customer(customer_id, limit=limit)
        except BookDownError:
            known = await self._copy.of_customer(customer_id, limit=limit)
            return [await self._as_of(one) for one in known]
        await self._keep(orders)
        return orders

    async def change(
        self,
        number: str,
        changes: Changes,
        *,
        confirmed_at: datetime | None = None,
        key: str,
        at: datetime,
    ) -> Order:
        """Have the shop change an order; our copy is for whoever calls to change along."""
        return await self._shop.change(number, changes, confirmed_at=confirmed_at, key=key, at=at)

    async def _as_of(self, order: Order) -> Order:
        async with self._database.read() as session:
            seen_at = await session.scalar(
                select(OrderRow.seen_at).where(OrderRow.number == order.number)
            )
            heard = await session.scalar(
                select(func.max(OrderEventRow.received_at)).where(
                    OrderEventRow.order_number == order.number, OrderEventRow.actor == "shop"
                )
            )
        times = [moment for moment in (seen_at, heard) if moment]
        return replace(order, as_of=max(times, default=order.created_at))

    async def _keep(self, orders: Sequence[Order]) -> None:
        now = self._clock()
        async with self._database.write() as session:
            for order in orders:
                await keep(session, order, now)


async def keep(session: AsyncSession, order: Order, now: datetime) -> None:
    """Bring our copy of an order up to date: as the shop told it at ``now``."""
    row = await find_locked(session, order.number)
    if row is not None and order_of(row) == order:
        row.seen_at = now
        return
    if await session.get(ShopCustomerRow, order.customer_id) is None:
        session.add(
            ShopCustomerRow(
                id=order.customer_id, name=order.recipient, phone=order.phone, language="zh",
                created_at=now,
            )
        )  # fmt: skip
        await session.flush()
    if row is None:
        row = OrderRow(number=order.number, shipping_minor=0, cod_fee_minor=0, discount_minor=0)
        session.add(row)
    _copy_into(row, order)
    row.seen_at = now
    await session.flush()
    await _copy_parts(session, order)


def _copy_into(row: OrderRow, order: Order) -> None:
    address, window = order.address, order.window
    row.customer_id, row.state = order.customer_id, order.state
    row.cash_on_delivery, row.currency = order.cash_on_delivery, order.total.currency
    # The API gives the sum only: what it is made of stays as far as it was known.
    known = row.shipping_minor + row.cod_fee_minor - row.discount_minor
    row.goods_minor = order.total.minor - known
    row.total_minor, row.collect_minor = order.total.minor, order.to_collect.minor
    row.recipient, row.phone = order.recipient, order.phone
    row.subdivision, row.province = address.subdivision, address.province
    row.city, row.district, row.detail = address.city, address.district, address.detail
    row.window_start = window.start if window else None
    row.window_end = window.end if window else None
    row.created_at, row.paid_at = order.created_at, order.paid_at
    row.cod_confirmed_at, row.courier_note = order.cod_confirmed_at, order.courier_note


async def _copy_parts(session: AsyncSession, order: Order) -> None:
    """Write items, parcels and scans anew; they have no life of their own."""
    ours = select(ParcelRow.tracking_number).where(ParcelRow.order_number == order.number)
    await session.execute(delete(OrderItemRow).where(OrderItemRow.order_number == order.number))
    await session.execute(
        delete(TrackingEventRow).where(TrackingEventRow.tracking_number.in_(ours))
    )
    await session.execute(delete(ParcelRow).where(ParcelRow.order_number == order.number))
    session.expunge_all()
    for position, parcel in enumerate(order.parcels):
        session.add(
            ParcelRow(
                tracking_number=parcel.tracking_number, order_number=order.number,
                position=position, carrier=parcel.carrier, shipped_at=parcel.shipped_at,
                expected_on=parcel.expected_on, received_by=parcel.received_by,
            )
        )  # fmt: skip
    await session.flush()
    for parcel in order.parcels:
        session.add_all(
            TrackingEventRow(
                tracking_number=parcel.tracking_number, kind=scan.kind, at=scan.at,
                place_zh=scan.place.zh, place_en=scan.place.en,
            )
            for scan in parcel.events
        )  # fmt: skip
    inside = {item: parcel.tracking_number for parcel in order.parcels for item in parcel.items}
    session.add_all(
        OrderItemRow(
            order_number=order.number, position=position, tracking_number=inside.get(item),
            sku=item.sku, name_zh=item.name.zh, name_en=item.name.en, quantity=item.quantity,
            unit_minor=item.unit_price.minor,
        )
        for position, item in enumerate(order.items)
    )  # fmt: skip
    await session.flush()
