"""Orders as a shop's API sends them, and changes as it takes them: docs/order-api.yml shows both."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StrictInt, StringConstraints

from bot.orders.fields import Changes
from bot.orders.fields import Field as Changed
from bot.orders.model import (
    Address,
    Bilingual,
    Carrier,
    EventKind,
    Money,
    Order,
    OrderItem,
    OrderState,
    Parcel,
    Receiver,
    TrackingEvent,
    Window,
)

_Code = Annotated[str, StringConstraints(min_length=1, max_length=64)]
_Text = Annotated[str, StringConstraints(min_length=1, max_length=200)]
_Minor = Annotated[StrictInt, Field(ge=0, le=100_000_000, description="Whole minor units, fen.")]
_Phone = Annotated[str, StringConstraints(pattern=r"^\+[0-9]{8,15}$")]


class _Wire(BaseModel):
    # What a shop sends besides is its own business.
    model_config = ConfigDict(extra="ignore", from_attributes=True)


class NameBody(_Wire):
    """One name in both languages; a shop that has only one gives it twice."""

    zh: _Text
    en: _Text


class AddressBody(_Wire):
    """Where it goes; ``subdivision`` is the ISO 3166-2 code of the province."""

    subdivision: Annotated[str, StringConstraints(pattern=r"^CN-[A-Z]{2}$")]
    province: _Code
    city: _Code
    district: Annotated[str, StringConstraints(max_length=64)] = ""
    detail: _Text


class WindowBody(_Wire):
    """When the customer wants it."""

    start: AwareDatetime
    end: AwareDatetime


class ItemBody(_Wire):
    """One line; ``tracking_number`` is the parcel it is in."""

    sku: Annotated[str, StringConstraints(min_length=1, max_length=32)]
    name: NameBody
    quantity: Annotated[StrictInt, Field(ge=1)]
    unit_price: _Minor
    tracking_number: str | None = None


class ScanBody(_Wire):
    """One scan of a parcel."""

    kind: EventKind
    at: AwareDatetime
    place: NameBody


class ParcelBody(_Wire):
    """One parcel with its scans, oldest first."""

    carrier: Carrier
    tracking_number: _Code
    shipped_at: AwareDatetime
    expected_on: date | None = None
    received_by: Receiver | None = None
    events: list[ScanBody] = Field(default_factory=list)


class OrderBody(_Wire):
    """An order with everything a customer may ask about it. Amounts are minor units of ``currency``."""

    number: Annotated[str, StringConstraints(pattern=r"^[A-Z0-9-]{3,32}$")]
    customer_id: _Code
    state: OrderState
    cash_on_delivery: bool
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")] = "CNY"
    total: _Minor
    to_collect: _Minor
    recipient: _Code
    phone: _Phone
    address: AddressBody
    window: WindowBody | None = None
    created_at: AwareDatetime
    paid_at: AwareDatetime | None = None
    cod_confirmed_at: AwareDatetime | None = None
    courier_note: str | None = None
    items: Annotated[list[ItemBody], Field(min_length=1)]
    parcels: list[ParcelBody] = Field(default_factory=list)

    @classmethod
    def of(cls, order: Order) -> Self:
        """Return an order as it is sent."""
        inside = {
            item.sku: parcel.tracking_number for parcel in order.parcels for item in parcel.items
        }
        return cls.model_validate(
            {
                name: getattr(order, name)
                for name in cls.model_fields
                if name not in {"currency", "total", "to_collect", "items"}
            }
            | {
                "currency": order.total.currency,
                "total": order.total.minor,
                "to_collect": order.to_collect.minor,
                "items": [
                    {
                        "sku": item.sku,
                        "name": item.name,
                        "quantity": item.quantity,
                        "unit_price": item.unit_price.minor,
                        "tracking_number": inside.get(item.sku),
                    }
                    for item in order.items
                ],
            }
        )

    def read(self) -> Order:
        """Return it as the domain knows it."""
        lines = [
            (OrderItem(i.sku, _name(i.name), i.quantity, Money(i.unit_price, self.currency)), i)
            for i in self.items
        ]
        where = self.address
        return Order(
            number=self.number,
            customer_id=self.customer_id,
            state=self.state,
            cash_on_delivery=self.cash_on_delivery,
            total=Money(self.total, self.currency),
            to_collect=Money(self.to_collect, self.currency),
            recipient=self.recipient,
            phone=self.phone,
            address=Address(
                where.subdivision, where.province, where.city, where.district, where.detail
            ),
            window=Window(self.window.start, self.window.end) if self.window else None,
            created_at=self.created_at,
            paid_at=self.paid_at,
            cod_confirmed_at=self.cod_confirmed_at,
            items=tuple(item for item, _ in lines),
            parcels=tuple(
                Parcel(
                    carrier=parcel.carrier,
                    tracking_number=parcel.tracking_number,
                    shipped_at=parcel.shipped_at,
                    expected_on=parcel.expected_on,
                    received_by=parcel.received_by,
                    items=tuple(
                        item
                        for item, line in lines
                        if line.tracking_number == parcel.tracking_number
                    ),
                    events=tuple(
                        TrackingEvent(scan.kind, scan.at, _name(scan.place))
                        for scan in parcel.events
                    ),
                )
                for parcel in self.parcels
            ),
            courier_note=self.courier_note,
        )


class StateBody(_Wire):
    """``cancelled``, or the state before a cancellation that is taken back; what is then collected."""

    state: OrderState
    collect_minor: _Minor


class ChangeBody(_Wire):
    """What a customer changes: only the keys that are sent. ``window`` null means any time of day."""

    model_config = ConfigDict(extra="forbid")

    address: AddressBody | None = None
    recipient: _Code | None = None
    window: WindowBody | None = None
    phone: _Phone | None = None
    note: Annotated[str, StringConstraints(max_length=200)] | None = None
    cancel: StateBody | None = None
    confirmed_at: AwareDatetime | None = None
    at: AwareDatetime

    def read(self) -> Changes:
        """Return the changes as the domain writes them."""
        sent = self.model_dump(mode="json", exclude_unset=True, exclude={"at", "confirmed_at"})
        return {Changed(name): _as_values(name, value) for name, value in sent.items()}


class RefusalBody(_Wire):
    """Why a change was not made: which field the order's state does not allow, and the order."""

    field: Changed
    order: OrderBody


def changes_to_json(changes: Changes) -> dict[str, Any]:
    """Return changes as ``ChangeBody`` takes them."""
    body: dict[str, Any] = {}
    for field, values in changes.items():
        match field:
            case Changed.ADDRESS | Changed.CANCEL:
                body[field.value] = dict(values)
            case Changed.WINDOW:
                body[field.value] = dict(values) if values["start"] else None
            case Changed.RECIPIENT | Changed.PHONE | Changed.NOTE:
                body[field.value] = values[field.value]
    return body


def _as_values(name: str, value: Any) -> Mapping[str, Any]:
    match name:
        case "window":
            return value or {"start": None, "end": None}
        case "address" | "cancel":
            whole: Mapping[str, Any] = value
            return whole
        case _:
            return {name: value}


def _name(body: NameBody) -> Bilingual:
    return Bilingual(body.zh, body.en)
