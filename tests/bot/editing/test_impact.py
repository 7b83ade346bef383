"""What a draft wins and loses on the questions that customers asked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bot.editing.impact import Asked, Effect, compare, recorded_questions
from bot.editing.model import as_data
from bot.editing.trial import Trials, with_drafts
from bot.faq.knowledge import Knowledge
from bot.storage.engine import Database
from tests.bot.faq.conftest import MeaningEncoder, write_small_faq
from tests.desk.month import fill_month

GIFT = {
    "id": "gift",
    "zh": {"questions": ["能包成礼物吗"], "answer": "可以，¥5 一份。"},
    "en": {"questions": ["do you wrap gifts"], "answer": "Yes, for ¥5."},
}


@pytest.fixture
def live(tmp_path: Path) -> Knowledge:
    return Knowledge.load(write_small_faq(tmp_path), MeaningEncoder())


def drafted(live: Knowledge) -> dict[str, tuple[str, dict[str, Any]]]:
    """A new record, one that goes, and one that takes over another's phrasings."""
    fee, size = (as_data(live.record(i)) for i in ("delivery-fee", "products-size"))
    taken = fee["zh"]["questions"]
    return {
        "gift": ("delivery", GIFT),
        "returns-how": ("delivery", {}),
        "delivery-fee": ("delivery", {**fee, "zh": {**fee["zh"], "questions": ["多少钱起送"]}}),
        "products-size": (
            "products", {**size, "zh": {**size["zh"], "questions": [*size["zh"]["questions"], *taken]}}
        ),
    }  # fmt: skip


def test_each_question_that_fares_differently_is_told_with_what_becomes_of_it(
    live: Knowledge,
) -> None:
    after = live.edited(with_drafts(live.corpus, drafted(live)))
    asked = [
        Asked("能包成礼物吗", 2), Asked("怎么退货", 5), Asked("包邮吗", 9), Asked("size chart", 7),
    ]  # fmt: skip
    found = compare(asked, live, after)
    assert [(one.question.text, one.effect) for one in found] == [
        ("包邮吗", Effect.MOVED),
        ("怎么退货", Effect.LOST),
        ("能包成礼物吗", Effect.WON),
    ]
    moved = found[0]
    assert (moved.before.answer, moved.after.answer) == ("delivery-fee", "products-size")


def test_a_trial_answers_as_the_files_will(live: Knowledge, tmp_path: Path) -> None:
    """One index for the draft however many questions are tried; the live FAQ stays as it is."""
    trials = Trials(lambda: live)
    drafts = {"gift": ("delivery", GIFT)}
    tried = trials.with_drafts(drafts)
    assert trials.with_drafts(dict(drafts)) is tried
    assert tried.rule("能包成礼物吗").answer == "gift"
    assert live.rule("能包成礼物吗").answer is None
    half = {"id": "gift", "zh": {"questions": ["能包成礼物吗"], "answer": ""}}
    assert trials.with_drafts({"gift": ("delivery", half)}).rule("能包成礼物吗").answer == "gift"


async def test_a_month_of_questions_is_counted_and_numbers_are_masked(database: Database) -> None:
    pairs = [
        ("邮费谁出", "delivery-fee"),
        ("邮费谁出？", "delivery-fee"),
        ("13912345678能退吗", "x"),
    ]
    await fill_month(database, pairs)
    found = await recorded_questions(database)
    assert (found[0].text, found[0].times) in {("邮费谁出", 2), ("邮费谁出？", 2)}
    assert [one.text for one in found[1:]] == ["####能退吗"]
