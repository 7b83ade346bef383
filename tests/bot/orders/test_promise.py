"""When an order should arrive, and whether it is late."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from bot.orders.model import (
    Address,
    Bilingual,
    Carrier,
    EventKind,
    Money,
    Order,
    OrderState,
    Parcel,
    TrackingEvent,
)
from bot.orders.promise import SHOP_ZONE, days_late, dispatch_by, expected_day

PAID_AT = datetime(2026, 11, 16, 10, 0, tzinfo=SHOP_ZONE)
ADDRESS = Address("CN-SC", "四川省", "成都市", "武侯区", "人民路1号")


def make_order(
    state: OrderState, *, subdivision: str = "CN-SC", parcels: tuple[Parcel, ...] = ()
) -> Order:
    return Order(
        number="SO20261116101",
        customer_id="c",
        state=state,
        cash_on_delivery=False,
        total=Money(9900, "CNY"),
        to_collect=Money(0, "CNY"),
        recipient="王晓明",
        phone="+8615400001234",
        address=replace(ADDRESS, subdivision=subdivision),
        window=None,
        created_at=PAID_AT - timedelta(minutes=5),
        paid_at=PAID_AT,
        cod_confirmed_at=None,
        items=(),
        parcels=parcels,
    )


def make_parcel(shipped: datetime, expected: date | None, *kinds: EventKind) -> Parcel:
    place = Bilingual("武侯区营业部", "Wuhou District delivery station")
    events = tuple(
        TrackingEvent(k, shipped + timedelta(hours=h), place) for h, k in enumerate(kinds)
    )
    return Parcel(Carrier.SF, "SF0000000000001", shipped, expected, None, (), events)


@pytest.mark.parametrize(
    ("subdivision", "day"),
    [("CN-SC", 22), ("CN-XJ", 25), ("CN-XZ", 25), ("CN-NM", 25), ("CN-HK", 25), ("CN-MO", 25)],
)
def test_before_dispatch_the_published_times_count(subdivision: str, day: int) -> None:
    """48 hours to leave the warehouse, then at most 4 days, 7 to remote regions."""
    order = make_order(OrderState.PAID, subdivision=subdivision)
    assert dispatch_by(order) == PAID_AT + timedelta(hours=48)
    assert expected_day(order) == date(2026, 11, day)


@pytest.mark.parametrize(
    "state",
    [OrderState.UNPAID, OrderState.DELIVERED, OrderState.RETURNED, OrderState.CANCELLED],
)
def test_nothing_is_promised_before_payment_and_after_the_end(state: OrderState) -> None:
    order = make_order(state)
    assert dispatch_by(order) is expected_day(order) is None
    assert days_late(order, PAID_AT + timedelta(days=99)) == 0


def test_cash_on_delivery_is_promised_from_the_confirmation_on() -> None:
    waiting = replace(make_order(OrderState.PLACED), cash_on_delivery=True, paid_at=None)
    assert expected_day(waiting) is None
    confirmed = replace(waiting, cod_confirmed_at=PAID_AT)
    assert expected_day(confirmed) == date(2026, 11, 22)


def test_the_carriers_day_counts_where_there_is_one() -> None:
    parcel = make_parcel(PAID_AT, date(2026, 11, 18), EventKind.PICKED_UP)
    order = make_order(OrderState.SHIPPED, parcels=(parcel,))
    assert expected_day(order) == date(2026, 11, 18)
    unknown = make_order(OrderState.SHIPPED, parcels=(replace(parcel, expected_on=None),))
    assert expected_day(unknown) == date(2026, 11, 20)


def test_the_last_parcel_on_its_way_decides() -> None:
    arrived = make_parcel(PAID_AT, date(2026, 11, 25), EventKind.DELIVERED)
    on_its_way = make_parcel(PAID_AT, date(2026, 11, 19), EventKind.PICKED_UP)
    order = make_order(OrderState.SHIPPED, parcels=(arrived, on_its_way))
    assert expected_day(order) == date(2026, 11, 19)


def test_a_shipped_order_without_a_parcel_keeps_its_first_promise() -> None:
    assert expected_day(make_order(OrderState.SHIPPED)) == date(2026, 11, 22)


def test_late_begins_after_midnight_in_the_shops_zone() -> None:
    parcel = make_parcel(PAID_AT, date(2026, 11, 18), EventKind.PICKED_UP)
    order = make_order(OrderState.SHIPPED, parcels=(parcel,))
    evening = datetime(2026, 11, 18, 23, 59, tzinfo=SHOP_ZONE)
    assert days_late(order, evening) == 0
    assert days_late(order, evening + timedelta(minutes=1)) == 1
    assert days_late(order, evening + timedelta(days=3)) == 3
