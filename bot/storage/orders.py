"""Tables of the order book and of the limit on order lookups."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, Enum, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from bot.orders.model import Carrier, EventKind, OrderState, Receiver
from bot.storage.base import Base


def _enum(kind: type[StrEnum]) -> Enum:
    # Plain text with the members' values: a new state needs no migration.
    return Enum(kind, native_enum=False, length=24, values_callable=lambda k: [m.value for m in k])


class ShopCustomerRow(Base):
    """A customer of the shop; ``id`` is the shop's own."""

    __tablename__ = "shop_customers"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    name: Mapped[str] = mapped_column(String(64))
    phone: Mapped[str] = mapped_column(String(16))
    language: Mapped[str] = mapped_column(String(2))
    created_at: Mapped[datetime]


class OrderRow(Base):
    """An order. Amounts are minor units of ``currency``; ``collect_minor`` is due at the door.

    ``seen_at`` is when the shop's own system last told us how it stands, where there is one.
    """

    __tablename__ = "orders"
    __table_args__ = (
        CheckConstraint(
            "total_minor = goods_minor + shipping_minor + cod_fee_minor - discount_minor", "total"
        ),
        CheckConstraint("collect_minor BETWEEN 0 AND total_minor", "collect"),
    )

    number: Mapped[str] = mapped_column(String(32), primary_key=True)
    customer_id: Mapped[str] = mapped_column(ForeignKey("shop_customers.id"), index=True)
    state: Mapped[OrderState] = mapped_column(_enum(OrderState), index=True)
    cash_on_delivery: Mapped[bool]
    currency: Mapped[str] = mapped_column(String(3))
    goods_minor: Mapped[int]
    shipping_minor: Mapped[int]
    cod_fee_minor: Mapped[int]
    discount_minor: Mapped[int]
    total_minor: Mapped[int]
    collect_minor: Mapped[int]
    recipient: Mapped[str] = mapped_column(String(64))
    phone: Mapped[str] = mapped_column(String(16))
    subdivision: Mapped[str] = mapped_column(String(6))
    province: Mapped[str] = mapped_column(String(64))
    city: Mapped[str] = mapped_column(String(64))
    district: Mapped[str] = mapped_column(String(64))
    detail: Mapped[str] = mapped_column(String(200))
    window_start: Mapped[datetime | None]
    window_end: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(index=True)
    paid_at: Mapped[datetime | None]
    cod_confirmed_at: Mapped[datetime | None]
    courier_note: Mapped[str | None] = mapped_column(String(200))
    seen_at: Mapped[datetime | None]

    items: Mapped[list[OrderItemRow]] = relationship(order_by="OrderItemRow.position")
    parcels: Mapped[list[ParcelRow]] = relationship(order_by="ParcelRow.position")


class ParcelRow(Base):
    """A parcel of an order; tracking numbers are unique, customers ask by them too."""

    __tablename__ = "parcels"

    tracking_number: Mapped[str] = mapped_column(String(32), primary_key=True)
    order_number: Mapped[str] = mapped_column(
        ForeignKey("orders.number", ondelete="CASCADE"), index=True
    )
    position: Mapped[int]
    carrier: Mapped[Carrier] = mapped_column(_enum(Carrier))
    shipped_at: Mapped[datetime]
    expected_on: Mapped[date | None]
    received_by: Mapped[Receiver | None] = mapped_column(_enum(Receiver))

    events: Mapped[list[TrackingEventRow]] = relationship(
        order_by="(TrackingEventRow.at, TrackingEventRow.id)"
    )


class OrderItemRow(Base):
    """A line of an order, and the parcel that holds it once it is packed."""

    __tablename__ = "order_items"

    order_number: Mapped[str] = mapped_column(
        ForeignKey("orders.number", ondelete="CASCADE"), primary_key=True
    )
    position: Mapped[int] = mapped_column(primary_key=True)
    tracking_number: Mapped[str | None] = mapped_column(
        ForeignKey("parcels.tracking_number"), index=True
    )
    sku: Mapped[str] = mapped_column(String(32))
    name_zh: Mapped[str] = mapped_column(String(120))
    name_en: Mapped[str] = mapped_column(String(120))
    quantity: Mapped[int]
    unit_minor: Mapped[int]


class TrackingEventRow(Base):
    """A scan of a parcel."""

    __tablename__ = "tracking_events"
    __table_args__ = (UniqueConstraint("tracking_number", "at", "kind"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    tracking_number: Mapped[str] = mapped_column(
        ForeignKey("parcels.tracking_number", ondelete="CASCADE")
    )
    kind: Mapped[EventKind] = mapped_column(_enum(EventKind))
    at: Mapped[datetime]
    place_zh: Mapped[str] = mapped_column(String(120))
    place_en: Mapped[str] = mapped_column(String(120))


class OrderLookupRow(Base):
    """The wrong tries of one subject, newest last; the row is also the lock that orders tries.

    ``subject`` is ``conversation:<id>`` or ``order:<number>``; each try is the ISO 8601 text of its
    moment.
    """

    __tablename__ = "order_lookups"

    subject: Mapped[str] = mapped_column(String(200), primary_key=True)
    wrong_tries: Mapped[list[Any]]
