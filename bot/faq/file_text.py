"""The text of one FAQ file, cut into its records, so that one can change and the others stay byte for byte."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

import yaml
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import YAMLError
from ruamel.yaml.scalarstring import LiteralScalarString, ScalarString

from bot.faq.errors import AuthoringError, FaqFileError
from bot.faq.model import Record, Title
from bot.faq.records import FaqFile, parse_file

# Where ruamel.yaml puts the dash of a list's items: comments keep their columns only if it stays there.
_COLUMN = 2
_SCHEMA_HINT = "# yaml-language-server: $schema=schema.json\n"


class FileText:
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
    def read(cls, file: Path) -> FileText:
        """Read a file.

        Raises:
            FaqFileError: It is not correct by itself.
        """
        text = file.read_bytes().decode("utf-8")
        return cls(file, text, parsed(file, text))

    def number(self, faq_id: str) -> int:
        """Return the position of a record in the file."""
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
            return fresh(record)

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
        found = parsed(self.file, text).category
        if list(found.records) != records:
            raise AuthoringError(
                f"{self.file}: this edit would change other records too (an anchor, a tab?); "
                "make it in a text editor"
            )
        return self._mark + text


def parsed(file: Path, text: str) -> FaqFile:
    """Return what the text of a file says.

    Raises:
        FaqFileError: It is not correct by itself.
    """
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


def new_file(category: str, title: Title, fragments: Sequence[str]) -> str:
    """Return the text of a new file with these records, each as ``fresh`` gives it."""
    titles = CommentedMap(title.model_dump())
    titles.fa.set_flow_style()
    head = io.StringIO()
    _yaml().dump({"category": category, "title": titles}, head)
    body = "\n".join(fragments)
    return f"{_SCHEMA_HINT}{head.getvalue()}records:\n{body}"


def fresh(record: Record) -> str:
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
