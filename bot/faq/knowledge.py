"""What the bot knows: checked records, their index and the calibration, as one snapshot.

``Knowledge`` never changes after it is loaded. To publish an edit another one takes its place
(``live.py``): a turn that holds the old one finishes on it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from bot.clock import utc_now
from bot.encoder.base import Encoder
from bot.faq.calibration import (
    COMPANION_SHARE,
    FILE_NAME,
    Calibration,
    LanguageCalibration,
    load_calibration,
)
from bot.faq.errors import UnknownRecordError
from bot.faq.index import Candidates, FaqIndex, Scored
from bot.faq.model import BUTTON_CHARS, LANGUAGES, Corpus, Phrasing, Record
from bot.faq.questions import off_topic_examples
from bot.faq.records import load_corpus
from bot.faq.texts import MAX_CHARS, answer_sentences, phrase_key
from bot.language import Language, reply_language

# Questions that are ruled on together.
_TOGETHER = 512


@dataclass(frozen=True, slots=True)
class Hit:
    """A record that may answer a question.

    Attributes:
        faq_id: The record.
        score: Calibrated probability 0..1 that it answers the question.
        phrasing: Its nearest phrasing.
        evidence: The parts of the score by name, see ``bot.faq.index.FEATURES``.
    """

    faq_id: str
    score: float
    phrasing: Phrasing
    evidence: dict[str, float]


@dataclass(frozen=True, slots=True)
class Ruling:
    """What the thresholds make of a search.

    Attributes:
        hits: The best records, surest first.
        answer: The record that is the answer, None when no one is sure enough.
        suggest: The records worth offering when there is no answer.
        answer_if_any: The record that is the answer once it is known that there is one: as sure as
            ``answer`` among the records alone, and worth offering by itself.
    """

    hits: tuple[Hit, ...]
    answer: str | None
    suggest: tuple[str, ...]
    answer_if_any: str | None

    def as_metadata(self) -> dict[str, Any]:
        """Return what the engine's arbiter and the FAQ actions read of a search."""
        return {
            "best": self.hits[0].score if self.hits else 0.0,
            "answer": self.answer,
            "answer_if_any": self.answer_if_any,
            "suggest": list(self.suggest),
        }


class Knowledge:
    """One state of the FAQ; immutable, safe to use from many threads."""

    def __init__(
        self,
        corpus: Corpus,
        index: FaqIndex,
        calibration: Calibration,
        off_topic: Sequence[str] = (),
        cache: Path | None = None,
    ) -> None:
        self.corpus = corpus
        self.index = index
        self.calibration = calibration
        self._off_topic, self._cache = off_topic, cache
        # Few records come and go by date or channel; the others need no asking.
        self._conditional = [i for i, r in enumerate(corpus.records) if r.conditional]

    @cached_property
    def version(self) -> str:
        """A digest of what the records and the calibration say."""
        digest = hashlib.sha256(self.calibration.model_dump_json().encode())
        for record in self.corpus.records:
            digest.update(record.version.encode())
        return digest.hexdigest()[:16]

    @cached_property
    def texts(self) -> frozenset[str]:
        """All questions, and all answers sentence by sentence."""
        questions = (phrasing.text for phrasing in self.corpus.phrasings)
        answers = (
            sentence
            for record in self.corpus.records
            for language in LANGUAGES
            for sentence in answer_sentences(record.side(language).answer)
        )
        return frozenset((*questions, *answers))

    def edited(self, corpus: Corpus) -> Self:
        """Return the knowledge of other records; only what changed is encoded and solved."""
        index = FaqIndex(
            corpus, self.index.encoder, self._cache, self._off_topic, before=self.index
        )
        return type(self)(corpus, index, self.calibration, self._off_topic, self._cache)

    def placed(self, corpus: Corpus) -> Self:
        """Return the same knowledge of the same records, which now stand elsewhere in the files."""
        return type(self)(corpus, self.index, self.calibration, self._off_topic, self._cache)

    def calibrated(self, calibration: Calibration) -> Self:
        """Return the same knowledge with other thresholds."""
        return type(self)(self.corpus, self.index, calibration, self._off_topic, self._cache)

    def settled(self) -> Self:
        """Return the same knowledge ready for further edits, see ``FaqIndex.settled``."""
        index = self.index.settled()
        return type(self)(self.corpus, index, self.calibration, self._off_topic, self._cache)

    @classmethod
    def load(
        cls,
        folder: Path,
        encoder: Encoder,
        cache: Path | None = None,
        *,
        calibration: Path | None = None,
        nlu: Path | None = None,
        answer: float | None = None,
        suggest: float | None = None,
    ) -> Self:
        """Read, check and index the FAQ files of ``folder``.

        Args:
            folder: Holds ``<category>.yml`` files.
            encoder: The sentence encoder.
            cache: Folder for encoded vectors, so that a restart encodes only changed texts.
            calibration: The calibration file; ``folder/calibration.json`` when None.
            nlu: Folder of Rasa training data with examples of off-topic messages; the folder ``nlu``
                beside ``folder`` when None.
            answer: Threshold that overrules the fitted one.
            suggest: Likewise.

        Raises:
            FaqFileError: The files hold mistakes.
            CalibrationError: There is no calibration for this encoder.
            FaqError: The training data hold no off-topic message.
        """
        corpus = load_corpus(folder)
        fitted = load_calibration(calibration or folder / FILE_NAME, encoder.fingerprint)
        off_topic = list(off_topic_examples(nlu or folder.parent / "nlu"))
        index = FaqIndex(corpus, encoder, cache, off_topic)
        return cls(corpus, index, fitted.with_thresholds(answer, suggest), off_topic, cache)

    def search(
        self,
        text: str,
        limit: int = 3,
        channel: str | None = None,
        at: datetime | None = None,
        vector: NDArray[np.float32] | None = None,
    ) -> list[Hit]:
        """Return the best records for a question, surest first; nothing for text without a word.

        Args:
            text: The question.
            limit: How many records at most.
            channel: Where it was asked; records of other channels are not found. None finds all.
            at: When it was asked; records that are over or not yet shown are not found. None is now.
            vector: Its ``index.encode``, when that is known already.

        Costs one ``encode`` and, with 17,000 texts, 4 ms. The scores of all records and of "none" sum to 1.
        """
        if limit < 1:
            raise ValueError(f"expected a limit of at least 1, got {limit}")
        found = self._found(text, channel, at, vector)
        if found is None:
            return []
        return self._hits(found, self.thresholds(text).probabilities(found), limit)

    def _found(
        self,
        text: str,
        channel: str | None,
        at: datetime | None,
        vector: NDArray[np.float32] | None,
        scored: Scored | None = None,
    ) -> Candidates | None:
        text = text[:MAX_CHARS]
        hidden = self._hidden(channel, at)
        if not phrase_key(text) or len(hidden) == len(self.corpus.records):
            return None
        if vector is None:
            vector = self.index.encode([text])[0]
        return self.index.candidates(text, vector, hidden=hidden, scored=scored)

    def left_out(self, number: int) -> Ruling:
        """Search the phrasing with this number in the corpus as if it had not been written.

        ``FaqIndex.prepare_left_out`` before many of them saves time.
        """
        text = self.corpus.phrasings[number].text
        row = self.index.phrasing_row(number)
        found = self.index.candidates(text, self.index.vector(row), row)
        return self._ruling(text, found)

    def _ruling(self, text: str, found: Candidates | None) -> Ruling:
        thresholds = self.thresholds(text)
        if found is None:
            return ruled([], 0.0, thresholds)
        scores = thresholds.probabilities(found)
        return ruled(self._hits(found, scores, 3), float(scores.sum()), thresholds)

    def _hits(self, found: Candidates, scores: NDArray[np.float64], limit: int) -> list[Hit]:
        best = np.argsort(-scores, kind="stable")[:limit]
        return [
            Hit(
                faq_id=self.corpus.records[found.records[i]].id,
                score=float(scores[i]),
                phrasing=self.corpus.phrasings[found.phrasings[i]],
                evidence=found.named(int(i)),
            )
            for i in best
        ]

    def _hidden(self, channel: str | None, at: datetime | None) -> list[int]:
        moment = at or utc_now()
        records = self.corpus.records
        return [i for i in self._conditional if not records[i].shown(channel, moment)]

    def rule(
        self,
        text: str,
        channel: str | None = None,
        at: datetime | None = None,
        vector: NDArray[np.float32] | None = None,
    ) -> Ruling:
        """Search, and say what the thresholds make of it."""
        return self._ruling(text, self._found(text, channel, at, vector))

    def rule_all(self, texts: Sequence[str], vectors: NDArray[np.float32]) -> Iterator[Ruling]:
        """Yield ``rule`` of many questions, in a quarter of the time.

        Args:
            texts: The questions.
            vectors: Their ``index.encode``.
        """
        for start in range(0, len(texts), _TOGETHER):
            part = slice(start, start + _TOGETHER)
            scored = self.index.scored(vectors[part])
            for text, vector, known in zip(texts[part], vectors[part], scored, strict=True):
                yield self._ruling(text, self._found(text, None, None, vector, known))

    def thresholds(self, text: str) -> LanguageCalibration:
        """Return the calibration, with its thresholds, that applies to a question."""
        return self.calibration.languages[reply_language(text[:MAX_CHARS]) or "zh"]

    def record(self, faq_id: str) -> Record:
        """Return a record.

        Raises:
            UnknownRecordError: No record has this id.
        """
        return self.corpus.records[self.corpus.number(faq_id)]

    def shown(self, faq_id: str, channel: str | None = None, at: datetime | None = None) -> Record:
        """Return a record that customers of a channel see at this moment.

        Raises:
            UnknownRecordError: No record has this id, or it is not shown there and then.
        """
        record = self.record(faq_id)
        if not record.shown(channel, at or utc_now()):
            raise UnknownRecordError(f"the FAQ record {faq_id!r} is not shown here and now")
        return record

    def answer(self, faq_id: str, language: Language) -> str:
        """Return a record's answer, light Markdown."""
        return self.record(faq_id).side(language).answer

    def question(self, faq_id: str, language: Language) -> str:
        """Return a record's question as a button shows it: the first phrasing that is short enough.

        Short is up to 20 characters in Chinese and 60 in English; if none is, the shortest is cut.
        """
        record = self.record(faq_id)
        if fitting := record.button(language):
            return fitting
        cut = min(record.side(language).questions, key=len)[: BUTTON_CHARS[language] - 1]
        return (cut.rsplit(maxsplit=1)[0] if language == "en" else cut) + "…"


def ruled(hits: Sequence[Hit], any_record: float, thresholds: LanguageCalibration) -> Ruling:
    """Return what the thresholds make of a search.

    Args:
        hits: The best records, the surest first.
        any_record: The probability that one of all records answers.
        thresholds: Of the question's language.
    """
    best, score = (hits[0].faq_id, hits[0].score) if hits else (None, 0.0)
    # "A delivery question" has its answer in many records and in none surely: the likeliest are offered.
    offered = suggestions(hits, 0.0 if any_record >= thresholds.answer else thresholds.suggest)
    sure_of_one = score >= thresholds.suggest and score >= thresholds.answer * any_record
    return Ruling(
        hits=tuple(hits),
        answer=best if score >= thresholds.answer else None,
        suggest=tuple(hit.faq_id for hit in offered),
        answer_if_any=best if sure_of_one else None,
    )


def suggestions(hits: Sequence[Hit], threshold: float) -> list[Hit]:
    """Return the hits to offer as buttons: none unless the first reaches the suggest threshold.

    The others come along when they have a tenth of the first's probability; asking the threshold of
    each one would hide the right record whenever it is second.
    """
    if not hits or hits[0].score < threshold:
        return []
    return [hit for hit in hits if hit.score >= hits[0].score * COMPANION_SHARE]
