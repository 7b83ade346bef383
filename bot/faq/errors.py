"""What can go wrong with the FAQ; everything derives from ``FaqError``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where something stands in a file; ``line`` and ``column`` count from 1, as editors do."""

    file: Path
    line: int = 1
    column: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing to mend: where it is, what is wrong, and what to do about it."""

    place: Place
    what: str
    mend: str

    def __str__(self) -> str:
        return f"{self.place}: {self.what}; {self.mend}"


class FaqError(Exception):
    """The FAQ cannot be used as it is."""


class FaqFileError(FaqError):
    """The FAQ files hold mistakes. ``problems`` lists all of them in file order, not only the first."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(sorted(problems))
        super().__init__("\n".join(map(str, self.problems)))


class CalibrationError(FaqError):
    """The calibration file is missing, unreadable, or was fitted with another encoder."""


class UnknownRecordError(FaqError, LookupError):
    """No FAQ record has this id."""
