"""A case is opened once, keeps its promise's time, and its answer reaches the customer."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from bot.clock import SHOP_ZONE
from bot.conversations import transcript
from bot.desk.hours import load_hours
from bot.language import Language
from bot.orders import wording
from bot.orders.book import SqlOrderBook
from bot.orders.case_news import asks_for_news, news
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


async def test_a_promise_made_at_night_names_a_time_when_people_are_there(
    shop: Database, root: Path, late: Order
) -> None:
    hours = load_hours(root / "data/desk/hours.yml")
    cases = CaseDesk(shop, CasePolicy.load(root / "data/policy/cases.yml"), hours)
    night = datetime(2026, 11, 24, 0, 6, tzinfo=SHOP_ZONE)
    case = await cases.open(CaseKind.URGE, late, conversation_id="c1", now=night)
    assert wording.promise(case.promised_for, "zh") == "11月24日（周二）21:00"
    assert wording.promise(case.promised_for, "en") == "Tue 24 Nov, 21:00 (Beijing time)"


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


@pytest.mark.parametrize(
    "text",
    [
        "我的售后处理得怎么样了", "退货进度", "催单有消息了吗", "我的退货审核了没", "CS20261123123456",
        "any news on my return case?", "how's my refund going", "has my report been looked into",
    ],
)  # fmt: skip
def test_a_question_how_a_case_is_going(text: str) -> None:
    assert asks_for_news(text)


@pytest.mark.parametrize(
    "text",
    [
        "怎么申请退货", "退款多久到账", "我要退货", "怎么看退款进度", "在哪里查退货进度",
        "I want to return my shoes", "where can I see the status of my refund", "where is my order",
    ],
)  # fmt: skip
def test_wishes_and_questions_how_things_go_in_general_are_not_about_a_case(text: str) -> None:
    assert not asks_for_news(text)


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_the_news_of_a_case_are_its_promise_then_that_it_is_late_then_its_answer(
    cases: CaseDesk, late: Order, language: Language
) -> None:
    case = await cases.open(CaseKind.URGE, late, conversation_id="c1", now=NOW)
    assert await cases.last_order("c1") == late.number
    assert await cases.last_order("c2") is None
    (open_one,) = news(await cases.of_orders([late.number]), NOW, language)
    assert open_one.response == "utter_case_news_open"
    assert open_one.values["case"].startswith(case.number)
    assert late.number in open_one.values["case"]
    assert open_one.values["next_step"]
    (overdue,) = news(await cases.of_orders([late.number]), NOW + timedelta(hours=25), language)
    assert overdue.response == "utter_case_news_late"
    await cases.close(case.number, "明天上午送到。", agent="陈", now=NOW)
    (closed,) = news(await cases.of_orders([late.number]), NOW, language)
    assert (closed.response, closed.values["answer"]) == (
        "utter_case_news_closed",
        "明天上午送到。",
    )


async def test_a_case_that_was_taken_back_is_no_news(cases: CaseDesk, late: Order) -> None:
    await cases.open(CaseKind.URGE, late, conversation_id="c1", now=NOW)
    assert await cases.withdraw_last("customer:c1", NOW)
    assert await cases.of_orders([late.number]) == []
