"""The dialogues cover what they claim to, in words that the bot was not trained on."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from bot.faq.questions import nlu_examples
from bot.faq.records import load_corpus, phrase_key
from bot.language import Language
from bot.orders.demo import demo_orders
from bot.orders.tries import WRONG_TRIES
from tests.conversations.dialogue import Dialogue, Turn, load_dialogues

# Letters and Han characters. Nobody can say "你好" or "thanks" in words of their own.
_TOO_SHORT_TO_BE_A_COPY = 6
_CODES = re.compile(r"(so|sf)?\d+")


@pytest.fixture(scope="module")
def domain(root: Path) -> dict[str, Any]:
    content: dict[str, Any] = YAML(typ="safe").load((root / "domain.yml").read_text("utf-8"))
    return content


@pytest.fixture(scope="module")
def intents(domain: dict[str, Any]) -> set[str]:
    return {next(iter(intent)) for intent in domain["intents"]}


@pytest.mark.parametrize(("folder", "least"), [("zh", 20), ("en", 20), ("mixed", 8), (None, 50)])
def test_there_are_enough_dialogues(folder: Any, least: int) -> None:
    assert len(load_dialogues(folder)) >= least


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_intent_occurs_in_each_language(intents: set[str], language: Language) -> None:
    named = {
        intent
        for turn, of in _turns(load_dialogues(language).values())
        if of == language
        for intent in turn.intents
    }
    assert intents - named == set()


def test_every_named_intent_and_flow_exists(intents: set[str]) -> None:
    for turn, _ in _turns(load_dialogues().values()):
        assert turn.intents <= intents, turn


def test_every_named_answer_exists(root: Path) -> None:
    known = {record.id for record in load_corpus(root / "data" / "faq").records}
    for turn, _ in _turns(load_dialogues().values()):
        for decision in turn.decision:
            kind, _, ids = decision.partition(":")
            if kind in {"answer", "suggest", "faq"} and ids:
                assert set(ids.split(",")) <= known, decision


def test_every_demo_order_occurs() -> None:
    said = "\n".join(reply for turn, _ in _turns(load_dialogues().values()) for reply in turn.reply)
    missing = [order.number for order in demo_orders() if order.number not in said]
    assert missing == [], "expected in some turn's `reply`"


def test_the_dialogues_together_lock_no_demo_order() -> None:
    """All play against one order book: five refused tries would close an order to the others."""
    refused = dict.fromkeys((order.number for order in demo_orders()), 0)
    for dialogue in load_dialogues().values():
        number = None
        for turn in dialogue.turns:
            number = next((n for n in refused if n in (turn.say or "")), number)
            if number and any("没有查到" in r or "couldn't find" in r for r in turn.reply):
                refused[number] += 1
                number = None
    assert max(refused.values()) < WRONG_TRIES - 1


def test_no_message_is_copied_from_the_training_data(root: Path) -> None:
    known = {phrase_key(text) for _, text in nlu_examples(root / "data" / "nlu")}
    corpus = load_corpus(root / "data" / "faq")
    known |= {phrase_key(phrasing.text) for phrasing in corpus.phrasings}
    copied = [
        turn.say
        for turn, _ in _turns(load_dialogues().values())
        if turn.say and phrase_key(turn.say) in known and not _may_repeat(phrase_key(turn.say))
    ]
    assert copied == []


def _may_repeat(key: str) -> bool:
    return len(key) <= _TOO_SHORT_TO_BE_A_COPY or bool(_CODES.fullmatch(key))


def _turns(dialogues: Iterable[Dialogue]) -> list[tuple[Turn, Language]]:
    return [(t, t.language or d.language) for d in dialogues for t in d.turns]
