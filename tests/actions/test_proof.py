"""Actions that the digits of a phone do not open, and customers whom the shop has signed in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jwt
import pytest
from rasa_sdk.executor import ActionExecutor

from actions.change_actions import AskGoAhead
from actions.orders import OrderAction, ValidateOrderForm
from bot.conversations import transcript
from bot.conversations.phrases import Phrases
from bot.orders.cases import CaseKind
from bot.orders.demo import insert_shop
from bot.orders.service import Orders
from bot.storage.engine import Database
from tests.actions.test_orders import Clock, Customer, names
from tests.bot.orders.conftest import NOW, known_customers
from tests.bot.orders.shop_events import created, read

KEY = "a key that the shop and we know and nobody else does"
COD = {"order_number": "SO20261105002", "phone_last4": "3321"}


class Pocket:
    """The telephone on the order."""

    def __init__(self) -> None:
        self.codes: list[str] = []

    async def send(self, phone: str, code: str) -> None:
        assert phone.endswith("3321")
        self.codes.append(code)


@pytest.fixture
def engine_url(tmp_path: Path) -> str:
    """One kind of database will do here; the desks are tested on both."""
    return f"sqlite+aiosqlite:///{tmp_path / 'test.sqlite3'}"


@pytest.fixture
def pocket() -> Pocket:
    return Pocket()


@pytest.fixture
async def conversation(database: Database) -> str:
    async with database.write() as session:
        await insert_shop(session, known_customers())
        return (await transcript.open_conversation(session, "web", "visitor")).id


@pytest.fixture
def orders(database: Database, root: Path, pocket: Pocket) -> Orders:
    phrases = Phrases(root / "domain.yml")
    return Orders.build(
        database, root / "data/policy", phrases, "zh", sender=pocket, customer_key=KEY
    )


@pytest.fixture
def customer(orders: Orders, conversation: str) -> Customer:
    executor, clock = ActionExecutor(), Clock()
    for action in (
        ValidateOrderForm(orders, clock), OrderAction(orders, clock), AskGoAhead(orders, clock),
    ):  # fmt: skip
        executor.register_action(action)
    return Customer(executor, conversation)


@pytest.fixture
async def awaits_code(customer: Customer) -> None:
    """The customer wants another phone on the order, and was sent a code."""
    await customer.says("收货电话想改一下", order_goal="change_address", **COD)


@pytest.mark.usefixtures("awaits_code")
async def test_a_new_phone_needs_a_code_and_then_nothing_is_asked_again(
    customer: Customer, pocket: Pocket
) -> None:
    assert customer.asked_for == "one_time_code"
    (code,) = pocket.codes
    wrong = f"{(int(code) + 1) % 10**6:06d}"
    assert names(await customer.says(wrong)) == ["utter_code_wrong"]
    assert await customer.says(code) == []
    assert (customer.asked_for, customer.rejected) == ("new_phone", False)
    assert customer.slots["order_goal"] == "change_phone"


@pytest.mark.usefixtures("awaits_code")
async def test_too_many_wrong_codes_change_nothing(customer: Customer, pocket: Pocket) -> None:
    wrong = f"{(int(pocket.codes[0]) + 1) % 10**6:06d}"
    said: list[dict[str, Any]] = []
    for _ in range(3):
        said = await customer.says(wrong)
    assert names(said) == ["utter_code_over"]
    assert not customer.active


async def test_what_the_digits_open_asks_for_no_code(customer: Customer, pocket: Pocket) -> None:
    said = await customer.says("地址改成成都市武侯区人民路99号", order_goal="change_address", **COD)
    assert names(said) == ["utter_preview_change_cod"]
    assert pocket.codes == []


async def test_a_signed_in_customer_gives_no_digits(
    customer: Customer, orders: Orders, conversation: str
) -> None:
    order = await orders.book.find("SO20261105001")
    assert order is not None
    claims = {"sub": order.customer_id, "aud": "yingda", "exp": NOW.timestamp() + 60}
    await orders.identity.sign_in(conversation, jwt.encode(claims, KEY, "HS256"), NOW)
    listed = await customer.says("我有哪些订单", order_goal="my_orders")
    assert names(listed) == ["utter_my_orders"]
    said = await customer.says(
        "SO20261105001到哪了", order_goal="order_status", order_number="SO20261105001"
    )
    assert names(said)[0] == "utter_order_shipped"
    # Another customer's order stays closed.
    await customer.says("SO20261105003呢", order_goal="order_status", order_number="SO20261105003")
    assert customer.asked_for == "phone_last4"
    # Which is no reason to keep her from her own.
    assert names(await customer.says("我有哪些订单", order_goal="my_orders")) == ["utter_my_orders"]


async def test_a_conversation_that_the_shop_named_needs_no_code_for_a_new_phone(
    customer: Customer, orders: Orders, pocket: Pocket
) -> None:
    contact = {"channel": "web", "user": "visitor"}
    await orders.intake.take(read(created("SO20261122001", NOW, contact=contact)), NOW)
    number = {"order_number": "SO20261122001", "phone_last4": "3321"}
    await customer.says("收货电话想改一下", order_goal="change_address", **number)
    assert customer.asked_for == "new_phone"
    assert pocket.codes == []


@pytest.mark.usefixtures("awaits_code")
async def test_what_is_said_while_we_wait_for_the_code_is_not_asked_for_after_it(
    customer: Customer, pocket: Pocket
) -> None:
    customer.intent = {"name": "inform", "confidence": 0.9}
    await customer.says("新号码给邻居，放门口就行")
    assert customer.asked_for == "one_time_code"
    assert [one["text"] for one in customer.slots["draft"]["early"]] == [
        "收货电话想改一下",
        "新号码给邻居，放门口就行",
    ]
    customer.intent = {"name": "ask_faq", "confidence": 0.9}
    await customer.says("运费多少")  # a question is none of the order's values
    assert len(customer.slots["draft"]["early"]) == 2
    customer.intent = {}
    await customer.says(pocket.codes[-1])
    assert customer.asked_for == "new_phone"


@pytest.mark.parametrize("asks", ["没收到验证码", "重新发一下", "didn't get it", "resend the code"])
@pytest.mark.usefixtures("awaits_code")
async def test_a_code_that_did_not_come_is_sent_again(
    customer: Customer, pocket: Pocket, asks: str
) -> None:
    customer.intent = {"name": "ask_faq", "confidence": 0.9}
    assert names(await customer.says(asks)) == ["utter_code_again"]
    customer.intent = {}
    first, second = pocket.codes
    if first != second:
        assert names(await customer.says(first)) == ["utter_code_wrong"]
    await customer.says(second)
    assert customer.asked_for == "new_phone"


@pytest.mark.usefixtures("awaits_code")
async def test_after_five_codes_no_other_is_sent(customer: Customer, pocket: Pocket) -> None:
    for _ in range(4):
        await customer.says("没收到验证码")
    assert names(await customer.says("没收到验证码")) == ["utter_code_not_sent"]
    assert (len(pocket.codes), customer.active) == (5, False)


@pytest.mark.parametrize(
    ("intent", "text", "reply"),
    [
        ("order_status", "对了，我的订单到哪了", "utter_order_cod_waiting"),
        ("my_orders", "我都有哪些订单", "utter_my_orders"),
    ],
)
@pytest.mark.usefixtures("awaits_code")
async def test_the_state_of_the_order_needs_no_code_and_the_code_is_still_awaited(
    customer: Customer, pocket: Pocket, intent: str, text: str, reply: str
) -> None:
    customer.intent = {"name": intent, "confidence": 0.9}
    assert names(await customer.says(text, order_goal=intent)) == [reply]
    assert customer.asked_for == "one_time_code"
    customer.intent = {}
    assert await customer.says(pocket.codes[-1]) == []
    assert customer.asked_for == "new_phone"


@pytest.mark.usefixtures("awaits_code")
async def test_another_wish_waits_for_the_code(customer: Customer, pocket: Pocket) -> None:
    customer.intent = {"name": "invoice", "confidence": 0.9}
    await customer.says("我要开发票", order_goal="invoice")
    assert (customer.asked_for, customer.slots["kept_request"]) == ("one_time_code", True)
    assert customer.slots["order_goal"] == "change_phone"


@pytest.mark.usefixtures("awaits_code")
async def test_the_same_wish_again_is_told_why_there_is_a_code(
    customer: Customer, pocket: Pocket
) -> None:
    customer.intent = {"name": "change_address", "confidence": 0.9}
    said = await customer.says("我要改手机号码啊", order_goal="change_address")
    assert names(said) == ["utter_code_why"]
    assert customer.asked_for == "one_time_code"


@pytest.mark.usefixtures("awaits_code")
async def test_who_cancels_gives_no_code_for_a_new_phone(
    customer: Customer, pocket: Pocket
) -> None:
    customer.intent = {"name": "cancel_order", "confidence": 0.9}
    said = await customer.says("算了不要了 取消这单吧", order_goal="cancel_order")
    assert names(said) == ["utter_preview_cancel"]
    assert (customer.asked_for, customer.rejected) == ("go_ahead", False)


@pytest.mark.parametrize(
    ("text", "reply"),
    [
        ("12345", "utter_code_digits"),
        ("为什么要验证码", "utter_code_why"),
        ("那个手机号不用了", "utter_code_why"),
        ("which phone did you send the code to?", "utter_code_why"),
        ("I don't have that phone anymore", "utter_code_why"),
    ],
)
@pytest.mark.usefixtures("awaits_code")
async def test_what_is_said_about_the_code_is_answered(
    customer: Customer, pocket: Pocket, text: str, reply: str
) -> None:
    customer.intent = {"name": "ask_faq", "confidence": 0.9}
    assert names(await customer.says(text)) == [reply]
    assert (customer.asked_for, customer.rejected) == ("one_time_code", False)
    assert len(pocket.codes) == 1
    code = pocket.codes[0]
    await customer.says(f"{code[:3]} {code[3:]}")
    assert customer.asked_for == "new_phone"


async def test_a_signed_in_customer_hears_of_her_return_without_naming_the_order(
    customer: Customer, orders: Orders, conversation: str
) -> None:
    order = await orders.book.find("SO20261010135")
    assert order is not None
    case = await orders.cases.open(CaseKind.RETURN, order, conversation_id="long ago", now=NOW)
    claims = {"sub": order.customer_id, "aud": "yingda", "exp": NOW.timestamp() + 60}
    await orders.identity.sign_in(conversation, jwt.encode(claims, KEY, "HS256"), NOW)
    said = await customer.says("how is my return going", order_goal="return_request")
    assert names(said) == ["utter_case_news_open"]
    assert case.number in said[0]["case"]
    assert not customer.active
