"""Bringing a table of records into the FAQ folder: what fits is written, what does not is reported."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import ValidationError

from bot.faq.authoring import Author, Change
from bot.faq.errors import Place, Problem
from bot.faq.exchange import Sheet, read_sheet, record_data
from bot.faq.homes import Homes, slug
from bot.faq.model import Record, Title
from bot.faq.records import Reader, explain_record

Progress = Callable[[int, int], None]
_ROUNDS = 20


@dataclass(frozen=True)
class Incoming:
    """A row that is a record."""

    line: int
    record: Record
    category: str
    title: Title | None


@dataclass
class Import:
    """What an import does, or would do.

    Attributes:
        new: Ids of records that were not there.
        changed: Ids of records that said something else.
        same: Ids of records that are there already, word for word.
        skipped: Why rows were left out; ``place.line`` is the row in the file.
        ignored: Titles of columns that mean nothing here.
        untitled: New categories that lack a name in one of the languages.
        change: The files as they would be.
    """

    new: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    same: list[str] = field(default_factory=list)
    skipped: list[Problem] = field(default_factory=list)
    ignored: tuple[str, ...] = ()
    untitled: list[Problem] = field(default_factory=list)
    change: Change = field(default_factory=lambda: Change({}))


def plan_import(
    folder: Path, file: Path, category: str = "imported", progress: Progress | None = None
) -> Import:
    """Say what importing ``file`` would do; nothing is written. ``Author.apply(plan.change)`` does it.

    A record that is there already is replaced in place; its fields that the table lacks are kept. Rows that
    would break the FAQ are left out with the reason, so the others can be published at once.

    Args:
        folder: The FAQ folder, which must be correct.
        file: A table, see ``exchange.py``.
        category: For rows that name none.
        progress: Called with (rows done, rows in all).

    Raises:
        ExchangeError: The file is no such table.
        FaqFileError: The folder holds mistakes already.
    """
    sheet = read_sheet(file)
    author = Author(folder)
    there = {stored.record.id: stored for stored in author.records()}
    found = Import(ignored=sheet.ignored)
    homes = Homes(file, author.categories(), category)
    incoming = _validated(sheet, file, {i: s.record for i, s in there.items()}, homes, found)
    found.untitled = homes.untitled
    for one in list(incoming):
        stored = there.get(one.record.id)
        if stored is not None and stored.record == one.record:
            found.same.append(one.record.id)
            incoming.remove(one)
    reader = Reader(folder)
    for _ in range(_ROUNDS):
        found.change = author.merged(
            [(one.record, one.category, one.title) for one in incoming], progress
        )
        problems = reader.read(found.change.files).problems
        bad = {problem.record: problem for problem in problems}
        refused = [one for one in incoming if one.record.id in bad]
        if not refused:
            break
        found.skipped += [_at(file, one.line, bad[one.record.id]) for one in refused]
        incoming = [one for one in incoming if one.record.id not in bad]
    found.new = [one.record.id for one in incoming if one.record.id not in there]
    found.changed = [one.record.id for one in incoming if one.record.id in there]
    found.skipped.sort(key=lambda problem: problem.place)
    return found


def _validated(
    sheet: Sheet, file: Path, there: dict[str, Record], homes: Homes, found: Import
) -> list[Incoming]:
    incoming: dict[str, Incoming] = {}
    taken = set(there)
    for row in sheet.rows:
        cells = row.cells
        category, title = homes.of(cells, row.line)
        data = json.loads(cells["json"]) if "json" in cells else record_data(cells)
        if not data.get("id"):
            data["id"] = made_id(data, category, taken)
        known = there.get(str(data["id"]))
        if known is not None:
            data = {**known.plain(), **data}
        try:
            record = Record.model_validate(data)
        except ValidationError as error:
            found.skipped += explain_record(Place(file, row.line), data, error)[:1]
            continue
        if record.id in incoming:
            values = {"kind": "id", "value": record.id, "first": f"row {incoming[record.id].line}"}
            found.skipped.append(
                Problem(Place(file, row.line), "doubled_id", values, record=record.id)
            )
            continue
        taken.add(record.id)
        incoming[record.id] = Incoming(row.line, record, category, title)
    return list(incoming.values())


def _at(file: Path, line: int, problem: Problem) -> Problem:
    return Problem(
        Place(file, line), problem.code, problem.values, problem.severity, problem.record
    )


def made_id(data: dict[str, object], category: str, taken: set[str]) -> str:
    """Return a free id, of the first English question's words where there are any."""
    side = data.get("en")
    words = side["questions"][0] if isinstance(side, dict) and side.get("questions") else ""
    stem = "-".join(slug(str(words)).split("-")[:6])[:48].strip("-") or slug(category) or "record"
    number, made = 1, stem
    while made in taken:
        number += 1
        made = f"{stem}-{number}"
    taken.add(made)
    return made
