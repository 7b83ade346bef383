"""Reading a folder of FAQ files, with every check that decides whether it can be published.

A folder holds one file per category, ``<category>.yml``; ``data/faq/README.md`` tells editors how.
``checks.py`` has the further checks, which an editor may overrule.
"""

from __future__ import annotations

import difflib
import hashlib
import re
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, TypeAdapter, ValidationError

from bot.faq.errors import FaqFileError, Place, Problem
from bot.faq.model import (
    LANGUAGES,
    URL_PATTERN,
    Category,
    Corpus,
    Link,
    Phrasing,
    Record,
    Side,
    Title,
)
from bot.faq.saving import read_saved
from bot.faq.source import Route, Source, decode, read_source
from bot.faq.texts import phrase_key

_MARKDOWN_LINK = re.compile(r"\[[^\]\n]*\]\(([^)\n]*)\)")


@dataclass(frozen=True, slots=True)
class FaqFile:
    """One file that could be read: where everything stands, and what it says."""

    source: Source
    category: Category


@dataclass(frozen=True, slots=True)
class Reading:
    """What one look at the folder found.

    Attributes:
        files: The files that could be read.
        problems: Every error in every file, in file order.
        corpus: All records; None when there are errors.
    """

    files: tuple[FaqFile, ...]
    problems: tuple[Problem, ...]
    corpus: Corpus | None


@dataclass(frozen=True, slots=True)
class _Known:
    """What a file said when it was read last."""

    digest: bytes
    inode: int | None
    found: FaqFile | FaqFileError


class Reader:
    """Reads a folder again and again; a file whose content is as before is not parsed anew.

    Safe to use from many threads, which take turns.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._turn = threading.Lock()
        self._known: dict[Path, _Known] = {}

    def read(self, drafts: Mapping[Path, str | None] | None = None) -> Reading:
        """Read every ``*.yml`` and ``*.yaml`` file of the folder.

        Args:
            drafts: Texts to read in place of files, for a look at an edit before it is saved; None for a file that
                would go.
        """
        with self._turn:
            return self._read(drafts or {})

    def _read(self, drafts: Mapping[Path, str | None]) -> Reading:
        there = [file for file in faq_files(self.folder) if drafts.get(file, "") is not None]
        files = there + [file for file, text in drafts.items() if text and not file.exists()]
        problems: list[Problem] = []
        if not files:
            problems.append(Problem(Place(self.folder), "no_files"))
        read: list[FaqFile] = []
        for file in sorted(files):
            found = self._file(file, drafts.get(file))
            if isinstance(found, FaqFile):
                read.append(found)
            else:
                problems += found.problems
        self._known = {file: known for file, known in self._known.items() if file in files}
        tasks = read_tasks(self.folder)
        # Checks across records run on the files that could be read, so that an editor sees everything.
        phrasings = tuple(_phrasings(read))
        problems += _doubled_ids(read)
        problems += _doubled_phrasings(phrasings, [r.id for f in read for r in f.category.records])
        problems += _bad_answer_links(read)
        problems += _bad_references(read, tasks)
        problems.sort(key=lambda problem: problem.place)
        corpus = None
        if not problems:
            places = tuple(place for one in read for place in _record_places(one))
            corpus = Corpus(tuple(one.category for one in read), phrasings, places, tasks)
        return Reading(tuple(read), tuple(problems), corpus)

    def _file(self, file: Path, draft: str | None) -> FaqFile | FaqFileError:
        known = self._known.get(file)
        inode = known.inode if known else None
        try:
            raw = file.read_bytes() if draft is None else draft.encode()
            if known and known.digest == hashlib.sha256(raw).digest():
                return known.found
            if draft is None:
                raw, inode = read_saved(file, inode)
        except OSError as error:
            return FaqFileError([Problem(Place(file), "unreadable", {"reason": error.strerror})])
        found = parse_file(file, raw)
        if draft is None:
            self._known[file] = _Known(hashlib.sha256(raw).digest(), inode, found)
        return found


def faq_files(folder: Path) -> list[Path]:
    """Return the FAQ files of a folder, sorted by name."""
    return sorted(file for file in folder.glob("*") if file.suffix in {".yml", ".yaml"})


def load_corpus(folder: Path) -> Corpus:
    """Read and check the files of ``folder``.

    Raises:
        FaqFileError: With every problem found in every file.
    """
    reading = Reader(folder).read()
    if reading.corpus is None:
        raise FaqFileError(reading.problems)
    return reading.corpus


def read_tasks(folder: Path) -> dict[str, Title]:
    """Return the tasks that a record may offer, from ``tasks.yml`` beside ``folder``; none without it."""
    try:
        text = (folder.parent / "tasks.yml").read_text("utf-8")
    except FileNotFoundError:
        return {}
    return TypeAdapter(dict[str, Title]).validate_python(yaml.safe_load(text) or {})


def parse_file(file: Path, raw: bytes) -> FaqFile | FaqFileError:
    """Return what a file of this content says, or what is wrong with it by itself."""
    try:
        source = read_source(file, decode(file, raw))
        return FaqFile(source, _validate(source))
    except FaqFileError as error:
        return error


def _validate(source: Source) -> Category:
    try:
        return Category.model_validate(source.data)
    except ValidationError as error:
        raise FaqFileError([explain(source, detail) for detail in error.errors()]) from error


def explain_record(place: Place, data: Any, error: ValidationError) -> list[Problem]:
    """Say what is wrong with the data of one record that stands in no FAQ file, but came from ``place``."""
    source = Source(place.file, {"records": [data]}, {(): place}, {})
    details = [{**detail, "loc": ("records", 0, *detail["loc"])} for detail in error.errors()]
    return [explain(source, detail) for detail in details]


def explain(source: Source, detail: Any) -> Problem:
    """Say one pydantic complaint in an editor's words."""
    route, kind, given = detail["loc"], detail["type"], detail["input"]
    name = next((str(part) for part in reversed(route) if isinstance(part, str)), "file")
    place, known = source.place(route), ", ".join(_fields(route))
    values: dict[str, object] = {"name": name, "given": given, "known": known, "kind": _kind(given)}
    values["kind_zh"] = _kind_zh(given)
    match kind:
        case "missing":
            code = (
                "missing_side" if name in LANGUAGES and route[0] == "records" else "missing_field"
            )
        case "extra_forbidden":
            place = source.place(route, of_key=True)
            near = difflib.get_close_matches(name, _fields(route), n=1)
            code = "misspelt_field" if near else "unknown_field"
            values["near"] = near[0] if near else ""
        case "string_type":
            code = "expected_text"
        case "tuple_type":
            code = "expected_list"
        case "model_type":
            code = "expected_fields"
            values["known"] = ", ".join(_fields((*route, "")))
        case "too_short" | "string_too_short":
            code = "empty_field"
        case "string_pattern_mismatch" if name in {"url", "picture"}:
            code = "bad_link"
        case "string_pattern_mismatch" if name in {"valid_from", "valid_until"}:
            code = "bad_moment"
        case "string_pattern_mismatch" | "string_too_long":
            code = "bad_id"
        case "bad_moment" | "ends_before_it_begins":
            code = kind
            values |= detail.get("ctx", {})
        case _:
            code, values["detail"] = "bad_field", detail["msg"]
    if code == "ends_before_it_begins":
        place = source.place((*route, "valid_until"))
    return Problem(place, code, values, record=_record_at(source, route))


def _record_at(source: Source, route: Route) -> str | None:
    """Return the id of the record that ``route`` leads into, as far as it can be told."""
    if len(route) < 2 or route[0] != "records":
        return None
    found: Any = source.data
    try:
        found = found["records"][route[1]]["id"]
    except (KeyError, IndexError, TypeError):
        return None
    return found if isinstance(found, str) else None


def _fields(route: Sequence[str | int]) -> list[str]:
    """Return the fields known where the last part of ``route`` stands."""
    model: type[BaseModel] = Category
    inside: dict[str, type[BaseModel]] = {
        "records": Record,
        "title": Title,
        "zh": Side,
        "en": Side,
        "links": Link,
    }
    for part in route[:-1]:
        model = inside.get(str(part), model)
    return list(model.model_fields)


def _kind(value: object) -> str:
    if isinstance(value, str):
        return f"the text {value!r}"
    return "a list" if isinstance(value, list) else "named fields"


def _kind_zh(value: object) -> str:
    if isinstance(value, str):
        return f"文字 {value!r}"
    return "列表" if isinstance(value, list) else "字段"


def _record_places(read: FaqFile) -> Iterator[Place]:
    for i in range(len(read.category.records)):
        yield read.source.place(("records", i))


def _phrasings(read: Iterable[FaqFile]) -> Iterator[Phrasing]:
    number = 0
    for file in read:
        for i, record in enumerate(file.category.records):
            for language in LANGUAGES:
                for j, text in enumerate(record.side(language).questions):
                    place = file.source.place(("records", i, language, "questions", j))
                    yield Phrasing(number, language, text, place)
            number += 1


def _doubled_ids(read: Iterable[FaqFile]) -> Iterator[Problem]:
    seen: dict[tuple[str, str], Place] = {}
    for file in read:
        ids = [("category", file.category.category, file.source.place(("category",)))]
        ids += [
            ("id", record.id, file.source.place(("records", i, "id")))
            for i, record in enumerate(file.category.records)
        ]
        for kind, value, place in ids:
            first = seen.setdefault((kind, value), place)
            if first is not place:
                values = {"kind": kind, "value": value, "first": first}
                yield Problem(place, "doubled_id", values, record=value if kind == "id" else None)


def _doubled_phrasings(phrasings: Iterable[Phrasing], ids: Sequence[str]) -> Iterator[Problem]:
    seen: dict[str, Phrasing] = {}
    for phrasing in phrasings:
        key, record = phrase_key(phrasing.text), ids[phrasing.record]
        if not key:
            values: dict[str, object] = {"text": phrasing.text}
            yield Problem(phrasing.place, "wordless_question", values, record=record)
            continue
        first = seen.setdefault(key, phrasing)
        same = first.record == phrasing.record
        # "COD" may well stand on both sides of one record: customers type it in both languages.
        if first is phrasing or (same and first.language != phrasing.language):
            continue
        values = {"text": phrasing.text, "first": first.place, "other": ids[first.record]}
        code = "doubled_question" if same else "doubled_question_elsewhere"
        yield Problem(phrasing.place, code, values, record=record)


def _bad_answer_links(read: Iterable[FaqFile]) -> Iterator[Problem]:
    for file in read:
        for i, record in enumerate(file.category.records):
            for language in LANGUAGES:
                for target in _MARKDOWN_LINK.findall(record.side(language).answer):
                    if not re.match(URL_PATTERN, target):
                        place = file.source.place(("records", i, language, "answer"))
                        yield Problem(place, "bad_answer_link", {"given": target}, record=record.id)


def _bad_references(read: Sequence[FaqFile], tasks: Mapping[str, Title]) -> Iterator[Problem]:
    """Yield follow-ups and tasks that do not exist."""
    ids = {record.id for file in read for record in file.category.records}
    for file in read:
        for i, record in enumerate(file.category.records):
            for j, given in enumerate(record.follow_ups):
                if given not in ids:
                    place = file.source.place(("records", i, "follow_ups", j))
                    yield Problem(place, "unknown_follow_up", _near(given, ids), record=record.id)
            if record.task is not None and record.task not in tasks:
                place = file.source.place(("records", i, "task"))
                values = {"given": record.task, "known": ", ".join(tasks) or "-"}
                yield Problem(place, "unknown_task", values, record=record.id)


def _near(given: str, ids: Iterable[str]) -> dict[str, object]:
    near = difflib.get_close_matches(given, ids, n=1)
    hint = {"hint": "write its id or remove it", "hint_zh": "写上它的编号，或删掉"}
    if near:
        hint = {"hint": f"did you mean {near[0]!r}?", "hint_zh": f"是不是 {near[0]!r}？"}
    return {"given": given, **hint}
