"""A waiting customer: place and wait, lateness, calls, assignment, the same agent again."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from bot.clock import SHOP_ZONE
from bot.conversations import transcript
from bot.conversations.handoff import BACK_TO_BOT
from bot.conversations.model import Author
from bot.desk.board import Call
from bot.desk.callback import CALL_ME, phone_in
from bot.desk.hours import Hours, Span
from bot.desk.staff import Colleague, choose
from bot.desk.teams import Team, team_for
from bot.desk.waiting import WaitClock, asks_how_long
from bot.storage.conversations import HandoffRow
from tests.bot.conversations.conftest import *  # noqa: F403 - its fixtures
from tests.bot.desk.shop import *  # noqa: F403 - its fixtures
from tests.bot.desk.shop import CHEN, GRACE, Shop


async def test_the_place_is_told_after_a_moment_and_again_only_when_it_has_changed(
    shop: Shop,
) -> None:
    first = await shop.desk.say("person", "u1")
    second = await shop.desk.say("person", "u2")
    await shop.look(seconds=5)
    assert await shop.said(second) == [], "an agent may be quick"
    await shop.look(seconds=30)
    (line,) = await shop.said(second)
    assert "2" in line.text
    assert [b.payload for b in line.buttons] == [CALL_ME, BACK_TO_BOT]
    await shop.look(minutes=5)
    assert len(await shop.said(second)) == 1
    await shop.agents.close(first, CHEN)
    await shop.look(minutes=9)
    assert "1" in (await shop.said(second))[-1].text


async def test_a_waiting_customer_is_told_where_the_order_is_and_nothing_else(shop: Shop) -> None:
    conversation = await shop.desk.say("person")
    await shop.desk.say("我的订单到哪了", message_id="a")
    await shop.desk.say("包邮吗", message_id="b")
    async with shop.desk.database.read() as session:
        lines = await transcript.entries(session, conversation)
    by_bot = [line.body.text for line in lines if line.author == Author.BOT]
    assert by_bot == ["re person", "re 我的订单到哪了"]
    assert len(await shop.board.open()) == 1


async def test_a_call_is_noted_with_number_and_time_and_ends_with_the_conversation(
    shop: Shop,
) -> None:
    conversation = await shop.desk.say("person")
    shop.desk.inbox = type(shop.desk.inbox)(shop.desk.database, 2000, frozenset({CALL_ME}))
    await shop.desk.say("给我回电", message_id="1", payload=CALL_ME)
    await shop.desk.say("12345", message_id="2")
    await shop.desk.say("我的号码是 138-0013-8000", message_id="3")
    await shop.desk.say("晚上八点后", message_id="4")
    (row,) = await shop.board.open()
    assert row.callback == Call("13800138000", "晚上八点后")
    said = [line.text for line in await shop.said(conversation)]
    assert "13800138000" not in "".join(said), "the number is not repeated in full"
    await shop.desk.say("包邮吗", message_id="5")
    async with shop.desk.database.read() as session:
        last = (await transcript.entries(session, conversation))[-1]
    assert last.body.text == "re 包邮吗", "who is called need not wait in silence"
    await shop.agents.close(conversation, CHEN, "called_back")
    await shop.desk.say("person", message_id="6")
    (row,) = await shop.board.open()
    assert row.callback is None


@pytest.mark.parametrize(
    ("text", "phone"),
    [
        ("13800138000", "13800138000"),
        ("+86 138 0013 8000 谢谢", "13800138000"),
        ("１３８００１３８０００", "13800138000"),
        ("010-6552 1234", "01065521234"),
        ("+852 9123 4567", "91234567"),
        ("SO20261105001", None),
        ("12345", None),
        ("13800138000 或 13900139000", None),
    ],
)
def test_phone_numbers(text: str, phone: str | None) -> None:
    assert phone_in(text) == phone


async def test_who_had_the_customer_within_a_day_gets_them_back(shop: Shop) -> None:
    await shop.hire(CHEN, GRACE)
    conversation = await shop.desk.say("person")
    await shop.agents.answer(conversation, GRACE, "Hello")
    await shop.agents.close(conversation, GRACE)
    await shop.desk.say("person", message_id="again")
    shop.online = {"xiaochen", "grace"}
    await shop.look()
    assert await shop.agent_of(conversation) == "grace"


async def test_assignment_goes_to_the_least_busy_and_comes_back_from_who_does_not_answer(
    shop: Shop,
) -> None:
    await shop.hire(CHEN, GRACE)
    shop.online = {"xiaochen", "grace"}
    busy = await shop.desk.say("person", "u0")
    await shop.agents.take(busy, CHEN)
    conversation = await shop.desk.say("person", "u1")
    await shop.look()
    assert await shop.agent_of(conversation) is None, "nobody asked for an assignment"
    await shop.staff.set_assigns("boss", on=True)
    await shop.look()
    assert await shop.agent_of(conversation) == "grace"
    shop.online = {"xiaochen"}
    await shop.keeper.look(datetime.now(UTC) + timedelta(minutes=4))
    assert await shop.agent_of(conversation) is None
    shop.online = {"xiaochen", "grace"}
    await shop.look()
    assert await shop.agent_of(conversation) == "xiaochen"


def test_nobody_gets_more_than_they_take_on() -> None:
    full = Colleague("a", "A", 5, 5, online=True, accepting=True)
    away = Colleague("b", "B", 0, 5, online=False, accepting=True)
    pause = Colleague("c", "C", 0, 5, online=True, accepting=False)
    free = Colleague("d", "D", 4, 5, online=True, accepting=True)
    everybody = [full, away, pause, free]
    assert choose(everybody, None, "a", assigns=True) == free
    assert choose(everybody, None, "a", assigns=False) is None
    home = Team(zh="安装", en="Home", members=("a",))
    assert choose(everybody, home, None, assigns=True) is None


def test_teams_by_topic_and_language() -> None:
    teams = {
        "all": Team(zh="客服", en="Service"),
        "care": Team(zh="投诉", en="Care", topics=("complaint",), languages=("zh",)),
        "care-en": Team(zh="英文投诉", en="Care", topics=("complaint",), languages=("en",)),
    }
    assert team_for(teams, "zh", {"complaint"}) == "care"
    assert team_for(teams, "en", {"complaint"}) == "care-en"
    assert team_for(teams, "en", {"asked_for", "greet"}) == "all"
    assert team_for({}, "en", {"asked_for"}) is None


def test_expected_wait() -> None:
    clock = WaitClock(handling_s=600, slots=10, free=2)
    assert [clock.minutes(place) for place in (1, 2, 3, 12, 13)] == [1, 1, 1, 10, 11]
    assert WaitClock(600, 0, 0).minutes(1) is None, "nobody is there"
    assert WaitClock(None, 5, 0).minutes(1) is None, "nothing is known"


async def test_after_a_rating_the_shop_asks_once_whether_it_is_recommended(shop: Shop) -> None:
    conversation = await shop.desk.say("person")
    await shop.agents.close(conversation, CHEN)
    stars = (await shop.said(conversation))[-1].buttons
    await shop.desk.say("x", message_id="r", payload=stars[-1].payload)
    await shop.desk.say("9", message_id="n")
    await shop.desk.say("9", message_id="n2")
    said = [line.text for line in await shop.said(conversation)]
    assert "0" in said[-2]
    assert said[-1] in ("记下了，谢谢您！", "Noted, thank you!")
    async with shop.desk.database.read() as session:
        last = (await transcript.entries(session, conversation))[-1]
    comment = [button.payload for line in await shop.said(conversation) for button in line.buttons]
    assert comment[-1].startswith("/comment_"), "the comment is offered after the number"
    assert last.body.text == "re 9", "a number later is a message like any other"


async def test_snoozed_until_the_customer_writes(shop: Shop) -> None:
    conversation = await shop.desk.say("person")
    await shop.agents.take(conversation, CHEN)
    await shop.agents.snooze(conversation, CHEN, datetime.now(UTC) + timedelta(hours=1))
    (row,) = await shop.board.open()
    assert row.snoozed_until is not None
    await shop.desk.say("还在吗", message_id="x")
    async with shop.desk.database.read() as session:
        held = await session.scalar(select(HandoffRow))
    assert held is not None
    assert held.snoozed_until is None


async def test_who_waits_when_the_desk_closes_and_who_comes_to_a_closed_team_hear_when_it_opens(
    shop: Shop,
) -> None:
    now = datetime.now(SHOP_ZONE)
    # The shop never closes; the second team was there until a minute ago.
    minute = now.hour * 60 + now.minute
    closing = Hours([[Span(0, minute)]] * 7 if minute else [[]] * 7)
    teams = {
        "all": Team(zh="客服", en="Service"),
        "care": Team(zh="投诉", en="Care", topics=("complaint",)),
    }
    rules = replace(shop.rules, teams=teams, team_hours={"care": closing})
    shop.keeper._rules = rules
    shop.desk.follow(rules)
    waits = await shop.desk.say("person", "u1")
    assert await shop.said(waits) == [], "the shop's own team is there"
    await shop.agents.take(waits, CHEN)
    await shop.agents.pass_on(waits, CHEN, None, team="care")
    for _ in range(2):
        await shop.keeper.look(datetime.now(UTC))
    told = [line.text for line in await shop.said(waits)]
    assert [shop.rules.catalogue.line("transferred_queue", "en").text] == told[:1]
    assert len(told) == 2
    assert "away just now" in told[1]
    await shop.desk.say("包邮吗", "u1")
    assert shop.desk.dialogue.seen[-1] == (waits, "包邮吗"), "the bot goes on helping"


@pytest.mark.parametrize(
    "text",
    [
        "多久", "还要等多久？", "要等多久啊", "请问大概还要多久呢", "还要几分钟", "多久能有人", "什么时候有人接",
        "排到我了吗", "我现在排第几位", "前面还有几个人", "前面多少人", "人呢", "有人吗？", "還要等多久",
        "how long", "How long?", "how much longer", "so how long do I have to wait?", "how long will it take",
        "how much longer is this going to be", "what's my place in the queue", "how many people are ahead of me",
        "is anybody there?", "when will somebody come",
    ],
)  # fmt: skip
def test_who_asks_for_the_wait_alone(text: str) -> None:
    assert asks_how_long(text)


@pytest.mark.parametrize(
    "text",
    [
        "退款多久到账", "发货要多久", "多久能送到", "保修多长时间", "保价能保几天", "退款还要等多久", "有人签收了吗",
        "how long does delivery take", "how long is the warranty", "how long do refunds take",
        "how much is shipping", "is anybody home for the delivery", "",
    ],
)  # fmt: skip
def test_a_question_about_something_else_is_none_for_the_wait(text: str) -> None:
    assert not asks_how_long(text)


async def test_who_asks_how_long_hears_it_each_time(shop: Shop) -> None:
    waits = await shop.desk.say("person")
    for number in range(2):
        await shop.desk.say("还要等多久？", message_id=f"asks {number}")
        assert "第1位" in (await shop.said(waits))[-1].text
    assert len(await shop.said(waits)) == 2
    # Outside the hours the bot answers everything else; the wait is not a question for the FAQ.
    now = datetime.now(SHOP_ZONE)
    minute = (now.hour * 60 + now.minute + 600) % (24 * 60)
    shop.desk.follow(replace(shop.rules, hours=Hours([[Span(minute, minute + 1)]] * 7)))
    asked = len(shop.desk.dialogue.seen)
    await shop.desk.say("多久", message_id="closed")
    assert "北京时间" in (await shop.said(waits))[-1].text
    assert len(shop.desk.dialogue.seen) == asked


async def test_who_waits_for_a_broken_bot_is_told_how_long(shop: Shop) -> None:
    waits = await shop.desk.say("broken")
    await shop.desk.say("how much longer?")
    assert "number 1" in (await shop.said(waits))[-1].text
