"""What customers are told about an order in every state, and that domain.yml can say it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from bot.clock import SHOP_ZONE
from bot.conversations.handoff import HAND_OVER
from bot.language import Language
from bot.orders import answers, change_answers
from bot.orders.answers import Goal, Reply
from bot.orders.changes import Draft
from bot.orders.model import (
    Bilingual,
    EventKind,
    Money,
    Order,
    OrderItem,
    OrderState,
    Receiver,
    Window,
)
from tests.bot.orders.test_promise import PAID_AT, make_order, make_parcel

NOW = PAID_AT + timedelta(hours=3)
LATER = PAID_AT + timedelta(days=30)
COAT = OrderItem("CL-1", Bilingual("羊毛大衣", "Wool coat"), 1, Money(32900, "CNY"))
SOCKS = OrderItem("CL-2", Bilingual("棉袜", "Socks"), 2, Money(1900, "CNY"))


def order_in(state: OrderState, *kinds: EventKind) -> Order:
    parcel = replace(make_parcel(PAID_AT, date(2026, 11, 18), *kinds), items=(COAT, SOCKS))
    order = make_order(state, parcels=(parcel,) if kinds else ())
    return replace(order, items=(COAT, SOCKS), total=Money(36700, "CNY"))


def cod(order: Order, *, confirmed: bool = True) -> Order:
    return replace(
        order,
        cash_on_delivery=True,
        paid_at=None,
        cod_confirmed_at=PAID_AT if confirmed else None,
        to_collect=order.total,
    )


ON_THE_WAY = (EventKind.PICKED_UP, EventKind.DEPARTED, EventKind.ARRIVED)
STATES = {
    OrderState.UNPAID: order_in(OrderState.UNPAID),
    OrderState.PLACED: cod(order_in(OrderState.PLACED)),
    OrderState.PAID: order_in(OrderState.PAID),
    OrderState.PACKED: order_in(OrderState.PACKED),
    OrderState.SHIPPED: order_in(OrderState.SHIPPED, *ON_THE_WAY),
    OrderState.OUT_FOR_DELIVERY: order_in(OrderState.OUT_FOR_DELIVERY, EventKind.OUT_FOR_DELIVERY),
    OrderState.DELIVERED: order_in(OrderState.DELIVERED, EventKind.DELIVERED),
    OrderState.DELIVERY_FAILED: order_in(OrderState.DELIVERY_FAILED, EventKind.NOBODY_HOME),
    OrderState.RETURNED: order_in(OrderState.RETURNED, EventKind.DELIVERED, EventKind.RETURNED),
    OrderState.CANCELLED: order_in(OrderState.CANCELLED),
}
WAITING = cod(order_in(OrderState.PLACED), confirmed=False)


def names(replies: list[Reply]) -> list[str]:
    return [reply.response for reply in replies]


@pytest.mark.parametrize(
    ("state", "told"),
    [
        (OrderState.UNPAID, ["utter_order_unpaid_closed"]),
        (OrderState.PLACED, ["utter_order_placed", "utter_order_collect"]),
        (OrderState.PAID, ["utter_order_paid"]),
        (OrderState.PACKED, ["utter_order_packed"]),
        (OrderState.SHIPPED, ["utter_order_shipped", "utter_order_parcel"]),
        (OrderState.OUT_FOR_DELIVERY, ["utter_order_out_for_delivery", "utter_order_parcel"]),
        (OrderState.DELIVERED, ["utter_order_delivered", "utter_order_parcel_delivered"]),
        (OrderState.DELIVERY_FAILED, ["utter_order_delivery_failed", "utter_order_parcel"]),
        (OrderState.RETURNED, ["utter_order_returned", "utter_order_parcel"]),
        (OrderState.CANCELLED, ["utter_order_cancelled"]),
    ],
)
def test_status_of_every_state(state: OrderState, told: list[str]) -> None:
    assert names(answers.status(STATES[state], NOW, "zh")) == told


def test_status_of_a_shipped_order_in_chinese() -> None:
    state, parcel = answers.status(STATES[OrderState.SHIPPED], NOW, "zh")
    assert state.values["items"] == "羊毛大衣、棉袜 ×2"
    assert state.values["expected_day"] == "11月18日（周三）"
    assert parcel.values["carrier"] == "顺丰速运"
    assert parcel.values["tracking_number"] == "SF0000000000001"
    assert parcel.values["event_time"] == "11月16日（周一）12:00"
    assert parcel.values["event"] == "已到达武侯区营业部"


def test_status_of_a_shipped_order_in_english() -> None:
    state, parcel = answers.status(STATES[OrderState.SHIPPED], NOW, "en")
    assert state.values["items"] == "Wool coat; Socks ×2"
    assert state.values["total"] == "¥367.00"
    assert state.values["expected_day"] == "Wed 18 Nov"
    assert parcel.values["event"] == "arrived at Wuhou District delivery station"


def test_a_late_parcel_is_said_to_be_late() -> None:
    late = answers.status(STATES[OrderState.SHIPPED], LATER, "zh")[0]
    assert late.response == "utter_order_shipped_late"
    assert late.values["delay"] == "28天"


@pytest.mark.parametrize("state", [OrderState.PLACED, OrderState.PAID, OrderState.PACKED])
def test_a_missed_dispatch_is_said_to_be_late(state: OrderState) -> None:
    in_time = PAID_AT + timedelta(hours=48)
    assert answers.status(STATES[state], in_time, "zh")[0].response != "utter_order_dispatch_late"
    after = answers.status(STATES[state], in_time + timedelta(seconds=1), "zh")[0]
    assert after.response == "utter_order_dispatch_late"


def test_an_unpaid_order_says_until_when_to_pay() -> None:
    order = STATES[OrderState.UNPAID]
    told = answers.status(order, order.created_at + timedelta(minutes=29), "zh")[0]
    assert told.response == "utter_order_unpaid"
    assert told.values["pay_by"] == "11月16日（周一）10:25"
    closed = answers.status(order, order.created_at + timedelta(minutes=30), "zh")[0]
    assert closed.response == "utter_order_unpaid_closed"


@pytest.mark.parametrize(
    "state",
    [
        OrderState.PLACED,
        OrderState.PACKED,
        OrderState.SHIPPED,
        OrderState.OUT_FOR_DELIVERY,
        OrderState.DELIVERY_FAILED,
    ],
)
def test_cash_on_delivery_tells_the_amount_to_have_ready(state: OrderState) -> None:
    told = answers.status(cod(STATES[state]), NOW, "zh")[-1]
    assert told == Reply("utter_order_collect", {"amount": "¥367"})


def test_nothing_is_asked_for_at_the_door_before_confirmation_or_after_delivery() -> None:
    assert names(answers.status(WAITING, NOW, "zh")) == ["utter_order_cod_waiting"]
    delivered = answers.status(cod(STATES[OrderState.DELIVERED]), NOW, "zh")
    assert "utter_order_collect" not in names(delivered)


def test_two_parcels_are_told_apart() -> None:
    one = replace(make_parcel(PAID_AT, None, EventKind.DELIVERED), items=(COAT,))
    one = replace(one, received_by=Receiver.LOCKER)
    two = replace(make_parcel(PAID_AT, None, EventKind.PICKED_UP), items=(SOCKS,))
    order = replace(order_in(OrderState.SHIPPED), parcels=(one, two))
    _, first, second = answers.status(order, NOW, "zh")
    assert first.response == "utter_order_parcel_delivered"
    assert first.values["parcel"] == "包裹1/2（羊毛大衣）"
    assert first.values["received_by"] == "放入快递柜"
    assert second.response == "utter_order_parcel"
    assert second.values["parcel"] == "包裹2/2（棉袜 ×2）"


def test_a_parcel_without_a_scan_is_said_to_wait_for_the_carrier() -> None:
    order = replace(order_in(OrderState.SHIPPED), parcels=(make_parcel(PAID_AT, None),))
    assert names(answers.status(order, NOW, "en"))[1] == "utter_order_parcel_new"


@pytest.mark.parametrize(
    ("state", "told"),
    [
        (OrderState.PLACED, "utter_urge_not_sent"),
        (OrderState.PAID, "utter_urge_not_sent"),
        (OrderState.PACKED, "utter_urge_not_sent"),
        (OrderState.SHIPPED, "utter_urge_on_the_way"),
        (OrderState.OUT_FOR_DELIVERY, "utter_urge_today"),
        (OrderState.DELIVERY_FAILED, "utter_order_delivery_failed"),
        (OrderState.DELIVERED, "utter_order_delivered"),
        (OrderState.CANCELLED, "utter_order_cancelled"),
    ],
)
def test_urging_an_order_that_is_in_time(state: OrderState, told: str) -> None:
    assert answers.urge(STATES[state], NOW, "zh")[0].response == told


def test_urging_a_late_order_offers_a_person(root: Path) -> None:
    for state, told in [
        (OrderState.PAID, "utter_urge_dispatch_late"),
        (OrderState.SHIPPED, "utter_urge_shipped_late"),
    ]:
        reply = answers.urge(STATES[state], LATER, "zh")[0]
        assert reply.response == told
        for variation in _responses(root)[told]:
            offered = [button["payload"] for button in variation["buttons"]]
            assert f"{HAND_OVER}order_problem" in offered


def test_not_received_though_delivered_says_where_it_was_left() -> None:
    parcel, help_ = answers.not_received(STATES[OrderState.DELIVERED], NOW, "zh")
    assert parcel.response == "utter_order_parcel_delivered"
    assert parcel.values["place"] == "武侯区营业部"
    assert parcel.values["received_by"] == "快递未注明签收人"
    assert help_.response == "utter_not_received_help"


def test_not_received_and_not_delivered_is_a_question_of_status() -> None:
    order = STATES[OrderState.SHIPPED]
    assert answers.not_received(order, NOW, "zh") == answers.status(order, NOW, "zh")


def test_confirming_shows_what_there_is_to_confirm_and_hides_the_door() -> None:
    start = datetime(2026, 11, 25, 9, 0, tzinfo=SHOP_ZONE)
    order = replace(WAITING, window=Window(start, start + timedelta(hours=3)))
    reply = change_answers.preview(order, Draft(), "zh")
    assert reply.response == "utter_cod_ask"
    assert reply.values == {
        "order_number": "SO20261116101",
        "items": "羊毛大衣、棉袜 ×2",
        "amount": "¥367",
        "recipient": "王•••",
        "phone": "•••1234",
        "address": "四川省成都市武侯区人民路•••",
        "window": "11月25日（周三）09:00-12:00",
    }


@pytest.mark.parametrize(
    ("order", "told"),
    [
        (STATES[OrderState.SHIPPED], "utter_cod_not_cod"),
        (STATES[OrderState.PLACED], "utter_cod_already"),
        (cod(STATES[OrderState.SHIPPED]), "utter_cod_already"),
        (cod(STATES[OrderState.CANCELLED]), "utter_order_cancelled"),
        (cod(STATES[OrderState.DELIVERED]), "utter_order_delivered"),
    ],
)
def test_confirming_what_needs_no_confirmation(order: Order, told: str) -> None:
    assert change_answers.nothing_to_confirm(order, NOW, "zh")[0].response == told


def test_my_orders_are_one_line_each() -> None:
    orders = [STATES[OrderState.SHIPPED], STATES[OrderState.DELIVERED]]
    (reply,) = answers.my_orders(orders, "zh")
    assert reply.values["count"] == "2"
    assert reply.values["orders"].splitlines() == [
        "- SO20261116101：羊毛大衣、棉袜 ×2 · ¥367 · 运输中",
        "- SO20261116101：羊毛大衣、棉袜 ×2 · ¥367 · 已签收",
    ]
    travelling, arrived = reply.cards
    assert (travelling.title, travelling.badge) == ("羊毛大衣、棉袜 ×2", "运输中")
    assert dict(travelling.facts)["金额"] == "¥367"
    assert "预计送达" in dict(travelling.facts)
    assert "预计送达" not in dict(arrived.facts)
    assert [card.payload for card in reply.cards] == [button.payload for button in reply.buttons]
    assert reply.buttons[0].title == "查看 SO20261116101"
    assert reply.lead == "您最近的2笔订单，点一下就能看到进度："


def _every_reply(language: Language) -> Iterator[Reply]:
    unscanned = replace(order_in(OrderState.SHIPPED), parcels=(make_parcel(PAID_AT, None),))
    orders = [*STATES.values(), *map(cod, STATES.values()), WAITING, unscanned]
    for order in orders:
        for now in (order.created_at, NOW, LATER):
            for goal in Goal:
                yield from answers.answer(goal, order, now, language)
            yield from answers.trace(order, now, language)
    yield from answers.my_orders(orders, language)


def _responses(root: Path) -> dict[str, list[dict[str, Any]]]:
    domain: dict[str, Any] = YAML(typ="safe").load((root / "domain.yml").read_text("utf-8"))
    responses: dict[str, list[dict[str, Any]]] = domain["responses"]
    return responses


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_domain_can_say_every_reply(root: Path, language: Language) -> None:
    """Each reply has a response in the language, and a value for each of its placeholders."""
    responses = _responses(root)
    for reply in _every_reply(language):
        assert reply.response in responses, f"domain.yml lacks {reply.response}"
        chinese, english = responses[reply.response]
        text = (chinese if language == "zh" else english)["text"]
        assert set(re.findall(r"{(\w+)}", text)) <= set(reply.values), reply.response


def test_every_order_response_of_the_domain_is_used(root: Path) -> None:
    families = ("utter_order_", "utter_urge_", "utter_not_received_", "utter_cod_to", "utter_my_")
    # The form's identity check says these: see actions/orders.py.
    of_the_form = {"utter_order_no_match", "utter_order_locked", "utter_order_number_odd"}
    written = {name for name in _responses(root) if name.startswith(families)}
    assert written - of_the_form == {
        reply.response
        for reply in _every_reply("zh")
        if reply.response not in {"utter_cod_already", "utter_cod_not_cod"}
    }
