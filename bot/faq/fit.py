"""Fits the calibration: weights by maximum likelihood, thresholds by a stated cost of wrong answers.

Questions are the FAQ's own phrasings, each searched as if it had not been written (leave-one-out), the
same with typing slips, and messages that no record answers. Thresholds are chosen on probabilities from cross-validation in which
a record's phrasings are never fitted on and judged at once. What this can and cannot tell is written
in ``bench/faq/README.md``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from bot.faq.calibration import COMPANION_SHARE, Calibration, LanguageCalibration
from bot.faq.index import FEATURES, NONE_FEATURES, FaqIndex
from bot.faq.model import LANGUAGES
from bot.faq.questions import Question
from bot.faq.texts import phrase_key
from bot.language import Language

FOLDS = 5
# Weight decay: only enough to settle features that say the same. 1e-3 triples the calibration error.
_DECAY = 1e-5
# Shares of messages that ask in new words, that repeat the FAQ's words with a slip, and that no record
# answers: assumptions about the traffic, to be replaced by counts when there are some.
SHARES = {"new wording": 0.5, "slip": 0.2, "none": 0.3}
_GRID = np.round(np.arange(0.02, 1.0, 0.01), 2)


@dataclass(frozen=True, slots=True)
class Costs:
    """What an outcome is worth, and the bounds that are never traded away."""

    right: float = 1.0
    suggested: float = 0.5  # the right record among the buttons: one more click
    suggested_in_vain: float = -0.2
    wrong: float = -1.0  # a wrong answer undoes a right one
    # Of all messages. The aim is 2% of customers' questions. Phrasings left out are stranger to the FAQ
    # than those, and half of what counts as wrong here is a neighbour that would have served: where
    # leave-one-out says 3.5%, labelled customer messages say 1% (bench/faq/README.md).
    most_wrong: float = 0.035
    # Of the messages without an answer. The intent classifier declines most of them before the FAQ is
    # asked, so this is the share of what it lets through.
    most_off_topic_suggested: float = 0.1


@dataclass(frozen=True)
class Evidence:
    """Candidates of n questions, padded to k each.

    Attributes:
        values: Evidence for the candidates, shape (n, k, features).
        none: Evidence for "no record", shape (n, none features).
        present: Whether a slot holds a candidate, shape (n, k).
        right: Slot of the right record, -1 when there is none or it is no candidate, shape (n,).
        answerable: Whether some record answers, shape (n,).
        weights: Share of each among all messages, sum 1, shape (n,).
        folds: Cross-validation fold, shape (n,).
    """

    values: NDArray[np.float64]
    none: NDArray[np.float64]
    present: NDArray[np.bool_]
    right: NDArray[np.int64]
    answerable: NDArray[np.bool_]
    weights: NDArray[np.float64]
    folds: NDArray[np.int64]


def collect(index: FaqIndex, questions: Sequence[Question]) -> Evidence:
    """Search every question as if it were not in the index itself."""
    vectors = index.encode([q.text for q in questions])
    found = [
        index.candidates(q.text, vector, _own_row(index, q))
        for q, vector in zip(questions, vectors, strict=True)
    ]
    width = max(len(c.records) for c in found)
    values = np.zeros((len(found), width, len(FEATURES)))
    present = np.zeros((len(found), width), bool)
    right = np.full(len(found), -1)
    for i, (question, candidates) in enumerate(zip(questions, found, strict=True)):
        size = len(candidates.records)
        values[i, :size] = candidates.evidence
        present[i, :size] = True
        slots = np.flatnonzero(candidates.records == question.record)
        right[i] = slots[0] if len(slots) else -1
    return Evidence(
        values=values,
        none=np.stack([c.none for c in found]),
        present=present,
        right=right,
        answerable=np.array([q.record is not None for q in questions]),
        weights=_weights(questions),
        folds=np.array([_fold(i, q) for i, q in enumerate(questions)]),
    )


def _own_row(index: FaqIndex, question: Question) -> int | None:
    if question.phrasing is not None:
        return index.phrasing_row(question.phrasing)
    return index.off_topic_row(question.text)


def _fold(number: int, question: Question) -> int:
    """Keep a record's phrasings together."""
    return (number if question.record is None else question.record) % FOLDS


def _weights(questions: Sequence[Question]) -> NDArray[np.float64]:
    """Return the share of each message such that the kinds have their assumed shares."""
    kinds = ["none" if q.record is None else q.source for q in questions]
    sizes = Counter(kinds)
    weights = np.array([SHARES[kind] / sizes[kind] for kind in kinds])
    return np.asarray(weights / weights.sum())


def fit_weights(evidence: Evidence, chosen: NDArray[np.bool_] | None = None) -> NDArray[np.float64]:
    """Return the bias, the weights and the weights for "none", shape (1 + 5 + 2,), by likelihood.

    Args:
        evidence: The questions.
        chosen: Which of them to fit on, shape (n,); None for all.
    """
    keep = np.ones(len(evidence.right), bool) if chosen is None else chosen
    values, none = evidence.values[keep], evidence.none[keep]
    present, right = evidence.present[keep], evidence.right[keep]
    weights = evidence.weights[keep] / evidence.weights[keep].sum()
    rows = np.arange(len(right))
    known = right >= 0

    def loss(theta: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        p = probabilities(theta, values, none, present)
        p_none = 1 - p.sum(axis=1)
        likelihood = np.where(known, p[rows, right], p_none)
        total = -float(weights @ np.log(np.maximum(likelihood, 1e-12)))
        residual = p.copy()
        residual[rows[known], right[known]] -= 1
        residual *= weights[:, None]
        gradient = np.concatenate(
            [
                [residual.sum()],
                np.einsum("nk,nkf->f", residual, values),
                ((p_none - ~known) * weights) @ none,
            ]
        )
        decay = np.concatenate([[0.0], theta[1:]])
        return total + _DECAY * float(decay @ decay), gradient + 2 * _DECAY * decay

    size = len(FEATURES) + len(NONE_FEATURES)
    bounds = [(None, None)] + [(0.0, None)] * size
    start = np.concatenate([[-5.0], np.ones(size)])
    return np.asarray(minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds).x)


def probabilities(
    theta: NDArray[np.float64],
    values: NDArray[np.float64],
    none: NDArray[np.float64],
    present: NDArray[np.bool_],
) -> NDArray[np.float64]:
    """Return P(record) for n questions at once, shape (n, k); 0 in empty slots.

    ``LanguageCalibration.probabilities`` for many; a test holds the two together.
    """
    split = 1 + len(FEATURES)
    z = np.where(present, values @ theta[1:split] + theta[0], -np.inf)
    z_none = (none @ theta[split:])[:, None]
    top = np.maximum(z.max(axis=1, keepdims=True), z_none)
    e = np.exp(z - top)
    return np.asarray(e / (np.exp(z_none - top) + e.sum(axis=1, keepdims=True)))


def held_out_probabilities(evidence: Evidence) -> NDArray[np.float64]:
    """Return P(record), shape (n, k), each question scored by weights fitted on the other folds."""
    p = np.zeros(evidence.present.shape)
    for fold in range(FOLDS):
        mine = evidence.folds == fold
        theta = fit_weights(evidence, ~mine)
        p[mine] = probabilities(
            theta, evidence.values[mine], evidence.none[mine], evidence.present[mine]
        )
    return p


@dataclass(frozen=True)
class Ranked:
    """What the thresholds decide on, per question.

    Attributes:
        score: The best record's probability, shape (n,).
        first: The best record is the right one, shape (n,).
        among: The right one is among the (up to three) that are suggested, shape (n,).
        answerable: Whether some record answers, shape (n,).
        weights: Share of each message, shape (n,).
    """

    score: NDArray[np.float64]
    first: NDArray[np.bool_]
    among: NDArray[np.bool_]
    answerable: NDArray[np.bool_]
    weights: NDArray[np.float64]


def rank(evidence: Evidence, p: NDArray[np.float64]) -> Ranked:
    """Order each question's candidates by probability."""
    order = np.argsort(-p, axis=1, kind="stable")[:, :3]
    best = np.take_along_axis(p, order, axis=1)
    hit = (order == evidence.right[:, None]) & (evidence.right >= 0)[:, None]
    hit &= best >= best[:, :1] * COMPANION_SHARE
    return Ranked(best[:, 0], hit[:, 0], hit.any(axis=1), evidence.answerable, evidence.weights)


def outcomes(ranked: Ranked, answer: float, suggest: float) -> dict[str, float]:
    """Return the share of all messages that end in each outcome at these thresholds."""
    answered = ranked.score >= answer
    suggested = ~answered & (ranked.score >= suggest)

    def share(which: NDArray[np.bool_]) -> float:
        return float(ranked.weights[which].sum())

    return {
        "right": share(answered & ranked.first),
        "wrong": share(answered & ~ranked.first),
        "suggested": share(suggested & ranked.among),
        "suggested_in_vain": share(suggested & ~ranked.among),
        "missed": share(~answered & ~suggested & ranked.answerable),
        "declined": share(~answered & ~suggested & ~ranked.answerable),
    }


def choose_thresholds(ranked: Ranked, costs: Costs) -> tuple[float, float]:
    """Return the (answer, suggest) thresholds of the highest value within the bounds of ``costs``.

    (1, 1), that is never to answer, when nothing keeps the bounds.
    """

    def from_each(which: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Return the share of messages in ``which`` that score at least each threshold."""
        reached = ranked.score >= _GRID[:, None]
        return np.asarray((reached & which) @ ranked.weights)

    right, wrong = from_each(ranked.first), from_each(~ranked.first)
    among, not_among = from_each(ranked.among), from_each(~ranked.among)
    off_topic = from_each(~ranked.answerable) / max(
        float(ranked.weights[~ranked.answerable].sum()), 1e-9
    )
    # Rows: answer thresholds; columns: suggest thresholds. What is answered is not suggested.
    value = (
        (costs.right * right + costs.wrong * wrong)[:, None]
        + costs.suggested * (among[None, :] - among[:, None])
        + costs.suggested_in_vain * (not_among[None, :] - not_among[:, None])
    )
    allowed = _GRID[None, :] <= _GRID[:, None]
    allowed &= (wrong <= costs.most_wrong)[:, None]
    allowed &= (off_topic <= costs.most_off_topic_suggested)[None, :]
    if not allowed.any():
        return 1.0, 1.0
    best = np.unravel_index(np.where(allowed, value, -np.inf).argmax(), value.shape)
    return float(_GRID[best[0]]), float(_GRID[best[1]])


def fit(
    index: FaqIndex, fingerprint: str, questions: Sequence[Question], costs: Costs | None = None
) -> Calibration:
    """Fit a calibration for ``index`` and the encoder with this fingerprint.

    Args:
        index: The index over the corpus the questions belong to.
        fingerprint: The encoder's.
        questions: Phrasings and unanswerable messages, see ``bot.faq.questions``.
        costs: What outcomes are worth.
    """
    costs = costs or Costs()
    languages: dict[Language, LanguageCalibration] = {}
    report: dict[str, Any] = {}
    usable = [q for q in questions if phrase_key(q.text)]
    for language in LANGUAGES:
        mine = [q for q in usable if q.language == language]
        evidence = collect(index, mine)
        theta = fit_weights(evidence)
        ranked = rank(evidence, held_out_probabilities(evidence))
        answer, suggest = choose_thresholds(ranked, costs)
        languages[language] = LanguageCalibration(
            bias=round(float(theta[0]), 4),
            weights={
                name: round(float(w), 4)
                for name, w in zip((*FEATURES, *NONE_FEATURES), theta[1:], strict=True)
            },
            answer=answer,
            suggest=suggest,
        )
        sources = Counter(q.source for q in mine)
        report[language] = {
            "questions": dict(sorted(sources.items())),
            "share_of_messages": {
                name: round(value, 4) for name, value in outcomes(ranked, answer, suggest).items()
            },
        }
    return Calibration(
        encoder=fingerprint,
        languages=languages,
        fitted={
            "command": "yingda faq fit",
            "costs": asdict(costs),
            "shares": SHARES,
            "held_out": report,
        },
    )
