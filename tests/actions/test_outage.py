"""The shop's order system is down: the form says so, tells what was last known, and changes nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from rasa_sdk.executor import ActionExecutor
from sqlalchemy import select, update

from actions.change_actions import AskGoAhead
from actions.orders import OrderAction, ValidateOrderForm
from bot.conversations import transcript
from bot.conversations.phrases import Phrases
from bot.orders.demo import insert_shop
from bot.orders.remote.client import HttpOrderBook
from bot.orders.service import Orders
from bot.storage.cod import BackendWaitRow
from bot.storage.engine import Database
from bot.storage.orders import OrderRow
from tests.actions.test_orders import Clock, Customer, names
from tests.bot.orders.conftest import NOW, known_customers

SHIPPED = {"order_number": "SO20261105001", "phone_last4": "6688"}
COD = {"order_number": "SO20261105002", "phone_last4": "3321"}


@pytest.fixture
def engine_url(tmp_path: Path) -> str:
    """One kind of database will do here; the desks are tested on both."""
    return f"sqlite+aiosqlite:///{tmp_path / 'test.sqlite3'}"


@pytest.fixture
async def customer(database: Database, root: Path) -> AsyncIterator[Customer]:
    """A customer of a shop whose API nobody answers; some orders were seen before."""
    async with database.write() as session:
        await insert_shop(session, known_customers())
        await session.execute(update(OrderRow).values(seen_at=NOW))
        conversation = await transcript.open_conversation(session, "web", "visitor")
    # Port 9 (discard) is closed everywhere: the connection is refused at once.
    shop = HttpOrderBook("http://127.0.0.1:9", "token", timeout_s=5)
    phrases, clock, executor = Phrases(root / "domain.yml"), Clock(), ActionExecutor()
    orders = Orders.build(database, root / "data/policy", phrases, "zh", shop=shop)
    for action in (
        ValidateOrderForm(orders, clock), OrderAction(orders, clock), AskGoAhead(orders, clock),
    ):  # fmt: skip
        executor.register_action(action)
    yield Customer(executor, conversation.id)
    await orders.close()


async def test_the_last_known_status_comes_with_its_time_and_a_promise(
    customer: Customer, database: Database
) -> None:
    said = await customer.says("到哪了", order_goal="order_status", **SHIPPED)
    assert names(said) == ["utter_backend_last_known", "utter_order_shipped", "utter_order_parcel"]
    assert said[0]["as_of"] == "11月22日（周日）19:30"
    async with database.read() as session:
        wait = (await session.scalars(select(BackendWaitRow))).one()
    assert wait.order_number == SHIPPED["order_number"]


async def test_wrong_digits_open_nothing_in_an_outage_either(customer: Customer) -> None:
    wrong = SHIPPED | {"phone_last4": "0000"}
    said = await customer.says("到哪了", order_goal="order_status", **wrong)
    assert names(said) == ["utter_order_no_match"]


async def test_no_change_is_promised(customer: Customer, database: Database) -> None:
    said = await customer.says("取消这单", order_goal="cancel_order", **COD)
    assert names(said) == ["utter_backend_no_change"]
    assert not customer.active
    async with database.read() as session:
        assert (await session.scalars(select(BackendWaitRow))).one().order_number == COD[
            "order_number"
        ]


async def test_an_order_that_was_never_seen_is_not_called_unknown(customer: Customer) -> None:
    unseen = {"order_number": "SO20261105998", "phone_last4": "6688"}
    said = await customer.says("到哪了", order_goal="order_status", **unseen)
    assert names(said) == ["utter_backend_nothing_known"]
    assert not customer.active
