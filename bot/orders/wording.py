"""Values of an order in a customer's words: money, days, items, places, masked personal data.

A mask hides with bullets, not asterisks: replies are light Markdown, where asterisks mean bold.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from importlib import resources
from typing import Any

from ruamel.yaml import YAML

from bot.clock import SHOP_ZONE
from bot.language import Language
from bot.orders.model import (
    Address,
    Carrier,
    Money,
    Order,
    OrderItem,
    OrderState,
    Receiver,
    TrackingEvent,
    Window,
)
from bot.orders.promise import local_day

_MASK = "•••"
# ISO 4217: sign in front of the amount, and how many decimals the currency has.
_CURRENCIES = {"CNY": ("¥", 2), "HKD": ("HK$", 2), "MOP": ("MOP$", 2), "USD": ("US$", 2)}
_HAN = re.compile(r"[\u3400-\u9fff]")
# From the house number on; Chinese numerals count only before a word for building, unit or room.
_HOUSE_ZH = re.compile(r"[0-9０-９]|[一二三四五六七八九十百]+(?=[号栋幢座单室楼])")
_NUMBER_EN = re.compile(r"\S*\d\S*?(?=[\s,]|$)")
_ITEMS_SHOWN = 2
_TAIL = 4


def money(amount: Money, language: Language) -> str:
    """Return an amount as people write it: ¥1299 or ¥1299.50 in Chinese, ¥1,299.00 in English.

    Raises:
        ValueError: for a currency that has no sign here.
    """
    try:
        sign, decimals = _CURRENCIES[amount.currency]
    except KeyError:
        known = ", ".join(_CURRENCIES)
        message = f"expected one of the currencies {known}, got {amount.currency!r}; add it here"
        raise ValueError(message) from None
    whole, part = divmod(abs(amount.minor), 10**decimals)
    minus = "-" if amount.minor < 0 else ""
    if language == "en":
        return f"{minus}{sign}{whole:,}.{part:0{decimals}d}"
    return f"{minus}{sign}{whole}" + (f".{part:0{decimals}d}" if part else "")


def day(value: date, language: Language) -> str:
    """Return a day with its weekday: 11月25日（周三）, Wed 25 Nov."""
    weekday = _words()["weekdays"][language][value.weekday()]
    if language == "zh":
        return f"{value.month}月{value.day}日（周{weekday}）"
    return f"{weekday} {value.day} {_words()['months'][value.month - 1]}"


def moment(value: datetime, language: Language) -> str:
    """Return a moment in the shop's zone: 11月25日（周三）14:30, Wed 25 Nov, 14:30."""
    clock = f"{value.astimezone(SHOP_ZONE):%H:%M}"
    return f"{day(local_day(value), language)}{'' if language == 'zh' else ', '}{clock}"


def promise(value: datetime, language: Language) -> str:
    """Return until when customers are promised something; in English with the clock that counts."""
    text: str = _words()["promise"][language]
    return text.format(moment=moment(value, language))


def days(count: int, language: Language) -> str:
    """Return a number of days: 1天, 2 days."""
    name = "one_day" if count == 1 else "many_days"
    return _word("phrases", name, language).format(count=count)


def window(value: Window | None, language: Language) -> str:
    """Return a delivery window: 11月25日（周三）09:00-12:00; without one the words for any time."""
    if value is None:
        return _word("phrases", "any_time", language)
    return f"{moment(value.start, language)}-{value.end.astimezone(SHOP_ZONE):%H:%M}"


def state(value: OrderState, language: Language) -> str:
    """Return the name of an order's state."""
    return _word("states", value, language)


def carrier(value: Carrier, language: Language) -> str:
    """Return the name of a carrier."""
    return _word("carriers", value, language)


def receiver(value: Receiver | None, language: Language) -> str:
    """Return who took a parcel."""
    if value is None:
        return _word("phrases", "no_receiver", language)
    return _word("receivers", value, language)


def event(value: TrackingEvent, language: Language) -> str:
    """Return what a scan means, with its place."""
    return _word("events", value.kind, language).format(place=value.place.in_(language))


def items(lines: Sequence[OrderItem], language: Language) -> str:
    """Return the lines of an order: the first two by name, then how many pieces there are."""
    shown = _word("phrases", "item_separator", language).join(
        _word("phrases", "items" if line.quantity > 1 else "item", language).format(
            name=line.name.in_(language), quantity=line.quantity
        )
        for line in lines[:_ITEMS_SHOWN]
    )
    rest = sum(line.quantity for line in lines[_ITEMS_SHOWN:])
    if not rest:
        return shown
    pieces = sum(line.quantity for line in lines)
    return _word("phrases", "more_items", language).format(shown=shown, rest=rest, pieces=pieces)


def parcel(order: Order, position: int, language: Language) -> str:
    """Return what to call the parcel at ``position`` (from 0): of several, by number and goods."""
    count = len(order.parcels)
    inside = items(order.parcels[position].items, language)
    if count == 1 or not inside:
        return _word("phrases", "parcel", language)
    return _word("phrases", "parcel_of", language).format(
        position=position + 1, count=count, items=inside
    )


def order_line(order: Order, language: Language) -> str:
    """Return one line about an order for a list of orders."""
    return _word("phrases", "order_line", language).format(
        number=order.number,
        items=items(order.items, language),
        total=money(order.total, language),
        state=state(order.state, language),
    )


def change_line(field: str, value: str, language: Language) -> str:
    """Return one line about what a thing of an order will be: ``- 送货时间：11月28日（周六）09:00-21:00``."""
    return _word("changes", field, language).format(value=value)


def problem(value: str, language: Language) -> str:
    """Return what is wrong with what came: 发错货, damaged goods."""
    return _word("problems", value, language)


def wish(goal: str, language: Language) -> str:
    """Return what a customer came for: 查订单, look up your order."""
    return _word("wishes", goal, language)


def case_kind(kind: str, language: Language) -> str:
    """Return what a case is about: 退货, return."""
    return _word("case_kinds", kind, language)


def case_next_step(kind: str, language: Language) -> str:
    """Return what happens next in an open case."""
    return _word("case_next_steps", kind, language)


def case_name(number: str, order_number: str | None, language: Language) -> str:
    """Return what to call a case: its number, and the order that it is about."""
    if order_number is None:
        return number
    text: str = _words()["case_of_order"][language]
    return text.format(case=number, order_number=order_number)


def all_of_them(language: Language) -> str:
    """Return what stands on the button that means all goods of an order."""
    return _word("phrases", "all_of_them", language)


def personal(language: Language) -> str:
    """Return the title of an invoice that no company gets."""
    return _word("phrases", "personal", language)


def on_card(name: str, language: Language, **values: str) -> str:
    """Return words that stand on a card or over it, with their values filled in."""
    return _word("cards", name, language).format(**values)


def in_history(name: str, language: Language, **values: str) -> str:
    """Return words of an order's history: kinds of events, who did them, states of a confirmation.

    What has no words of its own (a login, an event of a version to come) stays as it is.
    """
    known = _words()["history"].get(name)
    text: str = known[language] if known else name
    return text.format(**values)


def is_chinese(text: str) -> bool:
    """Tell whether a name or an address is written in Chinese."""
    return _HAN.search(text) is not None


def masked_address(address: Address) -> str:
    """Return an address that its owner recognises and nobody else can go to.

    House, floor and room are hidden: 浙江省杭州市西湖区文三路•••,
    Room •••, ••• Wensan Road, Xihu District, Hangzhou, Zhejiang.
    """
    if is_chinese(address.detail):
        city = "" if address.city == address.province else address.city
        return f"{address.province}{city}{address.district}{_masked_detail_zh(address.detail)}"
    detail = _NUMBER_EN.sub(_MASK, address.detail)
    if detail == address.detail:
        detail = _MASK
    parts = (detail, address.district, address.city, address.province)
    return ", ".join(dict.fromkeys(part for part in parts if part))


def masked_name(name: str) -> str:
    """Return a name of which only the first part shows: 李••• or Emma •••."""
    first = name[0] if _HAN.search(name) else f"{name.split(maxsplit=1)[0]} "
    return first + _MASK


def phone(number: str) -> str:
    """Return a phone number as its owner writes it: without the mainland's country code."""
    return number.removeprefix("+86")


def masked_phone(phone: str) -> str:
    """Return a phone number of which only the last four digits show."""
    return _MASK + phone[-_TAIL:]


def _masked_detail_zh(detail: str) -> str:
    house = _HOUSE_ZH.search(detail)
    # Without a house number half of it must do.
    return detail[: house.start() if house else len(detail) // 2] + _MASK


def _word(group: str, key: str, language: Language) -> str:
    word: str = _words()[group][key][language]
    return word


@functools.cache
def _words() -> Mapping[str, Any]:
    text = resources.files("bot.orders").joinpath("words.yml").read_text("utf-8")
    words: Mapping[str, Any] = YAML(typ="safe").load(text)
    return words
