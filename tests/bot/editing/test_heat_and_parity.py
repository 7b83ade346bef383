"""Heat counts answers and what followed them; parity notices a side that was left behind."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from bot.editing.heat import Answered, Heat, count
from bot.editing.model import Change, RecordData
from bot.editing.parity import drifted, thin_sides

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


def change(number: int, before: RecordData, after: RecordData) -> Change:
    return Change(number, "p", "fee", "delivery", before, after, "ann", "ann", "", None, NOW)


def sides(zh: str, en: str) -> RecordData:
    return {"zh": {"questions": ["a"], "answer": zh}, "en": {"questions": ["b"], "answer": en}}


def test_a_side_is_behind_until_its_answer_changes_too() -> None:
    first = change(1, sides("一", "one"), sides("二", "one"))
    assert drifted([first]) == {"fee": "en"}
    assert drifted([first, change(2, sides("二", "one"), sides("二", "two"))]) == {}
    assert drifted([change(1, sides("一", "one"), sides("二", "two"))]) == {}


def test_a_side_with_far_fewer_phrasings_or_no_answer_is_thin() -> None:
    many = {"questions": ["a", "b", "c", "d"], "answer": "x"}
    assert thin_sides({"zh": many, "en": {"questions": ["a"], "answer": "x"}}) == ["en"]
    assert thin_sides({"zh": {"questions": ["a", "b"], "answer": ""}, "en": many}) == ["zh"]
    assert thin_sides({"zh": many, "en": many}) == []
