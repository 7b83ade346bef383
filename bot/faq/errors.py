"""What can go wrong with the FAQ; everything derives from ``FaqError``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from bot.language import Language

_TEXTS = Path(__file__).with_name("problems.yml")


class Severity(StrEnum):
    """How much a problem matters: an error keeps the files from being published."""

    ERROR = "error"
    WARNING = "warning"
    HINT = "hint"


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where something stands in a file; ``line`` and ``column`` count from 1, as editors do."""

    file: Path
    line: int = 1
    column: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to mend: where it is, what is wrong, and what to do about it.

    Attributes:
        place: Where it stands.
        code: Its kind, a key of ``problems.yml``, which holds the words.
        values: What the words are filled with.
        severity: An error keeps the files from being published.
        record: Id of the record it is about, None when that cannot be told.
    """

    place: Place
    code: str
    values: Mapping[str, object] = field(default_factory=dict)
    severity: Severity = Severity.ERROR
    record: str | None = None

    def what(self, language: Language = "en") -> str:
        """Return what is wrong."""
        return self._say("what", language)

    def mend(self, language: Language = "en") -> str:
        """Return what to do about it."""
        return self._say("mend", language)

    def say(self, language: Language) -> str:
        """Return place, what is wrong and what to do, as a terminal shows it."""
        stop = "；" if language == "zh" else "; "
        return f"{self.place}: {self.what(language)}{stop}{self.mend(language)}"

    def to_json(self) -> dict[str, Any]:
        """Return the problem as JSON data, its words in both languages."""
        return {
            "file": str(self.place.file),
            "line": self.place.line,
            "column": self.place.column,
            "record": self.record,
            "code": self.code,
            "severity": str(self.severity),
            "message": {"zh": self.what("zh"), "en": self.what("en")},
            "mend": {"zh": self.mend("zh"), "en": self.mend("en")},
        }

    def __str__(self) -> str:
        return self.say("en")

    def _say(self, part: str, language: Language) -> str:
        return problem_texts()[self.code][part][language].format_map(self.values)


@cache
def problem_texts() -> dict[str, dict[str, dict[str, str]]]:
    """Return the words for each kind of problem: ``[code]["what" or "mend"][language]``."""
    texts: dict[str, dict[str, dict[str, str]]] = yaml.safe_load(_TEXTS.read_text("utf-8"))
    return texts


class FaqError(Exception):
    """The FAQ cannot be used as it is."""


class FaqFileError(FaqError):
    """The FAQ files hold mistakes. ``problems`` lists all of them in file order, not only the first."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda problem: problem.place))
        super().__init__("\n".join(map(str, self.problems)))


class CalibrationError(FaqError):
    """The calibration file is missing, unreadable, or was fitted with another encoder."""


class UnknownRecordError(FaqError, LookupError):
    """No FAQ record has this id."""


class AuthoringError(FaqError):
    """What was asked for cannot be written; nothing was."""
