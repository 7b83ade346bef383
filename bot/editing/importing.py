"""Importing for editors: every row becomes a draft, also one that must be mended before it can go live."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from bot.editing.drafts import Drafts
from bot.editing.faults import Phrasings, faults_of
from bot.editing.model import Draft, DraftState, RecordData
from bot.faq.errors import Place, Problem
from bot.faq.exchange import Row, read_sheet, record_data
from bot.faq.homes import Homes
from bot.faq.importing import made_id
from bot.faq.model import Corpus

_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_LONGEST_ID = 64


@dataclass
class Report:
    """What an import did.

    ``faulty`` are ids of drafts to mend, ``skipped`` why rows became none, ``notes`` what else there is to do.
    """

    added: int = 0
    changed: int = 0
    same: int = 0
    faulty: list[str] = field(default_factory=list)
    skipped: list[Problem] = field(default_factory=list)
    notes: list[Problem] = field(default_factory=list)


async def import_drafts(
    file: Path,
    corpus: Corpus,
    live: Callable[[str], RecordData],
    drafts: Drafts,
    who: str,
    category: str,
) -> Report:
    """Make drafts of a table's rows; nothing goes live.

    Args:
        file: CSV, Excel, Markdown or JSON, see ``bot.faq.exchange``.
        corpus: What is live.
        live: returns a live record's data, empty for an unknown id.
        drafts: where they go; a record that somebody is editing is left alone, one
            that says the same already counts as such.
        who: the editor.
        category: for rows that name none.

    Raises:
        ExchangeError: the file is no such table.
    """
    report, now = Report(), datetime.now(UTC)
    homes = {r.id: c.category for c in corpus.categories for r in c.records}
    begun = {draft.record_id: draft for draft in await drafts.all()}
    taken = {*homes, *begun}
    titles = {c.category: c.title for c in corpus.categories}
    found = Homes(file, titles, category)
    made: dict[str, Draft] = {}
    again: dict[str, Draft] = {}
    lines: dict[str, int] = {}
    for row in read_sheet(file).rows:
        data = _read(row, category, taken)
        made_home, title = found.of(row.cells, row.line)
        record_id = str(data["id"])
        before = begun.get(record_id) if record_id not in lines else None
        if before and {**live(record_id), **data} == before.record:
            # The same table once more: what it made of this row is still there, to be mended or published.
            lines[record_id], again[record_id] = row.line, before
            report.same += 1
            continue
        problem = _refusal(file, row.line, record_id, begun, lines)
        if problem is not None:
            report.skipped.append(problem)
            continue
        base = live(record_id)
        lines[record_id] = row.line
        if base:
            data = {**base, **data}
            if data == base:
                report.same += 1
                continue
        report.changed += bool(base)
        report.added += not base
        home = homes.get(record_id) or made_home
        made[record_id] = Draft(
            record_id, home, data, base, DraftState.DRAFT, 1, who, file.name[:400], now,
            None if home in titles else title,
        )  # fmt: skip
    report.notes = found.untitled
    await drafts.save_many(list(made.values()))
    theirs = {**again, **made}
    phrasings = Phrasings(corpus, {i: draft.record for i, draft in theirs.items()})
    report.faulty = [i for i, draft in theirs.items() if faults_of(draft.record, phrasings)]
    return report


def _read(row: Row, category: str, taken: set[str]) -> RecordData:
    named = (row.cells.get("category") or category).strip()
    cells = row.cells
    data: RecordData = json.loads(cells["json"]) if "json" in cells else record_data(cells)
    if not data.get("id"):
        data["id"] = made_id(data, named, taken)
    return data


def _refusal(
    file: Path, line: int, record_id: str, begun: Collection[str], lines: dict[str, int]
) -> Problem | None:
    place = Place(file, line)
    if not _ID.fullmatch(record_id) or len(record_id) > _LONGEST_ID:
        return Problem(place, "bad_id", {"given": record_id, "name": "id"}, record=record_id)
    if record_id in lines:
        values = {"kind": "id", "value": record_id, "first": f"row {lines[record_id]}"}
        return Problem(place, "doubled_id", values, record=record_id)
    if record_id in begun:
        return Problem(place, "has_draft", {"id": record_id}, record=record_id)
    return None
