"""The widget in a real browser, on the demo shop, against the real stack."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.conftest import NewPage, violations
from tests.stack.running import Stack

# The first answer may wait for a busy machine, never for ever.
expect.set_options(timeout=60_000)


class Widget:
    """The page as a customer sees it."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.messages = page.get_by_test_id("message")
        self.banner = page.get_by_test_id("banner")

    def open(self) -> None:
        self.page.get_by_test_id("launcher").click()
        expect(self.page.get_by_test_id("panel")).to_be_visible()

    def say(self, text: str) -> None:
        self.page.get_by_test_id("input").fill(text)
        self.page.get_by_test_id("send").click()

    def press(self, title: str) -> None:
        self.page.get_by_test_id("quick-reply").filter(has_text=title).last.click()

    def from_bot(self, text: str) -> Locator:
        return self.messages.filter(has_text=text).and_(
            self.page.locator('[data-author="bot"], [data-author="system"]')
        )

    def transcript(self) -> list[tuple[str | None, str | None]]:
        """(author, seq) of every stored message, in the order shown."""
        stored = self.page.locator('[data-testid="message"][data-seq]')
        return [
            (one.get_attribute("data-author"), one.get_attribute("data-seq"))
            for one in stored.all()
        ]


@pytest.fixture
def page(browser: Browser, stack: Stack) -> Iterator[Page]:
    context = browser.new_context(locale="zh-CN", viewport={"width": 1280, "height": 800})
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(f"{stack.url}/")
    yield page
    context.close()
    assert errors == []


def test_a_question_in_each_language_is_answered_in_it(page: Page) -> None:
    widget = Widget(page)
    widget.open()
    widget.say("包邮吗")
    expect(widget.from_bot("包邮").last).to_be_visible()
    widget.say("Is shipping free?")
    expect(widget.from_bot("¥99").last).to_contain_text("free", ignore_case=True)


def test_order_status_through_the_buttons(page: Page) -> None:
    widget = Widget(page)
    widget.open()
    widget.press("查订单")
    expect(widget.from_bot("订单号").last).to_be_visible()
    widget.say("ＳＯ２０２６１１０５００１")
    expect(widget.from_bot("后四位").last).to_be_visible()
    widget.say("6688")
    expect(widget.from_bot("SF").last).to_be_visible()


def test_the_sample_questions_of_the_page_open_the_chat(page: Page) -> None:
    page.get_by_role("button", name="包邮吗").first.click()
    expect(Widget(page).from_bot("99").last).to_be_visible()


def test_each_language_has_its_demo_page_and_the_widget_follows(page: Page) -> None:
    page.get_by_role("link", name="English").click()
    expect(page).to_have_url(re.compile(r"/en/$"))
    widget = Widget(page)
    widget.open()
    expect(widget.messages.first).to_contain_text("Hello")
    page.get_by_role("link", name="中文").click()
    expect(page).to_have_url(re.compile(r"/zh/$"))
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
    expect(widget.messages.first).to_contain_text("您好")


def test_a_reload_in_mid_conversation_loses_and_doubles_nothing(page: Page) -> None:
    widget = Widget(page)
    widget.open()
    widget.say("你好")
    expect(widget.messages.and_(page.locator('[data-author="bot"][data-seq]'))).to_have_count(1)
    widget.say("我的订单 SO20261105001 到哪了")
    expect(widget.from_bot("后四位").last).to_be_visible()
    before = widget.transcript()
    page.reload()
    expect(page.get_by_test_id("panel")).to_be_visible()
    expect(widget.from_bot("后四位").last).to_be_visible()
    assert widget.transcript() == before
    widget.say("6688")
    expect(widget.from_bot("SF").last).to_be_visible()
    seqs = [int(seq or 0) for _, seq in widget.transcript()]
    assert seqs == list(range(1, len(seqs) + 1))


def test_a_lost_connection_is_said_and_the_message_arrives_after_it(page: Page) -> None:
    widget = Widget(page)
    widget.open()
    widget.say("你好")
    expect(widget.from_bot("小应").last).to_be_visible()
    page.context.set_offline(True)
    widget.say("支持货到付款吗")
    page.context.set_offline(False)
    expect(widget.from_bot("货到付款").last).to_be_visible()
    mine = widget.messages.and_(page.locator('[data-author="customer"]'))
    expect(mine.filter(has_text="支持货到付款吗")).to_have_count(1)


def test_a_customer_cannot_inject_markup(page: Page) -> None:
    widget = Widget(page)
    widget.open()
    widget.say('<img src=x onerror="window.injected=1"> **粗体**')
    expect(widget.messages.filter(has_text="onerror").last).to_be_visible()
    assert page.evaluate("window.injected") is None


def test_the_engine_dies_in_mid_conversation(page: Page, stack: Stack) -> None:
    widget = Widget(page)
    widget.open()
    widget.say("你好")
    expect(widget.from_bot("小应").last).to_be_visible()
    stack.kill(stack.engine)
    try:
        widget.say("包邮吗")
        expect(widget.from_bot("人工").last).to_be_visible(timeout=10_000)
        expect(page.get_by_test_id("state")).to_be_visible()
    finally:
        stack.engine.start()
        stack.wait_until_engine_answers()
    widget.say("包邮吗")
    expect(widget.from_bot("99").last).to_be_visible()


@pytest.mark.parametrize(
    ("locale", "scheme", "width"), [("zh-CN", "dark", 1280), ("en-GB", "light", 320)]
)
def test_bad_news_is_said_to_screen_readers_and_axe_finds_nothing(
    new_page: NewPage, stack: Stack, locale: str, scheme: str, width: int
) -> None:
    page = new_page(locale, color_scheme=scheme, viewport={"width": width, "height": 700})
    page.goto(f"{stack.url}/")
    widget = Widget(page)
    found = {"closed": violations(page)}
    assert page.get_by_test_id("launcher").aria_snapshot().startswith("- button")
    widget.open()
    panel = page.get_by_test_id("panel")
    note = page.get_by_test_id("note")
    program = {
        "name": "setup.exe",
        "mimeType": "application/x-msdownload",
        "buffer": b"MZ\x90\0" * 9,
    }
    page.get_by_test_id("chooser").set_input_files(program)  # type: ignore[arg-type]
    expect(note).to_be_visible()
    found["refused file"] = violations(page)
    assert f"- status: {note.inner_text()}" in panel.aria_snapshot()
    page.context.set_offline(True)
    widget.say("包邮吗")
    expect(widget.banner).to_be_visible()
    found["offline"] = violations(page)
    tree = panel.aria_snapshot()
    assert f"- status: {widget.banner.inner_text()}" in tree
    assert "- log" in tree
    page.context.set_offline(False)
    expect(widget.from_bot("99").last).to_be_visible()
    expect(widget.banner).to_be_hidden()
    assert {state: what for state, what in found.items() if what} == {}


@pytest.mark.parametrize(
    ("locale", "scheme", "width", "question", "orders"),
    [
        ("zh-CN", "light", 1280, "包邮吗", "我都有哪些订单"),
        # 640 pixels at 200 % zoom
        ("en-GB", "dark", 320, "Is shipping free?", "Show me all my orders"),
    ],
)
def test_thumbs_cards_and_deletion_by_keyboard_and_for_axe(
    new_page: NewPage,
    stack: Stack,
    locale: str,
    scheme: str,
    width: int,
    question: str,
    orders: str,
) -> None:
    page = new_page(locale, color_scheme=scheme, viewport={"width": width, "height": 700})
    page.goto(f"{stack.url}/")
    widget, found = Widget(page), {}
    widget.open()
    found["greeting"] = violations(page)
    widget.say(question)
    page.get_by_test_id("unhelpful").click()
    found["thumbs"] = violations(page)
    page.reload()
    expect(page.get_by_test_id("unhelpful")).to_have_attribute("aria-pressed", "true")

    for text in (orders, "SO20261105001", "6688"):
        before = len(widget.transcript())
        widget.say(text)
        expect(page.locator('[data-testid="message"][data-seq]')).to_have_count(before + 2)
    cards = page.get_by_test_id("card")
    expect(cards).to_have_count(4)
    found["cards"] = violations(page)
    # A screen reader finds a list of orders, each with its own button.
    tree = page.get_by_role("log").aria_snapshot()
    assert tree.count("- listitem") >= 4
    assert "SO20261105001" in tree
    for _ in range(2):  # past the clip
        page.keyboard.press("Shift+Tab")
    last = cards.nth(3).get_by_role("button")
    expect(last).to_be_focused()
    page.keyboard.press("Enter")
    expect(cards).to_have_count(5)
    expect(last).to_be_enabled()
    assert page.evaluate(
        "document.querySelector('yingda-chat').shadowRoot.querySelector('.panel').scrollWidth"
        " <= innerWidth && document.documentElement.scrollWidth <= innerWidth"
    )

    with page.expect_download() as saved:
        page.get_by_test_id("download").click()
    assert question in saved.value.path().read_text("utf-8")
    page.get_by_test_id("erase").click()
    expect(page.get_by_test_id("erase-keep")).to_be_focused()
    found["question"] = violations(page)
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("erase-text")).to_be_hidden()
    assert widget.transcript()
    page.get_by_test_id("erase").click()
    page.get_by_test_id("erase-discard").click()
    stored = page.locator('[data-testid="message"][data-seq]')
    expect(stored).to_have_count(0)
    widget.say(question)
    expect(stored).to_have_count(2)
    assert {state: what for state, what in found.items() if what} == {}
