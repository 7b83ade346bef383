"""Whether a record's two languages have kept step."""

from __future__ import annotations

from collections.abc import Iterable

from bot.editing.model import RecordData
from bot.faq.model import LANGUAGES, Record
from bot.faq.pairs import Pairs, drifted
from bot.language import Language

# A side with fewer than this share of the other's phrasings is found much worse.
_THIN = 1 / 3


def left_behind(records: Iterable[Record], pairs: Pairs) -> dict[str, Language]:
    """Return the side that was left behind when the other one's answer changed, by record.

    Args:
        records: what is live.
        pairs: the answers as they last agreed, see ``bot.faq.pairs``.
    """
    changed = ((record.id, drifted(record, pairs)) for record in records)
    return {i: "en" if side == "zh" else "zh" for i, side in changed if side is not None}


def thin_sides(record: RecordData) -> list[Language]:
    """Return the languages that are missing or have far fewer phrasings than the other."""
    counts = {one: len((record.get(one) or {}).get("questions") or ()) for one in LANGUAGES}
    most = max(counts.values())
    return [
        one for one in LANGUAGES if counts[one] < most * _THIN or not _answer(record, one).strip()
    ]


def _answer(record: RecordData, language: Language) -> str:
    return str((record.get(language) or {}).get("answer") or "")
