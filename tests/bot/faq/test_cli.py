"""``yingda faq``: exit codes and what an editor gets to read."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.cli.faq import app
from bot.faq.records import load_corpus
from tests.bot.faq.conftest import MeaningEncoder

runner = CliRunner()


@pytest.fixture(autouse=True)
def shop(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YINGDA_VAR", str(folder.parent / "var"))
    monkeypatch.setenv("COLUMNS", "160")
    monkeypatch.setattr("bot.encoder.load_encoder", lambda name: MeaningEncoder())


def test_check_counts_and_succeeds(folder: Path) -> None:
    result = runner.invoke(app, ["check", "--folder", str(folder)])
    assert result.exit_code == 0, result.output
    assert "5 records" in result.output
    assert "delivery" in result.output


def test_check_warns_of_near_duplicates_between_records(folder: Path) -> None:
    file = folder / "products.yml"
    file.write_text(file.read_text("utf-8").replace("我该穿多大的", "满多少免邮费呢"), "utf-8")
    result = runner.invoke(app, ["check", "--folder", str(folder)])
    assert result.exit_code == 0
    assert f"{file}:6:26: '满多少免邮费呢' is nearly '满多少免邮费'" in result.output


def test_check_fails_with_the_place_of_every_mistake(folder: Path) -> None:
    file = folder / "delivery.yml"
    file.write_text(file.read_text("utf-8").replace("answer:", "anser:"), "utf-8")
    result = runner.invoke(app, ["check", "--folder", str(folder)])
    assert result.exit_code == 1
    assert f"{file}:11:7: unknown field 'anser'; write 'answer'" in result.output
    assert result.output.count("unknown field") == 4


def test_test_shows_what_is_found_and_how_surely(folder: Path) -> None:
    result = runner.invoke(app, ["test", "包邮吗亲", "--folder", str(folder)])
    assert result.exit_code == 0, result.output
    first, answer, *lines = result.output.splitlines()
    assert first.startswith("Answered by delivery-fee (answer from 0.60")
    assert "99" in answer
    assert "1.000  delivery-fee" in lines


@pytest.mark.parametrize(
    ("question", "told"),
    [
        ("运费和尺码", ["Suggested (answer", "  包邮吗 (delivery-fee)"]),
        ("今天天气怎么样", ["Not found (answer"]),
    ],
)
def test_test_shows_what_is_offered_and_says_when_nothing_is(
    folder: Path, question: str, told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("YINGDA_FAQ_ANSWER_THRESHOLD", "0.99")
    monkeypatch.setenv("YINGDA_FAQ_SUGGEST_THRESHOLD", "0.5")
    result = runner.invoke(app, ["test", question, "--folder", str(folder)])
    assert result.exit_code == 0, result.output
    lines = result.output.splitlines()
    assert all(any(line.startswith(one) for line in lines) for one in told), result.output


def test_test_says_so_when_there_is_nothing_to_search(folder: Path) -> None:
    result = runner.invoke(app, ["test", "？！", "--folder", str(folder)])
    assert result.exit_code == 0
    assert "Nothing to search for" in result.output


def test_test_fails_with_the_command_that_mends_a_missing_calibration(folder: Path) -> None:
    (folder / "calibration.json").unlink()
    result = runner.invoke(app, ["test", "包邮吗", "--folder", str(folder)])
    assert result.exit_code == 1
    assert "yingda faq fit" in result.output


def _new(folder: Path, faq_id: str, question: str = "能包成礼物吗") -> tuple[int, str]:
    sides = ["--zh", question, "--zh-answer", "可以，¥5 一份。", "--en", "do you wrap gifts"]
    options = [*sides, "--en-answer", "Yes, for ¥5.", "--folder", str(folder)]
    result = runner.invoke(app, ["new", faq_id, "--category", "delivery", *options])
    return result.exit_code, result.output


def test_new_adds_a_record_and_leaves_the_rest_of_its_file_alone(folder: Path) -> None:
    file = folder / "delivery.yml"
    before = file.read_text("utf-8")
    code, said = _new(folder, "gifts-wrap")
    assert (code, f"Added at {file}:" in said) == (0, True), said
    assert file.read_text("utf-8").startswith(before)
    added = {record.id: record for record in load_corpus(folder).records}["gifts-wrap"]
    assert (added.zh.questions, added.en.answer) == (("能包成礼物吗",), "Yes, for ¥5.")


@pytest.mark.parametrize(
    ("faq_id", "question", "told"),
    [
        ("delivery-fee", "能包成礼物吗", "delivery-fee"),
        ("gifts-wrap", "包邮吗", "'包邮吗'"),
        ("Gifts wrap", "能包成礼物吗", "'Gifts wrap' cannot be an id"),
    ],
)
def test_new_refuses_what_would_break_the_files(
    folder: Path, faq_id: str, question: str, told: str
) -> None:
    before = (folder / "delivery.yml").read_bytes()
    code, said = _new(folder, faq_id, question)
    assert (code, told in said) == (1, True), said
    assert (folder / "delivery.yml").read_bytes() == before
