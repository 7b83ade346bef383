"""Whether records may go live, field by field, so that a form can say it where it is."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from bot.editing.model import Fault, RecordData
from bot.faq.model import LANGUAGES, Corpus, Record
from bot.faq.texts import phrase_key

# What pydantic calls it -> what our page calls it.
_KINDS = {
    "missing": "empty",
    "too_short": "empty",
    "string_too_short": "empty",
    "string_pattern_mismatch": "form",
    "string_too_long": "long",
}


class Phrasings:
    """What a record may lean on: whose every phrasing is, and which records, tasks and channels there are.

    Args:
        corpus: what is live.
        drafts: stand in for some of its records.
        channels: names of the channels; None looks at no channel.
    """

    def __init__(
        self,
        corpus: Corpus,
        drafts: Mapping[str, RecordData],
        channels: Collection[str] | None = None,
    ) -> None:
        live = {record.id for record in corpus.records if record.id not in drafts}
        self._known: Mapping[str, Collection[str] | None] = {
            "follow_ups": live | {record_id for record_id, data in drafts.items() if data},
            "task": corpus.tasks,
            "channels": channels,
        }
        self._owners: dict[str, str] = {}
        self._drafts = drafts.keys()
        for phrasing in corpus.phrasings:
            owner = corpus.records[phrasing.record].id
            if owner not in drafts:
                self._owners.setdefault(phrase_key(phrasing.text), owner)
        for owner, data in drafts.items():
            for _, text in _questions(data):
                self._owners.setdefault(phrase_key(text), owner)

    def owner(self, text: str) -> str | None:
        """Return the record that has this phrasing."""
        return self._owners.get(phrase_key(text))

    def drafted(self, record_id: str) -> bool:
        """Tell whether a record's phrasings are those of its draft."""
        return record_id in self._drafts

    def unknown(self, field: str, name: str) -> bool:
        """Tell whether a field names a record, task or channel that there is not."""
        known = self._known[field]
        return known is not None and name not in known


def faults_of(data: RecordData, phrasings: Phrasings) -> list[Fault]:
    """Return what stands against this record going live; nothing for one that is to go."""
    if not data:
        return []
    record_id = str(data.get("id", ""))
    found = list(_malformed(record_id, data))
    found += [
        Fault(record_id, field, "unknown", name)
        for field in ("follow_ups", "task", "channels")
        for name in _names(data.get(field))
        if phrasings.unknown(field, name) or (field == "follow_ups" and name == record_id)
    ]
    seen: dict[tuple[str, str], str] = {}
    for path, text in _questions(data):
        key = phrase_key(text)
        if not key:
            if text.strip():
                found.append(Fault(record_id, path, "wordless", text))
            continue
        owner = phrasings.owner(text)
        if owner is not None and owner != record_id:
            kind = "taken_by_draft" if phrasings.drafted(owner) else "taken"
            found.append(Fault(record_id, path, kind, owner))
        elif (path[:2], key) in seen:
            found.append(Fault(record_id, path, "twice", text))
        seen.setdefault((path[:2], key), path)
    return found


def _malformed(record_id: str, data: RecordData) -> Iterator[Fault]:
    try:
        Record.model_validate(data)
    except ValidationError as error:
        for detail in error.errors():
            path = ".".join(map(str, detail["loc"]))
            yield Fault(record_id, path, _KINDS.get(detail["type"], "other"), detail["msg"])


def _names(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else [str(one) for one in value or ()]


def _questions(data: RecordData) -> Iterable[tuple[str, str]]:
    for language in LANGUAGES:
        side: Any = data.get(language)
        questions = side.get("questions") if isinstance(side, dict) else None
        for number, text in enumerate(questions or ()):
            if isinstance(text, str):
                yield f"{language}.questions.{number}", text
