"""Reading the evaluation files; every mistake is one line that names the file, the line and the form."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO, cast


class BadFileError(ValueError):
    """A file is not of the form that was expected."""


@dataclass(frozen=True)
class Labelled:
    """Texts and their intents."""

    texts: list[str]
    intents: list[str]


@dataclass(frozen=True)
class IntentSet:
    """A training part and a test part; ``strange`` are texts of no intent (CLINC150 only)."""

    name: str
    train: Labelled
    test: Labelled
    strange: tuple[str, ...] = ()


@dataclass(frozen=True)
class Pairs:
    """Pairs of sentences and how alike they are."""

    name: str
    first: list[str]
    second: list[str]
    likeness: list[float]


def read_clinc(path: Path) -> IntentSet:
    """Read CLINC150's JSON: lists of [text, intent] under train, test (or val), oos_test (or oos_val)."""
    with _open(path) as file:
        try:
            found = json.load(file)
        except ValueError as error:
            raise BadFileError(f"{path}: expected one JSON object, got {error}") from error
    keys = list(found) if isinstance(found, dict) else [type(found).__name__]
    test = next((key for key in ("test", "val") if key in keys), None)
    strange = next((key for key in ("oos_test", "oos_val") if key in keys), None)
    if "train" not in keys or test is None:
        raise BadFileError(
            f"{path}: expected the keys train and test or val, got {', '.join(keys)}"
        )

    def side(key: str) -> Labelled:
        for number, row in enumerate(found[key], start=1):
            if not (
                isinstance(row, list) and len(row) == 2 and all(isinstance(c, str) for c in row)
            ):
                raise BadFileError(
                    f"{path}: {key}, entry {number}: expected [text, intent], got {str(row)[:80]}"
                )
        return Labelled([row[0] for row in found[key]], [row[1] for row in found[key]])

    outside = tuple(side(strange).texts) if strange else ()
    return IntentSet("CLINC150", side("train"), side(test), outside)


def read_csv(path: Path) -> Labelled:
    """Read a CSV with a head and the columns text and category (or label, or intent)."""
    with _open(path) as file:
        rows = csv.DictReader(file)
        columns = rows.fieldnames or []
        text = next((c for c in ("text", "utterance") if c in columns), None)
        label = next((c for c in ("category", "intent", "label") if c in columns), None)
        if text is None or label is None:
            raise BadFileError(
                f"{path}, line 1: expected the columns text,category, got {','.join(columns)}"
            )
        texts, intents = [], []
        for row in rows:
            if not row[text] or not row[label]:
                raise BadFileError(
                    f"{path}, line {rows.line_num}: expected a text and a category, "
                    f"got {str(list(row.values()))[:80]}"
                )
            texts.append(row[text])
            intents.append(row[label])
    return _not_empty(path, Labelled(texts, intents))


def read_two_languages(path: Path) -> dict[str, Labelled]:
    """Read MASSIVE's lines {"id", "intent", "zh", "en"}; return a part for each language."""
    rows = []
    for number, row in _json_lines(path):
        if not all(isinstance(row.get(key), str) for key in ("intent", "zh", "en")):
            raise BadFileError(
                f'{path}, line {number}: expected {{"id", "intent", "zh", "en"}}, got {str(row)[:80]}'
            )
        rows.append(row)
    intents = [row["intent"] for row in rows]
    return {
        language: _not_empty(path, Labelled([row[language] for row in rows], intents))
        for language in ("en", "zh")
    }


def read_pairs(path: Path) -> Pairs:
    """Read three columns: two sentences and a number; tabs, or commas in a .csv; a head is passed over."""
    with _open(path) as file:
        comma = ".csv" in path.suffixes
        rows = (
            list(csv.reader(file)) if comma else [line.rstrip("\r\n").split("\t") for line in file]
        )
    first, second, likeness = [], [], []
    for number, row in enumerate(rows, start=1):
        if row in ([], [""]):
            continue
        try:
            if len(row) != 3:
                raise ValueError  # noqa: TRY301 - one message for both mistakes
            score = float(row[2])
        except ValueError as error:
            if number == 1 and len(row) == 3:
                continue
            raise BadFileError(
                f"{path}, line {number}: expected three columns, two sentences and a number, "
                f"got {len(row)}: {str(row)[:80]}"
            ) from error
        first.append(row[0])
        second.append(row[1])
        likeness.append(score)
    if len(set(likeness)) < 2:
        raise BadFileError(f"{path}: expected pairs with different numbers, got {len(first)} pairs")
    return Pairs(path.stem, first, second, likeness)


def read_messages(path: Path) -> list[dict[str, Any]]:
    """Read lines {"text", "expected"}, expected one decision or a list of them; ``id`` may be left out."""
    messages = []
    for number, row in _json_lines(path):
        expected = row.get("expected", row.get("decision"))
        wanted = [expected] if isinstance(expected, str) else expected
        if not isinstance(row.get("text"), str) or not (
            isinstance(wanted, list) and wanted and all(isinstance(one, str) for one in wanted)
        ):
            raise BadFileError(
                f'{path}, line {number}: expected {{"text", "expected": "answer:cod-fee"}} '
                f"or a list of right decisions, got {str(row)[:80]}"
            )
        messages.append({"id": str(row.get("id", number)), "text": row["text"], "expected": wanted})
    if not messages:
        raise BadFileError(f"{path}: expected messages, got an empty file")
    return messages


def _json_lines(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    with _open(path) as file:
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except ValueError:
                row = None
            if not isinstance(row, dict):
                raise BadFileError(
                    f"{path}, line {number}: expected a JSON object, got {line.strip()[:80]!r}"
                )
            yield number, row


def _not_empty(path: Path, part: Labelled) -> Labelled:
    if len(set(part.intents)) < 2:
        raise BadFileError(
            f"{path}: expected texts of two intents or more, got {len(part.texts)} texts"
        )
    return part


def _open(path: Path) -> TextIO:
    try:
        opener = gzip.open if path.suffix == ".gz" else open
        return cast(TextIO, opener(path, "rt", encoding="utf-8-sig", newline=""))
    except OSError as error:
        raise BadFileError(f"{path}: expected a file, got: {error.strerror}") from error
