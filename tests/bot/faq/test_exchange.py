"""Tables and documents of records: out and in without loss, and a reason for every row left out."""

from __future__ import annotations

import csv
import json
import random
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.cli import app
from bot.faq.authoring import Author
from bot.faq.exchange import ExchangeError, export, read_sheet
from bot.faq.importing import plan_import
from bot.faq.model import Record
from bot.faq.records import load_corpus

TRICKY = {
    "id": "tricky-record",
    "zh": {
        "questions": ["=1+1是公式吗", "'引号开头", "反斜杠 \\n 不是换行", "“引号”,逗号\t制表|竖线", "㗎🧑‍💻𠮷"],
        "answer": "# 不是标题\n\n- 列表\n  缩进\n\\# 反斜杠\n\n### zh questions\n- a | b",
    },
    "en": {"questions": ["@mention, or +1 -1?", 'say "yes"'], "answer": "=SUM(A1)\nYes: [a](https://a.example/?x=1&y=2)"},
    "valid_from": "2026-11-01T20:00",
    "valid_until": "2026-11-12",
    "channels": ["web", "wechat"],
    "links": [
        {"url": "https://a.example/x", "zh": "甲", "en": "A"},
        {"url": "https://b.example/", "zh": "乙", "en": "B"},
    ],
    "picture": "https://a.example/p.png",
    "follow_ups": ["delivery-fee", "returns-how"],
    "owner": "小王",
}  # fmt: skip


@pytest.fixture
def tricky(folder: Path) -> Path:
    Author(folder).create(Record.model_validate(TRICKY), "delivery")
    return folder


@pytest.mark.parametrize(
    ("name", "encoding"),
    [("a.csv", "utf-8-sig"), ("a.csv", "gbk"), ("a.csv", "utf-16"), ("a.xlsx", ""), ("a.md", ""), ("a.json", "")],
)  # fmt: skip
def test_what_goes_out_comes_back_without_loss(
    tricky: Path, tmp_path: Path, name: str, encoding: str
) -> None:
    file = tmp_path / name
    before = load_corpus(tricky)
    assert export(before, file, encoding or "utf-8") == 6
    for old in tricky.glob("*.yml"):
        old.unlink()
    plan = plan_import(tricky, file)
    Author(tricky).apply(plan.change)
    assert (plan.skipped, plan.ignored) == ([], ())
    after = load_corpus(tricky)
    assert {r.id: r for r in after.records} == {r.id: r for r in before.records}
    assert [c.category for c in after.categories] == [c.category for c in before.categories]
    assert [c.title for c in after.categories] == [c.title for c in before.categories]


def test_importing_again_changes_nothing(tricky: Path, tmp_path: Path) -> None:
    export(load_corpus(tricky), tmp_path / "a.xlsx")
    plan = plan_import(tricky, tmp_path / "a.xlsx")
    assert (len(plan.same), plan.new, plan.changed, plan.change.files) == (6, [], [], {})


def test_a_persons_table_is_read_and_every_row_left_out_has_its_reason(
    folder: Path, tmp_path: Path
) -> None:
    rows = [
        ["编号", "分类", "问题", "回答", "英文问题", "英文回答", "备注"],
        ["gift-wrap", "gifts", "能包装吗\n可以送礼吗", "可以", "do you wrap gifts", "Yes", "x"],
        ["", "gifts", "有贺卡吗", "有", "Do you have cards?", "Yes", ""],
        ["no-english", "gifts", "只有中文", "好", "", "", ""],
        ["Bad Id", "gifts", "编号不对", "好", "wrong id", "yes", ""],
        ["doubled", "gifts", "包邮吗", "好", "twice asked", "yes", ""],
        ["gift-wrap", "gifts", "又来一次", "好", "again", "yes", ""],
        ["returns-how", "", "怎么退货", "七天内都可以退。", "how do I return something", "Within 7 days.", ""],
    ]  # fmt: skip
    file = tmp_path / "table.csv"
    with file.open("w", encoding="gbk", newline="") as output:
        csv.writer(output, delimiter=";").writerows(rows)
    plan = plan_import(folder, file)
    assert plan.ignored == ("备注",)
    assert plan.new == ["gift-wrap", "do-you-have-cards"]
    assert plan.changed == ["returns-how"]
    # A cell with a line break takes two lines of the file.
    reasons = [(p.place.line, p.code) for p in plan.skipped]
    assert reasons == [
        (5, "missing_side"),
        (6, "bad_id"),
        (7, "doubled_question_elsewhere"),
        (8, "doubled_id"),
    ]
    assert not (folder / "gifts.yml").exists()
    Author(folder).apply(plan.change)
    assert load_corpus(folder).records[-1].id in {"do-you-have-cards", "products-iphone14-case"}


@pytest.mark.parametrize(
    ("name", "content", "what"),
    [
        ("a.csv", b"", "empty"),
        ("a.csv", b"\xff\xff\x00", "UTF-8"),
        ("a.csv", b"name,age\nx,1\n", "column titles"),
        ("a.xlsx", b"no zip", "Excel"),
        ("a.json", b"{", "category"),
        ("a.pdf", b"x", "ends in"),
    ],
)
def test_a_file_that_is_no_table_is_refused(
    tmp_path: Path, name: str, content: bytes, what: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ExchangeError, match=what):
        read_sheet(tmp_path / name)


def test_the_command_reports_and_dry_run_writes_nothing(folder: Path, tmp_path: Path) -> None:
    record = {
        "id": "a-b",
        "zh": {"questions": ["甲"], "answer": "乙"},
        "en": {"questions": ["?"], "answer": "b"},
    }
    file = tmp_path / "a.json"
    file.write_text(
        json.dumps([{"category": "ab", "title": {"zh": "甲", "en": "A"}, "records": [record]}]),
        "utf-8",
    )
    before = sorted(folder.iterdir())
    command = [
        "faq",
        "import",
        str(file),
        "--folder",
        str(folder),
        "--report",
        str(tmp_path / "r.csv"),
    ]
    result = CliRunner().invoke(app, [*command, "--lang", "zh"])
    assert result.exit_code == 1, result.output
    assert "没有字也没有数字" in result.output
    assert "没有字也没有数字" in (tmp_path / "r.csv").read_text("utf-8-sig")
    assert sorted(folder.iterdir()) == before
    record["en"]["questions"] = ["what is b"]  # type: ignore[index]
    file.write_text(
        json.dumps([{"category": "ab", "title": {"zh": "甲", "en": "A"}, "records": [record]}]),
        "utf-8",
    )
    result = CliRunner().invoke(app, [*command, "--dry-run"])
    assert "1 records would be added" in result.output
    assert sorted(folder.iterdir()) == before
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 0
    assert Author(folder).read("a-b").category == "ab"


def test_random_texts_survive_every_table(folder: Path, tmp_path: Path) -> None:
    """Round trips of texts made of what tables, Markdown and YAML give a meaning to."""
    rng = random.Random(7)
    pieces = [
        "\\",
        "\\n",
        "'",
        '"',
        "=",
        "#",
        "- ",
        ",",
        ";",
        "\t",
        "|",
        ": ",
        "退",
        "a",
        "\n",
        "\n\n",
        " ",
        "*",
        "é",
        "😀",
    ]
    author = Author(folder)
    for number in range(12):

        def text(length: int) -> str:
            return f"{rng.randrange(10**9)}{''.join(rng.choices(pieces, k=length))}x"

        sides = {
            language: {
                "questions": [text(6).replace("\n", " ") for _ in range(3)],
                "answer": text(25),
            }
            for language in ("zh", "en")
        }
        record = Record.model_validate({"id": f"random-{number}", **sides})
        author.create(record, "delivery")
    before = {r.id: r for r in load_corpus(folder).records}
    for suffix in (".csv", ".xlsx", ".md", ".json"):
        export(load_corpus(folder), tmp_path / f"x{suffix}")
        plan = plan_import(folder, tmp_path / f"x{suffix}")
        assert plan.skipped == [], suffix
        assert set(plan.same) == set(before), suffix
