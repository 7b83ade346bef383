"""What an editor is told beyond plain mistakes."""

from __future__ import annotations

import string
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
import yaml

from bot.faq.authoring import Author
from bot.faq.checks import CHANNEL_LIMITS, check
from bot.faq.errors import Place, Problem, Severity, problem_texts
from bot.faq.linkcheck import check_links
from bot.faq.model import Record
from bot.faq.pairs import note_pairs
from bot.faq.records import Reader, load_corpus
from connectors.telegram.channel import TelegramChannel
from connectors.web.channel import WebChannel
from connectors.wechat.channel import WeChatChannel
from connectors.wecom.channel import WeComChannel

ROOT = Path(__file__).resolve().parents[3]
NOW = datetime(2026, 11, 22, tzinfo=UTC)


def found(folder: Path, **more: object) -> dict[tuple[str, str | None], Problem]:
    return {(p.code, p.record): p for p in check(folder, at=NOW, **more)}  # type: ignore[arg-type]


def put(folder: Path, old: str, new: str, name: str = "delivery.yml") -> None:
    file = folder / name
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), "utf-8")


def test_a_correct_folder_has_no_problem(folder: Path) -> None:
    assert check(folder, at=NOW) == []


def test_nearly_the_same_question_with_contradicting_answers(folder: Path) -> None:
    put(folder, "我该穿多大的", "满多少免邮费呢", "products.yml")
    put(folder, "can I get a refund", "is the postage free")
    problems = found(folder)
    assert ("near_duplicate", "products-size") in problems
    put(folder, "详情页有尺码表。", "满¥199才免邮费。", "products.yml")
    problem = found(folder)["opposite_answers", "products-size"]
    assert (problem.severity, problem.place.line) == (Severity.WARNING, 6)
    assert "¥199" in problem.what("zh")
    assert "delivery-fee" in problem.what("en")


def test_a_side_changed_while_its_twin_was_not(folder: Path) -> None:
    note_pairs(folder, load_corpus(folder).records)
    put(folder, "签收后7天内", "签收后15天内")
    problem = found(folder)["drift", "returns-how"]
    assert problem.place.line == 32
    assert "中文的回答改过了，英文的还是老样子" in problem.what("zh")
    # Publishing does not forget it; changing the other side, or an editor's word, does.
    note_pairs(folder, load_corpus(folder).records)
    assert ("drift", "returns-how") in found(folder)
    noted = (folder / "pairs.json").read_text("utf-8")
    note_pairs(folder, load_corpus(folder).records, ["returns-how"])
    assert found(folder) == {}
    (folder / "pairs.json").write_text(noted, "utf-8")
    put(folder, "within 7 days", "within 15 days")
    assert found(folder) == {}


def test_new_phrasings_are_no_drift(folder: Path) -> None:
    note_pairs(folder, load_corpus(folder).records)
    put(folder, "- 怎么退货", "- 怎么退货\n        - 退货流程")
    assert found(folder) == {}


@pytest.mark.parametrize(
    ("field", "code"),
    [
        ("valid_until: 2026-11-21", "expired"),
        ("valid_until: 2026-11-22", None),
        ("valid_from: 2026-12-01", "not_yet"),
        ("valid_from: 2026-02-30", "bad_moment"),
        ("valid_from: soon", "bad_moment"),
        ("valid_from: 2026-12-01\n    valid_until: 2026-11-30", "ends_before_it_begins"),
        ("channels: [whatsapp]", "unknown_channel"),
        ("channels: [web, wechat]", None),
        ("follow_ups: [delivery-fees]", "unknown_follow_up"),
        ("follow_ups: [delivery-fee]", None),
        ("task: order_status", "unknown_task"),
        ("links: [{url: shop, zh: 店, en: Shop}]", "bad_link"),
    ],
)
def test_optional_fields(folder: Path, field: str, code: str | None) -> None:
    put(folder, "  - id: returns-how\n", f"  - id: returns-how\n    {field}\n")
    assert set(found(folder)) == ({(code, "returns-how")} if code else set())


def test_tasks_are_those_of_the_file_beside_the_folder(folder: Path) -> None:
    (folder.parent / "tasks.yml").write_text("order_status: {zh: 查订单, en: Check}", "utf-8")
    put(folder, "  - id: returns-how\n", "  - id: returns-how\n    task: order_status\n")
    assert check(folder, at=NOW) == []
    assert load_corpus(folder).tasks["order_status"].zh == "查订单"


def test_every_task_of_the_shop_is_an_intent() -> None:
    domain = yaml.safe_load((ROOT / "domain.yml").read_text("utf-8"))
    intents = {next(iter(i)) if isinstance(i, dict) else i for i in domain["intents"]}
    assert set(load_corpus(ROOT / "data" / "faq").tasks) <= intents


def test_an_answer_too_long_for_a_channel(folder: Path) -> None:
    put(folder, "签收后7天内可以无理由退货。", "签收后7天内可以无理由退货。" * 60)
    problem = found(folder)["too_long", "returns-how"]
    assert "wechat, wecom" in problem.what("en")
    assert "2 条消息" in problem.what("zh")
    put(folder, "  - id: returns-how\n", "  - id: returns-how\n    channels: [telegram]\n")
    assert found(folder) == {}


def test_limits_are_those_of_the_channels() -> None:
    for channel in (WebChannel, TelegramChannel, WeChatChannel, WeComChannel):
        limit, in_bytes = CHANNEL_LIMITS[channel.name]
        assert channel.capabilities.text_limit == limit
        assert channel.capabilities.text_length("中") == (3 if in_bytes else 1)


def test_a_draft_is_checked_before_it_is_saved(folder: Path) -> None:
    stored = Author(folder).read("returns-how")
    side = {**stored.record.plain()["zh"], "questions": ["包邮吗"]}
    draft = Record.model_validate({**stored.record.plain(), "zh": side})
    problems = found(folder, drafts=Author(folder).draft(draft).files)
    assert set(problems) == {("doubled_question_elsewhere", "returns-how")}
    assert check(folder, at=NOW) == []


@pytest.mark.parametrize("online", [True, False])
def test_dead_links_are_told_and_nothing_is_claimed_without_a_network(
    folder: Path, online: bool
) -> None:
    put(folder, "[the list](https://shop.example/fees)", "[the list](https://gone.example/x)")

    def answer(request: httpx.Request) -> httpx.Response:
        if not online:
            raise httpx.ConnectError("no route")
        return httpx.Response(404 if request.url.host == "gone.example" else 200)

    problems = check_links(Reader(folder).read(), httpx.MockTransport(answer))
    (problem,) = problems
    if online:
        assert (problem.code, problem.record) == ("dead_link", "delivery-fee")
        assert "HTTP 404" in problem.what()
    else:
        assert (problem.code, problem.severity) == ("links_unchecked", Severity.HINT)


def test_every_problem_speaks_both_languages_with_the_same_values() -> None:
    for code, parts in problem_texts().items():
        for part in ("what", "mend"):
            assert set(parts[part]) == {"zh", "en"}, code
            for text in parts[part].values():
                list(string.Formatter().parse(text))
        assert (
            any("\u4e00" <= c <= "\u9fff" for c in parts["mend"]["zh"])
            or "{" in parts["mend"]["zh"]
        )
    problem = Problem(Place(Path("a.yml"), 3, 5), "empty_field", {"name": "answer"}, record="x")
    assert problem.to_json()["message"] == {"zh": "'answer' 是空的", "en": "'answer' is empty"}
    assert str(problem) == "a.yml:3:5: 'answer' is empty; fill it in"
