"""Reading a folder of FAQ files, with every check made on reading.

A folder holds one file per category, ``<category>.yml``; ``data/faq/README.md`` tells editors how.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from bot.faq.errors import FaqFileError, Place, Problem
from bot.faq.lexical import LexicalIndex
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
from bot.faq.source import Source, read_source
from bot.faq.texts import phrase_key

__all__ = ["Corpus", "load_corpus", "near_duplicates", "phrase_key"]

_MARKDOWN_LINK = re.compile(r"\[[^\]\n]*\]\(([^)\n]*)\)")

# TF-IDF cosine from which two phrasings of different records are worth an editor's look.
_NEAR = 0.8


def load_corpus(folder: Path) -> Corpus:
    """Read and check every ``*.yml`` and ``*.yaml`` file of ``folder``.

    Raises:
        FaqFileError: With every problem found in every file.
    """
    files = sorted(file for file in folder.glob("*") if file.suffix in {".yml", ".yaml"})
    if not files:
        mend = "point to the folder that holds <category>.yml files"
        raise FaqFileError([Problem(Place(folder), "no FAQ file in this folder", mend)])
    problems: list[Problem] = []
    read: list[tuple[Source, Category]] = []
    for file in files:
        try:
            source = read_source(file)
            read.append((source, _validate(source)))
        except FaqFileError as error:
            problems += error.problems
    # Checks across records run on the files that could be read, so that an editor sees everything.
    phrasings = tuple(_phrasings(read))
    problems += _doubled_ids(read)
    problems += _doubled_phrasings(phrasings)
    problems += _bad_answer_links(read)
    if problems:
        raise FaqFileError(problems)
    return Corpus(tuple(category for _, category in read), phrasings)


def near_duplicates(corpus: Corpus) -> list[tuple[Phrasing, Phrasing, float]]:
    """Return phrasings that stand in two records in almost the same words, the nearest first.

    Each pair once, with its TF-IDF cosine; 0.3 ms per phrasing.
    """
    index = LexicalIndex([p.text for p in corpus.phrasings])
    found: list[tuple[Phrasing, Phrasing, float]] = []
    for number, phrasing in enumerate(corpus.phrasings):
        scores = index.scores(phrasing.text)
        for other in (scores >= _NEAR).nonzero()[0]:
            if other > number and corpus.phrasings[other].record != phrasing.record:
                found.append((phrasing, corpus.phrasings[other], float(scores[other])))
    return sorted(found, key=lambda pair: -pair[2])


def _validate(source: Source) -> Category:
    try:
        return Category.model_validate(source.data)
    except ValidationError as error:
        raise FaqFileError([_explain(source, detail) for detail in error.errors()]) from error


def _explain(source: Source, detail: Any) -> Problem:
    """Say one pydantic complaint in an editor's words."""
    route, kind, given = detail["loc"], detail["type"], detail["input"]
    name = next((str(part) for part in reversed(route) if isinstance(part, str)), "file")
    place = source.place(route)
    match kind:
        case "missing":
            return Problem(
                place, f"the field {name!r} is missing", f"add '{name}:' under this record"
            )
        case "extra_forbidden":
            place = source.place(route, of_key=True)
            near = difflib.get_close_matches(name, _fields(route), n=1)
            mend = (
                f"write {near[0]!r}"
                if near
                else f"remove it; known are {', '.join(_fields(route))}"
            )
            return Problem(place, f"unknown field {name!r}", mend)
        case "string_type":
            what = f"expected text in {name!r}, got {_kind(given)}"
            return Problem(
                place, what, "put the text in quotes (it may contain ': ' or begin with '[')"
            )
        case "tuple_type":
            what = f"expected a list in {name!r}, got {_kind(given)}"
            return Problem(place, what, "begin each entry with '- ' on a line of its own")
        case "model_type":
            what = f"expected named fields in {name!r}, got {_kind(given)}"
            return Problem(place, what, f"write {', '.join(_fields((*route, '')))} under it")
        case "too_short" | "string_too_short":
            return Problem(place, f"{name!r} is empty", "fill it in")
        case "string_pattern_mismatch" if name in {"url", "picture"}:
            return Problem(place, f"{given!r} is not a link", "begin it with https:// or http://")
        case "string_pattern_mismatch" | "string_too_long":
            what = f"{given!r} cannot be {'an id' if name == 'id' else 'a ' + name}"
            return Problem(place, what, "use up to 64 lowercase letters, digits and hyphens")
    return Problem(place, f"{name!r}: {detail['msg']}", "compare it with a record that works")


def _fields(route: Sequence[str | int]) -> list[str]:
    """Return the fields known where the last part of ``route`` stands."""
    model: type[BaseModel] = Category
    inside: dict[str, type[BaseModel]] = {
        "records": Record,
        "title": Title,
        "zh": Side,
        "en": Side,
        "link": Link,
    }
    for part in route[:-1]:
        model = inside.get(str(part), model)
    return list(model.model_fields)


def _kind(value: object) -> str:
    if isinstance(value, str):
        return f"the text {value!r}"
    return "a list" if isinstance(value, list) else "named fields"


def _phrasings(read: Iterable[tuple[Source, Category]]) -> Iterable[Phrasing]:
    number = 0
    for source, category in read:
        for i, record in enumerate(category.records):
            for language in LANGUAGES:
                for j, text in enumerate(record.side(language).questions):
                    place = source.place(("records", i, language, "questions", j))
                    yield Phrasing(number, language, text, place)
            number += 1


def _doubled_ids(read: Iterable[tuple[Source, Category]]) -> Iterable[Problem]:
    seen: dict[tuple[str, str], Place] = {}
    for source, category in read:
        ids = [("category", category.category, source.place(("category",)))]
        ids += [
            ("id", record.id, source.place(("records", i, "id")))
            for i, record in enumerate(category.records)
        ]
        for kind, value, place in ids:
            first = seen.setdefault((kind, value), place)
            if first is not place:
                what = f"the {kind} {value!r} is already used at {first}"
                yield Problem(place, what, "give one of the two another name, or merge them")


def _doubled_phrasings(phrasings: Iterable[Phrasing]) -> Iterable[Problem]:
    seen: dict[str, Phrasing] = {}
    for phrasing in phrasings:
        key = phrase_key(phrasing.text)
        if not key:
            what = f"the question {phrasing.text!r} has neither a letter nor a digit"
            yield Problem(phrasing.place, what, "write it in words or remove it")
            continue
        first = seen.setdefault(key, phrasing)
        # "COD" may well stand on both sides of one record: customers type it in both languages.
        if first is phrasing or (
            first.record == phrasing.record and first.language != phrasing.language
        ):
            continue
        where = "this record" if first.record == phrasing.record else "another record"
        what = f"the question {phrasing.text!r} already stands in {where} ({first.place})"
        yield Problem(phrasing.place, what, "keep it only where its answer belongs")


def _bad_answer_links(read: Iterable[tuple[Source, Category]]) -> Iterable[Problem]:
    for source, category in read:
        for i, record in enumerate(category.records):
            for language in LANGUAGES:
                for target in _MARKDOWN_LINK.findall(record.side(language).answer):
                    if not re.match(URL_PATTERN, target):
                        place = source.place(("records", i, language, "answer"))
                        what = f"the link target {target!r} in this answer is not a link"
                        yield Problem(place, what, "begin it with https:// or http://")
