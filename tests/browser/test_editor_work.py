"""An editor's day in a real browser: by keyboard alone, a broken file, a publish that loses questions, a review."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing

import httpx
import pytest
from playwright.sync_api import expect

from tests.browser.conftest import NewPage
from tests.browser.people import sign_in
from tests.desk.running import DeskApp, editable_knowledge

expect.set_options(timeout=60_000)

_NONSENSE = ("蓝色大象在跳舞", "月亮上的奶酪甜不甜", "火车为什么会唱歌", "昨天的云去哪儿了")


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DeskApp]:
    folder = tmp_path_factory.mktemp("work")
    with DeskApp(folder / "var", editable_knowledge(folder)) as app:
        yield app


@pytest.fixture
def reviewer(app: DeskApp) -> Iterator[httpx.Client]:
    with closing(app.client("shenhe")) as client:
        yield client


def test_an_answer_is_changed_and_published_by_keyboard_alone(
    app: DeskApp, new_page: NewPage
) -> None:
    page = new_page(viewport={"width": 1440, "height": 900})
    sign_in(page, app)
    press = page.keyboard.press
    press("/")
    expect(page.get_by_test_id("search")).to_be_focused()
    page.keyboard.type("invoice-when-how")
    rows = page.get_by_test_id("record")
    expect(rows.first).to_have_attribute("data-id", "invoice-when-how")
    press("ArrowDown")
    expect(rows.first).to_be_focused()
    press("Enter")
    expect(page.get_by_test_id("form")).to_contain_text("invoice-when-how")
    answer = page.get_by_test_id("en-answer")
    for _ in range(60):  # the list's other rows lie between
        press("Tab")
        if answer.evaluate("it => it === document.activeElement"):
            break
    expect(answer).to_be_focused()
    press("ControlOrMeta+End")
    page.keyboard.type(" Ask for it within a **leap year**.")
    press("ControlOrMeta+Enter")
    go = page.get_by_test_id("publish-now")
    expect(go).to_be_enabled()
    for _ in range(10):
        press("Tab")
        if go.evaluate("it => it === document.activeElement"):
            break
    press("Enter")
    expect(page.get_by_test_id("undo-now")).to_be_visible()
    assert "leap year" in app.knowledge.now.answer("invoice-when-how", "en")


def test_a_mistake_in_a_file_is_named_on_the_page_until_it_is_mended(
    app: DeskApp, reviewer: httpx.Client, new_page: NewPage
) -> None:
    def problems() -> list[dict[str, object]]:
        found: list[dict[str, object]] = reviewer.get("/editor/api/records").json()["problems"]
        return found

    folder = app.knowledge.folder
    assert folder is not None
    file = folder / "account.yml"
    good = file.read_text("utf-8")
    line = next(n for n, text in enumerate(good.splitlines(), 1) if "- 怎么注册账号" in text)
    page = new_page()
    sign_in(page, app)
    expect(page.get_by_test_id("file-problem")).to_have_count(0)
    file.write_text(good.replace("- 怎么注册账号", '- "怎么注册账号', 1), "utf-8")
    _until(lambda: bool(problems()))
    page.reload()
    told = page.get_by_test_id("file-problem")
    expect(told).to_contain_text(f"account.yml:{line}:")
    expect(told).to_contain_text("引号")
    file.write_text(good, "utf-8")
    _until(lambda: not problems())
    page.reload()
    expect(page.get_by_test_id("record").first).to_be_visible()
    expect(told).to_have_count(0)


def test_a_publish_that_breaks_tests_shows_which_and_asks(
    app: DeskApp, reviewer: httpx.Client, new_page: NewPage
) -> None:
    page = new_page(viewport={"width": 1440, "height": 900})
    sign_in(page, app)
    page.get_by_test_id("search").fill("contact-store")
    page.locator('[data-id="contact-store"]').click()
    page.get_by_test_id("zh-questions").fill("\n".join(_NONSENSE))
    expect(page.get_by_test_id("saved")).to_have_text("草稿已保存")
    page.get_by_test_id("publish").click()
    expect(page.get_by_test_id("tests")).to_contain_text("没通过")
    for text in _NONSENSE:
        expect(page.locator(".differences").last).to_contain_text(text)
    expect(page.get_by_test_id("publish-now")).to_have_text("仍要发布")
    unconfirmed = reviewer.post("/editor/api/publish", json={"ids": ["contact-store"]})
    assert unconfirmed.status_code == 409
    assert _NONSENSE[0] not in app.knowledge.now.record("contact-store").zh.questions
    page.get_by_test_id("publish-now").click()
    page.get_by_test_id("undo-now").click()
    expect(page.locator(".notice")).to_contain_text("已撤销")
    assert _NONSENSE[0] not in app.knowledge.now.record("contact-store").zh.questions


def test_an_editor_submits_and_a_reviewer_finds_and_publishes(
    app: DeskApp, new_page: NewPage
) -> None:
    writing, reviewing = (new_page(viewport={"width": 1440, "height": 900}) for _ in range(2))
    sign_in(writing, app, "bianji")
    expect(writing.get_by_test_id("publish-all")).to_be_hidden()
    writing.get_by_test_id("search").fill("account-register")
    writing.locator('[data-id="account-register"]').click()
    writing.get_by_test_id("zh-answer").fill("用手机号注册，一分钟就好。")
    writing.get_by_test_id("submit").click()
    expect(writing.locator('[data-id="account-register"]')).to_contain_text("等审核")

    sign_in(reviewing, app)
    reviewing.get_by_test_id("filter").select_option("review")
    expect(reviewing.get_by_test_id("record")).to_have_count(1)
    reviewing.get_by_test_id("record").click()
    expect(reviewing.get_by_test_id("form")).to_contain_text("小编 送审于")
    reviewing.get_by_test_id("publish").click()
    expect(reviewing.get_by_test_id("publish-now")).to_be_enabled()
    reviewing.get_by_test_id("publish-now").click()
    expect(reviewing.get_by_test_id("undo-now")).to_be_visible()
    assert "一分钟" in app.knowledge.now.answer("account-register", "zh")


def test_the_list_shows_what_is_asked_and_which_language_was_left_behind(
    app: DeskApp, new_page: NewPage
) -> None:
    app.say("hot", "怎么换绑手机号")
    page = new_page(viewport={"width": 1440, "height": 900})
    sign_in(page, app)
    page.get_by_test_id("filter").select_option("hot")
    row = page.locator('[data-id="account-change-phone"]')
    expect(row).to_contain_text("1 次 · 有用 100%")
    page.get_by_test_id("filter").select_option("cold")
    expect(page.locator('[data-id="account-delete"]')).to_contain_text("没人问")
    expect(row).to_have_count(0)

    page.get_by_test_id("filter").select_option("all")
    row.click()
    page.get_by_test_id("zh-answer").fill("在账号设置里改，旧号收不到短信就找客服。")
    expect(page.get_by_test_id("saved")).to_have_text("草稿已保存")
    page.get_by_test_id("publish").click()
    expect(page.get_by_test_id("publish-now")).to_be_enabled()
    page.get_by_test_id("publish-now").click()
    expect(page.get_by_test_id("undo-now")).to_be_visible()
    page.get_by_test_id("filter").select_option("behind")
    expect(row).to_contain_text("英文没跟上")
    page.get_by_test_id("agree").click()
    expect(row).to_have_count(0)


def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)
