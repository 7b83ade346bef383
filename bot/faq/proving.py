"""Automatic tests of records: would customers still find the right answer, and only that one?

Every phrasing of a record is asked as if it had not been written: the others must find the record. And the
phrasings of other records that come nearest to it are asked: this record must not answer them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from bot.faq.knowledge import Knowledge, Ruling
from bot.language import Language

_NEAR_MISSES = 10


class Kind(StrEnum):
    """What is asked."""

    PHRASING = "phrasing"  # one of the record's own, left out
    NEAR_MISS = "near_miss"  # a neighbour's


class Outcome(StrEnum):
    """What a customer would get."""

    ANSWERED = "answered"  # by the record that was meant
    SUGGESTED = "suggested"  # it is among the buttons
    MISSED = "missed"  # no answer, and not among the buttons
    WRONG = "wrong"  # another record's answer


@dataclass(frozen=True, slots=True)
class Trial:
    """One question of a record's tests.

    Attributes:
        record: Whose test it is.
        text: The question.
        language: Its side.
        kind: The record's own phrasing, or a neighbour's.
        meant: The record that it belongs to.
        outcome: What a customer would get.
        found: The best record, None when there is none.
        score: Its probability.
    """

    record: str
    text: str
    language: Language
    kind: Kind
    meant: str
    outcome: Outcome
    found: str | None
    score: float

    @property
    def passed(self) -> bool:
        """Own phrasings find the record at least among the buttons; neighbours' are not answered by it."""
        if self.kind is Kind.NEAR_MISS:
            return not (self.outcome is Outcome.WRONG and self.found == self.record)
        return self.outcome in (Outcome.ANSWERED, Outcome.SUGGESTED)


@dataclass(frozen=True)
class Proof:
    """The tests of changed records after a change, beside those before it.

    Attributes:
        trials: All tests after the change.
        broken: Those that fail now and did not fail before.
        mended: Those that failed before and do not fail now.
    """

    trials: tuple[Trial, ...]
    broken: tuple[Trial, ...]
    mended: tuple[Trial, ...]

    @property
    def broken_share(self) -> float:
        """Share of the tests that the change broke, 0..1."""
        return len(self.broken) / len(self.trials) if self.trials else 0.0


def prove(before: Knowledge, after: Knowledge) -> Proof:
    """Test the records that differ between two states; a fraction of a second for one record."""
    was = {record.id: record.version for record in before.corpus.records}
    changed = [r.id for r in after.corpus.records if was.get(r.id) != r.version]
    return compare(trials(before, [i for i in changed if i in was]), trials(after, changed))


def compare(before: Sequence[Trial], after: Sequence[Trial]) -> Proof:
    """Return what became of the tests; a new phrasing that is not found by the others counts as broken."""
    passed = {(t.record, t.kind, t.text): t.passed for t in before}
    broken = [t for t in after if not t.passed and passed.get((t.record, t.kind, t.text), True)]
    mended = [t for t in after if t.passed and not passed.get((t.record, t.kind, t.text), True)]
    return Proof(tuple(after), tuple(broken), tuple(mended))


def trials(knowledge: Knowledge, only: Collection[str] | None = None) -> list[Trial]:
    """Run the tests of the records named, or of all of them; 2 ms each."""
    corpus = knowledge.corpus
    numbers = range(len(corpus.records)) if only is None else [corpus.number(i) for i in only]
    asked = [(number, *what) for number in numbers for what in _questions(knowledge, number)]
    knowledge.index.prepare_left_out(
        [knowledge.index.phrasing_row(phrasing) for _, _, phrasing in asked]
    )
    rulings = {phrasing: knowledge.left_out(phrasing) for _, _, phrasing in asked}
    return [
        _trial(knowledge, number, kind, phrasing, rulings[phrasing])
        for number, kind, phrasing in asked
    ]


def _questions(knowledge: Knowledge, number: int) -> Iterator[tuple[Kind, int]]:
    for i, phrasing in enumerate(knowledge.corpus.phrasings):
        if phrasing.record == number:
            yield Kind.PHRASING, i
    for i in knowledge.index.neighbours(number, _NEAR_MISSES):
        yield Kind.NEAR_MISS, i


def _trial(knowledge: Knowledge, number: int, kind: Kind, asked: int, ruling: Ruling) -> Trial:
    phrasing = knowledge.corpus.phrasings[asked]
    meant = knowledge.corpus.records[phrasing.record].id
    if ruling.answer is not None:
        outcome = Outcome.ANSWERED if ruling.answer == meant else Outcome.WRONG
    else:
        outcome = Outcome.SUGGESTED if meant in ruling.suggest else Outcome.MISSED
    best = ruling.hits[0] if ruling.hits else None
    return Trial(
        knowledge.corpus.records[number].id,
        phrasing.text,
        phrasing.language,
        kind,
        meant,
        outcome,
        best.faq_id if best else None,
        best.score if best else 0.0,
    )
