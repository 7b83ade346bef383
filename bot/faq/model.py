"""FAQ records as data: what a file may hold, and a whole folder of them."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from bot.faq.errors import Place, UnknownRecordError
from bot.language import Language

LANGUAGES: tuple[Language, ...] = ("zh", "en")

# What fits on a button of a phone-wide chat.
BUTTON_CHARS: dict[Language, int] = {"zh": 20, "en": 60}

_ID = r"^[a-z0-9]+(-[a-z0-9]+)*$"
URL_PATTERN = r"^https?://[^\s/?#]+[^\s]*$"

_Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
_Id = Annotated[str, StringConstraints(pattern=_ID, max_length=64)]
_Url = Annotated[str, StringConstraints(pattern=URL_PATTERN)]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Side(_Strict):
    """A record in one language."""

    questions: tuple[_Text, ...] = Field(
        min_length=1,
        description="Ways customers ask this, the clearest and shortest first (it becomes a button). "
        "顾客的各种问法，最清楚最短的放第一条（会显示成按钮）。",
    )
    answer: _Text = Field(
        description="The answer; light Markdown: **bold**, lists, [links](https://...). "
        "回答，可用简单 Markdown。"
    )


class Link(_Strict):
    """A page worth opening, shown under the answer."""

    url: _Url = Field(description="http:// or https:// address. 网址。")
    zh: _Text = Field(description="Chinese caption. 中文标题。")
    en: _Text = Field(description="English caption. 英文标题。")


class Record(_Strict):
    """One question with its Chinese and its English side."""

    id: _Id = Field(
        description="Never changes and is unique: lowercase letters, digits, hyphens. "
        "唯一且不再改动：小写字母、数字、连字符。"
    )
    zh: Side = Field(description="Chinese side. 中文。")
    en: Side = Field(description="English side. 英文。")
    link: Link | None = Field(None, description="Page to open. 相关页面。")
    picture: _Url | None = Field(None, description="Picture shown with the answer. 配图网址。")

    def side(self, language: Language) -> Side:
        """Return the side in ``language``."""
        return self.zh if language == "zh" else self.en

    def button(self, language: Language) -> str | None:
        """Return the first question that is short enough for a button, None if none is."""
        limit = BUTTON_CHARS[language]
        return next((q for q in self.side(language).questions if len(q) <= limit), None)


class Title(_Strict):
    """A name in both languages."""

    zh: _Text
    en: _Text


class Category(_Strict):
    """One FAQ file."""

    category: _Id = Field(description="Id of the category. 分类编号。")
    title: Title = Field(description="Name of the category. 分类名称。")
    records: tuple[Record, ...] = Field(min_length=1, description="The questions. 问题。")


@dataclass(frozen=True, slots=True)
class Phrasing:
    """One way to ask for a record: ``record`` is its index in ``Corpus.records``."""

    record: int
    language: Language
    text: str
    place: Place


@dataclass(frozen=True)
class Corpus:
    """All categories of a folder, checked; records and phrasings in file order."""

    categories: tuple[Category, ...]
    phrasings: tuple[Phrasing, ...]
    records: tuple[Record, ...] = field(init=False)
    _numbers: Mapping[str, int] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        records = tuple(record for category in self.categories for record in category.records)
        object.__setattr__(self, "records", records)
        object.__setattr__(self, "_numbers", {record.id: i for i, record in enumerate(records)})

    def number(self, faq_id: str) -> int:
        """Return the index of a record in ``records``.

        Raises:
            UnknownRecordError: No record has this id.
        """
        try:
            return self._numbers[faq_id]
        except KeyError:
            near = difflib.get_close_matches(faq_id, self._numbers, n=1)
            hint = f"; the nearest is {near[0]!r}" if near else ""
            raise UnknownRecordError(f"no FAQ record has the id {faq_id!r}{hint}") from None
