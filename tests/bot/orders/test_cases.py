"""A case is opened once, keeps its promise's time, and its answer reaches the customer."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from bot.conversations import transcript
from bot.orders.book import SqlOrderBook
from bot.orders.cases import CaseDesk, CaseKind, CasePolicy, UnknownCaseError
from bot.orders.model import Order
from bot.storage.conversations import MessageRow
from bot.storage.engine import Database
from tests.bot.orders.conftest import NOW


@pytest.fixture
async def late(shop: Database) -> Order:
    order = await SqlOrderBook(shop).find("SO20261105007")
    assert order is not None
    return order


@pytest.fixture
def cases(shop: Database, root: Path) -> CaseDesk:
    return CaseDesk(shop, CasePolicy.load(root / "data/policy/cases.yml"))


async def test_urging_twice_is_one_case(cases: CaseDesk, late: Order) -> None:
    first = await cases.open(CaseKind.URGE, late, conversation_id="c1", now=NOW)
    later = NOW + timedelta(hours=1)
    second = await cases.open(CaseKind.URGE, late, conversation_id="c2", now=later)
    assert (first.new, second.new) == (True, False)
    assert second.number == first.number
    assert second.promised_for == first.promised_for == NOW + timedelta(hours=24)
    assert [case.number for case in await cases.waiting()] == [first.number]


async def test_the_answer_reaches_the_customer(
    cases: CaseDesk, late: Order, shop: Database
) -> None:
    async with shop.write() as session:
        conversation = await transcript.open_conversation(session, "web", "visitor")
    case = await cases.open(CaseKind.URGE, late, conversation_id=conversation.id, now=NOW)
    await cases.close(case.number, "明天上午送到。", agent="陈", now=NOW)
    async with shop.read() as session:
        (message,) = (await session.scalars(select(MessageRow))).all()
    assert (message.body["text"], message.author) == ("明天上午送到。", "agent")
    assert await cases.waiting() == []
    with pytest.raises(UnknownCaseError, match=case.number):
        await cases.close(case.number, "again", agent="陈", now=NOW)
    again = await cases.open(CaseKind.URGE, late, conversation_id=conversation.id, now=NOW)
    assert again.new
