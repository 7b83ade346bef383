"""The order form's check and answers, called through the SDK as the engine calls them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from rasa_sdk.executor import ActionExecutor
from sqlalchemy import delete

from actions.cards import CardAnswers, SmallTalk
from actions.change_actions import AskGoAhead, AskNewWindow
from actions.orders import OrderAction, ValidateOrderForm
from bot.conversations.phrases import Phrases
from bot.orders.demo import insert_shop
from bot.orders.service import Orders
from bot.storage.engine import Database
from bot.storage.orders import OrderItemRow, OrderRow
from tests.bot.orders.conftest import NOW, known_customers

FORM_SLOTS = ("order_goal", "order_number", "phone_last4")


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


class Customer:
    """A conversation in the order form: what the engine does around our two actions, and no more."""

    def __init__(self, executor: ActionExecutor, conversation: str = "c1") -> None:
        self._executor = executor
        self._conversation = conversation
        self._events: list[dict[str, Any]] = []
        self.slots: dict[str, Any] = {}
        self.asked_for: str | None = None
        self.active = False
        self.rejected = False  # the engine would look for another answer, and forget this one
        self.intent: dict[str, Any] = {}
        self.metadata: dict[str, Any] = {}

    async def says(self, text: str, **given: str) -> list[dict[str, Any]]:
        """Send a message from which the engine read the slots ``given``; return the replies."""
        self._events.append({"event": "user", "text": text})
        self._set([{"event": "slot", "name": k, "value": v} for k, v in given.items()])
        candidates = given if self.active else {k: self.slots.get(k) for k in FORM_SLOTS}
        self.active = True
        self._events += [
            {"event": "slot", "name": "requested_slot", "value": self.asked_for},
            {"event": "action", "name": "order_form"},
        ]
        self._set(
            {"event": "slot", "name": name, "value": value}
            for name, value in candidates.items()
            if value is not None
        )
        self.slots["requested_slot"] = self.asked_for
        self.asked_for = "unknown"
        heard, asked_before = len(self._events), self.slots["requested_slot"]
        replies = await self._run("validate_order_form")
        new = {event["name"] for event in self._events[heard:]} | set(given)
        self.rejected = asked_before is not None and new <= {"requested_slot"}
        if self.asked_for == "unknown":
            self.asked_for = next((s for s in FORM_SLOTS if self.slots.get(s) is None), None)
        if self.asked_for is None:
            self.active = False
            replies += await self._run("action_order")
        elif self.asked_for in {"go_ahead", "new_window", "claim_detail"}:
            replies += await self._run(f"action_ask_{self.asked_for}")
        return replies

    async def thanks(self, text: str) -> list[dict[str, Any]]:
        """Say thanks, and go where the action leads, as the engine does."""
        self._events.append({"event": "user", "text": text, "parse_data": {"intent": {}}})
        replies = await self._run("action_thanks")
        if self._events[-1]["event"] == "followup":
            replies += await self.says(text)
        return replies

    async def _run(self, action: str) -> list[dict[str, Any]]:
        text = next(e["text"] for e in reversed(self._events) if e["event"] == "user")
        tracker = {
            "sender_id": self._conversation,
            "slots": dict(self.slots),
            "latest_message": {
                "text": text,
                "entities": [],
                "metadata": self.metadata,
                "intent": self.intent,
            },
            "events": list(self._events),
            "active_loop": {"name": "order_form"} if self.active else {},
        }
        # As Rasa with its selective domain: no domain comes along.
        call = {"next_action": action, "tracker": tracker, "domain": {}}
        result = await self._executor.run(call)
        assert result is not None
        self._set(result.events)
        responses: list[dict[str, Any]] = result.responses
        return responses

    def _set(self, events: Any) -> None:
        for event in events:
            self._events.append(event)
            if event["event"] != "slot":
                continue
            if event["name"] == "requested_slot":
                self.asked_for = event["value"]
            self.slots[event["name"]] = event["value"]


def names(replies: list[dict[str, Any]]) -> list[str]:
    return [reply["response"] for reply in replies]


@pytest.fixture
async def shop(database: Database) -> AsyncIterator[Database]:
    async with database.write() as session:
        await insert_shop(session, known_customers())
    yield database


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def orders(shop: Database, root: Path) -> Orders:
    return Orders.build(shop, root / "data/policy", Phrases(root / "domain.yml"), "zh")


@pytest.fixture
def executor(orders: Orders, clock: Clock) -> ActionExecutor:
    executor = ActionExecutor()
    executor.register_action(ValidateOrderForm(orders, clock))
    executor.register_action(OrderAction(orders, clock))
    executor.register_action(AskGoAhead(orders))
    executor.register_action(AskNewWindow(orders, clock))
    executor.register_action(SmallTalk(CardAnswers(orders, clock), "thanks"))
    return executor


@pytest.fixture
def customer(executor: ActionExecutor) -> Customer:
    return Customer(executor)


async def test_number_in_the_sentence_then_digits_then_the_answer(customer: Customer) -> None:
    said = await customer.says(
        "订单SO20261105001怎么还没到", order_goal="order_status", order_number="SO20261105001"
    )
    assert said == []
    assert customer.asked_for == "phone_last4"
    said = await customer.says("6688", phone_last4="6688")
    assert names(said) == ["utter_order_shipped", "utter_order_parcel"]
    assert said[0]["expected_day"] == "11月23日（周一）"
    assert said[1]["tracking_number"] == "SF1390020261105"
    assert said[1]["carrier"] == "顺丰速运"
    assert customer.slots["decision"] == "flow:order_status"
    assert customer.slots["verified_order"] == "SO20261105001"
    assert customer.slots["phone_last4"] is None


async def test_everything_in_one_english_sentence(customer: Customer) -> None:
    said = await customer.says(
        "where is my order SO20261105001, phone ending 6688",
        order_goal="order_status",
        order_number="SO20261105001",
        phone_last4="6688",
    )
    assert names(said) == ["utter_order_shipped", "utter_order_parcel"]
    assert said[0]["expected_day"] == "Mon 23 Nov"
    assert said[1]["carrier"] == "SF Express"
    assert not customer.active


@pytest.mark.parametrize(
    "text", ["how is SO20261105001 doing, digits 6688", "SO20261105001到哪了？我手机后四位是6688"]
)
async def test_digits_that_are_called_so_are_not_asked_for(customer: Customer, text: str) -> None:
    said = await customer.says(text, order_number="SO20261105001")
    assert names(said) == ["utter_order_shipped", "utter_order_parcel"]


async def test_a_tracking_number_finds_the_order(customer: Customer) -> None:
    await customer.says("查快递SF1390020261105", order_number="SF1390020261105")
    said = await customer.says("尾号6688", phone_last4="6688")
    assert said[0]["order_number"] == "SO20261105001"
    assert customer.slots["order_number"] == "SO20261105001"


@pytest.mark.parametrize(
    ("number", "digits"), [("SO20261105001", "1234"), ("SO20261105999", "6688")]
)
async def test_wrong_digits_and_unknown_number_hear_the_same_and_the_number_stays(
    customer: Customer, number: str, digits: str
) -> None:
    await customer.says("查订单", order_goal="order_status")
    assert customer.asked_for == "order_number"
    await customer.says(number, order_number=number)
    said = await customer.says(digits, phone_last4=digits)
    assert names(said) == ["utter_order_no_match"]
    assert {k: v for k, v in said[0].items() if v} == {
        "template": "utter_order_no_match",
        "response": "utter_order_no_match",
    }
    assert customer.asked_for == "phone_last4"
    assert customer.active
    assert customer.slots["order_number"] == number
    assert customer.slots["phone_last4"] is None
    assert customer.slots.get("verified_order") is None
    # A new number takes the place of the old one, and the digits alone are enough afterwards.
    await customer.says("SO20261105001", order_number="SO20261105001")
    assert customer.asked_for == "phone_last4"
    said = await customer.says("6688", phone_last4="6688")
    assert names(said)[0] == "utter_order_shipped"


@pytest.mark.parametrize(
    ("typed", "odd"),
    [
        ("SO99999999999", "SO99999999999"),
        ("so 20261105 6688", "SO20261105"),
        ("2026110500", "2026110500"),
    ],
)
async def test_what_is_no_order_number_is_called_so_and_asked_for_again(
    customer: Customer, typed: str, odd: str
) -> None:
    await customer.says("查订单", order_goal="order_status")
    (said,) = await customer.says(typed)
    assert (said["response"], said["number"]) == ("utter_order_number_odd", odd)
    assert customer.active
    assert customer.asked_for == "order_number"


async def test_a_phone_in_place_of_an_order_number_is_not_called_an_odd_number(
    customer: Customer,
) -> None:
    await customer.says("查订单", order_goal="order_status")
    assert await customer.says("13812346688") == []


async def test_an_odd_number_does_not_answer_about_the_order_verified_before(
    customer: Customer,
) -> None:
    await customer.says("查订单", order_number="SO20261105001", phone_last4="6688")
    said = await customer.says("SO2026110599 到哪了", order_goal="order_status")
    assert names(said) == ["utter_order_number_odd"]
    assert customer.asked_for == "order_number"


async def test_too_many_wrong_tries_end_the_form_with_words_of_their_own(
    customer: Customer, clock: Clock
) -> None:
    said: list[dict[str, Any]] = []
    for _ in range(5):
        said = await customer.says(
            "SO20261105001 1234", order_number="SO20261105001", phone_last4="1234"
        )
    assert names(said) == ["utter_order_locked"]
    assert not customer.active
    assert customer.slots["decision"] == "flow:order_status"
    # The right digits do not help any more, until an hour later.
    right = {"order_number": "SO20261105001", "phone_last4": "6688"}
    assert names(await customer.says("SO20261105001 6688", **right)) == ["utter_order_locked"]
    clock.now += timedelta(hours=1)
    assert names(await customer.says("SO20261105001 6688", **right))[0] == "utter_order_shipped"


async def test_a_verified_order_is_not_asked_for_again(customer: Customer) -> None:
    await customer.says("查订单", order_number="SO20261105001", phone_last4="6688")
    said = await customer.says("能快点送吗 催一下", order_goal="urge_delivery")
    assert names(said) == ["utter_urge_on_the_way", "utter_order_parcel"]
    assert customer.slots["decision"] == "flow:urge_delivery"


async def test_another_order_of_the_same_customer_is_not_asked_for_digits(
    customer: Customer,
) -> None:
    await customer.says("查订单", order_number="SO20261105001", phone_last4="6688")
    (listed,) = await customer.says("我都有哪些订单", order_goal="my_orders")
    assert listed["response"] == "utter_my_orders"
    lines = listed["orders"].splitlines()
    assert len(lines) == len(listed["custom"]["cards"]) == len(listed["buttons"]) == 4
    other = next(line[2:15] for line in lines if "SO20261105001" not in line)
    said = await customer.says(f"{other}呢", order_goal="order_status", order_number=other)
    assert said[0]["order_number"] == other


async def test_another_customers_order_needs_its_own_digits(customer: Customer) -> None:
    await customer.says("查订单", order_number="SO20261105001", phone_last4="6688")
    assert await customer.says("SO20261105002到哪了", order_number="SO20261105002") == []
    assert customer.asked_for == "phone_last4"
    said = await customer.says("6688", phone_last4="6688")
    assert names(said) == ["utter_order_no_match"]


async def test_the_goal_may_change_in_the_middle(customer: Customer) -> None:
    await customer.says("查订单", order_goal="order_status", order_number="SO20261105003")
    await customer.says("我没收到货啊", order_goal="not_received")
    said = await customer.says("5207", phone_last4="5207")
    assert names(said) == ["utter_order_parcel_delivered", "utter_not_received_help"]
    assert said[0]["received_by"] == "放入快递柜"
    assert customer.slots["decision"] == "flow:not_received"


async def test_confirming_cash_on_delivery_shows_masked_details(customer: Customer) -> None:
    said = await customer.says(
        "I want to confirm my COD order",
        order_goal="cod_confirm",
        order_number="SO20261105002",
        phone_last4="3321",
    )
    assert names(said) == ["utter_cod_ask"]
    assert said[0]["amount"] == "¥1,304.00"
    assert said[0]["phone"] == "•••3321"
    assert said[0]["recipient"] == "周•••"
    assert "•••" in said[0]["address"]


async def test_cash_on_delivery_status_tells_what_to_have_ready(customer: Customer) -> None:
    said = await customer.says(
        "where is my parcel", order_number="SO20261105008", phone_last4="2468"
    )
    assert names(said) == [
        "utter_order_out_for_delivery",
        "utter_order_parcel",
        "utter_order_collect",
    ]
    assert said[2]["amount"] == "¥604.00"


async def test_the_reply_follows_the_language_of_the_conversation(customer: Customer) -> None:
    """A bare code has no language: the message before it decides, and each message anew."""
    await customer.says("where is my order SO20261105001", order_number="SO20261105001")
    said = await customer.says("6688", phone_last4="6688")
    assert said[0]["expected_day"] == "Mon 23 Nov"
    said = await customer.says("催一下吧", order_goal="urge_delivery")
    assert said[0]["expected_day"] == "11月23日（周一）"


async def test_coming_back_after_a_question_checks_nothing_again(customer: Customer) -> None:
    await customer.says("查订单", order_number="SO20261105001")
    assert await customer.says("包邮吗") == []
    assert customer.asked_for == "phone_last4"
    assert customer.slots["order_number"] == "SO20261105001"


async def test_an_order_that_has_left_the_book_is_asked_for_again(
    customer: Customer, shop: Database
) -> None:
    await customer.says("查订单", order_number="SO20261105004", phone_last4="8806")
    async with shop.write() as session:
        for table, column in (
            (OrderItemRow, OrderItemRow.order_number),
            (OrderRow, OrderRow.number),
        ):
            await session.execute(delete(table).where(column == "SO20261105004"))
    assert await customer.says("到哪了", order_goal="order_status") == []
    assert customer.asked_for == "phone_last4"
    assert names(await customer.says("8806", phone_last4="8806")) == ["utter_order_no_match"]


async def test_tries_are_counted_for_each_conversation(executor: ActionExecutor) -> None:
    for k in range(2, 7):
        number = f"SO2026110500{k}"
        await Customer(executor, "guesser").says("查", order_number=number, phone_last4="0000")
    right = {"order_number": "SO20261105001", "phone_last4": "6688"}
    assert names(await Customer(executor, "guesser").says("查", **right)) == ["utter_order_locked"]
    assert names(await Customer(executor, "owner").says("查", **right))[0] == "utter_order_shipped"


async def test_urging_a_late_order_opens_one_case(customer: Customer) -> None:
    said = await customer.says(
        "催一下", order_goal="urge_delivery", order_number="SO20261105007", phone_last4="7712"
    )
    assert names(said)[-1] == "utter_case_opened"
    again = await customer.says("再催催", order_goal="urge_delivery")
    assert names(again)[-1] == "utter_case_known"
    assert again[-1]["case"] == said[-1]["case"]


async def test_urging_an_order_in_time_opens_none(customer: Customer) -> None:
    said = await customer.says(
        "催一下", order_goal="urge_delivery", order_number="SO20261105001", phone_last4="6688"
    )
    assert not {"utter_case_opened", "utter_case_known"} & set(names(said))


@pytest.mark.parametrize(
    "text",
    [
        "6688 能寄香港吗",
        "6688，能寄香港吗",
        "it's 6688. do you ship to Hong Kong?",
        "do you ship to hong kong? 6688",
        "尾号是 6688 , 几天到",
    ],
)
async def test_the_digits_are_taken_with_a_question_beside_them(
    customer: Customer, text: str
) -> None:
    await customer.says("订单到哪了", order_goal="order_status", order_number="SO20261105001")
    assert customer.asked_for == "phone_last4"
    customer.intent = {"name": "ask_faq", "confidence": 0.95}
    assert names(await customer.says(text))[0] == "utter_order_shipped"


@pytest.mark.parametrize(
    "text",
    ["有没有1299的手机", "2024 款还有吗", "I paid 1299 for it, is that right?", "满 3000 减多少"],
)
async def test_a_price_or_a_year_in_a_question_costs_no_try(customer: Customer, text: str) -> None:
    await customer.says("订单到哪了", order_goal="order_status", order_number="SO20261105001")
    customer.intent = {"name": "ask_faq", "confidence": 0.95}
    assert names(await customer.says(text)) == []
    assert customer.asked_for == "phone_last4"
    customer.intent = {}
    assert names(await customer.says("6688", phone_last4="6688"))[0] == "utter_order_shipped"


async def test_the_digits_beside_the_number_go_before_the_end_of_a_new_phone(
    customer: Customer,
) -> None:
    said = await customer.says(
        "change the phone on SO20261105001, 6688 to 15812345678",
        order_goal="order_status", order_number="SO20261105001", phone_last4="5678",
    )  # fmt: skip
    assert names(said)[0] == "utter_order_shipped"


async def test_every_scan_is_told_to_whom_asks_for_the_way(customer: Customer) -> None:
    await customer.says("物流轨迹发我看看", order_goal="order_status", order_number="SO20261105001")
    said = await customer.says("6688", phone_last4="6688")
    assert names(said) == ["utter_order_shipped", "utter_order_parcel_trace"]
    scans = said[1]["scans"].splitlines()
    assert len(scans) > 1
    assert scans == sorted(scans, reverse=True)


@pytest.mark.parametrize(
    ("number", "digits", "text", "replies"),
    [
        ("SO20261105002", "3321", "谢谢，让快递员到了打电话", ["utter_preview_change_cod"]),
        ("SO20261105002", "3321", "thanks, ask him to call first", ["utter_preview_change_cod"]),
        ("SO20261105002", "3321", "谢谢，放门口就行", ["utter_note_must_be_paid", "utter_cod_ask"]),
        ("SO20261105002", "3321", "谢谢啦", ["utter_thanks"]),
        ("SO20261105001", "6688", "谢谢，让快递员到了打电话", ["utter_refused_change_sent"]),
        ("SO20261105003", "5207", "谢谢，让快递员到了打电话", ["utter_thanks"]),
    ],
)
async def test_a_note_beside_the_thanks_goes_with_the_order_that_was_looked_up(
    customer: Customer, number: str, digits: str, text: str, replies: list[str]
) -> None:
    await customer.says("查订单", order_number=number, phone_last4=digits)
    assert names(await customer.thanks(text)) == replies
