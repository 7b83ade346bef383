"""Diffs say what changed, and a merge keeps what both editors did."""

from __future__ import annotations

from typing import Any

from bot.editing.compare import differences, merge


def record(
    zh: str, questions: list[str], en: str = "Free from ¥99.", **more: Any
) -> dict[str, Any]:
    return {
        "id": "fee", "zh": {"questions": questions, "answer": zh},
        "en": {"questions": ["shipping"], "answer": en}, **more,
    }  # fmt: skip


BASE = record("满99包邮", ["包邮吗", "运费"])


def test_a_diff_of_an_answer_marks_characters_and_one_of_phrasings_whole_lines() -> None:
    found = {c.path: c for c in differences(BASE, record("满199包邮", ["包邮吗", "邮费多少"]))}
    assert set(found) == {"zh.questions", "zh.answer"}
    assert ("same", "包邮吗") in found["zh.questions"].parts
    assert ("gone", "运费") in found["zh.questions"].parts
    assert ("new", "邮费多少") in found["zh.questions"].parts
    assert "".join(text for kind, text in found["zh.answer"].parts if kind != "gone") == "满199包邮"
    assert "".join(text for kind, text in found["zh.answer"].parts if kind != "new") == "满99包邮"


def test_changes_of_different_fields_are_both_kept() -> None:
    mine = record("满199包邮", ["包邮吗", "运费", "邮费多少"])
    theirs = record(
        "满99包邮", ["包邮吗", "快递费"], "Free from ¥199.", picture="https://a.example/b.png"
    )
    merged = merge(BASE, mine, theirs)
    assert merged.conflicts == ()
    assert merged.record == record(
        "满199包邮", ["包邮吗", "邮费多少", "快递费"], "Free from ¥199.",
        picture="https://a.example/b.png",
    )  # fmt: skip


def test_two_texts_for_one_field_are_a_conflict_with_ones_own_kept_until_chosen() -> None:
    merged = merge(BASE, record("满199包邮", ["包邮吗"]), record("满59包邮", ["包邮吗"]))
    assert merged.conflicts == ("zh.answer",)
    assert merged.record["zh"]["answer"] == "满199包邮"
    assert merged.record["zh"]["questions"] == ["包邮吗"]


def test_a_removed_field_stays_removed() -> None:
    before = BASE | {"picture": "https://a.example/b.png"}
    assert "picture" not in merge(before, BASE, before).record
    assert "picture" not in merge(before, before, BASE).record
