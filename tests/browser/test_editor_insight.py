"""What customers asked in vain, and the thresholds: an editor's clicks in a real browser."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from bot.editing.thresholds import curves
from bot.faq.calibration import Calibration
from tests.browser.conftest import NewPage
from tests.browser.people import ask, sign_in
from tests.desk.running import DeskApp, editable_knowledge

expect.set_options(timeout=60_000)

_MILK = ("水壶可以煮牛奶吗", "水壶能不能拿来煮牛奶")
_PIANO = ("你们上门给钢琴调音吗", "Do you tune pianos at home?")
_AGENT_SAID = "我们不提供钢琴调音，可以联系品牌方预约上门调音。"
_JOKE = "讲个外星人的笑话给我听"


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DeskApp]:
    folder = tmp_path_factory.mktemp("insight")
    with DeskApp(folder / "var", editable_knowledge(folder)) as app:
        for number, text in enumerate((*_MILK, _PIANO[1], _JOKE)):
            app.say(f"visitor-{number}", text)
        _let_an_agent_answer(app)
        yield app


def _let_an_agent_answer(app: DeskApp) -> None:
    """A customer is not understood twice, comes to the desk, and an agent answers the question."""
    app.say("pianist", _PIANO[0])
    app.say("pianist", _PIANO[0])
    app.answer("xiaochen", "pianist", _AGENT_SAID)


def gaps(page: Page) -> Locator:
    page.get_by_test_id("tab-gaps").click()
    expect(page.get_by_test_id("gaps")).to_be_visible()
    return page.get_by_test_id("gap")


def _draft(app: DeskApp) -> str:
    """Return the id of the only draft."""
    with closing(app.client("shenhe")) as client:
        rows = client.get("/editor/api/records").json()["records"]
    (found,) = [row["id"] for row in rows if row["draft"]]
    return str(found)


def test_a_gap_becomes_a_phrasing_a_record_or_nothing(app: DeskApp, new_page: NewPage) -> None:
    customer = new_page()
    customer.goto(f"{app.url}/")
    customer.get_by_test_id("launcher").click()
    page = new_page(viewport={"width": 1440, "height": 900})
    sign_in(page, app)
    cards = gaps(page)
    expect(cards).to_have_count(3)

    # Attached to a record that is there: both wordings join its phrasings, in a draft.
    milk = cards.filter(has_text=_MILK[0])
    expect(milk).to_contain_text(_MILK[1])
    milk.get_by_test_id("gap-attach").first.click()
    questions = page.get_by_test_id("zh-questions")
    for text in _MILK:
        expect(questions).to_have_value(re.compile(f"^{text}$", re.MULTILINE))
    attached = _draft(app)
    expect(page.get_by_test_id("form")).to_contain_text(attached)
    expect(gaps(page)).to_have_count(2)

    # Made new: what the agent answered is the draft's answer, each wording on its language's side.
    piano = page.get_by_test_id("gap").filter(has_text=_PIANO[0])
    expect(piano).to_contain_text(_AGENT_SAID)
    piano.get_by_test_id("gap-make").click()
    expect(page.get_by_test_id("zh-answer")).to_have_value(_AGENT_SAID)
    expect(questions).to_have_value(_PIANO[0])
    expect(page.get_by_test_id("en-questions")).to_have_value(_PIANO[1])
    page.get_by_test_id("en-answer").fill("We don't tune pianos; its maker sends a tuner.")
    expect(page.get_by_test_id("saved")).to_have_text("草稿已保存")

    # Dismissed: it stays away, also when the page is opened anew.
    cards = gaps(page)
    expect(cards).to_have_count(1)
    cards.get_by_test_id("gap-dismiss").click()
    expect(cards).to_have_count(0)
    page.reload()
    expect(gaps(page)).to_have_count(0)
    expect(page.get_by_test_id("gaps")).to_contain_text("没有没答好的问题")

    page.get_by_test_id("publish-all").click()
    expect(page.get_by_test_id("tests")).to_be_visible()
    page.get_by_test_id("publish-now").click()
    expect(page.get_by_test_id("undo-now")).to_be_visible()
    assert "品牌方" in ask(customer, _PIANO[0])
    (record,) = [r for r in app.knowledge.now.corpus.records if _MILK[0] in r.zh.questions]
    assert record.id == attached
    assert set(_MILK) <= set(record.zh.questions)


def test_measuring_says_so_and_a_chosen_threshold_counts(
    app: DeskApp, new_page: NewPage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = new_page(viewport={"width": 1440, "height": 900})
    sign_in(page, app)
    page.get_by_test_id("tab-thresholds").click()
    expect(page.get_by_test_id("thresholds")).to_contain_text("还没有标好答案的问题")

    bad = tmp_path / "bad.jsonl"
    bad.write_text('{"text": "包邮吗"}\n', "utf-8")
    page.get_by_test_id("labels").set_input_files(bad)
    expect(page.locator(".notice")).to_contain_text("line 1: expected")
    expect(page.get_by_test_id("thresholds")).to_contain_text("还没有标好答案的问题")

    labels = tmp_path / "labels.jsonl"
    rows = [
        ("包邮吗", "answer:delivery-fee"),
        ("怎么注册", "answer:account-register"),
        ("今天天气", "decline"),
    ]
    labels.write_text(
        "\n".join(json.dumps({"text": t, "expected": [e]}, ensure_ascii=False) for t, e in rows),
        "utf-8",
    )
    go = threading.Event()

    def held(*given: Any) -> Any:
        assert go.wait(60)
        return curves(*given)

    monkeypatch.setattr("connectors.editor.insight.curves", held)
    page.get_by_test_id("labels").set_input_files(labels)
    expect(page.get_by_test_id("wait")).to_have_text("正在逐个问题测量…")
    go.set()
    slider = page.get_by_test_id("threshold-zh")
    expect(page.get_by_test_id("thresholds")).to_contain_text("3 个问题")
    shares = page.locator(".tally b")
    for threshold in ("0", "100"):
        slider.fill(threshold)
        assert sum(int(t.rstrip("%")) for t in shares.all_inner_texts()) in (99, 100, 101)
    slider.fill("61")
    page.get_by_test_id("choose-zh").click()
    expect(page.locator(".notice")).to_contain_text("已生效")
    assert app.knowledge.now.calibration.languages["zh"].answer == 0.61
    folder = app.knowledge.folder
    assert folder is not None
    written = Calibration.model_validate_json((folder / "calibration.json").read_text("utf-8"))
    assert written.languages["zh"].answer == 0.61
