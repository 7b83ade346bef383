"""``make screenshots``: pictures of the desk and of the editor's page for the documentation, taken from the real page.

The conversations are played through the channels as customers would hold them, so the pictures can
show nothing that the desk does not do. Run ``make setup`` before, so that the page is the newest.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, expect, sync_playwright
from ruamel.yaml import YAML

from bot.orders.cases import CaseKind
from tests.desk.running import PASSWORD, DeskApp, editable_knowledge, real_knowledge
from tests.desk.wechat import WeChatSide
from tests.desk.week import fill_weeks

_DOCS = Path(__file__).resolve().parents[2] / "docs"
OUT, EDITOR_OUT = _DOCS / "desk", _DOCS / "editor"
DESKTOP, PHONE = (1440, 900), (390, 844)

_WAITING = (
    (
        "w1",
        [
            "where is my order SO20261105006",
            "9035",
            "the second parcel is still missing",
            "I need a human",
        ],
    ),
    ("w2", ["洗衣机什么时候送", "转人工"]),
    ("w3", ["你们这什么服务，等了一周还没到，气死我了"]),
    ("w4", ["收到的水壶漏水，我要投诉", "找人工"]),
    ("w5", ["Do you ship to Macao?", "Can I talk to a person please"]),
)

_IN_VAIN = (
    "Do you tune pianos at home?", "你们上门给钢琴调音吗", "is there someone who can tune my piano",
    "水壶可以煮牛奶吗", "水壶能不能拿来煮牛奶", "do you sell gift cards for pets",
)  # fmt: skip
_AGENT_SAID = (
    "We don't tune pianos ourselves. Its maker sends a tuner: the number is on the warranty card."
)


def main() -> None:
    """Take every picture."""
    OUT.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as var,
        WeChatSide() as wechat,
        DeskApp(Path(var), real_knowledge(), _always_open(Path(var)), more=wechat.settings) as app,
        tempfile.TemporaryDirectory() as folder,
        DeskApp(Path(folder) / "var", editable_knowledge(Path(folder))) as editor,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium") or shutil.which("google-chrome"),
            args=["--no-sandbox", "--disable-gpu"],
        )
        try:
            app.fill(fill_weeks)
            _play(app, browser, wechat)
            _play_editor(editor, browser)
        finally:
            browser.close()


def _play(app: DeskApp, browser: Browser, wechat: WeChatSide) -> None:
    for sender, texts in _WAITING:
        for text in texts:
            app.say(sender, text)
    _go_on_on_wechat(app, wechat)
    with _page(browser, "zh", "light", (1200, 820)) as customer:
        customer.goto(f"{app.url}/?lang=zh")
        customer.get_by_test_id("launcher").click()
        for text in (
            "包邮吗",
            "我的订单 SO20261105001 到哪了",
            "6688",
            "今天能送到吗？我急用",
            "帮我转人工",
        ):
            _say(customer, text)
        _shoot(customer, "customer-queue-zh")
        with _page(browser, "zh", "light", DESKTOP) as agent:
            agent.goto(f"{app.url}/desk/?lang=zh")
            _shoot(agent, "sign-in-zh")
            _sign_in(agent, app, "xiaochen", "zh")
            _open(agent, "帮我转人工")
            agent.get_by_test_id("take").click()
            expect(agent.get_by_test_id("close")).to_be_visible()
            _write(agent, "/nh")
            _write(agent, "")
            _say(customer, "好的，麻烦您了")
            agent.get_by_test_id("mode-note").click()
            _write(agent, "已联系顺丰加急，答应今晚 8 点前送到。")
            expect(agent.get_by_test_id("note")).to_be_visible()
            agent.get_by_test_id("composer").press_sequentially("已经帮您加急了，")
            expect(agent.locator('[data-author="customer"]').last).to_contain_text("麻烦您了")
            _shoot(agent, "conversation-zh")
            agent.get_by_test_id("composer").press_sequentially("请")
            expect(customer.get_by_role("img", name="正在输入")).to_be_visible()
            _shoot(customer, "customer-agent-zh")
            agent.get_by_test_id("composer").fill("/")
            _shoot(agent, "replies-zh")
            agent.get_by_test_id("composer").fill("")
            agent.get_by_test_id("close").click()
            _shoot(agent, "close-zh")
        with _page(browser, "en", "dark", DESKTOP) as agent:
            _sign_in(agent, app, "grace", "en")
            _open(agent, "I need a human")
            agent.locator('[data-testid="reading"] summary').first.click()
            _shoot(agent, "conversation-en-dark")
        with _page(browser, "zh", "light", DESKTOP) as agent:
            _sign_in(agent, app, "xiaochen", "zh")
            _open(agent, "陈雨桐")
            agent.get_by_test_id("take").click()
            expect(agent.get_by_test_id("window")).to_be_visible()
            expect(agent.get_by_test_id("linked")).to_be_visible()
            _write(agent, "您好，我是小陈，鞋子的事我来跟。")
            expect(agent.locator('[data-author="agent"]')).to_have_count(1)
            expect(agent.locator('[data-author="agent"] .status')).to_have_count(0)
            _shoot(agent, "linked-zh")
            _shoot_cases(app, agent)
        with _page(browser, "zh", "light", DESKTOP) as boss:
            _sign_in(boss, app, "zhuguan", "zh")
            boss.get_by_test_id("figures").click()
            expect(boss.get_by_role("dialog")).to_be_visible()
            _shoot(boss, "figures-zh")
            boss.keyboard.press("Escape")
            boss.get_by_test_id("live-board").click()
            expect(boss.get_by_test_id("live")).to_be_visible()
            _shoot(boss, "live-zh")
        with _page(browser, "zh", "dark", PHONE) as agent:
            _sign_in(agent, app, "xiaochen", "zh")
            _shoot(agent, "phone-queue-zh-dark")
        with _page(browser, "en", "light", PHONE) as agent:
            _sign_in(agent, app, "grace", "en")
            _open(agent, "I need a human")
            agent.get_by_test_id("take").click()
            expect(agent.get_by_test_id("composer")).to_be_focused()
            _shoot(agent, "phone-conversation-en")
            agent.get_by_test_id("details").click()
            _shoot(agent, "phone-customer-en")


def _always_open(folder: Path) -> Path:
    """Return the shop's hours and teams in a file that is open at any hour: pictures are taken at any."""
    yaml = YAML()
    hours = yaml.load((_DOCS.parent / "data" / "desk" / "hours.yml").read_text("utf-8"))
    hours["week"] = {key: ["00:00-24:00"] for key in hours["week"]}
    file = folder / "hours.yml"
    with file.open("w", encoding="utf-8") as out:
        yaml.dump(hours, out)
    return file


def _go_on_on_wechat(app: DeskApp, wechat: WeChatSide) -> None:
    """One customer on two channels: begun over the shop's program, gone on on WeChat."""
    for text in ("我的订单 SO20261105003 到哪了", "5207"):
        app.say("w6", text)
    for text in (app.link_code("w6"), "是的", "跑步鞋小了一码，能换42码的吗", "转人工"):
        wechat.say(app.url, "oWang", text)


def _shoot_cases(app: DeskApp, agent: Page) -> None:
    (conversation,) = app.conversations_of("w1")
    told = {"problem": "damaged", "words": ["The lid of the rice cooker is cracked"]}
    case = app.open_case(CaseKind.PROBLEM, "SO20261105006", conversation, **told)
    agent.get_by_test_id("cases").click()
    card = agent.get_by_test_id("case").filter(has_text=case.number)
    card.locator("summary").click()
    _shoot(agent, "cases-zh")


def _play_editor(app: DeskApp, browser: Browser) -> None:
    EDITOR_OUT.mkdir(parents=True, exist_ok=True)
    for number, text in enumerate(_IN_VAIN):
        app.say(f"vain-{number}", text)
    app.say("vain-0", _IN_VAIN[0])  # once more, which brings a person
    app.answer("grace", "vain-0", _AGENT_SAID)
    for language, scheme, question in (
        ("en", "light", "how much is shipping"),
        ("zh", "light", "运费多少"),
        ("en", "dark", "how much is shipping"),
    ):
        with _page(browser, language, scheme, DESKTOP) as page:
            _edit(page, app, language)
            page.get_by_test_id("try").fill(question)
            page.get_by_test_id("try-ask").click()
            expect(page.get_by_test_id("try-result").locator(".ruling")).to_have_count(2)
            _shoot(page, f"form-{language}" + ("-dark" if scheme == "dark" else ""), EDITOR_OUT)
            if (language, scheme) == ("en", "light"):
                page.get_by_test_id("tab-gaps").click()
                expect(page.get_by_test_id("gap").first).to_be_visible()
                _shoot(page, "gaps-en", EDITOR_OUT)
    with _page(browser, "zh", "light", PHONE) as page:
        _edit(page, app, "zh")
        _shoot(page, "phone-zh", EDITOR_OUT)


def _edit(page: Page, app: DeskApp, language: str) -> None:
    page.goto(f"{app.url}/editor/?lang={language}")
    page.locator("#login").fill("shenhe")
    page.locator("#password").fill(PASSWORD)
    page.locator("button[type=submit]").click()
    page.get_by_test_id("search").fill("delivery-fee")
    page.locator('[data-id="delivery-fee"]').click()
    expect(page.get_by_test_id("form")).to_contain_text("delivery-fee")


@contextmanager
def _page(browser: Browser, language: str, scheme: str, size: tuple[int, int]) -> Iterator[Page]:
    context = browser.new_context(
        locale="zh-CN" if language == "zh" else "en-GB",
        color_scheme=scheme,  # type: ignore[arg-type]
        viewport={"width": size[0], "height": size[1]},
        timezone_id="Asia/Shanghai",
        reduced_motion="reduce",
    )
    yield context.new_page()
    context.close()


def _sign_in(page: Page, app: DeskApp, login: str, language: str) -> None:
    page.goto(f"{app.url}/desk/?lang={language}")
    page.locator("#login").fill(login)
    page.locator("#password").fill(PASSWORD)
    page.locator("button[type=submit]").click()
    expect(page.get_by_test_id("row").first).to_be_visible()


def _open(page: Page, preview: str) -> None:
    page.get_by_test_id("row").filter(has_text=preview).click()
    expect(page.get_by_test_id("brief")).to_be_visible()


def _write(page: Page, text: str) -> None:
    if text:
        page.get_by_test_id("composer").fill(text)
    page.keyboard.press("Enter")


def _say(page: Page, text: str) -> None:
    page.get_by_test_id("input").fill(text)
    page.get_by_test_id("send").click()
    mine = page.locator('[data-testid="message"][data-author="customer"]').filter(has_text=text)
    expect(mine.last).to_have_attribute("data-status", "stored")
    page.wait_for_timeout(500)


def _shoot(page: Page, name: str, folder: Path = OUT) -> None:
    page.wait_for_timeout(600)
    page.screenshot(path=folder / f"{name}.png")
    print(folder / f"{name}.png")  # noqa: T201 - a command


if __name__ == "__main__":
    main()
