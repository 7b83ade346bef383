"""Editing FAQ files by program, so that a person would not notice who held the pen.

A record is changed where it stands: its lines go through ruamel.yaml's round trip, which keeps comments,
order and quoting, and all other lines of the file stay as they are, byte for byte. A file is replaced in
one step, and only after the new text was read back and says what was asked for. Edits of several
processes are kept apart by a lock on the folder.

Every change of an existing record names the ``version`` that its author saw. If the record is another by
now, ``StaleRecordError`` carries the present one, and nothing is written.
"""

from __future__ import annotations

import fcntl
import io
import os
import shutil
import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

import yaml
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import YAMLError
from ruamel.yaml.scalarstring import LiteralScalarString, ScalarString

from bot.faq.errors import FaqError, FaqFileError, Place, UnknownRecordError
from bot.faq.model import Record, Title
from bot.faq.records import FaqFile, Reader, parse_file

# Where ruamel.yaml puts the dash of a list's items: comments keep their columns only if it stays there.
_COLUMN = 2
_SCHEMA_HINT = "# yaml-language-server: $schema=schema.json\n"


Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Stored:
    """A record with the place where it stands and the version to name when changing it."""

    record: Record
    category: str
    place: Place

    @property
    def version(self) -> str:
        """A digest of the record's content."""
        return self.record.version


class StaleRecordError(FaqError):
    """The record was changed or removed since its author looked. ``current`` is it now, None when removed."""

    def __init__(self, faq_id: str, current: Stored | None) -> None:
        self.faq_id = faq_id
        self.current = current
        now = f"is version {current.version} now" if current else "was removed"
        super().__init__(f"the record {faq_id!r} {now}; look at it again before you change it")


class AuthoringError(FaqError):
    """What was asked for cannot be written; nothing was."""


@dataclass(frozen=True, slots=True)
class Change:
    """Texts of files as they would be, None for a file that goes; ``Reader.read`` takes them as drafts."""

    files: dict[Path, str | None]


class Author:
    """Reads and writes single records of a folder of FAQ files.

    Raises, in all methods:
        FaqFileError: The file concerned is not correct by itself, so nothing in it can be told apart.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._reader = Reader(folder)

    def records(self) -> list[Stored]:
        """Return all records of all files that can be read, in file order."""
        return [
            Stored(record, one.category.category, one.source.place(("records", i)))
            for one in self._reader.read().files
            for i, record in enumerate(one.category.records)
        ]

    def categories(self) -> dict[str, Title]:
        """Return {category: name} in file order."""
        files = self._reader.read().files
        return {one.category.category: one.category.title for one in files}

    def read(self, faq_id: str) -> Stored:
        """Return one record.

        Raises:
            UnknownRecordError: No file that can be read has it.
        """
        found = next((stored for stored in self.records() if stored.record.id == faq_id), None)
        if found is None:
            raise UnknownRecordError(
                f"no FAQ record has the id {faq_id!r} in a file that can be read"
            )
        return found

    def save(self, record: Record, version: str) -> Stored:
        """Write a changed record in the place of its old one.

        Raises:
            StaleRecordError: It is no longer ``version``.
        """
        with self._locked():
            self._write(self._saved(record, self._current(record.id, version)))
            return self.read(record.id)

    def create(self, record: Record, category: str, title: Title | None = None) -> Stored:
        """Write a new record at the end of its category's file.

        Args:
            record: The record.
            category: Where it belongs.
            title: The name of the category, needed when it is new.

        Raises:
            AuthoringError: The id is taken, or a new category has no name.
        """
        with self._locked():
            self._write(self._created(record, category, title))
            return self.read(record.id)

    def delete(self, faq_id: str, version: str) -> None:
        """Remove a record; a file goes with its last one.

        Raises:
            StaleRecordError: It is no longer ``version``.
        """
        with self._locked():
            self._write(self._deleted(self._current(faq_id, version)))

    def move(self, faq_id: str, version: str, category: str, title: Title | None = None) -> Stored:
        """Put a record at the end of another category.

        Raises:
            StaleRecordError: It is no longer ``version``.
            AuthoringError: A new category has no name.
        """
        with self._locked():
            stored = self._current(faq_id, version)
            if stored.category == category:
                return stored
            files = self._deleted(stored).files
            taken = frozenset([faq_id])
            self._write(Change(files | self._created(stored.record, category, title, taken).files))
            return self.read(faq_id)

    def draft(
        self, record: Record, category: str | None = None, title: Title | None = None
    ) -> Change:
        """Return the files as they would be with this record saved or created; nothing is written.

        Args:
            record: The record.
            category: Where a new record belongs.
            title: The name of a new category.
        """
        try:
            stored = self.read(record.id)
        except UnknownRecordError:
            if category is None:
                raise
            return self._created(record, category, title)
        return self._saved(record, stored)

    def merged(
        self, records: Sequence[tuple[Record, str, Title | None]], progress: Progress | None = None
    ) -> Change:
        """Return the files as they would be with many records saved or created; nothing is written.

        Args:
            records: (record, category, name of the category if it is new) each. A record that is there
                stays in its file.
            progress: Called with (records done, records in all).
        """
        reading = self._reader.read()
        homes = {r.id: one.source.file for one in reading.files for r in one.category.records}
        files = {one.category.category: one.source.file for one in reading.files}
        changed: dict[Path, dict[int, tuple[str, Record]]] = {}
        added: dict[Path, list[tuple[str, Record]]] = {}
        titles: dict[Path, tuple[str, Title]] = {}
        texts: dict[Path, _Text] = {}
        for done, (record, category, title) in enumerate(records, start=1):
            file = homes.get(record.id) or files.setdefault(
                category, self._folder / f"{category}.yml"
            )
            if file.exists() and file not in texts:
                texts[file] = _Text.read(file)
            if record.id in homes:
                number = texts[file].number(record.id)
                changed.setdefault(file, {})[number] = texts[file].edited(number, record), record
            else:
                added.setdefault(file, []).append((_fresh(record), record))
                titles.setdefault(file, (category, title or Title(zh=category, en=category)))
            if progress is not None:
                progress(done, len(records))
        result: dict[Path, str | None] = {}
        for file in sorted({*changed, *added}):
            if file in texts:
                result[file] = texts[file].merged(changed.get(file, {}), added.get(file, []))
            else:
                fragments = [fragment for fragment, _ in added[file]]
                result[file] = _new_file(*titles[file], fragments)
        return Change(result)

    def without(self, faq_ids: Collection[str]) -> Change:
        """Return the files as they would be without some records; nothing is written."""
        result: dict[Path, str | None] = {}
        for one in self._reader.read().files:
            numbers = [i for i, r in enumerate(one.category.records) if r.id in faq_ids]
            file = one.source.file
            if len(numbers) == len(one.category.records):
                result[file] = None
            elif numbers:
                result[file] = _Text.read(file).removed(numbers)
        return Change(result)

    def apply(self, change: Change) -> None:
        """Write what ``draft`` or ``merged`` said."""
        with self._locked():
            self._write(change)

    def put(self, file: Path, text: str | None) -> None:
        """Replace a whole file, or remove it with None: to undo, and to bring back what git has.

        Raises:
            FaqFileError: ``text`` is no correct FAQ file.
        """
        if text is not None:
            _parsed(file, text)
        with self._locked():
            self._write(Change({file: text}))

    def _current(self, faq_id: str, version: str) -> Stored:
        try:
            stored = self.read(faq_id)
        except UnknownRecordError as error:
            raise StaleRecordError(faq_id, None) from error
        if stored.version != version:
            raise StaleRecordError(faq_id, stored)
        return stored

    def _saved(self, record: Record, stored: Stored) -> Change:
        text = _Text.read(stored.place.file)
        number = text.number(record.id)
        if record == stored.record:
            return Change({})
        fragment = text.edited(number, record)
        return Change({text.file: text.merged({number: (fragment, record)}, [])})

    def _created(
        self,
        record: Record,
        category: str,
        title: Title | None,
        moving: frozenset[str] = frozenset(),
    ) -> Change:
        reading = self._reader.read()
        for one in reading.files:
            if any(r.id == record.id and r.id not in moving for r in one.category.records):
                raise AuthoringError(f"a record {record.id!r} exists already in {one.source.file}")
        known = {one.category.category: one for one in reading.files}
        if category in known:
            text = _Text.read(known[category].source.file)
            return Change({text.file: text.merged({}, [(_fresh(record), record)])})
        file = self._folder / f"{category}.yml"
        if file.exists():
            raise (
                FaqFileError([p for p in reading.problems if p.place.file == file])
                if (reading.problems)
                else AuthoringError(f"{file} exists and holds another category")
            )
        if title is None:
            raise AuthoringError(
                f"the category {category!r} is new: give it a name in both languages"
            )
        text_new = _new_file(category, title, [_fresh(record)])
        _parsed(file, text_new)
        return Change({file: text_new})

    def _deleted(self, stored: Stored) -> Change:
        text = _Text.read(stored.place.file)
        if len(text.parsed.category.records) == 1:
            return Change({text.file: None})
        return Change({text.file: text.removed([text.number(stored.record.id)])})

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Keep other processes of ours from writing; a person's text editor knows no lock."""
        handle = os.open(self._folder, os.O_RDONLY)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def _write(self, change: Change) -> None:
        for file, text in change.files.items():
            if text is None:
                file.unlink()
            else:
                replace_file(file, text)


def replace_file(file: Path, text: str) -> None:
    """Replace a file in one step, so that nobody ever reads half of it; its permissions stay."""
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.", suffix=".part")
    part = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as output:
            output.write(text)
            output.flush()
            os.fsync(output.fileno())
        if file.exists():
            shutil.copymode(file, part)
        else:
            part.chmod(0o644)
        part.replace(file)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


class _Text:
    """The text of one correct file, cut into its records."""

    def __init__(self, file: Path, text: str, parsed: FaqFile) -> None:
        self.file, self.parsed = file, parsed
        self._newline = "\r\n" if "\r\n" in text else "\n"
        self._mark = "\ufeff" if text.startswith("\ufeff") else ""
        self._lines = text.removeprefix("\ufeff").splitlines(keepends=True)
        if self._lines and not self._lines[-1].endswith("\n"):
            self._lines[-1] += self._newline
        root = yaml.compose(text.removeprefix("\ufeff"), Loader=yaml.CBaseLoader)
        assert isinstance(root, yaml.MappingNode)  # noqa: S101 - it was parsed before
        records = next(value for key, value in root.value if key.value == "records")
        if records.flow_style:
            raise AuthoringError(
                f"{file}: the records stand in [brackets]; write them as a list first"
            )
        self._column = records.start_mark.column
        starts = [self._dash(node.start_mark.line) for node in records.value]
        ends = [*starts[1:], min(records.end_mark.line, len(self._lines))]
        self._spans = [(a, self._trimmed(a, b)) for a, b in zip(starts, ends, strict=True)]

    @classmethod
    def read(cls, file: Path) -> _Text:
        text = file.read_bytes().decode("utf-8")
        return cls(file, text, _parsed(file, text))

    def number(self, faq_id: str) -> int:
        return [record.id for record in self.parsed.category.records].index(faq_id)

    def fragment(self, number: int) -> str:
        """Return a record's lines as a document of its own, a list of one, at the column ``_COLUMN``."""
        start, end = self._spans[number]
        return "".join(self._shifted(self._lines[start:end], _COLUMN - self._column, "\n"))

    def edited(self, number: int, record: Record) -> str:
        """Return the lines of a record as they would be if it said what ``record`` says."""
        old = self.parsed.category.records[number]
        try:
            return _edited(self.fragment(number), old.plain(), record.plain())
        except YAMLError:  # it refers to an anchor elsewhere in the file
            return _fresh(record)

    def merged(
        self, changed: Mapping[int, tuple[str, Record]], added: Sequence[tuple[str, Record]]
    ) -> str:
        """Return the file with some records' lines replaced and others added at its end."""
        records, lines = list(self.parsed.category.records), list(self._lines)
        end = self._spans[-1][1]
        gap = [self._newline] if self._airy() else []
        lines[end:end] = [line for fragment, _ in added for line in (*gap, *self._block(fragment))]
        for number in sorted(changed, reverse=True):
            fragment, records[number] = changed[number]
            start, end = self._spans[number]
            lines[start:end] = self._block(fragment)
        return self._checked(lines, [*records, *(record for _, record in added)])

    def removed(self, numbers: Sequence[int]) -> str:
        """Return the file without some records, and without the blank lines that set them apart."""
        records, lines = list(self.parsed.category.records), list(self._lines)
        for number in sorted(numbers, reverse=True):
            start, end = self._spans[number]
            if number == len(records) - 1:  # nothing is left behind it
                while not lines[start - 1].strip():
                    start -= 1
            else:
                while not lines[end].strip():
                    end += 1
            del lines[start:end], records[number]
        return self._checked(lines, records)

    def _airy(self) -> bool:
        """Tell whether records are set apart by blank lines."""
        return len(self._spans) < 2 or self._spans[0][1] < self._spans[1][0]

    def _block(self, fragment: str) -> list[str]:
        return self._shifted(fragment.split("\n")[:-1], self._column - _COLUMN, self._newline)

    def _shifted(self, lines: list[str], by: int, newline: str) -> list[str]:
        """Move lines to the right, or to the left where ``by`` is negative."""
        bare = (line.rstrip("\r\n") for line in lines)
        if by:
            bare = (" " * by + line if by > 0 else line[-by:] for line in bare)
        return [line + newline for line in bare]

    def _dash(self, line: int) -> int:
        while not self._lines[line].lstrip().startswith("-"):
            line -= 1
        return line

    def _trimmed(self, start: int, end: int) -> int:
        """Leave out what stands between this record and the next: blank lines, outer comments."""
        while end > start + 1:
            line = self._lines[end - 1]
            text = line.strip()
            outer = text.startswith("#") and len(line) - len(line.lstrip()) <= self._column
            if text and not outer:
                break
            end -= 1
        return end

    def _checked(self, lines: list[str], records: list[Record]) -> str:
        text = "".join(lines)
        found = _parsed(self.file, text).category
        if list(found.records) != records:
            raise AuthoringError(
                f"{self.file}: this edit would change other records too (an anchor, a tab?); "
                "make it in a text editor"
            )
        return self._mark + text


def _parsed(file: Path, text: str) -> FaqFile:
    found = parse_file(file, text.encode())
    if isinstance(found, FaqFileError):
        raise found
    return found


def _yaml() -> YAML:
    rt = YAML()
    rt.preserve_quotes = True
    rt.width = 1_000_000  # a question is one line however long
    rt.indent(mapping=2, sequence=4, offset=2)
    return rt


def _new_file(category: str, title: Title, fragments: Sequence[str]) -> str:
    titles = CommentedMap(title.model_dump())
    titles.fa.set_flow_style()
    head = io.StringIO()
    _yaml().dump({"category": category, "title": titles}, head)
    body = "\n".join(fragments)
    return f"{_SCHEMA_HINT}{head.getvalue()}records:\n{body}"


def _fresh(record: Record) -> str:
    """Return a record as a list of one, in the house style."""
    data = _styled(record.plain())
    for link in data.get("links", ()):
        link.fa.set_flow_style()
    for name in ("channels", "follow_ups"):
        if name in data:
            data[name].fa.set_flow_style()
    return _dumped(CommentedSeq([data]))


def _dumped(document: Any) -> str:
    output = io.StringIO()
    _yaml().dump(document, output)
    return output.getvalue()


def _styled(value: Any, key: str = "") -> Any:
    if isinstance(value, dict):
        return CommentedMap({name: _styled(inner, name) for name, inner in value.items()})
    if isinstance(value, list):
        return CommentedSeq([_styled(inner) for inner in value])
    if key == "answer":
        return LiteralScalarString(f"{value}\n")
    return value


def _edited(fragment: str, old: dict[str, Any], new: dict[str, Any]) -> str:
    """Return the lines of a record with only what changed written anew."""
    document = _yaml().load(fragment)
    _apply(document[0], old, new)
    return _dumped(document)


def _apply(node: CommentedMap, old: dict[str, Any], new: dict[str, Any]) -> None:
    for name in old.keys() - new.keys():
        del node[name]
    for name, value in new.items():
        before = old.get(name)
        if value == before:
            continue
        if name not in node:
            _insert(node, name, _styled(value, name), list(new))
        elif isinstance(value, dict):
            _apply(node[name], before or {}, value)
        elif isinstance(value, list) and isinstance(before, list):
            _splice(node[name], before, value)
        else:
            node[name] = _like(node[name], value, name)


def _insert(node: CommentedMap, name: str, value: Any, order: list[str]) -> None:
    """Put a new field where the schema has it."""
    after = order[: order.index(name)]
    position = max((list(node).index(n) + 1 for n in after if n in node), default=0)
    node.insert(position, name, value)


def _splice(node: CommentedSeq, old: list[Any], new: list[Any]) -> None:
    """Change a list item by item, so that comments stay with the items that stay."""
    keys_old, keys_new = [repr(item) for item in old], [repr(item) for item in new]
    matcher = SequenceMatcher(None, keys_old, keys_new, autojunk=False)
    for tag, a1, a2, b1, b2 in reversed(matcher.get_opcodes()):
        if tag == "equal":
            continue
        shared = min(a2 - a1, b2 - b1)
        for i in range(shared):
            node[a1 + i] = _like(node[a1 + i], new[b1 + i], "")
        for i in range(a2 - 1, a1 + shared - 1, -1):
            del node[i]
        for i, item in enumerate(new[b1 + shared : b2]):
            node.insert(a1 + shared + i, _styled(item))


def _like(before: Any, value: Any, key: str) -> Any:
    """Return ``value`` quoted as ``before`` was."""
    if isinstance(value, str):
        if key == "answer" and ("\n" in value or isinstance(before, LiteralScalarString)):
            return LiteralScalarString(f"{value}\n")
        if isinstance(before, ScalarString) and not isinstance(before, LiteralScalarString):
            return type(before)(value)
    return _styled(value, key)
