"""Which quote of a YAML file is the odd one.

A quote that is not closed swallows the lines after it up to the next quote, and YAML complains there, or nowhere. An
editor needs the line in which it was opened.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from bot.faq.errors import Place, Problem

# Lines that are an item of a list or begin a field of ours, and no text that somebody put in quotes.
_STRUCTURE = re.compile(
    r"^ *(- .*|(- +)?(category|title|records|id|zh|en|questions|answer|links|url|picture|task|follow_ups|owner"
    r"|channels|valid_from|valid_until):( .*)?)$",
    re.MULTILINE,
)


def odd_quote(file: Path, text: str, problem: Any) -> Problem | None:
    """Return what is wrong with the quotes of a file that is no YAML; None where it is not the quotes.

    Args:
        file: Its name.
        text: What it holds.
        problem: The mark at which YAML gave up; None when it doesn't say.
    """
    last: Any = None
    for token in _quoted(text):
        if problem is not None and token.end_mark.index > problem.index:
            break
        last = token
        if swallows(text, token):
            break
    if last is None:
        return None
    here = problem is not None and last.end_mark.line == problem.line
    place = Place(file, last.start_mark.line + 1, last.start_mark.column + 1)
    values = {"quote": last.style, "line": last.end_mark.line + 1}
    if swallows(text, last) or (here and last.start_mark.line < last.end_mark.line):
        return Problem(place, "unclosed_quote", values)
    if here and not text[last.end_mark.index : problem.index].strip():
        place = Place(file, last.end_mark.line + 1, last.end_mark.column)
        values["rest"] = text[last.end_mark.index :].split("\n", 1)[0].strip()
        return Problem(place, "quote_inside", values)
    return None


def swallows(text: str, scalar: Any) -> bool:
    """Tell whether a quoted text (a node or token) goes on over lines that are not its own.

    Args:
        text: The whole file.
        scalar: Has ``style``, ``start_mark`` and ``end_mark``.
    """
    start, end = scalar.start_mark, scalar.end_mark
    if scalar.style not in ("'", '"') or start.line == end.line:
        return False
    inside = text[start.index : end.index].split("\n", 1)[1]
    return _STRUCTURE.search(inside) is not None


def _quoted(text: str) -> Iterator[Any]:
    """Yield the quoted texts of a file as far as it can be read."""
    try:
        for token in yaml.scan(text, Loader=getattr(yaml, "CBaseLoader", yaml.BaseLoader)):
            if isinstance(token, yaml.ScalarToken) and token.style in ("'", '"'):
                yield token
    except yaml.YAMLError:
        return
