"""The demo shop as rows: 200 believable orders in all states, the same for the same moment and seed.

Everything is dated back from a given moment, so that "out for delivery" means today whenever the
shop is opened. Phone numbers begin with 154, a prefix that no Chinese network uses.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from importlib import resources
from random import Random
from typing import Any

from ruamel.yaml import YAML

from bot.clock import SHOP_ZONE
from bot.language import Language
from bot.orders.demo_story import Plan, Scans, Story, tell
from bot.orders.model import Carrier, EventKind, OrderState, Receiver
from bot.orders.promise import local_day, transit_days

CUSTOMER_PREFIX = "demo-"
Row = dict[str, Any]

_SEED = 20261105
_CUSTOMERS: tuple[tuple[Language, int], ...] = (("zh", 90), ("en", 30))
_ORDERS = {
    OrderState.UNPAID: 4,
    OrderState.PLACED: 12,
    OrderState.PAID: 14,
    OrderState.PACKED: 8,
    OrderState.SHIPPED: 30,
    OrderState.OUT_FOR_DELIVERY: 10,
    OrderState.DELIVERED: 88,
    OrderState.DELIVERY_FAILED: 6,
    OrderState.RETURNED: 9,
    OrderState.CANCELLED: 11,
}
# Published fees and limits of the shop, in fen.
_FREE_SHIPPING_FROM, _SHIPPING, _COD_FEE = 9900, 1000, 500
_SURCHARGE = {"CN-XJ": 1500, "CN-XZ": 1500, "CN-NM": 1500}
_SHIPPING_ABROAD = {"CN-HK": 3500, "CN-MO": 3500}
_COD_GOODS = range(2000, 298_001)  # Cash on delivery takes orders of 20 to 3,000 yuan.
_COUPON, _COUPON_FROM = 2000, 19900

_S, _E = OrderState, EventKind


@dataclass(frozen=True, slots=True)
class DemoShop:
    """The rows of the demo shop, one list for each table."""

    customers: list[Row] = field(default_factory=list)
    orders: list[Row] = field(default_factory=list)
    parcels: list[Row] = field(default_factory=list)
    items: list[Row] = field(default_factory=list)
    events: list[Row] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Customer:
    row: Row
    place: Mapping[str, Any]

    @property
    def language(self) -> Language:
        language: Language = self.row["language"]
        return language


_SCENARIOS = {
    "shipped": Plan(_S.SHIPPED, expected_in_days=1),
    "cod_waiting": Plan(_S.PLACED, cod=True, confirmed=False),
    "delivered": Plan(_S.DELIVERED, receiver=Receiver.LOCKER),
    "unpaid": Plan(_S.UNPAID),
    "cod_failed": Plan(_S.DELIVERY_FAILED, cod=True),
    "two_parcels": Plan(_S.SHIPPED, split=True),
    "late": Plan(_S.SHIPPED, late=True),
    "cod_out": Plan(_S.OUT_FOR_DELIVERY, cod=True),
}


@functools.cache
def demo_data() -> Mapping[str, Any]:
    """Return the goods, people, places and showcase orders of ``demo.yml``."""
    text = resources.files("bot.orders").joinpath("demo.yml").read_text("utf-8")
    data: Mapping[str, Any] = YAML(typ="safe").load(text)
    return data


def build_shop(now: datetime, seed: int = _SEED) -> DemoShop:
    """Return the demo shop as of ``now``."""
    return _Builder(now.replace(microsecond=0), Random(seed)).build()  # noqa: S311 - no secret


class _Builder:
    """Adds customer after customer and order after order; every choice comes from one Random."""

    def __init__(self, now: datetime, random: Random) -> None:
        self._now = now
        self._random = random
        self._data = demo_data()
        self._shop = DemoShop()
        self._places = {place["subdivision"]: place for place in self._data["places"]}
        self._products = {product["sku"]: product for product in self._data["products"]}
        self._numbers = {entry["number"] for entry in self._data["showcase"]}

    def build(self) -> DemoShop:
        known = [self._showcase(entry) for entry in self._data["showcase"]]
        crowd = [
            self._customer(language, self._name(language), self._place(), self._digits(4))
            for language, count in _CUSTOMERS
            for _ in range(count)
        ]
        states = [state for state, count in _ORDERS.items() for _ in range(count)]
        self._random.shuffle(states)
        # The first customer and an English-speaking one have more to list than one order.
        owners = [known[0]] * 3 + [known[5]] * 2
        owners += self._random.choices(crowd, k=len(states) - len(owners))
        for state, owner in zip(states, owners, strict=True):
            self._any_order(state, owner)
        return self._shop

    # Customers

    def _showcase(self, entry: Mapping[str, Any]) -> _Customer:
        who = entry["customer"]
        place = self._places[who["place"]]
        customer = self._customer(who["language"], who["name"], place, entry["last_four"])
        plan = replace(
            _SCENARIOS[entry["scenario"]],
            number=entry["number"],
            tracking_number=entry.get("tracking_number"),
        )
        basket = [(self._products[sku], quantity) for sku, quantity in entry["items"].items()]
        self._order(customer, plan, basket)
        return customer

    def _customer(
        self, language: Language, name: str, place: Mapping[str, Any], last_four: str
    ) -> _Customer:
        row = {
            "id": f"{CUSTOMER_PREFIX}{len(self._shop.customers) + 1:03d}",
            "name": name,
            "phone": f"+86154{self._digits(4)}{last_four}",
            "language": language,
            "created_at": self._now - timedelta(days=self._random.randint(60, 700)),
        }
        self._shop.customers.append(row)
        return _Customer(row, place)

    def _name(self, language: Language) -> str:
        names = self._data["names"][language]
        family, given = self._random.choice(names["family"]), self._random.choice(names["given"])
        return f"{family}{given}" if language == "zh" else f"{given} {family}"

    def _place(self) -> Mapping[str, Any]:
        place: Mapping[str, Any] = self._random.choice(self._data["places"])
        return place

    def _address(self, customer: _Customer) -> Row:
        language, place = customer.language, customer.place[customer.language]
        detail = self._random.choice(self._data["details"][language]).format(
            street=self._random.choice(self._data["streets"][language]),
            house=self._random.randint(2, 398),
            building=self._random.randint(1, 18),
            room=f"{self._random.randint(1, 28)}0{self._random.randint(1, 6)}",
        )
        return {
            "subdivision": customer.place["subdivision"],
            "province": place["province"],
            "city": place["city"],
            "district": self._random.choice(place["districts"]),
            "detail": detail,
        }

    # Orders

    def _any_order(self, state: OrderState, owner: _Customer) -> None:
        abroad = owner.place["subdivision"] in _SHIPPING_ABROAD
        if state is OrderState.PLACED and abroad:
            owner, abroad = replace(owner, place=self._places["CN-GD"]), False
        basket = self._basket()
        cod = state is OrderState.PLACED or (
            state not in {OrderState.UNPAID, OrderState.PAID}
            and not abroad
            and self._random.random() < 0.35
        )
        while cod and _goods(basket) not in _COD_GOODS:
            basket = self._basket()
        plan = Plan(
            state,
            cod=cod,
            confirmed=self._random.random() < 0.4,
            late=state in {OrderState.SHIPPED, OrderState.PAID} and self._random.random() < 0.07,
            split=len(basket) > 1 and self._random.random() < 0.1,
        )
        self._order(owner, plan, basket)

    def _basket(self) -> list[tuple[Row, int]]:
        kinds = self._random.choices((1, 2, 3, 4), (60, 26, 10, 4))[0]
        products = self._random.sample(self._data["products"], kinds)
        return [(product, 1 if self._random.random() < 0.85 else 2) for product in products]

    def _order(self, customer: _Customer, plan: Plan, basket: Sequence[tuple[Row, int]]) -> None:
        story = tell(plan, customer.place["subdivision"], self._now, self._random)
        number = plan.number or self._number(story.created_at)
        paid_at = story.settled_at
        if plan.cod:
            # The courier takes the money when the parcel is handed over.
            done = [at for scans in story.scans for kind, at in scans if kind is _E.DELIVERED]
            paid_at = max(done) if len(done) == len(story.scans) and done else None
        amounts = self._amounts(customer, plan, basket)
        owed = plan.cod and paid_at is None and plan.state not in {_S.CANCELLED, _S.RETURNED}
        address = self._address(customer)
        start, end = self._window(plan, story)
        order = {
            "number": number,
            "customer_id": customer.row["id"],
            "state": plan.state,
            "cash_on_delivery": plan.cod,
            "currency": "CNY",
            **amounts,
            "collect_minor": amounts["total_minor"] if owed else 0,
            "recipient": customer.row["name"],
            "phone": customer.row["phone"],
            **address,
            "window_start": start,
            "window_end": end,
            "created_at": story.created_at,
            "paid_at": paid_at,
            "cod_confirmed_at": story.settled_at if plan.cod else None,
        }
        self._shop.orders.append(order)
        tracking = self._parcels(order, plan, story, customer.place)
        for position, (product, quantity) in enumerate(basket):
            # The first line travels in the first parcel, all others in the last.
            parcel = tracking[min(position, len(tracking) - 1)] if tracking else None
            self._shop.items.append(
                {
                    "order_number": number,
                    "position": position,
                    "tracking_number": parcel,
                    "sku": product["sku"],
                    "name_zh": product["zh"],
                    "name_en": product["en"],
                    "quantity": quantity,
                    "unit_minor": product["price"],
                }
            )

    def _amounts(self, customer: _Customer, plan: Plan, basket: Sequence[tuple[Row, int]]) -> Row:
        subdivision, goods = customer.place["subdivision"], _goods(basket)
        shipping = _SHIPPING_ABROAD.get(subdivision)
        if shipping is None:
            shipping = 0 if goods >= _FREE_SHIPPING_FROM else _SHIPPING
            shipping += _SURCHARGE.get(subdivision, 0)
        fee = _COD_FEE if plan.cod else 0
        coupon = _COUPON if goods >= _COUPON_FROM and self._random.random() < 0.2 else 0
        return {
            "goods_minor": goods,
            "shipping_minor": shipping,
            "cod_fee_minor": fee,
            "discount_minor": coupon,
            "total_minor": goods + shipping + fee - coupon,
        }

    def _window(self, plan: Plan, story: Story) -> tuple[datetime | None, datetime | None]:
        """Return the delivery window that a customer chose, four days after ordering."""
        if not plan.cod and self._random.random() < 0.7:
            return None, None
        start, end = self._random.choice(((9, 12), (13, 18), (18, 21)))
        day = local_day(story.created_at) + timedelta(days=4)
        if plan.state in {_S.OUT_FOR_DELIVERY, _S.DELIVERY_FAILED}:
            day = local_day(self._now)
        return _at(day, start), _at(day, end)

    def _number(self, created_at: datetime) -> str:
        while True:
            number = f"SO{local_day(created_at):%Y%m%d}{self._random.randint(101, 999)}"
            if number not in self._numbers:
                self._numbers.add(number)
                return number

    # Parcels

    def _parcels(self, order: Row, plan: Plan, story: Story, place: Mapping[str, Any]) -> list[str]:
        """Add the parcels of an order with their scans; return the tracking numbers."""
        numbers = []
        language = "zh" if order["district"] in place["zh"]["districts"] else "en"
        district = place[language]["districts"].index(order["district"])
        for position, scans in enumerate(story.scans):
            carrier = Carrier.SF if plan.tracking_number else self._random.choice(list(Carrier))
            number = plan.tracking_number or self._tracking_number(carrier)
            delivered = any(kind is _E.DELIVERED for kind, _ in scans)
            self._shop.parcels.append(
                {
                    "tracking_number": number,
                    "order_number": order["number"],
                    "position": position,
                    "carrier": carrier,
                    "shipped_at": scans[0][1],
                    "expected_on": self._expected_on(plan, scans, place["subdivision"]),
                    "received_by": self._receiver(plan) if delivered else None,
                }
            )
            self._scan(number, scans, district, place)
            numbers.append(number)
        return numbers

    def _expected_on(self, plan: Plan, scans: Scans, subdivision: str) -> date:
        today = local_day(self._now)
        if plan.expected_in_days is not None:
            return today + timedelta(days=plan.expected_in_days)
        if plan.state is _S.OUT_FOR_DELIVERY:
            return today
        if plan.state is _S.DELIVERY_FAILED:
            return today + timedelta(days=1)
        return local_day(scans[0][1]) + timedelta(days=transit_days(subdivision))

    def _receiver(self, plan: Plan) -> Receiver:
        weights = {
            Receiver.ADDRESSEE: 5,
            Receiver.LOCKER: 3,
            Receiver.STATION: 3,
            Receiver.FRONT_DESK: 2,
            Receiver.DOORSTEP: 2,
        }
        chosen = self._random.choices(list(weights), list(weights.values()))[0]
        return plan.receiver or chosen

    def _scan(self, number: str, scans: Scans, district: int, place: Mapping[str, Any]) -> None:
        departed = False
        for kind, at in scans:
            names = {
                language: _place_of(kind, departed, district, place[language], language)
                for language in ("zh", "en")
            }
            departed = departed or kind is _E.DEPARTED
            self._shop.events.append(
                {
                    "tracking_number": number,
                    "kind": kind,
                    "at": at,
                    "place_zh": names["zh"],
                    "place_en": names["en"],
                }
            )

    def _tracking_number(self, carrier: Carrier) -> str:
        # Of the carriers' own form: SF and 13 digits; 14 digits that begin with 7.
        return f"SF{self._digits(13)}" if carrier is Carrier.SF else f"7{self._digits(13)}"

    def _digits(self, count: int) -> str:
        return "".join(self._random.choices("0123456789", k=count))


def _goods(basket: Sequence[tuple[Row, int]]) -> int:
    return sum(int(product["price"]) * quantity for product, quantity in basket)


def _at(day: date, hour: int) -> datetime:
    return datetime.combine(day, time(hour), SHOP_ZONE)


def _place_of(
    kind: EventKind, departed: bool, district: int, place: Mapping[str, Any], language: str
) -> str:
    data = demo_data()
    match kind:
        case EventKind.PICKED_UP | EventKind.RETURNED:
            name = data["warehouse"][language]
        case EventKind.DEPARTED if not departed:
            name = data["origin_hub"][language]
        case EventKind.DEPARTED | EventKind.ARRIVED:
            name = place["hub"]
        case _:
            name = data["station"][language].format(district=place["districts"][district])
    return str(name)
