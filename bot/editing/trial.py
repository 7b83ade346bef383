"""The FAQ as it would be with drafts in it: to try questions on, and to see what it wins and loses."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from bot.editing.model import RecordData
from bot.faq.errors import Place
from bot.faq.knowledge import Knowledge
from bot.faq.model import LANGUAGES, Category, Corpus, Phrasing, Record, Title
from bot.faq.proving import Proof, compare, trials

Drafted = Mapping[str, tuple[str, RecordData]]

# Drafts have no file yet.
_NOWHERE = Place(Path("draft"))


# A record's tests take about 30 ms; of a large import this many records are tested.
MOST_PROVED = 25


@dataclass(frozen=True)
class Tested:
    """The automatic tests of changed records: ``records`` of ``changed`` were tested."""

    proof: Proof
    records: int
    changed: int


@dataclass
class _Trial:
    key: str
    live: Knowledge
    knowledge: Knowledge
    tested: Tested | None = None


class Trials:
    """Knowledge with drafts in it; the last one is kept, since an editor tries many questions on it.

    Args:
        live: returns what is live.
    """

    def __init__(self, live: Callable[[], Knowledge]) -> None:
        self._live = live
        self._last: _Trial | None = None
        # Indexing takes all of a core; two at a time would only take twice as long.
        self._lock = threading.Lock()

    def with_drafts(self, drafts: Drafted) -> Knowledge:
        """Return the live FAQ with {id: (category, record)} in it; blocks while it is indexed.

        A draft that isn't a whole record yet (no English answer, say) is tried with what there is.
        """
        with self._lock:
            return self._trial(drafts).knowledge

    def tested(self, drafts: Drafted) -> Tested:
        """Return the automatic tests of what these drafts change, see ``bot.faq.proving``."""
        with self._lock:
            trial = self._trial(drafts)
            if trial.tested is None:
                trial.tested = _test(trial.live, trial.knowledge, drafts)
            return trial.tested

    def _trial(self, drafts: Drafted) -> _Trial:
        live = self._live()
        key = hashlib.sha256(json.dumps(drafts, sort_keys=True).encode()).hexdigest()
        if self._last is None or self._last.key != key or self._last.live.version != live.version:
            self._last = _Trial(key, live, live.edited(with_drafts(live.corpus, drafts)))
        return self._last


def _test(before: Knowledge, after: Knowledge, drafts: Drafted) -> Tested:
    was = {record.id: record.version for record in before.corpus.records}
    changed = [r.id for r in after.corpus.records if r.id in drafts and was.get(r.id) != r.version]
    # Those that were there first: they have customers already.
    chosen = sorted(changed, key=lambda i: i not in was)[:MOST_PROVED]
    proof = compare(trials(before, [i for i in chosen if i in was]), trials(after, chosen))
    return Tested(proof, len(chosen), len(changed))


def with_drafts(corpus: Corpus, drafts: Drafted) -> Corpus:
    """Return a corpus in which drafts stand in for what they change."""
    usable = {i: (c, record) for i, (c, data) in drafts.items() if (record := lenient(i, data))}
    categories = []
    placed: set[str] = set()
    for category in corpus.categories:
        records = []
        for record in category.records:
            if record.id not in drafts:
                records.append(record)
            elif record.id in usable:
                records.append(usable[record.id][1])
                placed.add(record.id)
        fresh = [(i, r) for i, (c, r) in usable.items() if c == category.category]
        known = {record.id for other in corpus.categories for record in other.records}
        records += [record for i, record in fresh if i not in known]
        placed |= {i for i, _ in fresh}
        if records:
            categories.append(category.model_copy(update={"records": tuple(records)}))
    for name in dict.fromkeys(c for i, (c, _) in usable.items() if i not in placed):
        new = tuple(r for i, (c, r) in usable.items() if c == name and i not in placed)
        # Where its file will stand among the others, so that publishing finds the same order.
        place = sum(1 for known in categories if known.category < name)
        made = Category(category=name, title=Title(zh=name, en=name), records=new)
        categories.insert(place, made)
    places = tuple(_NOWHERE for category in categories for _ in category.records)
    return Corpus(tuple(categories), _phrasings(categories), places, corpus.tasks)


def lenient(record_id: str, data: RecordData) -> Record | None:
    """Return an unfinished draft as a record, the one side standing in for the other; None if hopeless."""
    if not data:
        return None
    filled = dict(data) | {"id": record_id}
    for language, other in (("zh", "en"), ("en", "zh")):
        side, twin = data.get(language) or {}, data.get(other) or {}
        questions = [q for q in side.get("questions") or [] if q.strip()]
        answer = str(side.get("answer") or "").strip()
        filled[language] = {
            "questions": questions or [q for q in twin.get("questions") or [] if q.strip()],
            "answer": answer or str(twin.get("answer") or "").strip() or "…",
        }
    try:
        return Record.model_validate(filled)
    except ValidationError:
        try:
            return Record.model_validate({name: filled[name] for name in ("id", *LANGUAGES)})
        except ValidationError:
            return None


def _phrasings(categories: list[Category]) -> tuple[Phrasing, ...]:
    records = (record for category in categories for record in category.records)
    return tuple(
        Phrasing(number, language, text, _NOWHERE)
        for number, record in enumerate(records)
        for language in LANGUAGES
        for text in record.side(language).questions
    )
