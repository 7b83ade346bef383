"""YAML text -> plain data in which every value is text, with the place of every value.

libyaml's composer is used instead of a constructor for three reasons: it knows the line and column
of every node; no scalar is guessed to be a number, a date or a truth value (a phrasing ``12306`` or
``yes`` stays what the editor typed); and it reads 1,000 records in 0.1 s where ruamel.yaml takes 5 s
(600 lines: 2 ms against 74 ms). Comments play no part in reading, so nothing of them is lost here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import yaml

from bot.faq.errors import FaqFileError, Place, Problem

Data: TypeAlias = "str | list[Data] | dict[str, Data]"
# The way from the top of a document to a value, as pydantic's ``loc`` writes it.
Route: TypeAlias = tuple[str | int, ...]

# Deeper than any FAQ file; stops an anchor that contains itself.
_MAX_DEPTH = 10

# What libyaml says -> what an editor can do about it.
_MENDING = {
    "tab character": "indent with spaces, not with the tab key",
    "found character '\\t'": "indent with spaces, not with the tab key",
    "found character that cannot start": "indent with spaces, and put text that begins with "
    "one of @ ` % & * ! in quotes",
    "mapping values are not allowed": "put text that contains ': ' in quotes, and check that this "
    "line is indented like its neighbours",
    "could not find expected ':'": "this line needs 'name: value', or must be indented under the "
    "text it belongs to",
    "did not find expected key": "check that this line is indented like its neighbours and that "
    "quotes above it are closed",
    "did not find expected '-' indicator": "every item of this list must begin with '- ' at the "
    "same indentation",
    "unexpected end of stream": "a quote or bracket that was opened is never closed",
    "undefined alias": "define the name with & before using it with *, or write the value out",
}


@dataclass(frozen=True, slots=True)
class Source:
    """One file as data; ``values`` and ``keys`` say where each value and each field name stands."""

    file: Path
    data: Data
    values: Mapping[Route, Place]
    keys: Mapping[Route, Place]

    def place(self, route: Route, *, of_key: bool = False) -> Place:
        """Return where ``route`` stands, or the nearest thing around it that exists."""
        for end in range(len(route), -1, -1):
            known = self.keys.get(route[:end]) if of_key else self.values.get(route[:end])
            known = known or self.values.get(route[:end])
            if known:
                return known
        return Place(self.file)


def read_source(file: Path) -> Source:
    """Read one YAML file.

    Raises:
        FaqFileError: The file cannot be read, is not UTF-8, is not YAML, or names a field twice.
    """
    text = _decode(file)
    try:
        node = yaml.compose(text, Loader=getattr(yaml, "CBaseLoader", yaml.BaseLoader))
    except yaml.YAMLError as error:
        raise FaqFileError([_syntax_problem(file, text, error)]) from error
    if node is None:
        raise FaqFileError(
            [
                Problem(
                    Place(file), "the file is empty", "delete it or write category, title, records"
                )
            ]
        )
    walk = _Walk(file)
    data = walk.read(node, ())
    if walk.problems:
        raise FaqFileError(walk.problems)
    return Source(file, data, walk.values, walk.keys)


class _Walk:
    """Turns nodes into data and remembers where each one stood."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.values: dict[Route, Place] = {}
        self.keys: dict[Route, Place] = {}
        self.problems: list[Problem] = []

    def read(self, node: yaml.Node, route: Route) -> Data:
        place = self._place(node)
        # An alias is read once per use and reported where it is used: libyaml hands out the anchor's
        # own node, so the first reading's place stays.
        self.values.setdefault(route, place)
        if len(route) > _MAX_DEPTH:
            what = f"nested more than {_MAX_DEPTH} levels deep"
            self.problems.append(
                Problem(place, what, "write the value out instead of using *names")
            )
            return ""
        if isinstance(node, yaml.ScalarNode):
            return str(node.value)
        if isinstance(node, yaml.SequenceNode):
            return [self.read(child, (*route, i)) for i, child in enumerate(node.value)]
        data: dict[str, Data] = {}
        for key, value in node.value:
            name = str(key.value)
            if name in data:
                self.problems.append(
                    Problem(
                        self._place(key),
                        f"the field {name!r} stands here a second time "
                        f"(first in line {self.keys[(*route, name)].line})",
                        "keep one of the two",
                    )
                )
                continue
            self.keys[(*route, name)] = self._place(key)
            data[name] = self.read(value, (*route, name))
        return data

    def _place(self, node: yaml.Node) -> Place:
        return Place(self.file, node.start_mark.line + 1, node.start_mark.column + 1)


def _decode(file: Path) -> str:
    try:
        raw = file.read_bytes()
    except OSError as error:
        problem = Problem(
            Place(file), f"cannot be read ({error.strerror})", "check its name and permissions"
        )
        raise FaqFileError([problem]) from error
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = raw[: error.start]
        line_start = before.rfind(b"\n") + 1
        column = len(before[line_start:].decode("utf-8", "replace")) + 1
        problem = Problem(
            Place(file, before.count(b"\n") + 1, column),
            f"byte 0x{raw[error.start]:02x} is not UTF-8 text",
            "save the file as UTF-8 (in VS Code: 'Save with Encoding')",
        )
        raise FaqFileError([problem]) from error


def _syntax_problem(file: Path, text: str, error: yaml.YAMLError) -> Problem:
    if isinstance(error, yaml.MarkedYAMLError):
        what = error.problem or "not YAML"
        mark = error.problem_mark or error.context_mark
        if error.problem == "found unexpected end of stream":  # what matters is where it was opened
            mark = error.context_mark or mark
        mend = next((advice for sign, advice in _MENDING.items() if sign in str(error)), None)
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        return Problem(
            Place(file, line, column), what, mend or "compare this line with a record that works"
        )
    # Only the reader raises anything else: a character that YAML forbids.
    at = getattr(error, "position", 0)
    before = text[:at]
    return Problem(
        Place(file, before.count("\n") + 1, at - before.rfind("\n")),
        "a character that YAML does not allow (a control character)",
        "delete it and type the text around it again",
    )
