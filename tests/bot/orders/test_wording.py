"""Values as customers read them, in both languages, and masks that leak nothing."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.language import Language
from bot.orders import wording
from bot.orders.demo_shop import build_shop
from bot.orders.model import (
    Address,
    Bilingual,
    Carrier,
    EventKind,
    Money,
    OrderItem,
    OrderState,
    Receiver,
    TrackingEvent,
    Window,
)
from tests.bot.orders.conftest import NOW

LANGUAGES: tuple[Language, Language] = ("zh", "en")


@pytest.mark.parametrize(
    ("minor", "currency", "zh", "en"),
    [
        (129900, "CNY", "¥1299", "¥1,299.00"),
        (129950, "CNY", "¥1299.50", "¥1,299.50"),
        (5, "CNY", "¥0.05", "¥0.05"),
        (0, "CNY", "¥0", "¥0.00"),
        (-1205, "CNY", "-¥12.05", "-¥12.05"),
        (123456789, "HKD", "HK$1234567.89", "HK$1,234,567.89"),
    ],
)
def test_money(minor: int, currency: str, zh: str, en: str) -> None:
    assert wording.money(Money(minor, currency), "zh") == zh
    assert wording.money(Money(minor, currency), "en") == en


@given(st.integers(-(10**12), 10**12), st.sampled_from(LANGUAGES))
def test_no_amount_is_rounded(minor: int, language: Language) -> None:
    text = wording.money(Money(minor, "CNY"), language).replace("¥", "").replace(",", "")
    whole, _, part = text.partition(".")
    sign = -1 if whole.startswith("-") else 1
    assert sign * (abs(int(whole)) * 100 + int(part or 0)) == minor


def test_an_unknown_currency_is_an_error_that_says_what_to_do() -> None:
    with pytest.raises(ValueError, match=r"got 'XXX'; add it"):
        wording.money(Money(1, "XXX"), "zh")


def test_days_carry_their_weekday() -> None:
    assert wording.day(date(2026, 11, 25), "zh") == "11月25日（周三）"
    assert wording.day(date(2026, 11, 25), "en") == "Wed 25 Nov"
    assert wording.day(date(2027, 1, 3), "zh") == "1月3日（周日）"


def test_moments_are_told_in_the_shops_zone() -> None:
    late_in_london = datetime(2026, 11, 24, 22, 5, tzinfo=UTC)
    assert wording.moment(late_in_london, "zh") == "11月25日（周三）06:05"
    assert wording.moment(late_in_london, "en") == "Wed 25 Nov, 06:05"


def test_one_day_and_many() -> None:
    assert [wording.days(n, "en") for n in (1, 2)] == ["1 day", "2 days"]
    assert [wording.days(n, "zh") for n in (1, 2)] == ["1天", "2天"]


def test_windows() -> None:
    start, end = datetime(2026, 11, 25, 1, 0, tzinfo=UTC), datetime(2026, 11, 25, 4, tzinfo=UTC)
    assert wording.window(Window(start, end), "zh") == "11月25日（周三）09:00-12:00"
    assert wording.window(Window(start, end), "en") == "Wed 25 Nov, 09:00-12:00"
    assert wording.window(None, "zh") == "不限时段"


def _line(zh: str, en: str, quantity: int = 1) -> OrderItem:
    return OrderItem("X", Bilingual(zh, en), quantity, Money(100, "CNY"))


def test_items_are_told_briefly() -> None:
    coat, socks, lamp = _line("大衣", "Coat"), _line("棉袜", "Socks", 2), _line("台灯", "Lamp")
    assert wording.items([coat], "zh") == "大衣"
    assert wording.items([coat, socks], "zh") == "大衣、棉袜 ×2"
    assert wording.items([coat, socks], "en") == "Coat; Socks ×2"
    assert wording.items([coat, socks, lamp], "zh") == "大衣、棉袜 ×2等4件"
    assert wording.items([coat, socks, lamp], "en") == "Coat; Socks ×2 and 1 more"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_state_carrier_event_and_receiver_has_words(language: Language) -> None:
    place = Bilingual("杭州转运中心", "Hangzhou hub")
    words = [wording.state(state, language) for state in OrderState]
    words += [wording.carrier(carrier, language) for carrier in Carrier]
    words += [wording.receiver(receiver, language) for receiver in (*Receiver, None)]
    words += [wording.event(TrackingEvent(kind, NOW, place), language) for kind in EventKind]
    assert all(words)
    assert len(set(words)) == len(words)
    assert all(bool(re.search(r"[\u4e00-\u9fff]", w)) == (language == "zh") for w in words)


@pytest.mark.parametrize(
    ("address", "masked"),
    [
        (Address("CN-ZJ", "浙江省", "杭州市", "西湖区", "文三路18号2幢301室"), "浙江省杭州市西湖区文三路•••"),
        (Address("CN-SH", "上海市", "上海市", "徐汇区", "漕溪路９号"), "上海市徐汇区漕溪路•••"),
        (Address("CN-SC", "四川省", "成都市", "高新区", "天府三街十二号楼"), "四川省成都市高新区天府三街•••"),
        (Address("CN-GD", "广东省", "深圳市", "南山区", "桃园小区东门"), "广东省深圳市南山区桃园小•••"),
        (
            Address("CN-SH", "Shanghai", "Shanghai", "Xuhui District", "Room 1502, 88 Renmin Road"),
            "Room •••, ••• Renmin Road, Xuhui District, Shanghai",
        ),
        (
            Address("CN-HK", "Hong Kong", "Hong Kong", "Wan Chai", "Flat 3A, 12/F, Harbour View"),
            "Flat •••, •••, Harbour View, Wan Chai, Hong Kong",
        ),
        (Address("CN-ZJ", "Zhejiang", "Hangzhou", "Xihu District", "Lakeside"), "•••, Xihu District, Hangzhou, Zhejiang"),
    ],
)  # fmt: skip
def test_an_address_shows_the_street_and_hides_the_door(address: Address, masked: str) -> None:
    assert wording.masked_address(address) == masked


def test_no_masked_demo_address_has_a_digit_left() -> None:
    fields = ("subdivision", "province", "city", "district", "detail")
    masked = [
        wording.masked_address(Address(*(row[name] for name in fields)))
        for row in build_shop(NOW).orders
    ]
    assert len(masked) == 200
    assert not any(re.search(r"\d", text) for text in masked)


@pytest.mark.parametrize(
    ("name", "masked"), [("林静", "林•••"), ("欧阳雨欣", "欧•••"), ("Emma Lindqvist", "Emma •••")]
)
def test_a_name_shows_its_first_part(name: str, masked: str) -> None:
    assert wording.masked_name(name) == masked


def test_a_phone_shows_its_last_four_digits() -> None:
    assert wording.masked_phone("+8615416186688") == "•••6688"
