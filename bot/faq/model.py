"""FAQ records as data: what a file may hold, and a whole folder of them."""

from __future__ import annotations

import difflib
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from functools import cached_property
from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)
from pydantic_core import PydanticCustomError

from bot.clock import SHOP_ZONE
from bot.faq.errors import Place, UnknownRecordError
from bot.language import Language

LANGUAGES: tuple[Language, ...] = ("zh", "en")

# What fits on a button of a phone-wide chat.
BUTTON_CHARS: dict[Language, int] = {"zh": 20, "en": 60}

_ID = r"^[a-z0-9]+(-[a-z0-9]+)*$"
URL_PATTERN = r"^https?://[^\s/?#]+[^\s]*$"
_MOMENT = r"^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:\d\d)?)?$"

# YAML takes these for line breaks, or forbids them.
_BREAKS = re.compile("\r\n?|[\x85\u2028\u2029]")


def _plain_breaks(value: object) -> object:
    return _BREAKS.sub("\n", value) if isinstance(value, str) else value


_Text = Annotated[
    str,
    BeforeValidator(_plain_breaks),
    StringConstraints(strip_whitespace=True, min_length=1),
]
_Id = Annotated[str, StringConstraints(pattern=_ID, max_length=64)]
_Url = Annotated[str, StringConstraints(pattern=URL_PATTERN)]
_Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+([_-][a-z0-9]+)*$", max_length=64)]


def read_moment(text: str, *, end: bool = False) -> datetime:
    """Return the moment that ``2026-11-11`` or ``2026-11-11T20:00`` names, by the shop's clock.

    Args:
        text: The date, with or without time and offset.
        end: Of a date alone take the end of the day, not its beginning.

    Raises:
        ValueError: There is no such date or time.
    """
    moment = datetime.fromisoformat(text)
    if "T" not in text and end:
        moment = datetime.combine(moment.date() + timedelta(days=1), time.min)
    return moment if moment.tzinfo else moment.replace(tzinfo=SHOP_ZONE)


def _real_moment(text: str) -> str:
    try:
        read_moment(text)
    except ValueError as error:
        raise PydanticCustomError("bad_moment", "no such date") from error
    return text


_Moment = Annotated[str, StringConstraints(pattern=_MOMENT), AfterValidator(_real_moment)]


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
    valid_from: _Moment | None = Field(
        None,
        description="Shown from this day on (2026-11-01), or from a time (2026-11-01T20:00), by the shop's clock. "
        "从这天（或这个时间）起显示，按店铺时间。",
    )
    valid_until: _Moment | None = Field(
        None,
        description="Shown until the end of this day, or until this time. 显示到这天结束（或到这个时间）。",
    )
    channels: tuple[_Name, ...] = Field(
        (),
        description="Only on these channels: web, telegram, wechat, wecom, rest; everywhere when left out. "
        "只在这些渠道显示；不写就是全部。",
    )
    links: tuple[Link, ...] = Field((), description="Pages to open. 相关页面。")
    picture: _Url | None = Field(None, description="Picture shown with the answer. 配图网址。")
    task: _Name | None = Field(
        None,
        description="A task that a button under the answer starts, see data/tasks.yml. "
        "回答下面的按钮要开始的任务，见 data/tasks.yml。",
    )
    follow_ups: tuple[_Id, ...] = Field(
        (),
        max_length=3,
        description="Ids of up to three records that customers often ask next, shown as buttons. "
        "顾客接着常问的记录编号，最多三个，显示成按钮。",
    )
    owner: _Text | None = Field(
        None,
        description="Who knows whether the answer is right; customers never see it. 负责人，顾客看不到。",
    )

    @model_validator(mode="after")
    def _begins_before_it_ends(self) -> Self:
        if self.begins and self.ends and self.begins >= self.ends:
            values = {"start": self.valid_from, "until": self.valid_until}
            raise PydanticCustomError("ends_before_it_begins", "ends before it begins", values)
        return self

    @cached_property
    def begins(self) -> datetime | None:
        """The first moment it is shown; None for always."""
        return read_moment(self.valid_from) if self.valid_from else None

    @cached_property
    def ends(self) -> datetime | None:
        """The first moment it is no longer shown; None for never."""
        return read_moment(self.valid_until, end=True) if self.valid_until else None

    @property
    def conditional(self) -> bool:
        """Whether there are times or channels without it."""
        return bool(self.valid_from or self.valid_until or self.channels)

    def shown(self, channel: str | None, at: datetime) -> bool:
        """Tell whether customers of ``channel`` see the record; None stands for any channel."""
        return (
            (channel is None or not self.channels or channel in self.channels)
            and (self.begins is None or self.begins <= at)
            and (self.ends is None or at < self.ends)
        )

    def plain(self) -> dict[str, Any]:
        """Return the record as a file holds it: lists, texts and named fields, nothing that is empty."""
        return self.model_dump(mode="json", exclude_defaults=True)

    @cached_property
    def version(self) -> str:
        """A digest of what the record says; comments and layout of the file make no difference."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:16]

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
    """All categories of a folder, checked; records and phrasings in file order.

    ``places[i]`` is where record ``i`` begins; ``tasks`` are those that a record may name, with the words of
    their buttons.
    """

    categories: tuple[Category, ...]
    phrasings: tuple[Phrasing, ...]
    places: tuple[Place, ...]
    tasks: Mapping[str, Title] = field(default_factory=dict)
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
