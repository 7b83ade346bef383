"""Thresholds from labelled questions: the curve counts every question once, the cost moves the choice."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from bot.cli import app
from bot.faq.calibration import FILE_NAME, Calibration, load_calibration
from bot.faq.fit import Ranked
from bot.faq.knowledge import Knowledge
from bot.faq.thresholds import Labelled, curve, from_expected, rank_labelled, tune
from tests.bot.faq.conftest import MeaningEncoder

runner = CliRunner()
MESSAGES = [
    {"text": "你们包邮不", "expected": "answer:delivery-fee"},
    {"text": "what about postage then", "expected": ["answer:delivery-fee"]},
    {"text": "唱首歌吧", "expected": "decline"},
    {"text": "我要人工", "expected": "handoff:asked_for"},
]


def ranked(size: int = 400) -> Ranked:
    """Questions that are right as often as their score says; every fourth has no answer."""
    rng = np.random.default_rng(5)
    score, answerable = rng.uniform(size=size), np.arange(size) % 4 > 0
    first = answerable & (rng.uniform(size=size) < score)
    return Ranked(score, first, first, answerable, np.full(size, 1 / size))


def test_a_task_is_no_label_and_off_topic_talk_is_a_question_without_records() -> None:
    assert from_expected("包邮吗", ["answer:a", "answer:b"]) == Labelled("包邮吗", frozenset("ab"))
    assert from_expected("唱首歌", ["decline", "flow:greet"]) == Labelled("唱首歌", frozenset())
    assert from_expected("转人工", ["handoff:asked_for"]) is None


def test_every_point_counts_each_question_once_and_a_higher_threshold_answers_less() -> None:
    points = curve(ranked(), suggest=0.3)
    for point in points:
        shares = point.right + point.wrong + point.suggested + point.passed_on
        assert shares == pytest.approx(1)
    answered = [point.right + point.wrong for point in points]
    assert answered == sorted(answered, reverse=True)
    assert (points[0].passed_on, points[-1].right) == (0, 0)


def test_dearer_wrong_answers_raise_the_threshold(folder: Path) -> None:
    before = load_calibration(folder / FILE_NAME, MeaningEncoder.fingerprint)
    cheap, dear = (tune(before, {"zh": ranked()}, cost) for cost in (1.0, 20.0))
    assert cheap.languages["zh"].answer < dear.languages["zh"].answer
    assert cheap.languages["en"] == before.languages["en"]
    with pytest.raises(ValueError, match="at least 0, got -1"):
        tune(before, {"zh": ranked()}, -1)


def test_questions_are_ranked_by_language_and_an_unknown_record_is_named(folder: Path) -> None:
    knowledge = Knowledge.load(folder, MeaningEncoder())
    fee = frozenset({"delivery-fee"})
    found = rank_labelled(knowledge, [Labelled("包邮不", fee), Labelled("postage please", fee)])
    assert {language: len(one.score) for language, one in found.items()} == {"en": 1, "zh": 1}
    assert found["zh"].first.all()
    with pytest.raises(ValueError, match="record of the FAQ for '包邮不', got gone"):
        rank_labelled(knowledge, [Labelled("包邮不", frozenset({"gone"}))])


def test_the_command_prints_the_curve_and_writes_only_when_told(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.encoder.load_encoder", lambda name: MeaningEncoder())
    monkeypatch.setenv("YINGDA_VAR", str(tmp_path / "var"))
    labels = tmp_path / "messages.jsonl"
    labels.write_text("".join(json.dumps(one) + "\n" for one in MESSAGES), "utf-8")
    file, command = (
        folder / FILE_NAME,
        ["eval", "tune", "--folder", str(folder), "--messages", str(labels)],
    )
    untouched = file.read_text("utf-8")
    shown = runner.invoke(app, command)
    assert shown.exit_code == 0, shown.output
    assert "zh: what becomes of 2 questions" in shown.output
    assert "Nothing was written" in shown.output
    assert file.read_text("utf-8") == untouched
    kept = runner.invoke(app, [*command, "--wrong-cost", "3", "--write"])
    assert kept.exit_code == 0, kept.output
    tuned = Calibration.model_validate_json(file.read_text("utf-8")).fitted["tuned"]
    assert (tuned["wrong_cost"], tuned["languages"]["zh"]["questions"]) == (3, 2)


def test_tasks_alone_are_refused_in_one_line(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.encoder.load_encoder", lambda name: MeaningEncoder())
    monkeypatch.setenv("YINGDA_VAR", str(tmp_path / "var"))
    labels = tmp_path / "messages.jsonl"
    labels.write_text(json.dumps(MESSAGES[3]) + "\n", "utf-8")
    refused = runner.invoke(
        app, ["eval", "tune", "--folder", str(folder), "--messages", str(labels)]
    )
    assert refused.exit_code == 2
    assert "expected questions for the FAQ, got tasks alone" in refused.output
