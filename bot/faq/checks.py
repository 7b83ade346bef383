"""What is wrong with the FAQ files, or worth an editor's look.

``records.py`` finds errors, which keep the files from being published. Here are warnings, about records that
do what they say but perhaps not what was meant, and hints.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path

from bot.clock import utc_now
from bot.faq.errors import Place, Problem, Severity
from bot.faq.lexical import LexicalIndex
from bot.faq.model import BUTTON_CHARS, LANGUAGES, Corpus, Phrasing, Record
from bot.faq.pairs import drifted, read_pairs
from bot.faq.records import Reader, Reading
from bot.faq.source import Source
from bot.faq.texts import answer_sentences
from bot.language import Language

# TF-IDF cosine from which two phrasings of different records are worth an editor's look.
_NEAR = 0.8

# Longest message of a channel, and whether it is counted in bytes of UTF-8. A test holds the numbers to
# those of the connectors, which this package may not import.
CHANNEL_LIMITS: Mapping[str, tuple[int, bool]] = {
    "web": (20_000, False),
    "telegram": (4_096, False),
    "wechat": (2_048, True),
    "wecom": (2_048, True),
}
CHANNELS = (*CHANNEL_LIMITS, "rest")


def channel_names(extra_packages: Iterable[str]) -> tuple[str, ...]:
    """Return the names of all channels; a further one is called as its package's last part."""
    return (*CHANNELS, *(package.rpartition(".")[2] for package in extra_packages))


_NAMES_ZH: Mapping[Language, str] = {"zh": "中文", "en": "英文"}
_NAMES_EN: Mapping[Language, str] = {"zh": "Chinese", "en": "English"}
# What makes a sentence a refusal.
_REFUSALS = re.compile(
    r"不(?!用|需|必|收|要钱|限|过|同|少|错|好意思|满|管|论|如)|没有|没法|无法|暂无|别|未"
    r"|\b(?:no|not|never|cannot|unable|unavailable)\b|n't\b|n’t\b",
    re.IGNORECASE,
)
_AMOUNT = re.compile(
    r"[¥￥]\s?[\d,]+(?:\.\d+)?|\d+(?:\.\d+)?\s?(?:元|块|天|小时|分钟|%|days?|hours?|minutes?)"
)


def check(
    folder: Path,
    drafts: Mapping[Path, str | None] | None = None,
    *,
    at: datetime | None = None,
    channels: Collection[str] = CHANNELS,
    reader: Reader | None = None,
) -> list[Problem]:
    """Return every error, warning and hint in the files of ``folder``, in file order.

    With an error in a file its records are left out of the other checks.

    Args:
        folder: Holds ``<category>.yml`` files.
        drafts: Texts to read in place of files, see ``bot.faq.authoring.Author.draft``.
        at: The time for what has expired; None for now.
        channels: Names of the channels there are.
        reader: Reads the folder; keep one to check it again and again.
    """
    reading = (reader or Reader(folder)).read(drafts)
    problems = list(reading.problems)
    if reading.corpus is not None:
        problems += near_duplicates(reading.corpus)
        problems += drift(reading, folder)
    problems += by_record(reading, at or utc_now(), channels)
    return sorted(problems, key=lambda problem: problem.place)


def near_duplicates(corpus: Corpus, only: Collection[str] = ()) -> list[Problem]:
    """Return phrasings that stand in two records in almost the same words; 0.3 ms for each that is looked at.

    Args:
        corpus: The records.
        only: Ids of records to look at; empty for all.
    """
    index = LexicalIndex([p.text for p in corpus.phrasings])
    found: list[Problem] = []
    for number, phrasing in enumerate(corpus.phrasings):
        record = corpus.records[phrasing.record]
        if only and record.id not in only:
            continue
        scores = index.scores(phrasing.text)
        for other in (scores >= _NEAR).nonzero()[0]:
            if corpus.phrasings[other].record != phrasing.record and (other < number or only):
                found.append(
                    _twins(corpus, corpus.phrasings[other], phrasing, float(scores[other]))
                )
    return found


def _twins(corpus: Corpus, first: Phrasing, second: Phrasing, likeness: float) -> Problem:
    one, other = corpus.records[first.record], corpus.records[second.record]
    language = second.language
    values: dict[str, object] = {
        "text": second.text,
        "other": one.id,
        "other_text": first.text,
        "first": first.place,
        "likeness": likeness,
    }
    if first.language == language and (clash := contradiction(other, one, language)):
        values |= dict(zip(("answer", "other_answer"), clash, strict=True))
        return Problem(second.place, "opposite_answers", values, Severity.WARNING, other.id)
    return Problem(second.place, "near_duplicate", values, Severity.WARNING, other.id)


def contradiction(one: Record, other: Record, language: Language) -> tuple[str, str] | None:
    """Return the first sentences of two answers where one refuses and the other does not, or sums differ.

    A rule of thumb, for records that are asked for in almost the same words.
    """
    first, second = (answer_sentences(r.side(language).answer)[0] for r in (one, other))
    if bool(_REFUSALS.search(first)) != bool(_REFUSALS.search(second)):
        return first, second
    amounts = [frozenset(_AMOUNT.findall(text)) for text in (first, second)]
    if all(amounts) and not amounts[0] & amounts[1]:
        return first, second
    return None


def by_record(reading: Reading, at: datetime, channels: Collection[str]) -> Iterator[Problem]:
    """Yield what can be told from one record alone."""
    for file in reading.files:
        for i, record in enumerate(file.category.records):
            place = partial(_place, file.source, i)
            problems = (
                *_buttons(record, {name: place(name, "questions") for name in LANGUAGES}),
                *_times(record, place("valid_until"), place("valid_from"), at),
                *_lengths(record, {name: place(name, "answer") for name in LANGUAGES}, channels),
                *_channels(record, place("channels"), channels),
            )
            yield from (replace(problem, record=record.id) for problem in problems)


def _place(source: Source, number: int, *route: str | int) -> Place:
    return source.place(("records", number, *route))


def drift(reading: Reading, folder: Path) -> Iterator[Problem]:
    """Yield records of which one side's answer was changed and the other's was not, see ``pairs.py``."""
    pairs = read_pairs(folder)
    for file in reading.files:
        for i, record in enumerate(file.category.records):
            changed = drifted(record, pairs)
            if changed is None:
                continue
            other: Language = "en" if changed == "zh" else "zh"
            values = {
                "changed": _NAMES_EN[changed],
                "changed_zh": _NAMES_ZH[changed],
                "other": _NAMES_EN[other],
                "other_zh": _NAMES_ZH[other],
                "record": record.id,
            }
            place = file.source.place(("records", i, other, "answer"))
            yield Problem(place, "drift", values, Severity.WARNING, record.id)


def _buttons(record: Record, places: Mapping[Language, Place]) -> Iterator[Problem]:
    for language, place in places.items():
        if not record.button(language):
            values = {"limit": BUTTON_CHARS[language]}
            yield Problem(place, f"no_button_{language}", values, Severity.HINT)


def _times(record: Record, until: Place, start: Place, at: datetime) -> Iterator[Problem]:
    if record.ends is not None and record.ends <= at:
        yield Problem(until, "expired", {"until": record.valid_until}, Severity.WARNING)
    elif record.begins is not None and record.begins > at:
        yield Problem(start, "not_yet", {"start": record.valid_from}, Severity.HINT)


def _lengths(
    record: Record, places: Mapping[Language, Place], channels: Collection[str]
) -> Iterator[Problem]:
    alike: defaultdict[tuple[int, bool], list[str]] = defaultdict(list)
    for channel, how in CHANNEL_LIMITS.items():
        if channel in (record.channels or channels):
            alike[how].append(channel)
    for (limit, in_bytes), names in alike.items():
        for language in LANGUAGES:
            answer = record.side(language).answer
            length = len(answer.encode()) if in_bytes else len(answer)
            if length > limit:
                values = {
                    "channel": ", ".join(names),
                    "language": _NAMES_EN[language],
                    "language_zh": _NAMES_ZH[language],
                    "length": length,
                    "limit": limit,
                    "parts": -(-length // limit),
                    "unit": "bytes" if in_bytes else "characters",
                    "unit_zh": "字节" if in_bytes else "字",
                }
                yield Problem(places[language], "too_long", values, Severity.WARNING)


def _channels(record: Record, place: Place, channels: Collection[str]) -> Iterator[Problem]:
    for given in record.channels:
        if given not in channels:
            values = {"given": given, "known": ", ".join(channels)}
            yield Problem(place, "unknown_channel", values, Severity.WARNING)


def links_of(records: Iterable[Record]) -> dict[str, list[str]]:
    """Return {address: ids of the records that lead there}."""
    found: dict[str, list[str]] = {}
    for record in records:
        addresses = {link.url for link in record.links} | (
            {record.picture} if record.picture else set()
        )
        for language in LANGUAGES:
            addresses.update(_URLS.findall(record.side(language).answer))
        for address in sorted(addresses):
            found.setdefault(address, []).append(record.id)
    return found


_URLS = re.compile(r"\]\((https?://[^)\s]+)\)")
