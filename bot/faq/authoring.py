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
import os
import shutil
import tempfile
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bot.faq.errors import (
    AuthoringError,
    FaqError,
    FaqFileError,
    Place,
    UnknownRecordError,
)
from bot.faq.file_text import FileText, fresh, new_file, parsed
from bot.faq.model import Record, Title
from bot.faq.records import Reader

__all__ = ["Author", "AuthoringError", "Change", "StaleRecordError", "Stored", "replace_file"]

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


@dataclass(frozen=True, slots=True)
class Change:
    """Texts of files as they would be, None for a file that goes; ``Reader.read`` takes them as drafts."""

    files: dict[Path, str | None]


class Author:
    """Reads and writes single records of a folder of FAQ files.

    Raises, in all methods:
        FaqFileError: The file concerned is not correct by itself, so nothing in it can be told apart.

    Args:
        folder: The folder.
        reader: Shares what it has parsed with others who read the same folder.
    """

    def __init__(self, folder: Path, reader: Reader | None = None) -> None:
        self._folder = folder
        self._reader = reader or Reader(folder)

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
        texts: dict[Path, FileText] = {}
        for done, (record, category, title) in enumerate(records, start=1):
            file = homes.get(record.id) or files.setdefault(
                category, self._folder / f"{category}.yml"
            )
            if file.exists() and file not in texts:
                texts[file] = FileText.read(file)
            if record.id in homes:
                number = texts[file].number(record.id)
                changed.setdefault(file, {})[number] = texts[file].edited(number, record), record
            else:
                added.setdefault(file, []).append((fresh(record), record))
                titles.setdefault(file, (category, title or Title(zh=category, en=category)))
            if progress is not None:
                progress(done, len(records))
        result: dict[Path, str | None] = {}
        for file in sorted({*changed, *added}):
            if file in texts:
                result[file] = texts[file].merged(changed.get(file, {}), added.get(file, []))
            else:
                fragments = [fragment for fragment, _ in added[file]]
                result[file] = new_file(*titles[file], fragments)
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
                result[file] = FileText.read(file).removed(numbers)
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
            parsed(file, text)
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
        text = FileText.read(stored.place.file)
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
            text = FileText.read(known[category].source.file)
            return Change({text.file: text.merged({}, [(fresh(record), record)])})
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
        text_new = new_file(category, title, [fresh(record)])
        parsed(file, text_new)
        return Change({file: text_new})

    def _deleted(self, stored: Stored) -> Change:
        text = FileText.read(stored.place.file)
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
