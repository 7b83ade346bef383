"""``yingda eval``: files are read or refused in one clear line, figures are what they say."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from bot.cli import app
from bot.evaluation.decisions import harmless, judge_decision
from bot.evaluation.files import BadFileError, Labelled, read_messages, read_pairs
from bot.evaluation.run import draw, out_of_scope

runner = CliRunner()
ROWS = {
    "refund": [("我要退款", "i want a refund"), ("把钱退给我", "give my money back"),
               ("退款怎么弄", "how to refund"), ("钱退了吗", "is the money back")],
    "parcel": [("包裹到哪了", "where is my parcel"), ("快递还没到", "parcel not here"),
               ("查一下物流", "track my parcel"), ("什么时候送到", "when will it arrive")],
}  # fmt: skip


class WordEncoder:
    """Texts that share characters are near: enough to learn two intents from."""

    dimension, fingerprint = 64, "words"

    def encode(self, texts: Sequence[str]) -> np.ndarray:  # type: ignore[type-arg]
        rows = np.full((len(texts), self.dimension), 1e-3, np.float32)
        for row, text in zip(rows, texts, strict=True):
            for part in [*text.split(), *text]:
                row[hashlib.md5(part.encode()).digest()[0] % self.dimension] += 1
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@pytest.fixture(autouse=True)
def encoder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.encoder.load_encoder", lambda name: WordEncoder())


@pytest.fixture
def massive(tmp_path: Path) -> Path:
    file = tmp_path / "massive.jsonl"
    rows = [
        {"id": f"{intent}{i}", "intent": intent, "zh": zh, "en": en}
        for intent, texts in ROWS.items()
        for i, (zh, en) in enumerate(texts)
    ]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return file


def test_the_table_has_both_systems_both_ways_and_their_costs(
    massive: Path, tmp_path: Path
) -> None:
    output, plot = tmp_path / "rows.json", tmp_path / "plot.png"
    done = runner.invoke(
        app,
        ["eval", "--massive", str(massive), str(massive), "--draws", "2",
         "--output", str(output), "--plot", str(plot)],
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    rows = {(row["measure"], row["system"]): row for row in json.loads(output.read_text("utf-8"))}
    learnt = rows["MASSIVE zh, all examples", "Yingda"]
    assert (learnt["mean"], learnt["tested"]) == (100, 8)
    assert len(rows["MASSIVE en to zh, 10 per intent", "Yingda"]["values"]) == 2
    assert rows["MASSIVE en, all examples", "TF-IDF + logistic regression"]["mean"] == 100
    assert rows["MASSIVE en, all examples: a message", "Yingda"]["mean"] > 0
    error = rows["MASSIVE en to zh, all examples: calibration error", "Yingda"]
    assert sum(share for _, _, share in error["bins"]) == pytest.approx(1)
    assert plot.stat().st_size > 1000


def test_clinc_and_csv_are_read(tmp_path: Path) -> None:
    pairs = [[en, intent] for intent, texts in ROWS.items() for _, en in texts]
    clinc, table = tmp_path / "clinc.json", tmp_path / "rows.csv"
    clinc.write_text(
        json.dumps({"train": pairs, "val": pairs, "oos_val": [["zzz qqq", "oos"]] * 3}), "utf-8"
    )
    table.write_text("text,category\n" + "".join(f"{t},{i}\n" for t, i in pairs), "utf-8")
    done = runner.invoke(
        app,
        ["eval", "--clinc", str(clinc), "--banking", str(table), str(table), "--quick"],
    )
    assert done.exit_code == 0, done.output
    assert "CLINC150 out of scope, AUROC" in done.output
    assert "Banking77, 10 per intent" in done.output


@pytest.mark.parametrize(
    ("option", "content", "words"),
    [
        ("--clinc", '{"training": []}', "expected the keys train and test or val, got training"),
        ("--pairs", "甲\t乙\t1\n甲\t乙\n", "line 2: expected three columns"),
        ("--messages", '{"text": "包邮吗"}\n', 'line 1: expected {"text", "expected"'),
        ("--messages", "text\n", "line 1: expected a JSON object, got 'text'"),
    ],
)
def test_a_wrong_file_gets_one_clear_line(
    tmp_path: Path, option: str, content: str, words: str
) -> None:
    file = tmp_path / "wrong.txt"
    file.write_text(content, "utf-8")
    done = runner.invoke(app, ["eval", option, str(file)])
    assert done.exit_code == 2
    assert f"{file}" in done.output
    assert words in done.output
    assert done.output.count("\n") == 1


def test_without_the_engine_rasa_cannot_be_measured_and_the_log_is_named(
    massive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("YINGDA_ENGINE_PYTHON", sys.executable)
    monkeypatch.setenv("YINGDA_VAR", str(tmp_path / "var"))
    done = runner.invoke(
        app, ["eval", "--massive", str(massive), str(massive), "--draws", "1", "--quick", "--diet"]
    )
    assert done.exit_code == 1
    log = tmp_path / "var/logs/diet.log"
    assert f"the reason is at the end of {log}" in done.output
    assert "No module named 'rasa'" in log.read_text("utf-8")


def test_a_wrong_csv_names_what_came(tmp_path: Path) -> None:
    file = tmp_path / "wrong.csv"
    file.write_text("sentence,class\na,b\n", "utf-8")
    done = runner.invoke(app, ["eval", "--hwu", str(file), str(file)])
    assert done.exit_code == 2
    assert "line 1: expected the columns text,category, got sentence,class" in done.output


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadFileError, match=r"none\.tsv: expected a file, got: No such file"):
        read_pairs(tmp_path / "none.tsv")


def test_a_head_of_a_pairs_file_is_passed_over(tmp_path: Path) -> None:
    file = tmp_path / "pairs.tsv"
    file.write_text("text_1\ttext_2\tlabel\n甲\t乙\t0\n甲\t甲\t1\n", "utf-8")
    assert read_pairs(file).likeness == [0, 1]


def test_expected_may_be_one_decision(tmp_path: Path) -> None:
    file = tmp_path / "messages.jsonl"
    file.write_text('{"text": "包邮吗", "expected": "answer:shipping-fee"}\n', "utf-8")
    assert read_messages(file) == [
        {"id": "1", "text": "包邮吗", "expected": ["answer:shipping-fee"]}
    ]


@pytest.mark.parametrize(
    ("decision", "expected", "kind"),
    [
        ("answer:a", ["answer:a"], "right"),
        ("suggest:b,a", ["answer:a"], "right among the suggestions"),
        ("answer:b", ["answer:a"], "wrong answer"),
        ("flow:greet", ["answer:a"], "wrong act"),
        ("clarify", ["answer:a"], "passed over"),
        ("handoff:low_confidence", ["decline"], "wrong act"),
        ("answer:b", ["decline"], "wrong answer"),
    ],
)
def test_every_decision_has_one_kind(decision: str, expected: list[str], kind: str) -> None:
    assert judge_decision(decision, expected) == kind


@pytest.mark.parametrize(
    ("decision", "is_harmless"),
    [("decline", True), ("clarify", True), ("suggest:a", True), ("answer:a", False),
     ("flow:return_request", False), ("handoff:asked_for", False)],
)  # fmt: skip
def test_off_topic_talk_must_be_neither_answered_nor_acted_on(
    decision: str, is_harmless: bool
) -> None:
    assert harmless(decision, ["decline"]) is is_harmless


def test_a_draw_has_no_more_than_asked_of_each_intent_and_differs_by_seed() -> None:
    data = Labelled([str(i) for i in range(40)], ["a"] * 30 + ["b"] * 10)
    first, second = draw(data, 10, 0), draw(data, 10, 1)
    assert (first.intents.count("a"), first.intents.count("b")) == (10, 10)
    assert set(first.texts) != set(second.texts)


def test_out_of_scope_figures_are_those_of_the_definition() -> None:
    inside, outside = np.arange(100.0), np.array([-1.0, 2.0, 50.0, 200.0])
    auroc, found = out_of_scope(inside, outside)
    brute = np.mean([(i > o) + 0.5 * (i == o) for i in inside for o in outside])
    assert auroc == pytest.approx(brute)
    assert found == 50
