"""What an order is, as the rest of Yingda sees it, whichever system keeps it.

Every moment is timezone-aware. Money is a whole number of minor units (分, cents) and a currency.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from bot.language import Language


class OrderState(StrEnum):
    """How far an order has come. A cash-on-delivery order starts placed, any other one unpaid."""

    UNPAID = "unpaid"
    PLACED = "placed"
    PAID = "paid"
    PACKED = "packed"
    SHIPPED = "shipped"
    OUT_FOR_DELIVERY = "out_for_delivery"
    DELIVERED = "delivered"
    DELIVERY_FAILED = "delivery_failed"
    RETURNED = "returned"
    CANCELLED = "cancelled"


class Carrier(StrEnum):
    """Who carries a parcel: SF Express (顺丰) or ZTO (中通)."""

    SF = "sf"
    ZTO = "zto"


class EventKind(StrEnum):
    """What happened to a parcel on its way."""

    PICKED_UP = "picked_up"
    DEPARTED = "departed"
    ARRIVED = "arrived"
    OUT_FOR_DELIVERY = "out_for_delivery"
    DELIVERED = "delivered"
    NOBODY_HOME = "nobody_home"
    REFUSED = "refused"
    RETURNED = "returned"


class Receiver(StrEnum):
    """Who or what took a delivered parcel."""

    ADDRESSEE = "addressee"
    FRONT_DESK = "front_desk"
    LOCKER = "locker"
    STATION = "station"
    DOORSTEP = "doorstep"


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in minor units of an ISO 4217 currency: ``Money(129900, "CNY")`` is ¥1,299.00."""

    minor: int
    currency: str


@dataclass(frozen=True, slots=True)
class Bilingual:
    """One text in both languages; a shop that has only one gives it twice."""

    zh: str
    en: str

    def in_(self, language: Language) -> str:
        """Return the text in ``language``."""
        return self.zh if language == "zh" else self.en


@dataclass(frozen=True, slots=True)
class Address:
    """Where an order goes, in the customer's own writing.

    ``subdivision`` is the ISO 3166-2 code of the province (``CN-ZJ``, ``CN-HK``); ``detail`` is
    everything below the district: street, house, room.
    """

    subdivision: str
    province: str
    city: str
    district: str
    detail: str


@dataclass(frozen=True, slots=True)
class OrderItem:
    """One line of an order."""

    sku: str
    name: Bilingual
    quantity: int
    unit_price: Money


@dataclass(frozen=True, slots=True)
class TrackingEvent:
    """One scan of a parcel; ``place`` is a hub, a delivery station or a city."""

    kind: EventKind
    at: datetime
    place: Bilingual


@dataclass(frozen=True, slots=True)
class Parcel:
    """One parcel of an order with its scans, oldest first. ``items`` are the lines it holds."""

    carrier: Carrier
    tracking_number: str
    shipped_at: datetime
    expected_on: date | None
    received_by: Receiver | None
    items: tuple[OrderItem, ...]
    events: tuple[TrackingEvent, ...]

    @property
    def last_event(self) -> TrackingEvent | None:
        """The newest scan, ``None`` before the first."""
        return self.events[-1] if self.events else None

    @property
    def delivered(self) -> TrackingEvent | None:
        """The scan of the delivery, ``None`` before it and after the parcel has gone back."""
        last = self.last_event
        return last if last and last.kind is EventKind.DELIVERED else None


@dataclass(frozen=True, slots=True)
class Window:
    """The time in which a customer wants the delivery."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Order:
    """An order with everything a customer may ask about it.

    ``to_collect`` is what the courier takes at the door: the total of a cash-on-delivery order
    until it is paid there, otherwise nothing. ``cod_confirmed_at`` says when the customer settled
    address, time and amount of such an order. ``courier_note`` is what the customer asks of the courier,
    in the customer's own words. ``phone`` is in E.164 form (``+8615400006688``). ``as_of`` is set when
    the system that keeps the order can't be reached: this is how it stood then.
    """

    number: str
    customer_id: str
    state: OrderState
    cash_on_delivery: bool
    total: Money
    to_collect: Money
    recipient: str
    phone: str
    address: Address
    window: Window | None
    created_at: datetime
    paid_at: datetime | None
    cod_confirmed_at: datetime | None
    items: tuple[OrderItem, ...]
    parcels: tuple[Parcel, ...]
    courier_note: str | None = None
    as_of: datetime | None = None

    @property
    def last_four(self) -> str:
        """The last four digits of the phone, which the identity check asks for."""
        return self.phone[-4:]

    @property
    def awaits_confirmation(self) -> bool:
        """Whether a cash-on-delivery order stands still until its customer has confirmed it."""
        placed = self.state is OrderState.PLACED and self.cash_on_delivery
        return placed and self.cod_confirmed_at is None
