"""The policy file: money in quotes, nights by the customer's clock, reasons that choose the friction."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from bot.orders.book import SqlOrderBook
from bot.orders.model import Address, Money, Order
from bot.orders.policy import CodPolicy, Friction, History
from bot.orders.promise import SHOP_ZONE
from bot.storage.engine import Database

CHENGDU = Address("CN-SC", "四川省", "成都市", "武侯区", "人民路18号")
URUMQI = Address("CN-XJ", "新疆维吾尔自治区", "乌鲁木齐市", "天山区", "解放路8号")
KNOWN = History(orders=3, refusals=0)


@pytest.fixture(scope="module")
def policy(root: Path) -> CodPolicy:
    return CodPolicy.load(root / "data/policy/cod.yml")


@pytest.fixture
async def order(shop: Database) -> Order:
    found = await SqlOrderBook(shop).find("SO20261105002")
    assert found is not None
    return replace(found, total=Money(20000, "CNY"), address=CHENGDU)


def at(hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, 23, hour, minute, tzinfo=SHOP_ZONE)


@pytest.mark.parametrize(
    ("moment", "waking"),
    [
        (at(12), at(12)),
        (at(8, 30), at(8, 30)),
        (at(21, 29), at(21, 29)),
        (at(21, 30), at(8, 30) + timedelta(days=1)),
        (at(23, 59), at(8, 30) + timedelta(days=1)),
        (at(0), at(8, 30)),
        (at(8, 29), at(8, 30)),
    ],
)
def test_nobody_is_woken(policy: CodPolicy, moment: datetime, waking: datetime) -> None:
    assert policy.next_waking(CHENGDU, moment) == waking


def test_the_night_is_the_customers(policy: CodPolicy) -> None:
    """Half past eight in Urumqi is half past ten in Beijing."""
    assert policy.next_waking(URUMQI, at(9)) == at(10, 30)
    assert policy.next_waking(URUMQI, at(23)) == at(23)


@pytest.mark.parametrize(
    ("channel", "hours", "may"),
    [("web", None, True), ("wechat", 47, True), ("wechat", 49, False), ("wechat", None, False),
     ("rest", 1, False), ("pigeon", 1, False)],
)  # fmt: skip
def test_where_the_bot_may_speak_first(
    policy: CodPolicy, channel: str, hours: int | None, may: bool
) -> None:
    heard = None if hours is None else at(12) - timedelta(hours=hours)
    assert policy.may_speak_first(channel, heard, at(12)) is may


async def test_an_ordinary_order_is_one_tap_without_a_reason(
    policy: CodPolicy, order: Order
) -> None:
    judgement = policy.judge(order, KNOWN)
    assert (judgement.friction, judgement.reasons) == (Friction.ONE_TAP, ())


async def test_all_reasons_are_kept_and_the_strongest_friction_counts(
    policy: CodPolicy, order: Order
) -> None:
    risky = replace(
        order, total=Money(150000, "CNY"), address=replace(CHENGDU, detail="人民路菜市场旁边")
    )
    judgement = policy.judge(risky, History(orders=0, refusals=1))
    assert judgement.friction is Friction.ONE_TIME_CODE
    assert [reason.zh for reason in judgement.reasons] == [
        "首次在本店下单", "金额较高（1500元起）", "地址没有门牌或房号", "以前拒收过货到付款的包裹",
    ]  # fmt: skip
    assert policy.judge(risky, History(3, 2)).friction is Friction.PART_PREPAYMENT
    assert policy.judge(replace(order, total=Money(149999, "CNY")), KNOWN).reasons == ()


async def test_a_part_is_never_a_fraction_of_a_fen(policy: CodPolicy, order: Order) -> None:
    assert policy.prepayment_of(replace(order, total=Money(10001, "CNY"))) == Money(2001, "CNY")


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ('least: "20"', "least: 20.5", "in quotes"),
        ("reminders_after_hours: [3, 18]", "reminders_after_hours: [18, 3]", "rising order"),
        ("then: agent", "then: shout", "then"),
        ("share_percent: 20", "share_percent: 120", "share_percent"),
        ("limits:", "limit:", "limit"),
    ],
)
def test_a_slip_in_the_file_is_named(
    root: Path, tmp_path: Path, before: str, after: str, told: str
) -> None:
    text = (root / "data/policy/cod.yml").read_text("utf-8")
    assert before in text
    file = tmp_path / "cod.yml"
    file.write_text(text.replace(before, after), "utf-8")
    with pytest.raises(ValueError, match=told) as refused:
        CodPolicy.load(file)
    assert str(file) in str(refused.value)
