"""Labelled questions to fit and measure with: the FAQ's own phrasings and messages no record answers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from bot.faq.errors import FaqError
from bot.faq.model import Corpus
from bot.faq.texts import phrase_key
from bot.language import Language, reply_language

# Intents whose messages no FAQ record should answer. Task intents with a twin in the FAQ ("我要退货" and
# the record on returning, "转人工" and the record on reaching us) are left out: an answer there is no mistake.
NOT_FAQ_INTENTS = frozenset(
    ["greet", "goodbye", "thanks", "affirm", "deny", "bot_challenge", "inform", "out_of_scope"]
)
_ENTITY = re.compile(r"\[([^\]]+)\](?:\{[^}]*\}|\([^)]*\))")
_FOLDERS: dict[str, Language] = {"chinese": "zh", "english": "en"}
# Shorter than this, one slip makes another question.
_SHORTEST_SLIP = 5
# Of the ChatterBot corpus; the others are long questions about programming and support forums.
_NOT_SMALL_TALK = frozenset({"coding", "tech_support"})


@dataclass(frozen=True, slots=True)
class Question:
    """A message with the record that answers it.

    Attributes:
        text: The message.
        language: Whose calibration applies to it.
        record: Number of the record in the corpus; None when no record answers.
        source: "new wording", "slip", or where a message without an answer comes from.
        phrasing: Its number in the corpus when it is a phrasing itself, to be left out.
    """

    text: str
    language: Language
    record: int | None
    source: str
    phrasing: int | None = None


def labelled_questions(corpus: Corpus, nlu: Path, chitchat: Path | None) -> list[Question]:
    """Return everything the calibration is fitted on, see the functions below."""
    return [
        *own_phrasings(corpus),
        *slipped_phrasings(corpus),
        *unanswerable(nlu, chitchat),
    ]


def own_phrasings(corpus: Corpus) -> list[Question]:
    """Return every phrasing as a question for its record, to be searched as if it were not there."""
    return [
        Question(p.text, reply_language(p.text) or "zh", p.record, "new wording", i)
        for i, p in enumerate(corpus.phrasings)
    ]


def slipped_phrasings(corpus: Corpus, every: int = 3) -> list[Question]:
    """Return phrasings as a hasty customer types them: a character lost or two exchanged.

    These stand for customers who use the FAQ's own words, so the phrasing itself stays in the index.

    Args:
        corpus: The records.
        every: Take every n-th phrasing, in turn with one slip and with the other.
    """
    found: list[Question] = []
    for number, phrasing in enumerate(corpus.phrasings[::every]):
        text = phrasing.text
        # The same slips every time: a place in the middle third that moves with the phrasing's number.
        at = len(text) // 3 + number % max(len(text) // 3, 1)
        if len(text) < _SHORTEST_SLIP or not text[at : at + 2].isalpha() or at + 2 > len(text):
            continue
        middle = text[at + 1] + text[at] if number % 2 else text[at + 1]
        slipped = text[:at] + middle + text[at + 2 :]
        found.append(Question(slipped, reply_language(text) or "zh", phrasing.record, "slip"))
    return found


def off_topic_examples(nlu: Path) -> dict[str, str]:
    """Return {message: "off-topic" or "small talk"} from Rasa training data; no record answers these.

    Raises:
        FaqError: The folder holds no such data.
    """
    found = {
        text: "off-topic" if intent == "out_of_scope" else "small talk"
        for intent, text in nlu_examples(nlu)
        if intent in NOT_FAQ_INTENTS and phrase_key(text)
    }
    if not found:
        wanted = ", ".join(sorted(NOT_FAQ_INTENTS))
        raise FaqError(f"expected examples of {wanted} in {nlu}, found none")
    return found


def unanswerable(nlu: Path, chitchat: Path | None) -> list[Question]:
    """Return messages that no record answers, each text once.

    Args:
        nlu: Folder of Rasa training data, see ``off_topic_examples``.
        chitchat: Folder in the form of the ChatterBot corpus (``chinese/*.yml``, ``english/*.yml``),
            whose opening lines are taken; None for none.

    Raises:
        FaqError: A folder holds no such data.
    """
    found = {
        text: Question(text, reply_language(text) or "zh", None, source)
        for text, source in off_topic_examples(nlu).items()
    }
    for language, text in _opening_lines(chitchat) if chitchat else ():
        if phrase_key(text):
            found.setdefault(text, Question(text, language, None, "chitchat"))
    return list(found.values())


def nlu_examples(folder: Path) -> Iterator[tuple[str, str]]:
    """Yield (intent, example) of every Rasa training file under ``folder``, entity marks removed."""
    files = sorted(folder.rglob("*.yml"))
    if not files:
        raise FaqError(f"expected Rasa training data (*.yml) in {folder}, found none")
    for file in files:
        for block in _load(file).get("nlu") or ():
            if "intent" not in block:
                continue
            for line in str(block["examples"]).splitlines():
                if line.strip().startswith("- "):
                    yield str(block["intent"]), _ENTITY.sub(r"\1", line.strip()[2:]).strip()


def _opening_lines(folder: Path) -> Iterator[tuple[Language, str]]:
    files = [file for name in _FOLDERS for file in sorted((folder / name).glob("*.yml"))]
    if not files:
        raise FaqError(f"expected chinese/*.yml and english/*.yml in {folder}, found none")
    for file in files:
        if file.stem not in _NOT_SMALL_TALK:
            for conversation in _load(file)["conversations"]:
                yield _FOLDERS[file.parent.name], str(conversation[0]).strip()


def _load(file: Path) -> Any:
    return yaml.load(file.read_text("utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506
