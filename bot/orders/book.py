"""The order book: where orders are looked up, whichever system keeps them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol

from sqlalchemy import Select, or_, select, true
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from bot.orders.fields import Changes, Field, first_forbidden, put, values_of
from bot.orders.model import (
    Address,
    Bilingual,
    Money,
    Order,
    OrderItem,
    Parcel,
    TrackingEvent,
    Window,
)
from bot.orders.record import CHANGE_PREFIX, CONFIRM, record
from bot.storage.cod import OrderEventRow
from bot.storage.engine import Database
from bot.storage.orders import OrderItemRow, OrderRow, ParcelRow


class OrderBook(Protocol):
    """What Yingda asks of a shop's orders. Every implementation passes the same contract test."""

    async def find(self, reference: str) -> Order | None:
        """Return the order with this order or tracking number, ``None`` if there is none.

        ``reference`` is in normal form: upper case, no spaces.
        """
        ...

    async def of_same_customer(self, order: Order, *, limit: int) -> Sequence[Order]:
        """Return at most ``limit`` orders, newest first, that belong to the customer of ``order``.

        Only orders to the same phone count: who knows its last digits has shown nothing about
        another phone. ``order`` itself is one of them.
        """
        ...

    async def of_customer(self, customer_id: str, *, limit: int) -> Sequence[Order]:
        """Return at most ``limit`` orders of a customer, newest first, whatever phone they name."""
        ...

    async def change(
        self,
        number: str,
        changes: Changes,
        *,
        confirmed_at: datetime | None = None,
        key: str,
        at: datetime,
    ) -> Order:
        """Make changes to an order, all of them or none, and return it as it is then.

        Args:
            confirmed_at: when the customer confirmed a cash-on-delivery order; ``None`` leaves that.
            key: names this request. A repeated one is not carried out again.
            at: when the customer asked for it.

        Raises:
            UnknownOrderError: there is no such order.
            ChangeRefusedError: the order's state does not allow it (any more).
        """
        ...


class BookError(Exception):
    """An order book could not do what it was asked for."""


class BookDownError(BookError):
    """The system that keeps the orders can't be reached; every method may raise it."""


class UnknownOrderError(BookError):
    """No order has this number."""


class ChangeRefusedError(BookError):
    """The state of ``order`` does not allow to change ``field``."""

    def __init__(self, order: Order, field: Field) -> None:
        super().__init__(f"expected an order that allows to change {field}, got one {order.state}")
        self.order = order
        self.field = field


class SqlOrderBook:
    """The order book in our own database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, reference: str) -> Order | None:
        """Return the order with this order or tracking number, ``None`` if there is none."""
        by_parcel = select(ParcelRow.order_number).where(ParcelRow.tracking_number == reference)
        query = whole_order().where(
            or_(OrderRow.number == reference, OrderRow.number.in_(by_parcel))
        )
        async with self._database.read() as session:
            row = (await session.execute(query)).scalar_one_or_none()
        return order_of(row) if row else None

    async def of_same_customer(self, order: Order, *, limit: int) -> Sequence[Order]:
        """Return at most ``limit`` orders of the same customer to the same phone, newest first."""
        return await self.of_customer(order.customer_id, phone=order.phone, limit=limit)

    async def of_customer(
        self, customer_id: str, *, limit: int, phone: str | None = None
    ) -> Sequence[Order]:
        """Return at most ``limit`` orders of a customer, newest first; to one phone, if named."""
        to_phone = OrderRow.phone == phone if phone else true()
        query = (
            whole_order()
            .where(OrderRow.customer_id == customer_id, to_phone)
            .order_by(OrderRow.created_at.desc(), OrderRow.number.desc())
            .limit(limit)
        )
        async with self._database.read() as session:
            rows = (await session.execute(query)).scalars().all()
        return [order_of(row) for row in rows]

    async def change(
        self,
        number: str,
        changes: Changes,
        *,
        confirmed_at: datetime | None = None,
        key: str,
        at: datetime,
    ) -> Order:
        """Make changes to an order, all of them or none; see ``OrderBook.change``."""
        async with self._database.write() as session:
            row = await find_locked(session, number)
            if row is None:
                raise UnknownOrderError(f"expected the number of an order, got {number!r}")
            done = OrderEventRow.event_id.startswith(f"{key}.", autoescape=True)
            if await session.scalar(select(OrderEventRow.id).where(done).limit(1)):
                return order_of(row)
            forbidden = first_forbidden(row.state, changes)
            if forbidden:
                raise ChangeRefusedError(order_of(row), forbidden)
            for field, values in changes.items():
                before = values_of(row, field)
                put(row, field, values)
                record(
                    session, number, f"{CHANGE_PREFIX}{field}", actor="api", at=at,
                    event_id=f"{key}.{field}", before=before, after=dict(values),
                )  # fmt: skip
            if confirmed_at and row.cash_on_delivery:
                row.cod_confirmed_at = confirmed_at
                record(session, number, CONFIRM, actor="api", at=at, event_id=f"{key}.{CONFIRM}")
            await session.flush()
            return order_of(row)


def whole_order() -> Select[OrderRow]:
    """Return a query for orders with all that belongs to them."""
    return select(OrderRow).options(
        selectinload(OrderRow.items), selectinload(OrderRow.parcels).selectinload(ParcelRow.events)
    )


async def find_locked(session: AsyncSession, number: str) -> OrderRow | None:
    """Return an order's row with all that belongs to it, locked until the transaction ends."""
    return (await session.execute(_locking(number))).scalar_one_or_none()


async def locked(session: AsyncSession, number: str) -> OrderRow:
    """Return what ``find_locked`` does, of an order that is known to exist.

    Raises:
        sqlalchemy.exc.NoResultFound: it does not.
    """
    return (await session.execute(_locking(number))).scalar_one()


async def all_locked(session: AsyncSession, numbers: Collection[str]) -> dict[str, OrderRow]:
    """Return the rows of orders by number as ``find_locked`` does, locked in one and the same order."""
    found = await session.execute(
        whole_order()
        .where(OrderRow.number.in_(numbers))
        .order_by(OrderRow.number)
        .with_for_update()
    )
    return {row.number: row for row in found.scalars()}


def _locking(number: str) -> Select[OrderRow]:
    return whole_order().where(OrderRow.number == number).with_for_update()


def order_of(row: OrderRow) -> Order:
    """Return the order that a row with all its parts describes."""
    window = row.window_start and row.window_end and Window(row.window_start, row.window_end)
    return Order(
        number=row.number,
        customer_id=row.customer_id,
        state=row.state,
        cash_on_delivery=row.cash_on_delivery,
        total=Money(row.total_minor, row.currency),
        to_collect=Money(row.collect_minor, row.currency),
        recipient=row.recipient,
        phone=row.phone,
        address=Address(row.subdivision, row.province, row.city, row.district, row.detail),
        window=window or None,
        created_at=row.created_at,
        paid_at=row.paid_at,
        cod_confirmed_at=row.cod_confirmed_at,
        items=tuple(_item(item, row.currency) for item in row.items),
        parcels=tuple(_parcel(parcel, row) for parcel in row.parcels),
        courier_note=row.courier_note,
    )


def _item(row: OrderItemRow, currency: str) -> OrderItem:
    name = Bilingual(row.name_zh, row.name_en)
    return OrderItem(row.sku, name, row.quantity, Money(row.unit_minor, currency))


def _parcel(row: ParcelRow, order: OrderRow) -> Parcel:
    inside = (item for item in order.items if item.tracking_number == row.tracking_number)
    return Parcel(
        carrier=row.carrier,
        tracking_number=row.tracking_number,
        shipped_at=row.shipped_at,
        expected_on=row.expected_on,
        received_by=row.received_by,
        items=tuple(_item(item, order.currency) for item in inside),
        events=tuple(
            TrackingEvent(e.kind, e.at, Bilingual(e.place_zh, e.place_en)) for e in row.events
        ),
    )
