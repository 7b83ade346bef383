"""The desk in real browsers: an agent's and a customer's, side by side, against the real app.

Only the engine is a script (tests/desk/running.py), so that each conversation takes milliseconds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from bot.orders.cases import CaseKind
from tests.browser.conftest import NewPage, violations, violations_in_all_looks
from tests.browser.people import Agent, Customer
from tests.desk.running import DeskApp, real_knowledge

expect.set_options(timeout=60_000)


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DeskApp]:
    with DeskApp(tmp_path_factory.mktemp("desk"), real_knowledge()) as app:
        yield app


def test_a_hand_off_from_the_queue_to_the_rating(app: DeskApp, new_page: NewPage) -> None:
    customer = Customer(new_page(), app)
    agent = Agent(new_page(), app)
    customer.say("我的订单 SO20261105001 到哪了")
    customer.say("6688")
    customer.say("转人工一号")
    expect(customer.queue).to_have_text("排在第 1 位，预计等 1 分钟")
    # What changes while they wait and talk is said to screen readers, and axe finds nothing.
    found = {"queue": violations(customer.page)}
    assert "- status: 排在第 1 位" in customer.page.get_by_test_id("panel").aria_snapshot()
    agent.open("转人工一号")
    page = agent.page
    expect(page).to_have_title(re.compile(r"^\(\d+\) 应答工作台$"))
    expect(page.get_by_test_id("row").filter(has_text="转人工一号")).to_contain_text("林静")
    expect(page.get_by_test_id("brief")).to_contain_text("查订单到哪了")
    expect(page.get_by_test_id("identity")).to_contain_text("林静 · 已核实")
    expect(page.get_by_test_id("order").first).to_contain_text("SO20261105001")
    expect(page.get_by_test_id("reading").last).to_contain_text("转人工 · 要求人工")
    agent.take()
    expect(customer.state).to_contain_text("小陈正在为您服务")
    page.get_by_test_id("composer").press_sequentially("您")
    expect(customer.page.get_by_role("img", name="正在输入")).to_be_visible()
    found["agent"] = violations(customer.page)
    assert "- status: 小陈正在为您服务" in customer.page.get_by_test_id("panel").aria_snapshot()
    agent.say("您好，我查到了")
    expect(customer.messages("agent")).to_have_text([re.compile("您好，我查到了")])
    customer.say("好的谢谢")
    expect(agent.lines("customer").filter(has_text="好的谢谢")).to_be_visible()
    page.get_by_test_id("mode-note").click()
    page.get_by_test_id("composer").fill("顾客很客气")
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("note")).to_contain_text("顾客很客气")
    agent.close()
    expect(customer.state).to_contain_text("智能助手")
    closing = customer.messages("system").filter(has_text="本次人工服务已结束")
    expect(closing).to_have_count(1)
    expect(customer.page.get_by_text("顾客很客气")).to_have_count(0)
    found["rating"] = violations(customer.page)
    customer.page.get_by_test_id("quick-reply").filter(has_text="很满意").first.click()
    expect(customer.messages("system").last).to_contain_text("0到10")
    customer.say("9")
    customer.page.get_by_test_id("quick-reply").filter(has_text="写两句").click()
    expect(customer.messages("system").last).to_contain_text("您请说")
    customer.say("小陈很耐心")
    expect(customer.messages("system").last).to_contain_text("谢谢您告诉我们")
    customer.say("包邮吗")
    expect(customer.messages("bot").last).to_contain_text("99")
    assert {state: what for state, what in found.items() if what} == {}


def test_a_ready_made_reply_and_an_faq_answer_go_into_the_field(
    app: DeskApp, new_page: NewPage
) -> None:
    app.say("canned", "开发票要多久，怎么开发票")
    app.say("canned", "转人工二号")
    agent = Agent(new_page(), app)
    agent.open("转人工二号")
    agent.take()
    field = agent.page.get_by_test_id("composer")
    field.fill("/nh")
    expect(agent.page.get_by_test_id("canned")).to_contain_text("问候")
    agent.page.keyboard.press("Enter")
    expect(field).to_have_value(re.compile("您好，我是小陈"))
    field.fill("")
    expect(agent.page.get_by_test_id("suggestion").first).to_contain_text("发票")
    agent.page.keyboard.press("Alt+1")
    expect(field).to_have_value(re.compile("发票"))
    agent.close("informed")


def test_a_transfer_keeps_the_story_and_two_agents_do_not_collide(
    app: DeskApp, new_page: NewPage
) -> None:
    customer = Customer(new_page(), app)
    customer.say("转人工三号")
    first, second = Agent(new_page(), app), Agent(new_page(), app, "grace")
    first.open("转人工三号")
    second.open("转人工三号")
    expect(first.page.get_by_test_id("guard")).to_contain_text("Grace")
    first.take()
    expect(second.page.get_by_test_id("composer")).to_be_disabled()
    expect(second.page.get_by_test_id("take")).to_be_hidden()
    first.say("我帮您转给同事")
    first.page.get_by_test_id("pass").click()
    first.page.get_by_test_id("to-grace").click()
    expect(second.page.get_by_test_id("composer")).to_be_enabled()
    expect(second.lines("agent").filter(has_text="我帮您转给同事")).to_be_visible()
    expect(customer.state).to_contain_text("Grace")
    expect(first.page.get_by_test_id("composer")).to_be_disabled()
    second.say("Grace here")
    second.page.get_by_test_id("give-back").click()
    expect(customer.messages("system").last).to_contain_text("接下来由我为您服务")
    expect(customer.state).to_contain_text("智能助手")


def test_an_agent_steps_in_for_the_bot(app: DeskApp, new_page: NewPage) -> None:
    customer = Customer(new_page(), app)
    customer.say("包邮吗？四号顾客")
    agent = Agent(new_page(), app)
    agent.open("四号顾客", tab="bot")
    agent.take()
    expect(customer.state).to_contain_text("小陈")
    answered = customer.messages("bot").count()
    customer.say("包邮吗")
    expect(agent.lines("customer").filter(has_text=re.compile("包邮吗$"))).to_be_visible()
    agent.say("包的")
    expect(customer.messages("bot")).to_have_count(answered)
    agent.close()


def test_an_agent_who_closes_the_browser_finds_everything_again(
    app: DeskApp, new_page: NewPage
) -> None:
    customer = Customer(new_page(), app)
    customer.say("转人工五号")
    page = new_page()
    agent = Agent(page, app)
    agent.open("转人工五号")
    agent.take()
    agent.say("稍等")
    page.get_by_test_id("composer").fill("写到一半的话")
    again = page.context.new_page()
    page.close()
    customer.say("你还在吗")
    again.goto(f"{app.url}/desk/?lang=zh")
    again.get_by_test_id("tab-mine").click()
    row = again.get_by_test_id("row").filter(has_text="你还在吗")
    expect(row).to_contain_text("1")
    row.click()
    expect(again.locator('[data-testid="line"]').filter(has_text="你还在吗")).to_be_visible()
    expect(again.get_by_test_id("composer")).to_have_value("写到一半的话")
    again.keyboard.press("Escape")


def test_a_lost_connection_loses_nothing_on_either_side(app: DeskApp, new_page: NewPage) -> None:
    customer = Customer(new_page(), app)
    customer.say("转人工六号")
    agent = Agent(new_page(), app)
    agent.open("转人工六号")
    agent.take()
    agent.page.context.set_offline(True)
    agent.page.get_by_test_id("composer").fill("断线时写的话")
    agent.page.keyboard.press("Enter")
    expect(agent.page.get_by_test_id("outgoing")).to_contain_text("断线时写的话")
    customer.say("断线时顾客说的话")
    agent.page.context.set_offline(False)
    expect(agent.lines("agent").filter(has_text="断线时写的话")).to_have_count(1)
    expect(agent.lines("customer").filter(has_text="断线时顾客说的话")).to_have_count(1)
    expect(customer.messages("agent").filter(has_text="断线时写的话")).to_have_count(1)
    agent.close()


def test_after_a_restart_of_the_app_both_sides_go_on(app: DeskApp, new_page: NewPage) -> None:
    customer = Customer(new_page(), app)
    customer.say("转人工七号")
    agent = Agent(new_page(), app)
    agent.open("转人工七号")
    agent.take()
    app.stop()
    app.start()
    customer.say("重启后的话")
    expect(agent.lines("customer").filter(has_text="重启后的话")).to_be_visible()
    agent.say("收到，继续")
    expect(customer.messages("agent").filter(has_text="收到，继续")).to_have_count(1)
    agent.close()


def test_what_a_customer_writes_is_never_markup(app: DeskApp, new_page: NewPage) -> None:
    app.say(
        "markup", '<img src=x onerror="window.injected=1"> [点我](javascript:alert(1)) 转人工八号'
    )
    agent = Agent(new_page(), app)
    agent.open("转人工八号")
    expect(agent.lines("customer")).to_contain_text("onerror")
    assert agent.page.evaluate("window.injected") is None
    assert agent.page.locator('[data-testid="log"] :is(img, a)').count() == 0


def test_the_whole_way_by_keyboard(app: DeskApp, new_page: NewPage) -> None:
    app.say("keys", "转人工九号")
    agent = Agent(new_page(), app)
    page = agent.page
    expect(page.get_by_test_id("row").filter(has_text="九号")).to_be_visible()
    for _ in range(page.get_by_test_id("row").count()):
        page.keyboard.press("j")
        if page.locator("[aria-current]").filter(has_text="九号").count():
            break
    expect(agent.lines("customer").filter(has_text="九号")).to_be_visible()
    page.keyboard.press("t")
    expect(page.get_by_test_id("composer")).to_be_focused()
    page.keyboard.type("keyboard only")
    page.keyboard.press("Enter")
    # The shop's program has yet to come for it.
    said = agent.lines("agent").filter(has_text="keyboard only")
    expect(said).to_contain_text("等对方读取")
    app.say("keys", "看到了")
    expect(said).not_to_contain_text("等对方读取")
    page.keyboard.press("Escape")
    page.keyboard.press("x")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("1")
    expect(page.get_by_test_id("close")).to_be_hidden()
    # A new case is counted without asking, and its list is a key away.
    (conversation,) = app.conversations_of("keys")
    before = int(page.get_by_test_id("cases").inner_text() or 0)
    app.open_case(CaseKind.INVOICE, "SO20261105003", conversation, email="lin@shop.example")
    expect(page.get_by_test_id("cases")).to_have_text(str(before + 1))
    page.keyboard.press("c")
    expect(page.get_by_test_id("cases-list")).to_contain_text("SO20261105003")
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("cases-list")).to_be_hidden()


def test_axe_finds_nothing_on_any_page(app: DeskApp, new_page: NewPage) -> None:
    """One walk over the pages; each is looked at light and dark, wide and on a phone."""
    app.say("axe", "我的订单 SO20261105001 到哪了")
    app.say("axe", "气死我了")
    page = new_page(viewport={"width": 1440, "height": 860})
    look = violations_in_all_looks
    page.goto(f"{app.url}/desk/?lang=zh")
    expect(page.locator("#login")).to_be_visible()
    found = {"sign-in": look(page)}
    agent = Agent(page, app)
    expect(page.get_by_test_id("row").first).to_be_visible()
    found["queue"] = look(page)
    page.get_by_test_id("row").first.click()
    expect(page.get_by_test_id("brief")).to_be_visible()
    found["conversation"] = look(page)
    agent.take()
    page.get_by_test_id("composer").fill("/")
    expect(page.get_by_test_id("canned")).to_be_visible()
    found["ready-made replies"] = look(page)
    page.keyboard.press("Escape")
    page.get_by_test_id("pass").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    found["dialog"] = look(page)
    page.keyboard.press("Escape")
    page.get_by_test_id("keys").click()
    found["keys"] = look(page)
    page.keyboard.press("Escape")
    found["cases"] = _answers_a_case(app, page, "axe")
    agent.close("spam")
    assert {name: what for name, what in found.items() if what} == {}


def _answers_a_case(app: DeskApp, page: Page, user: str) -> list[str]:
    """Answer a case in the list; returns what axe finds on the list."""
    (conversation,) = app.conversations_of(user)
    told = {"problem": "damaged", "words": ["杯子碎了"], "email": "lin@shop.example"}
    case = app.open_case(CaseKind.PROBLEM, "SO20261105001", conversation, **told)
    page.get_by_test_id("cases").click()
    card = page.get_by_test_id("case").filter(has_text=case.number)
    card.locator("summary").click()
    expect(card).to_contain_text("lin@shop.example")
    found = violations_in_all_looks(page)
    # The list needs no sideways scrolling, on a phone neither.
    box = page.get_by_role("dialog")
    for width in (390, 1440):
        page.set_viewport_size({"width": width, "height": 860})
        assert box.evaluate("dialog => dialog.scrollWidth <= dialog.clientWidth")
    card.get_by_test_id("case-answer").fill(f"新杯子今天发出 {user}")
    card.get_by_test_id("case-close").click()
    expect(page.get_by_test_id("cases-said")).to_contain_text("答复已发给顾客")
    expect(card).to_have_count(0)
    page.get_by_test_id("cases-closed").click()
    ended = page.get_by_test_id("case").filter(has_text=case.number)
    # What was unfolded stays so.
    expect(ended).to_contain_text(f"新杯子今天发出 {user}")
    ended.get_by_test_id("case-conversation").click()
    expect(box).to_have_count(0)
    line = page.locator('[data-testid="line"][data-author="agent"]')
    expect(line.filter(has_text=f"新杯子今天发出 {user}")).to_have_count(1)
    return found


def test_a_supervisor_sees_the_figures_and_hands_a_colleague_s_conversation_on(
    app: DeskApp, new_page: NewPage
) -> None:
    app.say("figures", "转人工十号")
    chen, boss = Agent(new_page(), app), Agent(new_page(), app, "zhuguan")
    expect(chen.page.get_by_test_id("figures")).to_have_count(0)
    chen.open("转人工十号")
    chen.take()
    boss.open("转人工十号", tab="all")
    expect(boss.page.get_by_test_id("composer")).to_be_disabled()
    boss.page.get_by_test_id("join").click()
    boss.say("我是主管，我也在")
    expect(chen.page.get_by_test_id("composer")).to_be_enabled()
    expect(chen.lines("agent").filter(has_text="我是主管，我也在")).to_have_count(1)
    boss.page.keyboard.press("Escape")
    boss.page.keyboard.press("l")
    live = boss.page.get_by_test_id("live")
    expect(live.get_by_test_id("agent-xiaochen")).to_contain_text("小陈")
    live.get_by_test_id("capacity-xiaochen").fill("3")
    live.get_by_test_id("capacity-xiaochen").press("Tab")
    expect(live.get_by_test_id("capacity-xiaochen")).to_have_value("3")
    assert violations_in_all_looks(boss.page) == []
    boss.page.keyboard.press("Escape")
    boss.page.get_by_test_id("pass").click()
    boss.page.get_by_test_id("to-grace").click()
    expect(chen.page.get_by_test_id("composer")).to_be_disabled()
    boss.page.get_by_test_id("figures").click()
    dialog = boss.page.get_by_role("dialog")
    expect(dialog.get_by_role("img").first).to_be_visible()
    whole = dialog.get_by_role("row").filter(has_text="合计")
    expect(whole).to_be_visible()
    dialog.get_by_test_id("figures-reason").click()
    expect(dialog.get_by_role("row").filter(has_text="要求人工")).to_be_visible()
    dialog.get_by_test_id("figures-30").click()
    dialog.get_by_test_id("figures-channel").click()
    expect(dialog.get_by_role("row").filter(has_text="接口")).to_be_visible()
    assert violations_in_all_looks(boss.page) == []
    with boss.page.expect_download() as download:
        dialog.get_by_test_id("figures-file").click()
    assert download.value.suggested_filename == "service-channel-30-days.csv"


def test_a_wrong_answer_is_marked_and_a_snoozed_conversation_comes_back(
    app: DeskApp, new_page: NewPage
) -> None:
    app.say("marks", "我的订单 SO20261105001 到哪了")
    app.say("marks", "转人工十一号")
    agent = Agent(new_page(), app)
    agent.open("转人工十一号")
    agent.take()
    page = agent.page
    reading = page.get_by_test_id("reading").first
    reading.locator("summary").click()
    reading.get_by_test_id("mark-wrong").click()
    expect(page.get_by_test_id("reading").first).to_contain_text("已标：答错")
    page.get_by_test_id("snooze").click()
    page.get_by_test_id("snooze-60").click()
    row = page.get_by_test_id("row").filter(has_text="转人工十一号")
    expect(row).to_contain_text("再看")
    app.say("marks", "还在吗十一号")
    back = page.get_by_test_id("row").filter(has_text="还在吗十一号")
    expect(back).to_be_visible()
    expect(back).not_to_contain_text("再看")
    for _ in range(2):
        page.get_by_test_id("theme").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    assert violations(page) == []
    agent.close("spam")


def test_the_pages_are_built(root: Path) -> None:
    """The tests above run what was built last; an old build would prove nothing about the sources."""
    built = (root / "connectors/ui/dist/desk/index.html").stat().st_mtime
    sources = (root / "connectors/ui/src/desk").rglob("*.ts")
    assert all(source.stat().st_mtime <= built for source in sources), "run 'make setup'"
