"""Which category the rows of a table belong to, and what a new one is called in both languages."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from bot.faq.errors import Place, Problem, Severity
from bot.faq.model import Title

_HAN = re.compile(r"[\u3400-\u9fff]")
_ID_CHARS = 64
# What the category is called where rows go that name none.
IMPORTED = Title(zh="导入的问题", en="Imported questions")


class Homes:
    """Finds the category of each row; a new one is told apart by its names.

    Args:
        file: The table, for reports.
        categories: Those that there are, with their names.
        fallback: Id of the category for rows that name none.

    Attributes:
        untitled: A report for each new category that has no name in one of the languages.
    """

    def __init__(self, file: Path, categories: Mapping[str, Title], fallback: str) -> None:
        self._file, self._fallback = file, fallback
        self._known = dict(categories)
        self._by_name = {
            name.strip().lower(): category
            for category, title in categories.items()
            for name in (title.zh, title.en)
        }
        self.untitled: list[Problem] = []

    def of(self, cells: Mapping[str, str], line: int) -> tuple[str, Title]:
        """Return a row's category and its name.

        A category is named by its id, by its name in either language, or by a new name, of which an id
        is made. New names stand in the columns ``category_zh`` and ``category_en``; a name in the column
        ``category`` counts for the language that it is written in.
        """
        named, zh, en = (
            cells.get(column, "").strip() for column in ("category", "category_zh", "category_en")
        )
        for name in (named, zh, en):
            found = slug(name) if slug(name) in self._known else self._by_name.get(name.lower())
            if name and found:
                return found, self._known[found]
        if not (named or zh or en):
            return self._fallback, self._known.setdefault(self._fallback, IMPORTED)
        category = slug(named) or slug(en) or slug(_spelt(named or zh)) or self._fallback
        if category in self._known:
            return category, self._known[category]
        if _HAN.search(named):
            zh = zh or named
        elif named:
            en = en or (named.replace("-", " ").capitalize() if named == slug(named) else named)
        title = Title(zh=zh or en, en=en or zh)
        self._known[category] = title
        self._by_name |= {name.lower(): category for name in (title.zh, title.en)}
        for column, name in (("category_zh", zh), ("category_en", en)):
            if not name:
                values = {"category": category, "column": column, "name": title.zh}
                place = Place(self._file, line)
                self.untitled.append(Problem(place, "untitled_category", values, Severity.HINT))
        return category, title


def slug(text: str) -> str:
    """Return a text as an id: lowercase letters, digits, hyphens; empty when it has none of these."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:_ID_CHARS].strip("-")


def _spelt(text: str) -> str:
    from pypinyin import lazy_pinyin

    return " ".join(lazy_pinyin(text))
