"""Which Chinese and English answers belong together, so that a change of one side alone is noticed.

``pairs.json`` beside the FAQ files holds, for each record, a digest of both answers as they were when they
last agreed. When both answers differ from it, both were worked on, and the new pair takes its place. When
one differs, the other may have been forgotten: the record has drifted, until the other is changed too or
an editor says that it is right as it is (``yingda faq agree``). New phrasings are no drift: each language
has its own ways to ask.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from bot.faq.model import LANGUAGES, Record
from bot.language import Language

FILE_NAME = "pairs.json"

# {record id: [digest of the Chinese answer, digest of the English answer]}
Pairs = Mapping[str, list[str]]


def read_pairs(folder: Path) -> dict[str, list[str]]:
    """Return the pairs that were noted; none where there is no (readable) file."""
    try:
        found: dict[str, list[str]] = json.loads((folder / FILE_NAME).read_text("utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return found


def drifted(record: Record, pairs: Pairs) -> Language | None:
    """Return the side that was changed alone; None when the sides belong together or are not noted."""
    noted = pairs.get(record.id)
    if noted is None:
        return None
    changed = [
        n for n, was, now in zip(LANGUAGES, noted, _digests(record), strict=True) if was != now
    ]
    return changed[0] if len(changed) == 1 else None


def note_pairs(folder: Path, records: Iterable[Record], agreed: Iterable[str] = ()) -> None:
    """Note new records and those of which both sides were changed, forget those that are gone.

    Args:
        folder: The FAQ folder.
        records: All records.
        agreed: Ids of records whose sides belong together although only one was changed.
    """
    before, yes = read_pairs(folder), set(agreed)
    after = {
        record.id: before[record.id]
        if drifted(record, before) and record.id not in yes
        else _digests(record)
        for record in records
    }
    if after != before:
        lines = (f"  {json.dumps(key)}: {json.dumps(after[key])}" for key in sorted(after))
        text = "{\n" + ",\n".join(lines) + "\n}\n"
        part = folder / f".{FILE_NAME}.part"
        part.write_text(text, "utf-8")
        part.replace(folder / FILE_NAME)


def _digests(record: Record) -> list[str]:
    answers = (" ".join(record.side(language).answer.split()) for language in LANGUAGES)
    return [hashlib.sha256(answer.encode()).hexdigest()[:12] for answer in answers]
