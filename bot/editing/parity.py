"""Whether a record's two languages have kept step."""

from __future__ import annotations

from collections.abc import Iterable

from bot.editing.model import Change, RecordData
from bot.faq.model import LANGUAGES
from bot.language import Language

# A side with fewer than this share of the other's phrasings is found much worse.
_THIN = 1 / 3


def drifted(changes: Iterable[Change]) -> dict[str, Language]:
    """Return the side that was left behind when the other one's answer changed, by record.

    Args:
        changes: all that went live, the oldest first.
    """
    behind: dict[str, Language] = {}
    for change in changes:
        before, after = change.before, change.after
        if not before or not after:
            behind.pop(change.record_id, None)
            continue
        changed = {one for one in LANGUAGES if _answer(before, one) != _answer(after, one)}
        if len(changed) == 1:
            other: Language = "en" if "zh" in changed else "zh"
            if behind.get(change.record_id) in changed:
                del behind[change.record_id]  # it has caught up
            else:
                behind[change.record_id] = other
        elif changed:
            behind.pop(change.record_id, None)
    return behind


def thin_sides(record: RecordData) -> list[Language]:
    """Return the languages that are missing or have far fewer phrasings than the other."""
    counts = {one: len((record.get(one) or {}).get("questions") or ()) for one in LANGUAGES}
    most = max(counts.values())
    return [
        one for one in LANGUAGES if counts[one] < most * _THIN or not _answer(record, one).strip()
    ]


def _answer(record: RecordData, language: Language) -> str:
    return str((record.get(language) or {}).get("answer") or "")
