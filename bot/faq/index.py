"""Evidence for every record that may answer a question: from phrasings, answers and off-topic examples.

A record is found by its phrasings and by the sentences of its answers, in both languages, so a Chinese
question finds a record through its English side. FAISS (inner product of unit vectors = cosine) and the
lexical postings name candidates; for these the evidence is computed exactly, and tests hold the result
to that of comparing the question with everything.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import faiss
import numpy as np
from numpy.typing import NDArray

from bot.faq.affinity import Affinity
from bot.faq.lexical import LexicalIndex
from bot.faq.model import LANGUAGES, Corpus
from bot.faq.texts import answer_sentences, prepare
from bot.faq.vectors import Encoder, encode_cached
from bot.language import Language

# dense, lexical: cosine of vectors and of TF-IDF with the record's best phrasing; answer_*: with the best
# sentence of its answers; affinity: with the record as a whole, see affinity.py.
FEATURES = ("dense", "lexical", "answer_dense", "answer_lexical", "affinity")
# Evidence that no record answers: cosine with the nearest off-topic example, affinity with all of them.
NONE_FEATURES = ("off_topic_dense", "off_topic_affinity")

# Texts asked of FAISS, records taken over from them, and records from each other kind of evidence.
_NEIGHBOURS = 96
_NEAREST = 12
_MORE = 5


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
        cache: Folder for encoded vectors; None encodes everything anew.
        off_topic: Messages that no record answers; without any, nothing speaks for "no record".
        languages: The sides to index; fewer than both only to measure what the other side is worth.
    """

    def __init__(
        self,
        corpus: Corpus,
        encoder: Encoder,
        cache: Path | None = None,
        off_topic: Sequence[str] = (),
        languages: Collection[Language] = LANGUAGES,
    ) -> None:
        self._encoder = encoder
        # Rows: all phrasings in corpus order, then all answer sentences in record order, so that each
        # record's rows of either kind are consecutive; then the off-topic examples.
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
        texts = [p.text for p in phrasings] + [sentence for _, sentence in sentences]
        self._owners = np.array(
            [p.record for p in phrasings] + [number for number, _ in sentences], np.int64
        )
        split, count = len(phrasings), len(corpus.records)
        bounds = np.arange(count + 1)
        self._phrasing_starts = np.searchsorted(self._owners[:split], bounds)
        self._answer_starts = split + np.searchsorted(self._owners[split:], bounds)
        self._off_topic_rows = {text: i for i, text in enumerate(dict.fromkeys(off_topic))}

        vectors = encode_cached(
            [prepare(text) for text in (*texts, *self._off_topic_rows)], encoder, cache
        )
        self._vectors = vectors[: len(texts)]
        self._off_topic = vectors[len(texts) :]
        self._lexical = LexicalIndex(texts)
        # "No record" is one more class to tell apart, the last.
        owners = np.concatenate([self._owners, np.full(len(self._off_topic), count)])
        self._affinity = Affinity(vectors, owners, count + 1)
        self._faiss = faiss.IndexFlatIP(encoder.dimension)
        self._faiss.add(self._vectors)

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return the unit vectors of n questions, shape (n, d)."""
        return np.ascontiguousarray(self._encoder.encode([prepare(t) for t in texts]), np.float32)

    def phrasing_row(self, number: int) -> int:
        """Return the row of the phrasing with this number in the corpus."""
        return int(np.searchsorted(self._numbers, number))

    def off_topic_row(self, text: str) -> int | None:
        """Return the row of an off-topic example, None when the text is none."""
        found = self._off_topic_rows.get(text)
        return None if found is None else len(self._vectors) + found

    def candidates(
        self,
        text: str,
        vector: NDArray[np.float32],
        left_out: int | None = None,
        *,
        everything: bool = False,
    ) -> Candidates:
        """Return the records worth scoring for a question, with their evidence.

        Args:
            text: The question.
            vector: Its ``encode``.
            left_out: A row (``phrasing_row``, ``off_topic_row``) to be treated as if it were not
                there: the question itself, for leave-one-out.
            everything: Take every record: brute force, to check the choice against.
        """
        lexical = self._lexical.scores(text)
        off_topic = self._off_topic @ vector
        if left_out is None:
            affinity = self._affinity.scores(vector)
        else:
            affinity = self._affinity.left_out_scores(vector, left_out)
            if left_out < len(lexical):
                lexical[left_out] = 0.0
            else:
                off_topic[left_out - len(lexical)] = 0.0
        # reduceat takes the last group to the end of what it is given.
        by_phrasing = np.maximum.reduceat(
            lexical[: self._answer_starts[0]], self._phrasing_starts[:-1]
        )
        by_answer = np.maximum.reduceat(lexical, self._answer_starts[:-1])
        to_records = affinity[:-1]
        if everything:
            records = np.arange(len(to_records))
        else:
            chosen = set(self._nearest(vector))
            for column in (by_phrasing, by_answer, to_records):
                chosen.update(np.argsort(-column, kind="stable")[:_MORE].tolist())
            records = np.array(sorted(chosen), np.int64)
        dense, rows = self._best(self._phrasing_starts, records, vector, left_out)
        answer_dense, _ = self._best(self._answer_starts, records, vector, None)
        columns = (
            dense,
            by_phrasing[records],
            answer_dense,
            by_answer[records],
            to_records[records],
        )
        none = np.array([off_topic.max(initial=0.0), affinity[-1]], np.float64)
        return Candidates(
            records, self._numbers[rows], np.stack(columns, axis=1).astype(np.float64), none
        )

    def _nearest(self, vector: NDArray[np.float32]) -> list[int]:
        """Return the records of the nearest texts, nearest first."""
        _, rows = self._faiss.search(vector[None], min(_NEIGHBOURS, len(self._owners)))
        return list(dict.fromkeys(self._owners[rows[0]].tolist()))[:_NEAREST]

    def _best(
        self,
        starts: NDArray[np.int64],
        records: NDArray[np.int64],
        vector: NDArray[np.float32],
        left_out: int | None,
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Return each record's best cosine among its rows of one kind, and that row."""
        spans = [(int(starts[r]), int(starts[r + 1])) for r in records]
        rows = np.concatenate([np.arange(a, b) for a, b in spans])
        cosines = self._vectors[rows] @ vector
        if left_out is not None:
            cosines[rows == left_out] = 0.0
        ends = np.cumsum([b - a for a, b in spans])
        best = [a + int(cosines[a:b].argmax()) for a, b in zip([0, *ends], ends, strict=False)]
        return cosines[best], rows[best]
