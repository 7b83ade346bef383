"""One customer on two channels: the agent sees one story, WeChat's limits, and takes the link back.

The customer writes to a fake WeChat (tests/connectors/wechat) and over the REST channel; the agent has
the real page.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect
from sqlalchemy import select

from bot.clock import SHOP_ZONE
from bot.conversations.model import MessageState
from bot.storage.channels import ChannelCustomerRow
from bot.storage.conversations import MessageRow
from bot.storage.desk import RatingRow, SurveyRow
from bot.storage.engine import Database
from tests.browser.conftest import NewPage, violations
from tests.browser.people import Agent
from tests.desk.running import DeskApp, real_knowledge
from tests.desk.wechat import WeChatSide

expect.set_options(timeout=60_000)
USER = "oWang"


@pytest.fixture(scope="module")
def wechat() -> Iterator[WeChatSide]:
    with WeChatSide() as wechat:
        yield wechat


@pytest.fixture(scope="module")
def app(wechat: WeChatSide, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DeskApp]:
    folder = tmp_path_factory.mktemp("desk")
    with DeskApp(Path(folder), real_knowledge(), more=wechat.settings) as app:
        yield app


def test_a_customer_who_goes_on_on_wechat_is_one_customer_until_unlinked(
    app: DeskApp, wechat: WeChatSide, new_page: NewPage
) -> None:
    for text in ("我的订单 SO20261105003 到哪了", "5207"):
        app.say("elsewhere", text)
    for text in (app.link_code("elsewhere"), "是的", "鞋小了一码", "转人工"):
        wechat.say(app.url, USER, text)
        # A late answer that crosses the next line may count before it for us and after it for WeChat.
        _all_counted(app, wechat)
    agent = Agent(new_page(), app)
    page = agent.page
    row = page.get_by_test_id("row").filter(has_text="陈雨桐")
    expect(row).to_contain_text("微信")
    row.click()
    # What was said on the other channel is part of the story, and each line says where.
    expect(agent.lines("customer").filter(has_text="SO20261105003")).to_contain_text("接口")
    expect(agent.lines("customer").filter(has_text="鞋小了一码")).to_contain_text("微信")
    shown = page.get_by_test_id("window")
    before, heard = _window_is_wechat_s(shown, wechat)
    agent.take()
    agent.say("您好，可以换42码")
    _until(lambda: "您好，可以换42码" in "".join(wechat.heard(USER)), page.wait_for_timeout)
    expect(agent.lines("agent").locator(".status")).to_have_count(0)
    after, heard_since = _window_is_wechat_s(shown, wechat)
    assert before - after == heard_since - heard > 0, "each message of ours takes one"
    assert violations(page) == []
    page.get_by_test_id("part").click()
    expect(page.get_by_test_id("linked")).to_have_count(0)
    agent.close("spam")


def test_stars_and_recommendation_come_as_numbers_on_wechat(
    app: DeskApp, wechat: WeChatSide, new_page: NewPage
) -> None:
    user = "oLi"
    wechat.say(app.url, user, "人工，我是微信顾客")
    agent = Agent(new_page(), app)
    agent.open("我是微信顾客")
    agent.take()
    agent.say("都办好了")
    agent.close()
    heard = lambda: "\n".join(wechat.heard(user))  # noqa: E731
    _until(lambda: "5. ★★★★★" in heard(), agent.page.wait_for_timeout)
    assert heard().count("本次人工服务已结束") == 1
    wechat.say(app.url, user, "5")
    _until(lambda: "0到10" in heard(), agent.page.wait_for_timeout)
    wechat.say(app.url, user, "9")

    found: list[int | None] = []

    async def read(database: Database) -> None:
        async with database.read() as session:
            found[:] = [
                *await session.scalars(select(RatingRow.score)),
                *await session.scalars(select(SurveyRow.score)),
            ]

    def noted() -> bool:
        app.fill(read)
        return found == [5, 9]

    _until(noted, agent.page.wait_for_timeout)


def _all_counted(app: DeskApp, wechat: WeChatSide) -> None:
    """Wait until nothing is on its way to the customer, and all that was sent is in the app's books."""
    books: list[tuple[int | None, int]] = []

    async def read(database: Database) -> None:
        async with database.read() as session:
            row = await session.get(ChannelCustomerRow, ("wechat", USER))
            waiting = await session.scalars(
                select(MessageRow.id).where(
                    MessageRow.channel == "wechat",
                    MessageRow.state == MessageState.PENDING.value,
                )
            )
            books.append((row and row.messages_left, len(waiting.all())))

    def counted() -> bool:
        app.fill(read)
        return books[-1] == (wechat.allows(USER), 0)

    _until(counted, lambda ms: time.sleep(ms / 1000))


def _window_is_wechat_s(shown: Locator, wechat: WeChatSide) -> tuple[int, int]:
    """Wait until the page says what WeChat itself counts; returns how many are left, and were heard."""
    end = wechat.until.astimezone(SHOP_ZONE)

    def agrees() -> bool:
        left = wechat.allows(USER)
        # An answer of the bot that came too late for WeChat's request has taken one before.
        words = f"还可发送{left}条" if left > 1 else f"只能再发{left}条"
        return shown.inner_text() == f"{end.month}月{end.day}日 {end:%H:%M}前{words}"

    _until(agrees, shown.page.wait_for_timeout)
    return wechat.allows(USER), len(wechat.heard(USER))


def _until(condition: Callable[[], bool], wait: Callable[[float], None]) -> None:
    """Wait until WeChat's side has seen something; the page's clock goes on meanwhile."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        if condition():
            return
        wait(100)
    raise AssertionError("it did not come")
