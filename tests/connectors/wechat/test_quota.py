"""What WeChat lets us send is never exceeded, the last message is kept for a person, and nothing is lost."""

from __future__ import annotations

import asyncio
import itertools
import time
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from bot.conversations.model import Button, Direction, MessageState
from bot.conversations.phrases import Phrases
from bot.desk.catalogue import Catalogue
from bot.desk.service import Agent, HandoffDesk
from bot.storage.channels import ChannelCustomerRow
from bot.storage.conversations import MessageRow
from bot.storage.engine import Database
from connectors.wechat.customers import Customers
from tests.connectors.harness import RunningApp, until, until_async
from tests.connectors.wechat.fake import FakeWeChat


async def test_four_are_the_bots_and_the_fifth_is_a_persons(
    database: Database,
) -> None:
    customers = Customers(database, "wechat")
    assert not await customers.may_send("oLi", keep_last=False)  # never wrote
    await customers.wrote("oLi", datetime.now(UTC))
    sent = 0
    while await customers.may_send("oLi", keep_last=True):
        await customers.sent("oLi")
        sent += 1
    assert sent == 4
    assert await customers.may_send("oLi", keep_last=False)
    await customers.sent("oLi")
    assert not await customers.may_send("oLi", keep_last=False)
    await customers.stepped_by("oLi", datetime.now(UTC))  # a menu click: three more, for a minute
    for _ in range(3):
        assert await customers.may_send("oLi", keep_last=True)
        await customers.sent("oLi")
    assert not await customers.may_send("oLi", keep_last=False)


async def test_quotas_end_with_their_time(database: Database) -> None:
    customers = Customers(database, "wechat")
    await customers.wrote("oLi", datetime.now(UTC))
    await customers.stepped_by("oLi", datetime.now(UTC))
    past = datetime.now(UTC) - timedelta(seconds=1)
    async with database.write() as session:
        await session.execute(update(ChannelCustomerRow).values(events_until=past))
    await customers.sent("oLi")  # counts against the 48 hours
    async with database.read() as session:
        row = await session.get_one(ChannelCustomerRow, ("wechat", "oLi"))
        assert (row.messages_left, row.events_left) == (4, 3)
    async with database.write() as session:
        await session.execute(update(ChannelCustomerRow).values(messages_until=past))
    assert not await customers.may_send("oLi", keep_last=False)


async def test_a_repeated_delivery_does_not_fill_the_quota_again(database: Database) -> None:
    customers, at = Customers(database, "wechat"), datetime.now(UTC)
    await customers.wrote("oLi", at)
    await customers.sent("oLi")
    await customers.wrote("oLi", at)
    async with database.read() as session:
        assert (await session.get_one(ChannelCustomerRow, ("wechat", "oLi"))).messages_left == 4


async def test_the_offers_of_two_customers_are_apart(database: Database) -> None:
    customers = Customers(database, "wechat")
    await customers.shown("oLi", (Button("运费", "/a"),), [1])
    assert await customers.offers("oLi") == [Button("运费", "/a")]
    assert await customers.offers("oWang") == []
    await customers.shown("oLi", (), [2])
    assert await customers.offers("oLi") == []


async def test_an_agent_has_five_messages_and_the_rest_waits_for_the_customer(
    wechat: FakeWeChat, app: RunningApp, phrases: Phrases
) -> None:
    await wechat.say("oLi", "buttons")
    await wechat.say("oLi", "3")  # a person, please
    catalogue = Catalogue.load(app.settings.desk_folder)
    desk = HandoffDesk(app.database, phrases, "zh", catalogue)
    (waiting,) = await desk.queue()
    for number in range(1, 8):
        await desk.answer(waiting.conversation_id, Agent("chen", "小陈"), f"第{number}句")
        await until(lambda n=number: len(wechat.texts("oLi")) >= min(2 + n, 7))  # type: ignore[misc]
    assert wechat.texts("oLi")[2:] == [f"第{n}句" for n in range(1, 6)]
    # The customer writes again: what waited comes first, as one message.
    await wechat.say("oLi", "还在吗")
    await until(lambda: "第7句" in wechat.texts("oLi")[-1])
    assert wechat.texts("oLi")[7:] == ["第6句\n\n第7句"]


async def test_the_bots_last_message_has_all_the_answers_in_it(
    wechat: FakeWeChat, app: RunningApp, quick: None
) -> None:
    for text in ("held 一", "held 二", "held 三"):
        await wechat.say("oLi", text)
    async with app.database.write() as session:
        await session.execute(update(ChannelCustomerRow).values(messages_left=2))
    app.dialogue.go.set()
    await until(lambda: bool(wechat.texts("oLi")))
    assert wechat.texts("oLi") == ["re held 一\n\nre held 二\n\nre held 三"]


@pytest.mark.parametrize("code", [45015, 45047, 48001])
async def test_when_wechat_says_that_the_way_is_closed_the_answer_waits_for_the_next_message(
    wechat: FakeWeChat, app: RunningApp, quick: None, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    wechat.faults.append(code)
    await wechat.say("oLi", "held")
    app.dialogue.go.set()
    await app.until_out(lambda row: row.error is not None)
    assert wechat.texts("oLi") == []
    # From here on answers are in time.
    monkeypatch.setattr("connectors.wechat.callback._ANSWER_WITHIN_S", 45.0)
    assert await wechat.say("oLi", "在吗") == "re held\n\nre 在吗"


async def test_an_answer_that_waited_two_days_is_given_up(
    wechat: FakeWeChat, app: RunningApp, quick: None
) -> None:
    wechat.faults.append(45015)
    await wechat.say("oLi", "held")
    app.dialogue.go.set()
    await app.until_out(lambda row: row.error is not None)
    past = datetime.now(UTC) - timedelta(hours=49)
    async with app.database.write() as session:
        await session.execute(
            update(MessageRow)
            .where(MessageRow.direction == Direction.OUT.value)
            .values(next_attempt_at=past, created_at=past)
        )
    await app.until_out(lambda row: row.state == MessageState.FAILED.value)
    assert wechat.texts("oLi") == []


async def test_what_is_sent_while_a_message_is_still_noted_down_counts_against_it(
    wechat: FakeWeChat, app: RunningApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrote = Customers.wrote

    async def slowly(customers: Customers, user: str, at: datetime) -> bool:
        await asyncio.sleep(0.3)
        return await wrote(customers, user, at)

    wechat.clock = itertools.count(int(time.time()) - 4).__next__
    await wechat.say("oLi", "在吗")
    monkeypatch.setattr(Customers, "wrote", slowly)
    await wechat.say("oLi", "long")  # in parts, which all count
    await app.until_out(lambda row: "used up" in (row.error or ""))
    assert len(wechat.texts("oLi")) == 1 + 4
    assert wechat.customers["oLi"].left() == 1, "the last is a person's"
    assert await _books_say(app, 1)


async def test_a_message_of_a_clock_ahead_of_ours_counts_once_however_often_it_comes(
    wechat: FakeWeChat, app: RunningApp
) -> None:
    wechat.clock = lambda: int(time.time()) + 20
    message = wechat.message("oLi", MsgType="text", Content="long")
    await wechat.deliver(message)
    await until(lambda: len(wechat.texts("oLi")) == 4)
    await until_async(lambda: _books_say(app, 1))
    await wechat.deliver(message)
    assert wechat.customers["oLi"].left() == 1
    assert await _books_say(app, 1)


async def _books_say(app: RunningApp, left: int) -> bool:
    async with app.database.read() as session:
        row = await session.get_one(ChannelCustomerRow, ("wechat", "oLi"))
        return row.messages_left == left
