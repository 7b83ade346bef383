"""What editors work with: drafts, changes that went live, and what can go wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeAlias

from bot.faq.model import Record, Title

# A record as its file has it, perhaps not finished yet: {"id", "zh": {"questions", "answer"}, ...}.
RecordData: TypeAlias = dict[str, Any]


class DraftState(StrEnum):
    """How far a draft has come."""

    DRAFT = "draft"
    REVIEW = "review"


@dataclass(frozen=True, slots=True)
class Draft:
    """What is to stand in the file instead of ``base``.

    ``record`` is empty for a record that is to go, ``base`` for one that is new. ``version`` is that
    of the last save. ``category_title`` is what the category is called if it is new.
    """

    record_id: str
    category: str
    record: RecordData
    base: RecordData
    state: DraftState
    version: int
    author: str
    note: str
    updated_at: datetime
    category_title: Title | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """One record's change that went live. ``undoes`` is the publish that it took back."""

    id: int
    publish_id: str
    record_id: str
    category: str
    before: RecordData
    after: RecordData
    author: str
    publisher: str
    note: str
    undoes: str | None
    at: datetime


class EditingError(Exception):
    """The edit can't be made; the message says why."""


class StaleError(EditingError):
    """Somebody else has changed the record since it was opened.

    ``theirs`` is what stands there now, ``version`` what a save on top of it must name.
    """

    def __init__(self, theirs: RecordData, version: int, who: str) -> None:
        super().__init__(f"{who} has changed this record since you opened it")
        self.theirs, self.version, self.who = theirs, version, who


class UnknownError(EditingError, LookupError):
    """There is no such draft, record or publish."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a record can't go live. ``path`` is where, such as ``zh.questions.0``; empty for the whole."""

    record_id: str
    path: str
    kind: str
    detail: str


class FaultyError(EditingError):
    """Drafts hold faults and can't go live."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(f"{len(faults)} faults must be mended before publishing")
        self.faults = tuple(faults)


def as_data(record: Record) -> RecordData:
    """Return a record as its file has it."""
    return record.plain()
