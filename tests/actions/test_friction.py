"""What stands between a customer's yes and the confirmation: nothing, a look, a code, a payment."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from rasa_sdk.executor import ActionExecutor
from sqlalchemy import select, update

from actions.change_actions import AskGoAhead, AskNewWindow
from actions.orders import OrderAction, ValidateOrderForm
from bot.conversations.phrases import Phrases
from bot.orders.cod import CodState
from bot.orders.policy import Friction
from bot.orders.service import Orders
from bot.storage.cod import CodRow
from bot.storage.conversations import ConversationRow
from bot.storage.engine import Database
from tests.actions.test_orders import Customer, names
from tests.bot.orders.shop_events import event
from tests.bot.orders.test_cod_desk import NOON, NUMBER, Shop, created
from tests.bot.orders.test_codes import Pocket, another


@pytest.fixture
def pocket() -> Pocket:
    return Pocket()


@pytest.fixture
def shop(database: Database, root: Path, pocket: Pocket) -> Shop:
    phrases = Phrases(root / "domain.yml")
    orders = Orders.build(database, root / "data/policy", phrases, "zh", sender=pocket)
    return Shop(database, orders)


async def asked(shop: Shop, friction: Friction) -> Customer:
    """Return a customer with a card about an order of this friction."""
    await shop.tells(created(NUMBER, NOON))
    await shop.passes(minutes=1)
    async with shop.database.write() as session:
        await session.execute(update(CodRow).values(friction=friction.value))
        conversation = (await session.scalars(select(ConversationRow.id))).one()
    return Customer(executor_of(shop), conversation)


def executor_of(shop: Shop) -> ActionExecutor:
    executor = ActionExecutor()
    for action in (
        ValidateOrderForm(shop.orders, lambda: shop.now),
        OrderAction(shop.orders, lambda: shop.now),
        AskGoAhead(shop.orders),
        AskNewWindow(shop.orders, lambda: shop.now),
    ):
        executor.register_action(action)
    return executor


async def test_one_tap(shop: Shop) -> None:
    customer = await asked(shop, Friction.ONE_TAP)
    said = await customer.says("确认发货", order_goal="cod_confirm")
    assert names(said) == ["utter_cod_confirmed"]
    assert (await shop.cod()).state == CodState.CONFIRMED


@pytest.mark.parametrize("text", ["好的，放驿站吧", "yes, leave it at the door please"])
async def test_who_wants_the_parcel_left_alone_has_not_agreed_to_pay(shop: Shop, text: str) -> None:
    customer = await asked(shop, Friction.ONE_TAP)
    said = await customer.says(text, order_goal="cod_confirm")
    assert names(said) == ["utter_note_must_be_paid", "utter_cod_ask"]
    assert (await shop.cod()).state == CodState.ASKED
    assert names(await customer.says("那行，确认发货")) == ["utter_cod_confirmed"]
    order = await shop.orders.book.find(NUMBER)
    assert order is not None
    assert order.courier_note is None


@pytest.mark.parametrize(
    ("text", "reply"),
    [
        ("yes, leave it at the front door", "utter_note_must_be_paid"),
        ("ok then my neighbour takes it", "utter_cod_confirmed_changed"),
    ],
)
async def test_an_answer_taken_for_a_question_is_an_answer(
    shop: Shop, text: str, reply: str
) -> None:
    await asked(shop, Friction.ONE_TAP)
    customer = Customer(executor_of(shop), "c2")
    await customer.says(
        "I want to confirm", order_goal="cod_confirm", order_number=NUMBER, phone_last4="3321"
    )
    assert customer.asked_for == "go_ahead"
    customer.intent = {"name": "ask_faq", "confidence": 0.99}
    assert names(await customer.says(text))[0] == reply
    assert not customer.rejected


async def test_a_confirmed_order_stays_confirmed_without_the_note(shop: Shop) -> None:
    customer = await asked(shop, Friction.ONE_TAP)
    await customer.says("确认发货", order_goal="cod_confirm")
    said = await customer.says("到了放门口就行", order_goal="cod_confirm", order_number=NUMBER)
    assert names(said) == ["utter_note_must_be_paid"]
    assert not customer.active
    assert (await shop.cod()).state == CodState.CONFIRMED


async def test_a_look_at_the_whole_address(shop: Shop) -> None:
    customer = await asked(shop, Friction.CHECK_ADDRESS)
    said = await customer.says("确认发货", order_goal="cod_confirm")
    assert names(said) == ["utter_cod_check_address"]
    assert said[0]["address"] == "四川省成都市武侯区人民路18号锦绣家园3幢1201室"
    assert (await shop.cod()).state == CodState.ASKED
    assert names(await customer.says("没错")) == ["utter_cod_confirmed"]


async def test_a_code(shop: Shop, pocket: Pocket) -> None:
    customer = await asked(shop, Friction.ONE_TIME_CODE)
    await customer.says("确认发货", order_goal="cod_confirm")
    assert customer.asked_for == "one_time_code"
    said = await customer.says(another(pocket.codes[0]))
    assert names(said) == ["utter_code_wrong"]
    said = await customer.says(f"验证码是{pocket.codes[0]}")
    assert names(said) == ["utter_cod_confirmed"]


async def test_after_three_wrong_codes_nothing_is_confirmed(shop: Shop, pocket: Pocket) -> None:
    customer = await asked(shop, Friction.ONE_TIME_CODE)
    await customer.says("确认发货", order_goal="cod_confirm")
    wrong = another(pocket.codes[0])
    said = [names(await customer.says(wrong)) for _ in range(3)]
    assert said == [["utter_code_wrong"], ["utter_code_wrong"], ["utter_code_over"]]
    assert (await shop.cod()).state == CodState.ASKED
    await customer.says("确认发货", order_goal="cod_confirm")
    assert len(pocket.codes) == 2


async def test_a_part_is_paid_first(shop: Shop) -> None:
    customer = await asked(shop, Friction.PART_PREPAYMENT)
    said = await customer.says("确认发货", order_goal="cod_confirm")
    assert names(said) == ["utter_cod_prepay"]
    assert said[0]["part"] == "¥260.80"  # a fifth of ¥1,304.00
    assert said[0]["link"].endswith(NUMBER)
    assert (await shop.cod()).state == CodState.ASKED
    await shop.tells(event("paid", NUMBER, shop.now + timedelta(minutes=5), amount=26080))
    assert (await shop.cod()).state == CodState.CONFIRMED
    order = await shop.orders.desk.opened_with(NUMBER, NUMBER)
    assert order is not None
    assert order.to_collect.minor == 130400 - 26080


async def test_the_code_is_asked_for_in_any_other_conversation_too(
    shop: Shop, pocket: Pocket
) -> None:
    await asked(shop, Friction.ONE_TIME_CODE)
    stranger = Customer(executor_of(shop), "another")
    await stranger.says(
        "确认货到付款", order_goal="cod_confirm", order_number=NUMBER, phone_last4="3321"
    )
    await stranger.says("确认")
    assert stranger.asked_for == "one_time_code"
    assert len(pocket.codes) == 1
    assert (await shop.cod()).state == CodState.ASKED


async def test_who_takes_the_parcel_is_no_new_address(shop: Shop) -> None:
    customer = await asked(shop, Friction.ONE_TAP)
    await customer.says("放驿站吧", order_goal="cod_confirm")
    said = await customer.says("那叫我妈收 她在家", order_goal="change_address")
    assert names(said) == ["utter_preview_change_cod"]
    assert "我妈收" in said[0]["changes"]
