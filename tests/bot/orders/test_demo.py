"""The demo shop: always the same, believable, quick to make, and never in the way of a real shop."""

from __future__ import annotations

import itertools
import re
import time
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from bot.clock import SHOP_ZONE
from bot.orders.book import SqlOrderBook
from bot.orders.demo import demo_orders, seed_demo
from bot.orders.demo_shop import DemoShop, build_shop
from bot.orders.model import EventKind, OrderState
from bot.orders.promise import local_day, transit_days
from bot.storage.engine import Database
from bot.storage.orders import OrderRow, ShopCustomerRow
from tests.bot.orders.conftest import NOW

# Evening, night, early morning, the last minute of a year.
MOMENTS = [
    NOW,
    datetime(2026, 12, 24, 3, 0, tzinfo=SHOP_ZONE),
    datetime(2026, 11, 23, 6, 59, tzinfo=SHOP_ZONE),
    datetime(2027, 12, 31, 15, 59, tzinfo=UTC),
]
CASH_ON_DELIVERY = range(2000, 300_001)


@pytest.fixture(params=MOMENTS, ids=str)
def moment(request: pytest.FixtureRequest) -> datetime:
    moment: datetime = request.param
    return moment


@pytest.fixture
def made(moment: datetime) -> DemoShop:
    return build_shop(moment)


def test_the_same_moment_gives_the_same_shop(moment: datetime, made: DemoShop) -> None:
    assert build_shop(moment) == made


def test_another_seed_gives_another_shop_with_the_same_demo_orders() -> None:
    one, two = build_shop(NOW, seed=1), build_shop(NOW, seed=2)
    assert one.orders != two.orders
    names = {order.number for order in demo_orders()}
    for shop in (one, two):
        assert names <= {row["number"] for row in shop.orders}


def test_two_hundred_orders_in_all_states(made: DemoShop) -> None:
    states = Counter(row["state"] for row in made.orders)
    assert states.total() == 200
    assert set(states) == set(OrderState)
    assert min(states.values()) >= 4


def test_numbers_have_the_shops_form_and_occur_once(made: DemoShop) -> None:
    numbers = [row["number"] for row in made.orders]
    assert len(set(numbers)) == 200
    assert all(re.fullmatch(r"SO\d{8}\d{3}", number) for number in numbers)
    tracking = [row["tracking_number"] for row in made.parcels]
    assert len(set(tracking)) == len(tracking)
    assert all(re.fullmatch(r"SF\d{13}|7\d{11,13}", number) for number in tracking)


def test_amounts_follow_the_published_fees(made: DemoShop) -> None:
    goods: defaultdict[str, int] = defaultdict(int)
    for item in made.items:
        goods[item["order_number"]] += item["unit_minor"] * item["quantity"]
    for row in made.orders:
        assert row["goods_minor"] == goods[row["number"]]
        fees = row["shipping_minor"] + row["cod_fee_minor"] - row["discount_minor"]
        assert row["total_minor"] == row["goods_minor"] + fees
        shipping = 0 if row["goods_minor"] >= 9900 else 1000
        shipping += 1500 if row["subdivision"] == "CN-XJ" else 0
        assert row["shipping_minor"] == (3500 if row["subdivision"] == "CN-HK" else shipping)
        assert row["cod_fee_minor"] == (500 if row["cash_on_delivery"] else 0)
        assert row["discount_minor"] == 0 or row["goods_minor"] >= 19900


def test_cash_on_delivery_keeps_its_rules(made: DemoShop) -> None:
    paid_at_the_door = [row for row in made.orders if row["cash_on_delivery"]]
    assert len(paid_at_the_door) > 40
    for row in paid_at_the_door:
        assert row["subdivision"] != "CN-HK"
        assert row["total_minor"] in CASH_ON_DELIVERY
        assert row["state"] is not OrderState.UNPAID
        over = {OrderState.DELIVERED, OrderState.RETURNED, OrderState.CANCELLED}
        assert row["collect_minor"] == (0 if row["state"] in over else row["total_minor"])
    waiting = [r for r in paid_at_the_door if r["state"] is OrderState.PLACED]
    assert {r["cod_confirmed_at"] is None for r in waiting} == {True, False}


def test_nothing_has_happened_in_the_future_or_in_the_wrong_order(
    moment: datetime, made: DemoShop
) -> None:
    created = {row["number"]: row["created_at"] for row in made.orders}
    scans = defaultdict(list)
    for event in made.events:
        scans[event["tracking_number"]].append(event["at"])
    for parcel in made.parcels:
        times = [created[parcel["order_number"]], *scans[parcel["tracking_number"]]]
        assert all(a < b for a, b in itertools.pairwise(times))
        assert times[-1] <= moment
    assert max(created.values()) <= moment


def test_scans_tell_the_same_as_the_state(made: DemoShop) -> None:
    last: dict[str, EventKind] = {}
    for event in made.events:
        last[event["tracking_number"]] = event["kind"]
    ends = defaultdict(set)
    for parcel in made.parcels:
        ends[parcel["order_number"]].add(last[parcel["tracking_number"]])
    on_the_way = {EventKind.PICKED_UP, EventKind.DEPARTED, EventKind.ARRIVED}
    expected = {
        OrderState.SHIPPED: on_the_way | {EventKind.DELIVERED},
        OrderState.OUT_FOR_DELIVERY: {EventKind.OUT_FOR_DELIVERY},
        OrderState.DELIVERED: {EventKind.DELIVERED},
        OrderState.DELIVERY_FAILED: {EventKind.NOBODY_HOME},
        OrderState.RETURNED: {EventKind.RETURNED},
    }
    for row in made.orders:
        kinds = ends[row["number"]]
        assert kinds <= expected.get(row["state"], set())
        assert bool(kinds) == (row["state"] in expected)
        if row["state"] is OrderState.SHIPPED:
            assert kinds & on_the_way


def test_few_parcels_are_late(moment: datetime, made: DemoShop) -> None:
    shipped = {r["number"]: r for r in made.orders if r["state"] is OrderState.SHIPPED}
    days = [p["expected_on"] for p in made.parcels if p["order_number"] in shipped]
    late = sum(day < local_day(moment) for day in days)
    assert 1 <= late <= 6
    assert all((day - local_day(moment)).days <= transit_days("CN-XJ") for day in days)


def test_phones_belong_to_nobody_and_customers_speak_both_languages(made: DemoShop) -> None:
    assert all(re.fullmatch(r"\+86154\d{8}", row["phone"]) for row in made.orders)
    languages = Counter(row["language"] for row in made.customers)
    assert languages["zh"] > 80
    assert languages["en"] > 30


def test_the_demo_orders_are_what_they_are_said_to_be(made: DemoShop) -> None:
    orders = {row["number"]: row for row in made.orders}
    found = {
        shown.number: (orders[shown.number]["state"], orders[shown.number]["cash_on_delivery"])
        for shown in demo_orders()
    }
    assert found == {
        "SO20261105001": (OrderState.SHIPPED, False),
        "SO20261105002": (OrderState.PLACED, True),
        "SO20261105003": (OrderState.DELIVERED, False),
        "SO20261105004": (OrderState.UNPAID, False),
        "SO20261105005": (OrderState.DELIVERY_FAILED, True),
        "SO20261105006": (OrderState.SHIPPED, False),
        "SO20261105007": (OrderState.SHIPPED, False),
        "SO20261105008": (OrderState.OUT_FOR_DELIVERY, True),
    }
    for shown in demo_orders():
        assert orders[shown.number]["phone"].endswith(shown.last_four)
        assert shown.shows.zh != shown.shows.en


async def test_an_empty_book_is_filled_once(database: Database) -> None:
    assert await seed_demo(database, NOW)
    assert not await seed_demo(database, NOW + timedelta(hours=1))
    async with database.read() as session:
        assert await session.scalar(select(func.count()).select_from(OrderRow)) == 200


async def test_a_demo_shop_of_yesterday_is_dated_anew(database: Database) -> None:
    await seed_demo(database, NOW)
    later = NOW + timedelta(days=30)
    assert await seed_demo(database, later)
    order = await SqlOrderBook(database).find("SO20261105008")
    assert order is not None
    assert order.state is OrderState.OUT_FOR_DELIVERY
    assert order.parcels[0].expected_on == local_day(later)
    async with database.read() as session:
        assert await session.scalar(select(func.count()).select_from(OrderRow)) == 200


async def test_a_real_shops_book_is_left_alone(database: Database) -> None:
    await seed_demo(database, NOW)
    async with database.write() as session:
        real = ShopCustomerRow(
            id="shop-1", name="真实客户", phone="+8615400009999", language="zh", created_at=NOW
        )
        session.add(real)
        await session.flush()
        example = await session.get_one(OrderRow, "SO20261105001")
        values = {c.key: getattr(example, c.key) for c in OrderRow.__table__.columns}
        session.add(OrderRow(**values | {"number": "REAL-1", "customer_id": "shop-1"}))
    assert not await seed_demo(database, NOW + timedelta(days=30))
    assert await SqlOrderBook(database).find("REAL-1")


async def test_seeding_takes_well_under_a_second(database: Database) -> None:
    await seed_demo(database, NOW)
    started = time.process_time()
    await seed_demo(database, NOW + timedelta(days=2))
    assert time.process_time() - started < 1
