"""Order events as JSON: the shapes that a shop sends, checked field by field."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StrictInt,
    StringConstraints,
    model_validator,
)

from bot.orders.events import NewOrder, OrderEvent, ParcelSent, ShopEvent
from bot.orders.model import (
    Address,
    Bilingual,
    Carrier,
    Money,
    OrderItem,
    Receiver,
    Window,
)

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120)]
Code = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9-]{3,32}$")]
# Minor units (分) as whole numbers: an amount that is a float or a text is refused.
Minor = Annotated[StrictInt, Field(ge=0, le=100_000_000)]
Phone = Annotated[str, StringConstraints(pattern=r"^\+[0-9]{8,15}$")]


class _Wire(BaseModel):
    model_config = ConfigDict(extra="forbid")


class NameWire(_Wire):
    """One name in both languages; a shop that has only one gives it twice."""

    zh: Text
    en: Text

    def read(self) -> Bilingual:
        """Return it as the domain knows it."""
        return Bilingual(self.zh, self.en)


class CustomerWire(_Wire):
    """Who ordered; ``id`` is the shop's own."""

    id: Annotated[str, StringConstraints(min_length=1, max_length=64)]
    name: Annotated[str, StringConstraints(min_length=1, max_length=64)]
    language: Literal["zh", "en"] = "zh"


class AddressWire(_Wire):
    """Where it goes; ``subdivision`` is the ISO 3166-2 code of the province."""

    subdivision: Annotated[str, StringConstraints(pattern=r"^CN-[A-Z]{2}$")]
    province: Annotated[str, StringConstraints(min_length=1, max_length=64)]
    city: Annotated[str, StringConstraints(min_length=1, max_length=64)]
    district: Annotated[str, StringConstraints(max_length=64)] = ""
    detail: Annotated[str, StringConstraints(min_length=1, max_length=200)]


class WindowWire(_Wire):
    """When the customer wants it."""

    start: AwareDatetime
    end: AwareDatetime

    @model_validator(mode="after")
    def _forwards(self) -> Self:
        if self.end <= self.start:
            raise ValueError(f"expected end after start, got {self.start} to {self.end}")
        return self


class ItemWire(_Wire):
    """One line of an order."""

    sku: Annotated[str, StringConstraints(min_length=1, max_length=32)]
    name: NameWire
    quantity: Annotated[StrictInt, Field(ge=1, le=9999)]
    unit_price: Minor


class AmountsWire(_Wire):
    """What is paid, in minor units of ``currency``."""

    currency: Literal["CNY", "HKD", "MOP", "USD"] = "CNY"
    goods: Minor
    shipping: Minor = 0
    cod_fee: Minor = 0
    discount: Minor = 0
    total: Minor

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        total = self.goods + self.shipping + self.cod_fee - self.discount
        if total != self.total:
            raise ValueError(f"expected total {total}, the sum of its parts, got {self.total}")
        return self


class ContactWire(_Wire):
    """A conversation that the shop knows to be this customer's."""

    channel: Annotated[str, StringConstraints(pattern=r"^[a-z]{2,32}$")]
    user: Annotated[str, StringConstraints(min_length=1, max_length=128)]


class OrderWire(_Wire):
    """A new order."""

    customer: CustomerWire
    cash_on_delivery: bool
    amounts: AmountsWire
    recipient: Annotated[str, StringConstraints(min_length=1, max_length=64)]
    phone: Phone
    address: AddressWire
    window: WindowWire | None = None
    items: Annotated[list[ItemWire], Field(min_length=1, max_length=200)]
    contact: ContactWire | None = None

    @model_validator(mode="after")
    def _goods_are_the_items(self) -> Self:
        goods = sum(item.quantity * item.unit_price for item in self.items)
        if goods != self.amounts.goods:
            raise ValueError(
                f"expected amounts.goods {goods}, the sum of the items, got {self.amounts.goods}"
            )
        return self

    def read(self) -> NewOrder:
        """Return it as the domain knows it."""
        amounts, address = self.amounts, self.address
        return NewOrder(
            customer_id=self.customer.id,
            customer_name=self.customer.name,
            language=self.customer.language,
            phone=self.phone,
            recipient=self.recipient,
            cash_on_delivery=self.cash_on_delivery,
            currency=amounts.currency,
            goods_minor=amounts.goods,
            shipping_minor=amounts.shipping,
            cod_fee_minor=amounts.cod_fee,
            discount_minor=amounts.discount,
            address=Address(
                address.subdivision,
                address.province,
                address.city,
                address.district,
                address.detail,
            ),
            window=Window(self.window.start, self.window.end) if self.window else None,
            items=tuple(
                OrderItem(i.sku, i.name.read(), i.quantity, Money(i.unit_price, amounts.currency))
                for i in self.items
            ),
            contact=(self.contact.channel, self.contact.user) if self.contact else None,
        )


class ParcelWire(_Wire):
    """A parcel that was handed to the carrier."""

    carrier: Carrier
    tracking_number: Annotated[
        str, StringConstraints(pattern=r"^[A-Z0-9]{8,32}$"), AfterValidator(str.upper)
    ]
    expected_on: date | None = None
    skus: list[str] = Field(default_factory=list, max_length=200)

    def read(self) -> ParcelSent:
        """Return it as the domain knows it."""
        return ParcelSent(self.carrier, self.tracking_number, self.expected_on, tuple(self.skus))


class EventWire(_Wire):
    """One order event. ``at`` is when it happened, with its time zone."""

    id: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._:-]{1,100}$")]
    type: ShopEvent
    order_number: Code
    at: AwareDatetime
    order: OrderWire | None = None
    parcel: ParcelWire | None = None
    place: NameWire | None = None
    received_by: Receiver | None = None
    refused: bool = False
    amount: Minor | None = None  # with order.paid: how much; all of it when left out

    @model_validator(mode="after")
    def _holds_what_its_type_needs(self) -> Self:
        if (self.order is not None) != (self.type is ShopEvent.CREATED):
            raise ValueError(
                f"expected `order` with order.created and with nothing else, got {self.type}"
            )
        if self.type is ShopEvent.SHIPPED and self.parcel is None:
            raise ValueError("expected `parcel` with order.shipped: carrier and tracking number")
        return self

    def read(self) -> OrderEvent:
        """Return it as the domain knows it."""
        return OrderEvent(
            event_id=self.id,
            kind=self.type,
            order_number=self.order_number,
            at=self.at,
            order=self.order.read() if self.order else None,
            parcel=self.parcel.read() if self.parcel else None,
            place=self.place.read() if self.place else None,
            received_by=self.received_by,
            refused=self.refused,
            amount_minor=self.amount,
            raw=self.model_dump(mode="json", exclude_none=True),
        )


def event_from_json(data: dict[str, Any]) -> OrderEvent:
    """Return the event that was stored as JSON.

    Raises:
        ValueError: the data is not an event; the text says which field is wrong.
    """
    return EventWire.model_validate(data).read()
