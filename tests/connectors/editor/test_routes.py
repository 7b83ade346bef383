"""The editor's HTTP interface on a small shop whose FAQ lies in a git repository."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot.faq.knowledge import Knowledge
from bot.faq.live import LiveKnowledge
from tests.bot.faq.conftest import MeaningEncoder, write_small_faq
from tests.desk.running import DeskApp

API = "/editor/api"
TASKS = "order_status: {zh: 查我的订单, en: Check my order}\n"


def git(folder: Path, *arguments: str) -> str:
    options = ("-c", "user.name=Dev", "-c", "user.email=dev@example.org")
    done = subprocess.run(
        ["git", *options, *arguments], cwd=folder, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("shop")
    made = write_small_faq(root)
    (root / "tasks.yml").write_text(TASKS, "utf-8")
    git(root, "init", "--quiet", "--initial-branch=main")
    git(root, "add", ".")
    git(root, "commit", "--quiet", "-m", "Begin")
    return made


@pytest.fixture(scope="module")
def app(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DeskApp]:
    live = LiveKnowledge(Knowledge.load(folder, MeaningEncoder()), folder)
    with DeskApp(tmp_path_factory.mktemp("var"), live) as app:
        yield app


@pytest.fixture(scope="module")
def editor(app: DeskApp) -> Iterator[httpx.Client]:
    with closing(app.client("bianji")) as client:
        yield client


@pytest.fixture(scope="module")
def reviewer(app: DeskApp) -> Iterator[httpx.Client]:
    with closing(app.client("shenhe")) as client:
        yield client


def opened(client: httpx.Client, record: str) -> dict[str, Any]:
    found: dict[str, Any] = client.get(f"{API}/records/{record}").json()
    return found


def saved(client: httpx.Client, record: str, **changes: Any) -> httpx.Response:
    view = opened(client, record)
    before = view["draft"]["record"] if view["draft"] else view["live"]
    form = {
        "category": view["category"],
        "record": {**before, **changes},
        "opened": before,
        "version": view["draft"]["version"] if view["draft"] else 0,
    }
    return client.put(f"{API}/drafts/{record}", json=form)


def test_only_editors_come_in_and_only_reviewers_publish(
    app: DeskApp, editor: httpx.Client
) -> None:
    with closing(app.client()) as nobody, closing(app.client("xiaochen")) as agent:
        assert nobody.get(f"{API}/records").status_code == 401
        assert agent.get(f"{API}/records").status_code == 403
    for path in ("publish", "history/x/undo", "drafts/returns-how/send-back"):
        assert editor.post(f"{API}/{path}", json={"ids": ["returns-how"]}).status_code == 403


def test_the_list_says_what_a_form_may_offer(editor: httpx.Client) -> None:
    found = editor.get(f"{API}/records").json()
    assert sorted(found["channels"]) == ["rest", "telegram", "web", "wechat", "wecom"]
    assert found["tasks"] == [
        {"id": "order_status", "title": {"zh": "查我的订单", "en": "Check my order"}}
    ]
    assert {row["id"] for row in found["records"]} > {"delivery-fee", "returns-how"}


def test_search_finds_words_and_meaning_and_says_what_a_customer_would_get(
    editor: httpx.Client,
) -> None:
    def found(text: str) -> tuple[list[str], list[str], str | None]:
        one = editor.get(f"{API}/search", params={"q": text}).json()
        return one["exact"], [hit["id"] for hit in one["near"]], one["now"]["answer"]

    exact, near, answer = found("无理由退货")  # words of an answer
    assert exact == ["returns-how"]
    exact, near, answer = found("邮费谁出啊")  # words that stand nowhere
    assert (exact, near[0], answer) == ([], "delivery-fee", "delivery-fee")
    assert found("products-size")[0] == ["products-size"]  # an id


def test_what_names_nothing_that_there_is_is_a_fault_at_its_field(editor: httpx.Client) -> None:
    record = opened(editor, "returns-how")["live"]
    wrong = {"channels": ["fax"], "follow_ups": ["delivery-fee", "nothing"], "task": "dance"}
    text = {"category": "delivery", "record": {**record, **wrong}}
    faults = editor.post(f"{API}/check", json=text).json()
    assert [(f["path"], f["kind"], f["detail"]) for f in faults] == [
        ("follow_ups", "unknown", "nothing"),
        ("task", "unknown", "dance"),
        ("channels", "unknown", "fax"),
    ]
    right = {"channels": ["web"], "follow_ups": ["delivery-fee"], "task": "order_status"}
    assert editor.post(f"{API}/check", json={**text, "record": {**record, **right}}).json() == []


def test_the_preview_shows_every_link_and_button(editor: httpx.Client) -> None:
    links = [
        {"url": f"https://shop.example/{n}", "zh": f"第{n}页", "en": f"Page {n}"} for n in (1, 2)
    ]
    record = {**opened(editor, "returns-how")["live"], "links": links, "task": "order_status",
              "follow_ups": ["delivery-fee"]}  # fmt: skip
    shown = editor.post(f"{API}/preview", json={"record": record, "language": "zh"}).json()
    (telegram,) = shown["telegram"]
    assert telegram["link"]["title"] == "第1页"
    assert "https://shop.example/2" in telegram["text"]
    assert telegram["buttons"] == ["查我的订单", "包邮吗"]
    assert "1. 查我的订单\n2. 包邮吗" in shown["wechat"][-1]["text"]
    (wecom,) = shown["wecom"]  # a menu
    assert wecom["buttons"] == ["查我的订单", "包邮吗"]
    assert "https://shop.example/1" in wecom["text"]


def test_two_editors_get_a_merge_not_a_lost_edit(
    editor: httpx.Client, reviewer: httpx.Client
) -> None:
    view = opened(reviewer, "products-size")
    assert saved(editor, "products-size", owner="小王").status_code == 200
    form = {"category": "products", "opened": view["live"], "version": 0}
    mine = {**view["live"], "picture": "https://shop.example/size.png"}
    answer = reviewer.put(f"{API}/drafts/products-size", json={**form, "record": mine})
    assert answer.status_code == 409
    merged = answer.json()
    assert (merged["who"], merged["conflicts"]) == ("小编", [])
    assert merged["merged"]["owner"] == "小王"
    assert merged["merged"]["picture"] == mine["picture"]
    assert editor.post(f"{API}/drafts/discard", json={"ids": ["products-size"]}).is_success


def test_a_publish_is_a_commit_and_comes_back_to_the_letter(
    editor: httpx.Client, reviewer: httpx.Client, folder: Path
) -> None:
    before = (folder / "delivery.yml").read_text("utf-8")
    side = {**opened(editor, "delivery-fee")["live"]["zh"], "answer": "满 ¥88 包邮。"}
    assert saved(editor, "delivery-fee", zh=side).is_success
    chosen = {"ids": ["delivery-fee"], "note": "降到 88", "confirmed": True}
    made = reviewer.post(f"{API}/publish", json=chosen).json()["publish"]
    assert "¥88" in (folder / "delivery.yml").read_text("utf-8")
    subject = git(folder, "log", "-1", "--format=%an|%s", "--name-only").split("\n")
    assert subject[0] == "审核|降到 88"
    assert "faq/delivery.yml" in subject
    (row,) = [
        r for r in editor.get(f"{API}/records").json()["records"] if r["id"] == "delivery-fee"
    ]
    assert row["behind"] == "en"

    history = editor.get(f"{API}/history").json()
    assert [entry["note"] for entry in history] == ["降到 88", "Begin"]
    assert history[0]["publish"] == made
    assert history[0]["commit"] == git(folder, "rev-parse", "HEAD")[:9]
    assert history[0]["records"][0]["changes"][0]["path"] == "zh.answer"

    assert reviewer.post(f"{API}/history/{made}/undo").is_success
    assert (folder / "delivery.yml").read_text("utf-8") == before
    assert git(folder, "log", "-1", "--format=%s") == "Undo: 降到 88"
    assert git(folder, "status", "--porcelain", "--", "*.yml") == ""
    assert editor.get(f"{API}/history").json()[1]["undone"]


def test_what_somebody_committed_by_hand_is_undone_like_a_publish(
    reviewer: httpx.Client, folder: Path
) -> None:
    file = folder / "products.yml"
    before = file.read_text("utf-8")
    file.write_text(before.replace("¥39 起", "¥19 起") + "# a remark\n", "utf-8")
    git(folder, "commit", "--quiet", "--all", "-m", "Cheaper cases")
    for _ in range(200):  # the watcher publishes what was saved
        if "¥19" in opened(reviewer, "products-iphone15-case")["live"]["zh"]["answer"]:
            break
    history = reviewer.get(f"{API}/history").json()
    entry = next(one for one in history if one["note"] == "Cheaper cases")
    assert (entry["publisher"], entry["undoable"]) == ("Dev", True)
    assert reviewer.post(f"{API}/history/{entry['publish']}/undo").is_success
    assert file.read_text("utf-8") == before
    again = reviewer.post(f"{API}/history/{entry['publish']}/undo")
    assert again.status_code == 409


def test_an_import_names_new_categories_or_says_what_to_do(
    editor: httpx.Client, reviewer: httpx.Client, folder: Path
) -> None:
    rows = [
        "编号,分类,中文分类,英文分类,中文问题,中文回答,英文问题,英文回答",
        "gift-wrap,gifts,礼品,Gifts,可以包装吗,可以。,do you wrap gifts,Yes.",
        "gift-card,礼品,,,有贺卡吗,有。,is there a card,Yes.",
        "shop-open,门店,,,门店几点开,九点。,when does the store open,At nine.",
        "size-kids,商品,,,童装怎么选,看身高。,kids sizes,By height.",
    ]
    raw = "\n".join(rows).encode("gbk")
    report = editor.post(f"{API}/import?name=新.csv", content=raw).json()
    assert (report["added"], report["faulty"], report["skipped"]) == (4, [], [])
    (note,) = report["notes"]
    assert note["line"] == 4
    assert "category_en" in note["mend"]["zh"]
    listed = editor.get(f"{API}/records").json()["categories"]
    titles = {category["id"]: category["title"] for category in listed}
    assert titles["gifts"] == {"zh": "礼品", "en": "Gifts"}  # in the form before it is published
    again = editor.post(f"{API}/import?name=新.csv", content=raw).json()
    assert (again["added"], again["same"], again["skipped"]) == (0, 4, [])
    ids = ["gift-wrap", "gift-card", "shop-open", "size-kids"]
    chosen = {"ids": ids, "confirmed": True}
    assert reviewer.post(f"{API}/publish", json=chosen).is_success
    files = {name: (folder / f"{name}.yml").read_text("utf-8") for name in ("gifts", "men-dian")}
    assert all(words in files["gifts"] for words in ("礼品", "Gifts", "gift-wrap", "gift-card"))
    assert "门店" in files["men-dian"]
    assert "size-kids" in (folder / "products.yml").read_text("utf-8")


def test_a_chosen_threshold_counts_and_is_written(
    editor: httpx.Client, reviewer: httpx.Client, folder: Path
) -> None:
    labels = [
        {"text": "包邮吗亲", "expected": ["answer:delivery-fee"]},
        {"text": "退货怎么弄", "expected": "answer:returns-how"},
        {"text": "帮我退货", "expected": ["flow:return_request", "answer:returns-how"]},
        {"text": "今天天气如何", "expected": ["decline"]},
    ]
    raw = "\n".join(json.dumps(label) for label in labels).encode()
    found = editor.post(f"{API}/thresholds/measure", content=raw).json()
    assert found["labels"] == 3  # a task is nothing that the FAQ's thresholds decide
    (curve,) = found["curves"]
    assert (curve["language"], curve["questions"], len(curve["points"])) == ("zh", 3, 101)
    for point in curve["points"]:
        total = sum(point[part] for part in ("right", "wrong", "suggested", "passed_on"))
        assert total == pytest.approx(1)
    bad = editor.post(f"{API}/thresholds/measure", content=b'{"text": "x"}')
    assert bad.status_code == 422
    assert "line 1" in bad.json()["detail"]
    point = {"language": "zh", "answer": 0.42, "suggest": 0.1}
    assert editor.post(f"{API}/thresholds/choose", json=point).status_code == 403
    assert reviewer.post(f"{API}/thresholds/choose", json=point).is_success
    assert (
        json.loads((folder / "calibration.json").read_text())["languages"]["zh"]["answer"] == 0.42
    )
    again = editor.post(f"{API}/thresholds/measure", content=raw).json()
    assert again["curves"][0]["answer"] == 0.42
