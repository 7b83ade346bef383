"""A customer and an agent side by side: a hand-off for each reason, files, the way out, and the next day.

One app, one customer's page and one agent's page for all of it; only the engine is a script.
"""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from PIL import Image
from playwright.sync_api import Browser, expect
from sqlalchemy import select

from bot.conversations.model import HandoffReason
from bot.desk.catalogue import Catalogue
from bot.orders.model import OrderState
from bot.orders.people import call_customer
from bot.storage.conversations import HandoffRow, TurnRow
from bot.storage.engine import Database
from tests.apps import read_phrases
from tests.bot.orders.test_promise import make_order
from tests.browser.people import Agent, Customer
from tests.desk.running import DeskApp, real_knowledge

expect.set_options(timeout=20_000)

# What the customer says, and the button that they press then where they are asked first.
SAID: list[tuple[HandoffReason, list[str], str | None]] = [
    # Anger first: who has just left a person is asked before another one comes.
    (HandoffReason.ANGER, ["你们太欺负人了"], None),
    (HandoffReason.ASKED_FOR, ["我要人工"], None),
    (HandoffReason.LOW_CONFIDENCE, ["叽里咕噜", "咕噜叽里"], None),
    (HandoffReason.COMPLAINT, ["我要投诉"], "要，请同事来"),
    (HandoffReason.POLICY, ["过期能退吗"], "转人工"),
    (HandoffReason.ORDER_PROBLEM, ["包裹丢了"], "转人工"),
    (HandoffReason.BACKEND_DOWN, ["系统查不了订单吗"], "转人工"),
    (HandoffReason.ENGINE_DOWN, ["机器人坏了"], None),
    # The same answer again and again helps nobody.
    (HandoffReason.TURN_LIMIT, ["包邮吗"] * 7, "转人工客服"),
]


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DeskApp]:
    with DeskApp(tmp_path_factory.mktemp("desk"), real_knowledge()) as app:
        yield app


@pytest.fixture(scope="module")
def customer(app: DeskApp, browser: Browser) -> Customer:
    # The app first: it runs an event loop of its own before Playwright does.
    return Customer(browser.new_context(locale="zh-CN").new_page(), app)


@pytest.fixture(scope="module")
def agent(app: DeskApp, browser: Browser) -> Agent:
    # On a break: else the desk gives a customer who comes back to the agent who had them.
    client = app.client("xiaochen")
    client.post("/desk/api/agents/xiaochen", json={"accepting": False}).raise_for_status()
    client.close()
    return Agent(browser.new_context(locale="zh-CN").new_page(), app)


@pytest.fixture(scope="module")
def catalogue(app: DeskApp) -> Catalogue:
    return Catalogue.load(app.settings.desk_folder)


def _run(work: Callable[[], Coroutine[None, None, None]]) -> None:
    """Run asynchronous work; Playwright's own loop has this thread."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, work()).result()


def test_every_reason_is_in_the_list() -> None:
    others = {HandoffReason.COD_UNREACHABLE, HandoffReason.TAKEOVER}
    assert {reason for reason, _, _ in SAID} | others == set(HandoffReason)


@pytest.mark.parametrize(("reason", "lines", "button"), SAID, ids=[str(one[0]) for one in SAID])
def test_a_hand_off_for_each_reason(
    customer: Customer,
    agent: Agent,
    catalogue: Catalogue,
    reason: HandoffReason,
    lines: list[str],
    button: str | None,
) -> None:
    for number, line in enumerate(lines, start=1):
        customer.say(line)
        expect(customer.messages("customer").filter(has_text=line).last).to_be_visible()
        if number < len(lines):
            customer.settle()
    if button is not None:
        customer.press(button)
    expect(customer.queue).to_contain_text("第 1 位")
    row = agent.page.get_by_test_id("row")
    agent.page.get_by_test_id("tab-waiting").click()
    expect(row).to_have_count(1)
    expect(row).to_contain_text(catalogue.reasons[reason].zh)
    row.click()
    agent.take()
    expect(customer.state).to_contain_text("小陈正在为您服务")
    expect(customer.queue).to_be_hidden()
    closings = customer.messages("system").filter(has_text="本次人工服务已结束")
    before = closings.count()
    agent.close("spam")
    expect(customer.state).to_contain_text("智能助手")
    expect(closings).to_have_count(before + 1)


def test_an_order_whose_customer_nobody_reaches_stands_in_the_queue_as_a_call(
    app: DeskApp, agent: Agent, catalogue: Catalogue
) -> None:
    async def not_reached() -> None:
        database = Database(app.settings.database)
        order = replace(make_order(OrderState.PAID), phone="+8613800001234")
        phrases = read_phrases(app.settings.root)
        async with database.write() as session:
            await call_customer(
                session, phrases, order, [], datetime.now(UTC), HandoffReason.COD_UNREACHABLE
            )
        await database.close()

    _run(not_reached)
    agent.page.get_by_test_id("tab-waiting").click()
    row = agent.page.get_by_test_id("row")
    expect(row).to_contain_text(catalogue.reasons[HandoffReason.COD_UNREACHABLE].zh)
    expect(row).to_contain_text("请打电话 +8613800001234")
    row.click()
    expect(agent.lines("system").first).to_contain_text("需要电话确认：+8613800001234")
    agent.take()
    # Nothing that is written reaches a telephone: how the call went is a note.
    composer = agent.page.get_by_test_id("composer")
    expect(composer).to_be_disabled()
    agent.page.get_by_test_id("mode-note").click()
    composer.fill("电话没人接，下午再打")
    agent.page.keyboard.press("Enter")
    expect(agent.page.get_by_test_id("note")).to_contain_text("下午再打")
    agent.close("informed")


def test_pictures_and_files_go_both_ways_and_the_customer_stops_waiting(
    customer: Customer, agent: Agent
) -> None:
    drawn = io.BytesIO()
    Image.new("RGB", (60, 40), "teal").save(drawn, "PNG")
    picture = {"name": "破损.png", "mimeType": "image/png", "buffer": drawn.getvalue()}
    paper = {"name": "发票.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7 x"}
    customer.say("人工，看下图片")
    expect(customer.queue).to_be_visible()
    customer.page.get_by_test_id("chooser").set_input_files(files=[picture])
    agent.page.get_by_test_id("tab-waiting").click()
    row = agent.page.get_by_test_id("row")
    expect(row).to_contain_text("［图片］")
    row.click()
    seen = agent.page.get_by_test_id("attached").locator("img")
    expect(seen).to_have_js_property("naturalWidth", 60)
    agent.take()
    agent.page.get_by_test_id("chooser").set_input_files(files=[paper, picture])
    expect(customer.messages("agent").locator("a.card")).to_contain_text("发票.pdf")
    expect(customer.messages("agent").locator("img").last).to_be_visible()
    expect(agent.page.get_by_test_id("outgoing")).to_have_count(0)
    agent.close("informed")
    expect(customer.state).to_contain_text("智能助手")
    customer.say("还是要人工")
    expect(customer.queue).to_be_visible()
    customer.page.get_by_test_id("leave-queue").click()
    expect(customer.state).to_contain_text("智能助手")
    expect(row).to_have_count(0)


def test_a_customer_who_returns_next_day_finds_the_story_and_so_does_whoever_takes_over(
    app: DeskApp, customer: Customer, agent: Agent
) -> None:
    async def a_day_passes() -> None:
        database = Database(app.settings.database)
        day = timedelta(days=1, minutes=1)
        async with database.write() as session:
            for row in await session.scalars(select(HandoffRow)):
                row.created_at -= day
                row.taken_at = row.taken_at and row.taken_at - day
                row.closed_at = row.closed_at and row.closed_at - day
            for turn in await session.scalars(select(TurnRow)):
                turn.created_at -= day
        await database.close()

    customer.say("先问一句，包邮吗")
    customer.settle()
    said = customer.messages("customer").count()
    app.stop()
    customer.page.close()
    _run(a_day_passes)
    app.start()
    again = Customer(customer.page.context.new_page(), app)
    expect(again.messages("customer")).to_have_count(said)
    again.say("包邮吗")
    expect(again.messages("bot").last).to_contain_text("99")
    again.say("人工，还是昨天的事")
    agent.open("还是昨天的事")
    # Yesterday's agent has no claim any more.
    expect(agent.page.get_by_test_id("row")).not_to_contain_text("上次是您接的")
    expect(agent.lines("customer").filter(has_text="先问一句")).to_have_count(1)
    agent.take()
    agent.say("您好，昨天的记录我都看到了")
    expect(again.messages("agent").last).to_contain_text("昨天的记录")
    agent.close("spam")
