"""The desk's words and lists, read once from ``data/desk``: reasons, resolutions, replies, lines.

Editing these files needs no code; a test checks that both languages are there and that every
reason of the enum has its entry.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError
from ruamel.yaml import YAML

from bot.conversations.model import Body, HandoffReason
from bot.language import Language

_T = TypeVar("_T")
_Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class CatalogueError(Exception):
    """A file of ``data/desk`` does not hold what it should; the message names the file and the place."""


class Priority(StrEnum):
    """How pressing a hand-off is."""

    NORMAL = "normal"
    HIGH = "high"
    URGENT = "urgent"


class Words(BaseModel):
    """A text in both languages."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    zh: _Text
    en: _Text

    def in_(self, language: Language) -> str:
        """Return the text in ``language``."""
        return self.zh if language == "zh" else self.en


class Reason(Words):
    """What a hand-off reason is called and how pressing it is; ``head_start`` is in minutes."""

    priority: Priority
    head_start: float = Field(ge=0)

    @property
    def lead(self) -> timedelta:
        """How much earlier than it came such a conversation counts in the queue."""
        return timedelta(minutes=self.head_start)


class Resolution(Words):
    """How a conversation ended; not every code is for people to choose."""

    offered: bool = True


class Canned(Words):
    """A ready-made answer."""

    id: _Text
    keys: tuple[_Text, ...]
    title: Words


class Lines(BaseModel):
    """What the app says to customers, the names of buttons and days, and what may be typed for a button."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    customer: dict[str, Words]
    buttons: dict[str, Words]
    days: dict[str, Words]
    closed: dict[HandoffReason, Words] = Field(default_factory=dict)
    typed: dict[str, list[list[_Text]]] = Field(default_factory=dict)


@dataclass(frozen=True)
class Catalogue:
    """Everything in ``data/desk`` but the opening hours."""

    reasons: Mapping[HandoffReason, Reason]
    resolutions: Mapping[str, Resolution]
    replies: tuple[Canned, ...]
    intents: Mapping[str, Words]
    lines: Lines

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read the files of ``folder``; raises ``CatalogueError``."""
        return cls(
            reasons=_read(folder / "reasons.yml", dict[HandoffReason, Reason]),
            resolutions=_read(folder / "resolutions.yml", dict[str, Resolution]),
            replies=tuple(_read(folder / "replies.yml", list[Canned])),
            intents=_read(folder / "intents.yml", dict[str, Words]),
            lines=_read(folder / "words.yml", Lines),
        )

    def line(self, name: str, language: Language, **values: str) -> Body:
        """Return a line for a customer with its values filled in."""
        return Body(self.lines.customer[name].in_(language).format(**values))

    def button(self, name: str, language: Language) -> str:
        """Return the title of a button."""
        return self.lines.buttons[name].in_(language)


def _read(path: Path, kind: type[_T]) -> _T:
    data: Any = YAML(typ="safe").load(path.read_text("utf-8"))
    try:
        return TypeAdapter(kind).validate_python(data)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise CatalogueError(f"{path}: {place}: {first['msg']}") from error
