"""The measurements behind ``python -m bench.faq``; nothing is printed here."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bot.encoder.base import Encoder
from bot.faq.fit import Evidence, Ranked, collect, held_out_probabilities, rank
from bot.faq.index import FEATURES, FaqIndex
from bot.faq.knowledge import Knowledge, suggestions
from bot.faq.model import Corpus
from bot.faq.questions import Question
from bot.language import Language, reply_language


@dataclass(frozen=True)
class Measured:
    """Questions of one language with the ranking that leave-one-out gives."""

    questions: list[Question]
    evidence: Evidence
    probabilities: NDArray[np.float64]
    ranked: Ranked

    def of(self, source: str) -> NDArray[np.bool_]:
        """Which questions come from ``source``, shape (n,)."""
        return np.array([q.source == source for q in self.questions])


@dataclass(frozen=True)
class Recall:
    """How often the right record is first, and among the first three, of n questions."""

    n: int
    at_1: float
    at_3: float


@dataclass(frozen=True)
class Blind:
    """What questions written without looking at the FAQ's phrasings end in."""

    counts: Counter[str]
    recall: Recall
    failures: list[str]


def measure(index: FaqIndex, questions: Sequence[Question], language: Language) -> Measured:
    """Search all questions of a language as if none were in the index."""
    mine = [q for q in questions if q.language == language]
    evidence = collect(index, mine)
    p = held_out_probabilities(evidence)
    return Measured(mine, evidence, p, rank(evidence, p))


def recall(p: NDArray[np.float64], right: NDArray[np.int64], chosen: NDArray[np.bool_]) -> Recall:
    """Return the recall of the chosen questions, given a score per candidate."""
    order = np.argsort(-p[chosen], axis=1, kind="stable")
    hit = (order == right[chosen, None]) & (right[chosen, None] >= 0)
    return Recall(int(chosen.sum()), float(hit[:, 0].mean()), float(hit[:, :3].any(axis=1).mean()))


def recall_by_feature(measured: Measured) -> dict[str, Recall]:
    """Return what each kind of evidence finds alone, on new wording."""
    chosen = measured.of("new wording")
    values = np.where(measured.evidence.present[..., None], measured.evidence.values, -np.inf)
    return {
        name: recall(values[..., i], measured.evidence.right, chosen)
        for i, name in enumerate(FEATURES)
    }


def confusions(measured: Measured, corpus: Corpus, index: FaqIndex) -> Counter[tuple[str, str]]:
    """Count (record asked for, record found) where leave-one-out finds another one."""
    found: Counter[tuple[str, str]] = Counter()
    vectors = index.encode([q.text for q in measured.questions])
    wrong = measured.of("new wording") & ~measured.ranked.first
    for i in np.flatnonzero(wrong):
        question = measured.questions[i]
        if question.record is None or question.phrasing is None:
            continue
        row = index.phrasing_row(question.phrasing)
        records = index.candidates(question.text, vectors[i], row).records
        best = records[int(measured.probabilities[i].argmax())]
        found[corpus.records[question.record].id, corpus.records[best].id] += 1
    return found


def cross_language(
    corpus: Corpus, encoder: Encoder, knowledge: Knowledge, asked: Language
) -> Recall:
    """Return the recall of questions in one language when only the other side is indexed."""
    other: Language = "en" if asked == "zh" else "zh"
    index = FaqIndex(corpus, encoder, None, languages=(other,))
    questions = [p for p in corpus.phrasings if p.language == asked]
    vectors = index.encode([p.text for p in questions])
    ranks: list[int] = []
    for phrasing, vector in zip(questions, vectors, strict=True):
        found = index.candidates(phrasing.text, vector)
        p = knowledge.calibration.languages[asked].probabilities(found)
        order = found.records[np.argsort(-p, kind="stable")].tolist()
        ranks.append(order.index(phrasing.record) if phrasing.record in order else len(order))
    at = np.array(ranks)
    return Recall(len(at), float((at == 0).mean()), float((at < 3).mean()))


def blind(knowledge: Knowledge, file: Path) -> dict[Language, Blind]:
    """Return what the questions of a JSON lines file (text, records) end in, per language."""
    lines = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    counts: dict[Language, Counter[str]] = {"zh": Counter(), "en": Counter()}
    failures: dict[Language, list[str]] = {"zh": [], "en": []}
    for line in lines:
        text, right = line["text"], line["records"]
        language = reply_language(text) or "zh"
        hits = knowledge.search(text)
        fitted = knowledge.thresholds(text)
        offered = suggestions(hits, fitted.suggest)
        answered = bool(hits) and hits[0].score >= fitted.answer
        first = bool(hits) and hits[0].faq_id in right
        if answered:
            outcome = "right" if first else "wrong" if right else "off-topic answered"
        elif offered:
            helps = any(hit.faq_id in right for hit in offered)
            outcome = "suggested" if helps else "in vain" if right else "off-topic suggested"
        else:
            outcome = "missed" if right else "off-topic declined"
        counts[language][outcome] += 1
        if right:
            counts[language]["asked"] += 1
            counts[language]["first"] += first
            counts[language]["in three"] += any(hit.faq_id in right for hit in hits)
        if outcome in {"wrong", "in vain", "missed", "off-topic answered", "off-topic suggested"}:
            best = f"{hits[0].faq_id} {hits[0].score:.2f}" if hits else "nothing"
            failures[language].append(f"{outcome}: {text!r} found {best}")
    return {
        language: Blind(
            found,
            Recall(
                found["asked"], found["first"] / found["asked"], found["in three"] / found["asked"]
            ),
            failures[language],
        )
        for language, found in counts.items()
    }


def latency_ms(index: FaqIndex, texts: Sequence[str]) -> tuple[float, float, float]:
    """Return the median milliseconds to encode a message, to search it, and the 95th percentile of both."""
    encoding: list[float] = []
    searching: list[float] = []
    for text in texts:
        start = time.perf_counter()
        vector = index.encode([text])[0]
        between = time.perf_counter()
        index.candidates(text, vector)
        searching.append(1000 * (time.perf_counter() - between))
        encoding.append(1000 * (between - start))
    both = np.array(encoding) + np.array(searching)
    return (
        float(np.median(encoding)),
        float(np.median(searching)),
        float(np.percentile(both, 95)),
    )
