"""Our light Markdown on channels that show something else: ``**bold**``, lists, ``[text](https://…)``."""

from __future__ import annotations

import html
import re

_BOLD = re.compile(r"\*\*(?=\S)([^\n]*?\S)\*\*")
_LINK = re.compile(r"\[([^\]\n]+)\]\((https?://[^\s)]+)\)")
_BULLET = re.compile(r"^(\s*)[-*] (?=\S)", re.MULTILINE)


def to_html(text: str) -> str:
    """Return ``text`` as HTML with ``b`` and ``a``; everything else of it is escaped."""
    escaped = html.escape(_BULLET.sub(r"\1• ", text))
    linked = _LINK.sub(r'<a href="\2">\1</a>', escaped)
    return _BOLD.sub(r"<b>\1</b>", linked)


def to_plain(text: str) -> str:
    """Return ``text`` without marks; a link's address stands behind its words."""
    linked = _LINK.sub(r"\1 \2", _BULLET.sub(r"\1• ", text))
    return _BOLD.sub(r"\1", linked)
