"""Evidence for every record that may answer a question: from phrasings, answers and off-topic examples.

A record is found by its phrasings and by the sentences of its answers, in both languages, so a Chinese
question finds a record through its English side. FAISS compares the question with every text (inner
product of unit vectors = cosine), 10,000 of them in 0.3 ms; from a size that was measured on, an inverted
file looks at the nearest ones only (``nearest.py``).
"""

from __future__ import annotations

import copy
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import ThreadpoolController  # type: ignore[import-untyped]

from bot.encoder.base import Encoder
from bot.encoder.cache import cache_file, encode_cached, encode_known
from bot.faq.lexical import LexicalIndex
from bot.faq.model import LANGUAGES, Corpus
from bot.faq.nearest import NearestTexts
from bot.faq.solving import Solved, edit, solve
from bot.faq.texts import answer_sentences, prepare
from bot.language import Language

# dense, lexical: cosine of vectors and of TF-IDF with the record's best phrasing; answer_*: with the best
# sentence of its answers; affinity: with the record as a whole, see affinity.py.
FEATURES = ("dense", "lexical", "answer_dense", "answer_lexical", "affinity")
# Evidence that no record answers: cosine with the nearest off-topic example, affinity with all of them.
NONE_FEATURES = ("off_topic_dense", "off_topic_affinity")

# Questions that are scored together: their cosines with 20,000 texts are 5 MB.
_TOGETHER = 64
# Cosines of a question with every row, and its affinity with every class.
Scored = tuple[NDArray[np.float32], NDArray[np.float32]]

# Records that compete for a question: those with the most evidence, all kinds added up.
_CANDIDATES = 20


@dataclass(frozen=True, slots=True)
class Candidates:
    """k records with their evidence.

    Attributes:
        records: Record numbers, ascending, shape (k,).
        phrasings: Number of each record's nearest phrasing in ``Corpus.phrasings``, shape (k,).
        evidence: One column per name in ``FEATURES``, shape (k, 5).
        none: Evidence for "no record", one per name in ``NONE_FEATURES``, shape (2,).
    """

    records: NDArray[np.int64]
    phrasings: NDArray[np.int64]
    evidence: NDArray[np.float64]
    none: NDArray[np.float64]

    def named(self, row: int) -> dict[str, float]:
        """Return one record's evidence, and that for no record, by name."""
        names, values = (*FEATURES, *NONE_FEATURES), (*self.evidence[row], *self.none)
        return {name: float(value) for name, value in zip(names, values, strict=True)}


class FaqIndex:
    """The index over one corpus; immutable, safe to search from many threads.

    Args:
        corpus: The records.
        encoder: Encodes phrasings, answer sentences and questions.
        cache: Folder for what is expensive to compute; None computes everything anew.
        off_topic: Messages that no record answers; without any, nothing speaks for "no record".
        languages: The sides to index; fewer than both only to measure what the other side is worth.
        before: The index of an earlier state of the FAQ with the same encoder: only what changed is
            encoded and solved. The scores are those of an index made anew.
    """

    _nearest: NearestTexts
    _known_vectors: dict[str, NDArray[np.float32]]
    _lexical: LexicalIndex
    _solved: Solved

    def __init__(
        self,
        corpus: Corpus,
        encoder: Encoder,
        cache: Path | None = None,
        off_topic: Sequence[str] = (),
        languages: Collection[Language] = LANGUAGES,
        before: FaqIndex | None = None,
    ) -> None:
        self.encoder, self._threads = encoder, ThreadpoolController()
        self._numbers = np.array(
            [i for i, p in enumerate(corpus.phrasings) if p.language in languages], np.int64
        )
        phrasings = [corpus.phrasings[i] for i in self._numbers]
        sentences = [
            (number, sentence)
            for number, record in enumerate(corpus.records)
            for language in languages
            for sentence in answer_sentences(record.side(language).answer)
        ]
        asked = [p.text for p in phrasings]
        answered = [sentence for _, sentence in sentences]
        off_topic = list(dict.fromkeys(off_topic))

        # Rows: phrasings in corpus order, off-topic examples, answer sentences in record order; so a
        # record's rows of either kind are consecutive, and what the kernel knows comes first.
        self._asked, self._known = len(asked), len(asked) + len(off_topic)
        self._off_topic_rows = {text: self._asked + i for i, text in enumerate(off_topic)}
        texts = [*asked, *off_topic, *answered]
        if before is None:
            prepared = [prepare(text) for text in texts]
            self._vectors = encode_cached(prepared, encoder, cache, "faq")
        else:
            self._vectors = encode_known(texts, prepare, encoder, before._known_vectors)
        self._known_vectors = dict(zip(texts, self._vectors, strict=True))
        self._nearest = NearestTexts(self._vectors, before._nearest if before else None)

        bounds = np.arange(len(corpus.records))
        self._owners = owners = np.array([p.record for p in phrasings], np.int64)
        self._phrasing_starts = np.searchsorted(owners, bounds)
        self._answer_starts = np.searchsorted([number for number, _ in sentences], bounds)
        self._lexical = LexicalIndex([*asked, *answered], before._lexical if before else None)
        # "No record" is one more class to tell apart, the last; its name is no record's id.
        names = [*(record.id for record in corpus.records), ""]
        rows = [(p.text, names[p.record]) for p in phrasings] + [(text, "") for text in off_topic]
        self._weights_file = cache_file(cache, "affinity", encoder) if cache else None
        known = self._vectors[: self._known]
        with self._threads.limit(limits=1):
            edited = edit(before._solved, rows, names, known) if before else None
            self._solved = edited or solve(rows, names, known, self._weights_file)

    def settled(self) -> FaqIndex:
        """Return this index with the affinity solved from scratch, so that the next edits are few again.

        Takes seconds of one core when there were edits or the factor is not on disk; the scores stay the same.
        """
        found = copy.copy(self)
        with self._threads.limit(limits=1):
            known, was = self._vectors[: self._known], self._solved
            found._solved = solve(was.rows, was.classes, known, self._weights_file, editable=True)
        return found

    @property
    def edits(self) -> int:
        """How many texts came and went since the affinity was solved from scratch."""
        return self._solved.changed

    def prepare_left_out(self, rows: Sequence[int]) -> None:
        """Make ``candidates`` with these rows left out cheap, see ``Affinity.prepare_left_out``."""
        with self._threads.limit(limits=1):
            self._solved.affinity.prepare_left_out(rows)

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return the unit vectors of n questions, shape (n, d)."""
        return np.ascontiguousarray(self.encoder.encode([prepare(t) for t in texts]), np.float32)

    def phrasing_row(self, number: int) -> int:
        """Return the row of the phrasing with this number in the corpus."""
        return int(np.searchsorted(self._numbers, number))

    def vector(self, row: int) -> NDArray[np.float32]:
        """Return the vector of a row, shape (d,)."""
        return np.asarray(self._vectors[row])

    def neighbours(self, record: int, count: int) -> list[int]:
        """Return the numbers, in the corpus, of other records' phrasings that come nearest to a record's."""
        asked = self._vectors[: self._asked]
        with self._threads.limit(limits=1):
            nearest = (asked @ asked[self._owners == record].T).max(axis=1)
        nearest[self._owners == record] = -np.inf
        order = np.argsort(-nearest, kind="stable")[: min(count, int(np.isfinite(nearest).sum()))]
        return [int(number) for number in self._numbers[order]]

    def off_topic_row(self, text: str) -> int | None:
        """Return the row of an off-topic example, None when the text is none."""
        return self._off_topic_rows.get(text)

    def scored(self, vectors: NDArray[np.float32]) -> list[Scored | None]:
        """Return what ``candidates`` needs of each of m vectors, shape (m, d); much faster than one by one.

        None for each where the search is approximate, which gains nothing from it.
        """
        if not (self._nearest.exact and self._solved.affinity.exact):
            return [None] * len(vectors)
        found: list[Scored | None] = []
        with self._threads.limit(limits=1):
            for start in range(0, len(vectors), _TOGETHER):
                cosines = vectors[start : start + _TOGETHER] @ self._vectors.T
                affinity = self._solved.affinity.scores(cosines[:, : self._known])
                found += zip(cosines, affinity, strict=True)
        return found

    def candidates(
        self,
        text: str,
        vector: NDArray[np.float32],
        left_out: int | None = None,
        hidden: Sequence[int] | NDArray[np.int64] = (),
        scored: Scored | None = None,
    ) -> Candidates:
        """Return the records with the most evidence that they answer a question.

        Args:
            text: The question.
            vector: Its ``encode``.
            left_out: A row (``phrasing_row``, ``off_topic_row``) to be treated as if it were not
                there: the question itself, for leave-one-out.
            hidden: Numbers of records that are no candidates now.
            scored: Its ``scored``, when that is known already; not with ``left_out``.
        """
        lexical = self._lexical.scores(text)
        # Products this small gain nothing from threads, and lose 8 ms where another process has a core.
        with self._threads.limit(limits=1):
            cosines = scored[0] if scored else self._nearest.cosines(vector)
            if scored:
                affinity = scored[1]
            elif left_out is None and self._nearest.exact and self._solved.affinity.exact:
                affinity = self._solved.affinity.scores(cosines[: self._known])
            elif left_out is None:
                affinity = self._solved.affinity.scores_of(vector)
            else:
                affinity = self._solved.affinity.left_out_scores(left_out)
        if left_out is not None:
            cosines[left_out] = 0.0
            if left_out < self._asked:
                lexical[left_out] = 0.0
        dense = cosines[: self._asked]
        by_phrasing = np.maximum.reduceat(dense, self._phrasing_starts)
        evidence = np.stack(
            [
                by_phrasing,
                np.maximum.reduceat(lexical[: self._asked], self._phrasing_starts),
                np.maximum.reduceat(cosines[self._known :], self._answer_starts),
                np.maximum.reduceat(lexical[self._asked :], self._answer_starts),
                affinity[:-1],
            ],
            axis=1,
        ).astype(np.float64)
        off_topic = cosines[self._asked : self._known]
        none = np.array([off_topic.max(initial=0.0), affinity[-1]], np.float64)

        total = evidence.sum(axis=1)
        total[np.asarray(hidden, np.int64)] = -np.inf
        shown = len(total) - len(hidden)
        records = np.sort(np.argsort(-total, kind="stable")[: min(_CANDIDATES, shown)])
        best = np.flatnonzero(dense == by_phrasing[self._owners])
        nearest = best[np.searchsorted(self._owners[best], records)]
        return Candidates(records, self._numbers[nearest], evidence[records], none)
