"""The domain, the rules and the examples agree, and every response speaks both languages alike."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActionExecuted, UserUttered
from rasa.shared.core.training_data.structures import StoryGraph
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.components.faq_importer import FaqImporter
from bot.language import detect

ROOT = Path(__file__).resolve().parents[2]
DOMAIN = Domain.load(str(ROOT / "domain.yml"))
RESPONSES: dict[str, list[dict[str, Any]]] = DOMAIN.responses
_FEWEST_EXAMPLES = 30  # per intent and language
_CHINESE = [{"type": "slot", "name": "language", "value": "zh"}]
# Payloads that the app itself acts on.
_OF_THE_APP = {
    "back_to_bot", "hand_over_policy", "hand_over_order_problem", "hand_over_backend_down",
    "link_yes", "link_no", "link_undo",
}  # fmt: skip
_PLACEHOLDER = re.compile(r"\{(\w+)\}")


@pytest.fixture(scope="module")
def importer() -> FaqImporter:
    return FaqImporter(
        str(ROOT / "config.yml"),
        str(ROOT / "domain.yml"),
        [str(ROOT / "data")],
        str(ROOT / "data/faq"),
    )


@pytest.fixture(scope="module")
def stories(importer: FaqImporter) -> StoryGraph:
    return importer.get_stories()


@pytest.fixture(scope="module")
def examples(importer: FaqImporter) -> TrainingData:
    return importer.get_nlu_data()


@pytest.mark.parametrize("name", sorted(RESPONSES))
def test_a_response_exists_once_in_each_language(name: str) -> None:
    zh, en = RESPONSES[name]
    assert zh["condition"] == _CHINESE
    assert "condition" not in en
    assert detect(_PLACEHOLDER.sub("", zh["text"])) in {"zh", "mixed"}
    assert detect(_PLACEHOLDER.sub("", en["text"])) == "en"


@pytest.mark.parametrize("name", sorted(RESPONSES))
def test_both_languages_carry_the_same_values_and_buttons(name: str) -> None:
    zh, en = RESPONSES[name]
    assert set(_PLACEHOLDER.findall(zh["text"])) == set(_PLACEHOLDER.findall(en["text"]))
    payloads = [[b["payload"] for b in side.get("buttons", [])] for side in (zh, en)]
    assert payloads[0] == payloads[1]
    for side, languages in ((zh, {"zh", "mixed"}), (en, {"en"})):
        assert all(detect(b["title"]) in languages for b in side.get("buttons", []))


@pytest.mark.parametrize("name", sorted(RESPONSES))
def test_a_button_leads_to_an_intent_of_the_domain(name: str) -> None:
    for side in RESPONSES[name]:
        for button in side.get("buttons", []):
            match = re.fullmatch(r"/(\w+)(\{.*\})?", button["payload"])
            assert match, button
            assert match[1] in {*DOMAIN.intents, *_OF_THE_APP}


def test_facts_that_both_languages_state_are_the_same_numbers() -> None:
    """Prices, days and limits must not differ between the languages of one answer."""
    differing = {}
    for name, (zh, en) in RESPONSES.items():
        numbers = [
            Counter(re.findall(r"[0-9]+(?:[.:][0-9]+)?", side["text"].replace(",", "")))
            for side in (zh, en)
        ]
        if set(numbers[0]) != set(numbers[1]):
            differing[name] = (dict(numbers[0] - numbers[1]), dict(numbers[1] - numbers[0]))
    # 七天 and "7 days", 双十一 and 11.11: numerals that one language writes as words.
    assert {k: v for k, v in differing.items() if k not in _WRITTEN_AS_WORDS} == {}


_WRITTEN_AS_WORDS = {"utter_price_bargain", "utter_order_locked"}


def test_every_intent_starts_something(stories: StoryGraph) -> None:
    used = {
        event.intent_name
        for step in stories.story_steps
        for event in step.events
        if isinstance(event, UserUttered)
    }
    mine = {i for i in DOMAIN.intents if i not in {"back", "restart", "session_start"}}
    assert mine - used == set()


def test_every_action_of_the_rules_exists(stories: StoryGraph) -> None:
    named = {
        event.action_name
        for step in stories.story_steps
        for event in step.events
        if isinstance(event, ActionExecuted) and event.action_name
    }
    assert named - set(DOMAIN.action_names_or_texts) == set()


def test_every_intent_has_enough_examples_in_both_languages(examples: TrainingData) -> None:
    counts: Counter[tuple[str, str]] = Counter()
    for example in examples.intent_examples:
        language = detect(example.get("text"))
        counts[example.get("intent"), language or "none"] += 1
    thin = {
        (intent, language): counts[intent, language]
        for intent in DOMAIN.intents
        if intent not in {"nlu_fallback", "back", "restart", "session_start", "inform"}
        for language in ("zh", "en")
        if counts[intent, language] < _FEWEST_EXAMPLES
    }
    assert thin == {}


def test_no_text_teaches_two_intents(examples: TrainingData) -> None:
    intents: dict[str, set[str]] = {}
    for example in examples.intent_examples:
        intents.setdefault(example.get("text").casefold(), set()).add(example.get("intent"))
    assert {text: found for text, found in intents.items() if len(found) > 1} == {}


def test_the_dictionary_is_what_jieba_reads() -> None:
    lines = (ROOT / "data/dictionary/shop.txt").read_text(encoding="utf-8").splitlines()
    assert all(re.fullmatch(r"\S+ [0-9]+ [a-z]+", line) for line in lines)
    words = [line.split()[0] for line in lines]
    assert [word for word, times in Counter(words).items() if times > 1] == []


def test_endpoints_and_credentials_take_their_secrets_from_the_environment() -> None:
    for name in ("endpoints.yml", "credentials.yml"):
        text = (ROOT / name).read_text(encoding="utf-8")
        for line in text.splitlines():
            if re.search(r"token:|Authorization:|url:|db:", line) and not line.strip().startswith(
                "#"
            ):
                assert "${YINGDA_" in line
        assert yaml.safe_load(text)
