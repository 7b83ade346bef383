"""Heat counts answers and what followed them; parity notices a side that was left behind."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.editing.heat import Answered, Heat, count
from bot.editing.parity import left_behind, thin_sides
from bot.faq.model import Record
from bot.faq.pairs import note_pairs, read_pairs

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def turn(conversation: str, decision: str, minutes: float = 0) -> Answered:
    return Answered(conversation, decision, NOW + timedelta(minutes=minutes))


def test_an_answer_helped_unless_a_miss_or_a_call_for_a_person_follows_soon() -> None:
    turns = [
        turn("a", "answer:fee"), turn("a", "handoff:asked_for", 1),
        turn("b", "answer:fee"), turn("b", "answer:size", 1),
        turn("c", "answer:fee"), turn("c", "clarify", 60),
        turn("d", "answer:size"),
    ]  # fmt: skip
    assert count(turns) == {"fee": Heat(3, 2), "size": Heat(2, 2)}


def record(zh: str, en: str) -> Record:
    sides = {"zh": {"questions": ["a"], "answer": zh}, "en": {"questions": ["b"], "answer": en}}
    return Record.model_validate({"id": "fee", **sides})


def test_a_side_is_behind_until_its_answer_changes_too_or_an_editor_agrees(tmp_path: Path) -> None:
    """The badge and ``yingda faq check`` have one source, so an edit by hand counts as well."""

    def now(zh: str, en: str) -> dict[str, str]:
        note_pairs(tmp_path, [record(zh, en)])
        return dict(left_behind([record(zh, en)], read_pairs(tmp_path)))

    assert now("一", "one") == {}
    assert now("二", "one") == {"fee": "en"}
    assert now("二", "two") == {}
    assert now("二", "three") == {"fee": "zh"}
    note_pairs(tmp_path, [record("二", "three")], agreed=["fee"])
    assert now("二", "three") == {}


def test_a_side_with_far_fewer_phrasings_or_no_answer_is_thin() -> None:
    many = {"questions": ["a", "b", "c", "d"], "answer": "x"}
    assert thin_sides({"zh": many, "en": {"questions": ["a"], "answer": "x"}}) == ["en"]
    assert thin_sides({"zh": {"questions": ["a", "b"], "answer": ""}, "en": many}) == ["zh"]
    assert thin_sides({"zh": many, "en": many}) == []
