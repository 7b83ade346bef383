"""Two versions of a record side by side, and three of them put together."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from bot.editing.model import RecordData

# A Han character, a word, or anything else by itself: Chinese has no spaces to compare words by.
_TOKEN = re.compile(r"[\u3400-\u9fff]|\w+|\s+|.", re.DOTALL)

# Texts less alike than this have only spaces and commas in common: two whole texts are read more easily.
_ANOTHER_TEXT = 0.4


@dataclass(frozen=True, slots=True)
class FieldChange:
    """What became of one field.

    Attributes:
        path: such as ``zh.answer``.
        parts: the text in order as ("same" | "gone" | "new", text); an entry of a list is one part.
        is_list: whether parts are entries of a list.
    """

    path: str
    parts: tuple[tuple[str, str], ...]
    is_list: bool


@dataclass(frozen=True, slots=True)
class Merged:
    """Two people's changes put together; ``conflicts`` are the fields where only a person can choose.

    In a field of ``conflicts`` the record holds the text of whom it was merged for.
    """

    record: RecordData
    conflicts: tuple[str, ...]


def differences(before: RecordData, after: RecordData) -> list[FieldChange]:
    """Return the fields that differ, in the order of the file."""
    old, new = dict(_flat(before)), dict(_flat(after))
    changes = []
    for path in [*old, *(path for path in new if path not in old)]:
        if old.get(path) == new.get(path):
            continue
        a, b = old.get(path), new.get(path)
        is_list = isinstance(a, list) or isinstance(b, list)
        parts = _compare(_tokens(a, is_list), _tokens(b, is_list), joined=not is_list)
        changes.append(FieldChange(path, tuple(parts), is_list))
    return changes


def merge(base: RecordData, mine: RecordData, theirs: RecordData) -> Merged:
    """Put the changes from ``base`` to ``mine`` and to ``theirs`` together.

    A field that one of them left alone takes the other's text. Phrasings are merged one by one: what
    either added is in, what either removed is out.
    """
    flats = [dict(_flat(version)) for version in (base, mine, theirs)]
    old, ours, others = flats
    merged: dict[str, Any] = {}
    conflicts = []
    for path in dict.fromkeys(path for flat in (ours, others, old) for path in flat):
        before, a, b = (flat.get(path) for flat in (old, ours, others))
        if b in (before, a):
            value = a
        elif a == before:
            value = b
        elif isinstance(a, list) and isinstance(b, list):
            known = before if isinstance(before, list) else []
            value = [one for one in a if one in b or one not in known]
            value += [one for one in b if one not in known and one not in value]
        else:
            value = a
            conflicts.append(path)
        if value is not None:
            merged[path] = value
    return Merged(_deep(merged), tuple(conflicts))


def _flat(data: RecordData, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield ("zh.answer", value) of every field; a list is one value."""
    for name, value in data.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def _deep(flat: dict[str, Any]) -> RecordData:
    data: RecordData = {}
    for path, value in flat.items():
        *route, name = path.split(".")
        inner = data
        for step in route:
            inner = inner.setdefault(step, {})
        inner[name] = value
    return data


def _tokens(value: Any, is_list: bool) -> list[str]:
    if value is None:
        return []
    if is_list:
        return [str(one) for one in value] if isinstance(value, list) else [str(value)]
    return _TOKEN.findall(str(value))


def _compare(old: list[str], new: list[str], *, joined: bool) -> Iterator[tuple[str, str]]:
    matcher = difflib.SequenceMatcher(a=old, b=new, autojunk=False)
    if joined and matcher.ratio() < _ANOTHER_TEXT:
        yield from ((k, "".join(run)) for k, run in (("gone", old), ("new", new)) if run)
        return
    for operation, a, b, c, d in matcher.get_opcodes():
        runs = (
            [("same", old[a:b])]
            if operation == "equal"
            else [("gone", old[a:b]), ("new", new[c:d])]
        )
        for kind, run in runs:
            if run and joined:
                yield kind, "".join(run)
            elif run:
                yield from ((kind, entry) for entry in run)
