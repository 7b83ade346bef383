"""What a shop tells about its orders: each event once, in any order of arrival."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from bot.language import Language
from bot.orders.model import Address, Bilingual, Carrier, OrderItem, OrderState, Receiver, Window


class ShopEvent(StrEnum):
    """The kinds of events a shop sends."""

    CREATED = "order.created"
    PAID = "order.paid"
    PACKED = "order.packed"
    SHIPPED = "order.shipped"
    OUT_FOR_DELIVERY = "order.out_for_delivery"
    DELIVERED = "order.delivered"
    DELIVERY_FAILED = "order.delivery_failed"
    RETURNED = "order.returned"
    CANCELLED = "order.cancelled"


# The state that an order is in after each event; `order.created` brings its own.
STATE_AFTER = {
    ShopEvent.PAID: OrderState.PAID,
    ShopEvent.PACKED: OrderState.PACKED,
    ShopEvent.SHIPPED: OrderState.SHIPPED,
    ShopEvent.OUT_FOR_DELIVERY: OrderState.OUT_FOR_DELIVERY,
    ShopEvent.DELIVERED: OrderState.DELIVERED,
    ShopEvent.DELIVERY_FAILED: OrderState.DELIVERY_FAILED,
    ShopEvent.RETURNED: OrderState.RETURNED,
    ShopEvent.CANCELLED: OrderState.CANCELLED,
}


@dataclass(frozen=True, slots=True)
class NewOrder:
    """A new order as the shop describes it. Amounts are minor units of ``currency``.

    ``contact`` is (channel, user) of a conversation that the shop knows to be this customer's.
    """

    customer_id: str
    customer_name: str
    language: Language
    phone: str
    recipient: str
    cash_on_delivery: bool
    currency: str
    goods_minor: int
    shipping_minor: int
    cod_fee_minor: int
    discount_minor: int
    address: Address
    window: Window | None
    items: tuple[OrderItem, ...]
    contact: tuple[str, str] | None = None

    @property
    def total_minor(self) -> int:
        """What the customer pays in all."""
        return self.goods_minor + self.shipping_minor + self.cod_fee_minor - self.discount_minor


@dataclass(frozen=True, slots=True)
class ParcelSent:
    """A parcel that was handed to a carrier; ``skus`` are the lines in it, none for all."""

    carrier: Carrier
    tracking_number: str
    expected_on: date | None = None
    skus: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OrderEvent:
    """One event. ``at`` is when it happened by the shop's clock, not when it was sent."""

    event_id: str
    kind: ShopEvent
    order_number: str
    at: datetime
    order: NewOrder | None = None
    parcel: ParcelSent | None = None
    place: Bilingual | None = None
    received_by: Receiver | None = None
    refused: bool = False
    amount_minor: int | None = None
    raw: dict[str, object] = field(default_factory=dict)
