"""Thresholds from labelled questions: what would become of them at each, and what that would cost.

``fit.py`` fits the probabilities and, for want of customers' questions, thresholds on the FAQ's own
phrasings. Labelled questions of real customers choose better thresholds on the same probabilities.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bot.faq.calibration import Calibration
from bot.faq.fit import Costs, Ranked, choose_thresholds, outcomes
from bot.faq.knowledge import Hit, Knowledge, suggestions
from bot.faq.texts import phrase_key
from bot.language import Language, reply_language


@dataclass(frozen=True, slots=True)
class Labelled:
    """A question and the records that answer it; none when no record does."""

    text: str
    records: frozenset[str]


@dataclass(frozen=True, slots=True)
class Point:
    """Shares of all questions, 0 to 1, at an answer threshold; they sum to 1.

    ``passed_on`` are neither answered nor suggested: the bot asks back, then hands off.
    """

    threshold: float
    right: float
    wrong: float
    suggested: float
    passed_on: float


def from_expected(text: str, expected: Sequence[str]) -> Labelled | None:
    """Return the label of a message with its right decisions, the best one first.

    None when the best one is a task: its intent decides, before the FAQ's thresholds are asked.
    """
    if expected[0].partition(":")[0] not in ("answer", "decline", "clarify"):
        return None
    return Labelled(
        text, frozenset(e.partition(":")[2] for e in expected if e.startswith("answer:"))
    )


def rank_labelled(knowledge: Knowledge, questions: Sequence[Labelled]) -> dict[Language, Ranked]:
    """Search every question once; all weigh the same.

    Raises:
        ValueError: a question is labelled with records and the FAQ has none of them.
    """
    known = {record.id for record in knowledge.corpus.records}
    found: dict[Language, list[tuple[list[Hit], Labelled]]] = defaultdict(list)
    for question in questions:
        if question.records and not question.records & known:
            raise ValueError(
                f"expected a record of the FAQ for {question.text!r}, "
                f"got {', '.join(sorted(question.records))}"
            )
    readable = [question for question in questions if phrase_key(question.text)]
    vectors = knowledge.index.encode([question.text for question in readable]) if readable else ()
    for question, vector in zip(readable, vectors, strict=True):
        language = reply_language(question.text) or "zh"
        found[language].append((knowledge.search(question.text, vector=vector), question))
    return {language: _rank(found[language]) for language in sorted(found)}


def _rank(found: Sequence[tuple[list[Hit], Labelled]]) -> Ranked:
    return Ranked(
        score=np.array([hits[0].score for hits, _ in found]),
        first=np.array([hits[0].faq_id in question.records for hits, question in found]),
        among=np.array(
            [
                any(hit.faq_id in question.records for hit in suggestions(hits, 0.0))
                for hits, question in found
            ]
        ),
        answerable=np.array([bool(question.records) for _, question in found]),
        weights=np.full(len(found), 1 / len(found)),
    )


def curve(ranked: Ranked, suggest: float, steps: int = 20) -> list[Point]:
    """Return what becomes of the questions at answer thresholds from 0 to 1.

    Args:
        ranked: the questions of one language.
        suggest: the suggest threshold; under a lower answer threshold nothing is suggested.
        steps: between 0 and 1.
    """
    points = []
    for step in range(steps + 1):
        threshold = step / steps
        share = outcomes(ranked, threshold, min(suggest, threshold))
        points.append(
            Point(
                threshold,
                right=share["right"],
                wrong=share["wrong"],
                suggested=share["suggested"] + share["suggested_in_vain"],
                passed_on=share["missed"] + share["declined"],
            )
        )
    return points


def tune(
    calibration: Calibration, ranked: dict[Language, Ranked], wrong_cost: float
) -> Calibration:
    """Return the calibration with the thresholds of highest value in each language that has questions.

    A right answer is worth 1, the right record among the buttons 0.5, buttons in vain -0.2, and a
    wrong answer ``-wrong_cost``. Of the questions without an answer at most a tenth is suggested.

    Raises:
        ValueError: the cost is negative.
    """
    if wrong_cost < 0:
        raise ValueError(f"expected a cost of at least 0, got {wrong_cost}")
    costs = Costs(wrong=-wrong_cost, most_wrong=1.0)  # the stated cost is the only bound on answers
    languages = dict(calibration.languages)
    chosen = {}
    for language, questions in ranked.items():
        answer, suggest = choose_thresholds(questions, costs)
        languages[language] = languages[language].model_copy(
            update={"answer": answer, "suggest": suggest}
        )
        chosen[language] = {
            "answer": answer,
            "suggest": suggest,
            "questions": len(questions.score),
            "share_of_questions": {
                name: round(share, 4)
                for name, share in outcomes(questions, answer, suggest).items()
            },
        }
    tuned = {"command": "yingda eval tune", "wrong_cost": wrong_cost, "languages": chosen}
    return calibration.model_copy(
        update={"languages": languages, "fitted": {**calibration.fitted, "tuned": tuned}}
    )
