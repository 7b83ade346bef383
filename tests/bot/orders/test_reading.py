"""What customers say to a card: yes, no, a time, a phone, a note; as the engine's entities resolve it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from bot.orders import wording
from bot.orders.book import SqlOrderBook
from bot.orders.model import Money, Order
from bot.orders.policy import CodPolicy
from bot.orders.promise import SHOP_ZONE
from bot.orders.reading import (
    Reading,
    TimeProblem,
    confirms_but_changes,
    note_asked_for,
    note_of,
    only_confirms,
    read,
    wants_to_cancel,
)
from bot.storage.engine import Database
from tests.bot.orders.conftest import NOW  # Sunday, 22 November 2026, 19:30


@pytest.fixture
async def order(shop: Database) -> Order:
    found = await SqlOrderBook(shop).find("SO20261105002")
    assert found is not None
    return found


@pytest.fixture(scope="module")
def policy(root: Path) -> CodPolicy:
    return CodPolicy.load(root / "data/policy/cod.yml")


def entities(**found: str) -> list[dict[str, str]]:
    return [{"entity": name, "value": value} for name, value in found.items()]


def at(order: Order, policy: CodPolicy, text: str, *, wants: bool = True, **found: str) -> Reading:
    return read(text, entities(**found), order, NOW, policy, wants_time=wants)


@pytest.mark.parametrize(
    ("found", "window"),
    [
        ({"date": "2026-11-28", "time": "12:00/18:00"}, "11月28日（周六）12:00-18:00"),
        ({"date": "2026-11-28", "time": "08:00/12:00"}, "11月28日（周六）09:00-12:00"),
        ({"date": "2026-11-28", "time": "17:00/.."}, "11月28日（周六）17:00-21:00"),
        ({"date": "2026-11-28", "time": "../10:00"}, "11月28日（周六）09:00-10:00"),
        ({"date": "2026-11-28", "time": "15:00"}, "11月28日（周六）15:00-16:00"),
        ({"date": "2026-11-28"}, "11月28日（周六）09:00-21:00"),
        ({"date": "2026-11-28/2026-11-29"}, "11月28日（周六）09:00-21:00"),
        ({"date": "2026-11-24"}, "11月24日（周二）09:00-21:00"),
    ],
)
async def test_a_time_becomes_a_window(
    order: Order, policy: CodPolicy, found: dict[str, str], window: str
) -> None:
    reading = at(order, policy, "改到那天", **found)
    assert wording.window(reading.window, "zh") == window
    assert reading.problem is None


@pytest.mark.parametrize(
    ("found", "problem"),
    [
        ({"date": "2026-11-21"}, TimeProblem.PAST),
        ({"date": "2026-11-22", "time": "12:00/18:00"}, TimeProblem.PAST),
        ({"date": "2026-11-23"}, TimeProblem.TOO_EARLY),
        ({"date": "2026-12-07"}, TimeProblem.TOO_FAR),
        ({"date": "2026-11-28", "time": "03:00"}, TimeProblem.OUT_OF_HOURS),
        ({"date": "2026-11-28", "time": "22:00"}, TimeProblem.OUT_OF_HOURS),
        ({"date": "2026-11-28", "time": "23:30"}, TimeProblem.OUT_OF_HOURS),
        ({"date": "not resolv"}, TimeProblem.NO_SUCH_DAY),
    ],
)
async def test_impossible_times_are_named(
    order: Order, policy: CodPolicy, found: dict[str, str], problem: TimeProblem
) -> None:
    reading = at(order, policy, "改到那天", **found)
    assert (reading.problem, reading.window) == (problem, None)


async def test_a_time_alone_keeps_the_day(order: Order, policy: CodPolicy) -> None:
    assert order.window is not None
    reading = at(order, policy, "改成晚上送", time="18:00/21:00")
    assert reading.window is not None
    assert reading.window.start.astimezone(SHOP_ZONE).date() == (
        order.window.start.astimezone(SHOP_ZONE).date()
    )


async def test_a_time_said_in_passing_is_for_the_courier(order: Order, policy: CodPolicy) -> None:
    reading = at(order, policy, "六点以后家里有人", wants=False, time="18:00/..")
    assert (reading.window, reading.note) == (None, "六点以后家里有人")


@pytest.mark.parametrize(
    "text", ["对", "没问题，发吧", "確認", "ok", "Yes, go ahead", "confirm啦", "行"]
)
async def test_yes(order: Order, policy: CodPolicy, text: str) -> None:
    from bot.language import normalise

    reading = at(order, policy, normalise(text))
    assert (reading.yes, reading.no) == (True, False)


@pytest.mark.parametrize(
    "text", ["不对", "先不要确认", "算了", "no", "that's wrong", "don't confirm it"]
)
async def test_no(order: Order, policy: CodPolicy, text: str) -> None:
    reading = at(order, policy, text)
    assert (reading.yes, reading.no) == (False, True)


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("确认，来之前打个电话，家里有狗", "来之前打个电话，家里有狗"),
        ("地址对 放门卫就行", "放门卫就行"),
        ("没问题，请带五百的零钱", "请带五百的零钱"),
        ("ok send it, leave it at the front desk and bring change for 500", "leave it at the front desk, bring change for 500"),
        ("我家在小区北门对面", "我家在小区北门对面"),
        ("confirm啦，call我before delivery", "call我before delivery"),
        ("确认发货", None),
        ("yes, everything is fine", None),
    ],
)  # fmt: skip
def test_notes(text: str, note: str | None) -> None:
    assert note_of(text) == note


@pytest.mark.parametrize(
    ("text", "cancels"), [("不要了", True), ("I don't want it", True), ("不对", False)]
)
def test_a_no_to_the_order_or_to_its_details(text: str, cancels: bool) -> None:
    assert wants_to_cancel(text) is cancels


def test_the_clock_of_these_tests_is_a_sunday() -> None:
    assert datetime(2026, 11, 22, 19, 30, tzinfo=SHOP_ZONE) == NOW


@pytest.mark.parametrize(
    ("text", "confirms"),
    [
        ("确认", True), ("好的，确认取消", True), ("确定了", True), ("Confirm", True), ("yes, confirmed.", True),
        ("确认发货", False), ("确认订单，不取消了", False), ("confirm my order", False), ("", False),
    ],
)  # fmt: skip
def test_confirm_alone_means_what_was_just_asked(text: str, confirms: bool) -> None:
    assert only_confirms(text) is confirms


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("confirm but change the phone", "phone"), ("确认，不过换个电话", "phone"), ("对，但是要改一下地址", "address"),
        ("yes, but I need a different delivery time", "window"), ("没问题 就是时间要改", "window"),
        ("确认，地址不用改", None), ("confirm, no need to change the address", None), ("确认发货", None),
    ],
)  # fmt: skip
def test_what_is_to_change_is_heard_beside_the_yes(
    order: Order, policy: CodPolicy, text: str, field: str | None
) -> None:
    assert at(order, policy, text, wants=False).to_change == field


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("放门卫", "放门卫"), ("谢谢，放门卫就行", "放门卫就行"), ("可以放门卫吗", "放门卫"),
        ("请先打电话", "请先打电话"), ("can you leave it with the guard?", "can you leave it with the guard"),
    ],
)  # fmt: skip
def test_a_word_for_the_courier_when_all_is_settled(text: str, note: str) -> None:
    assert note_asked_for(text)
    assert note_of(text) == note


@pytest.mark.parametrize(
    "text", ["可以放驿站吗", "附近有没有实体店", "is there a store near me", "电梯房能装吗"]
)
def test_a_question_that_resembles_a_note_is_none(text: str) -> None:
    assert not note_asked_for(text)


@pytest.mark.parametrize("text", ["确认，但是电话换一下", "confirm but change the phone"])
def test_a_yes_without_a_card_that_names_what_is_to_change(text: str) -> None:
    assert confirms_but_changes(text)
    assert not confirms_but_changes("确认，地址不用改")


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("放驿站吧", None),
        ("送到就放门口，到了打电话", "到了打电话"),
        ("麻煩放豐巢櫃", None),
        ("just leave it at the door", None),
        ("yes, leave it at my front door", None),
        ("塞丰巢就行", None),
        ("可以发 放locker里就行", None),
        ("leave it in the locker, call me first", "call me first"),
    ],
)
def test_what_is_paid_at_the_door_is_not_left_alone(
    order: Order, policy: CodPolicy, text: str, note: str | None
) -> None:
    said = at(order, policy, text, wants=False)
    assert said.left_alone
    assert said.note == note
    # Nothing is due for an order that is paid: there the note is the customer's to give.
    paid = replace(order, to_collect=Money(0, "CNY"))
    kept = at(paid, policy, text, wants=False)
    assert not kept.left_alone
    assert kept.note


@pytest.mark.parametrize(
    "text",
    [
        "到门口打我电话",
        "放心吧，在小区门口打我电话",
        "放前台，让同事代收",
        "call me when you are at the door",
        "leave it with the guard",
    ],
)
def test_who_is_there_to_pay_may_be_asked_for(order: Order, policy: CodPolicy, text: str) -> None:
    said = at(order, policy, text, wants=False)
    assert not said.left_alone
    assert said.note
