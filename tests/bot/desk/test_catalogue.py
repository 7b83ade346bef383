"""The desk's words: every reason has its entry, both languages are there, mistakes are named."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from bot.conversations.handoff import BACK_TO_BOT
from bot.conversations.model import HandoffReason
from bot.desk.callback import CALL_ME, NO_CALL
from bot.desk.catalogue import Catalogue, CatalogueError
from bot.desk.hours import Hours
from bot.desk.rules import DeskRules
from bot.faq.model import LANGUAGES

_HAN = re.compile(r"[\u4e00-\u9fff]")


@pytest.fixture(scope="module")
def catalogue(root: Path) -> Catalogue:
    return Catalogue.load(root / "data" / "desk")


def test_every_reason_has_words_and_a_priority(catalogue: Catalogue) -> None:
    assert set(catalogue.reasons) == set(HandoffReason)


def test_the_more_pressing_the_longer_the_head_start(catalogue: Catalogue) -> None:
    leads = {
        priority: [r.lead for r in catalogue.reasons.values() if r.priority == priority]
        for priority in ("normal", "high", "urgent")
    }
    assert max(leads["normal"]) < min(leads["high"]) < max(leads["high"]) < min(leads["urgent"])


def test_every_intent_of_the_domain_has_words_at_the_desk(catalogue: Catalogue, root: Path) -> None:
    domain = YAML(typ="safe").load((root / "domain.yml").read_text("utf-8"))
    intents = {next(iter(one)) for one in domain["intents"]} - {"nlu_fallback"}
    for language in ("zh", "en"):
        words = json.loads(
            (root / f"connectors/ui/src/locales/desk.{language}.json").read_text("utf-8")
        )
        assert intents == {*catalogue.intents, *words["talk"]}


def test_every_button_of_who_waits_can_be_typed_by_its_title(catalogue: Catalogue) -> None:
    rules = DeskRules(catalogue, Hours())
    for name, payload in (("back_to_bot", BACK_TO_BOT), ("call_me", CALL_ME), ("no_call", NO_CALL)):
        for language in LANGUAGES:
            assert rules.typed(catalogue.button(name, language)) == payload
    assert rules.typed("？！") is None


def test_both_languages_are_what_they_say(root: Path) -> None:
    for file in (root / "data" / "desk").glob("*.yml"):
        for words in _pairs(YAML(typ="safe").load(file.read_text("utf-8"))):
            assert _HAN.search(words["zh"]) or "{" in words["zh"], (file.name, words)
            assert not _HAN.search(words["en"]), (file.name, words)
            names = [set(re.findall(r"\{(\w+)\}", words[side])) for side in ("zh", "en")]
            assert names[0] == names[1] or "month" in str(names), (file.name, words)


def test_a_mistake_is_named_with_file_and_place(root: Path, tmp_path: Path) -> None:
    shutil.copytree(root / "data" / "desk", tmp_path / "desk")
    file = tmp_path / "desk" / "reasons.yml"
    file.write_text(file.read_text("utf-8").replace("head_start: 20, ", ""), "utf-8")
    with pytest.raises(CatalogueError, match=r"reasons\.yml: anger\.head_start"):
        Catalogue.load(tmp_path / "desk")


def _pairs(data: object) -> list[dict[str, str]]:
    if isinstance(data, dict):
        found = [data] if {"zh", "en"} <= set(data) else []
        return found + [pair for value in data.values() for pair in _pairs(value)]
    return [pair for value in data for pair in _pairs(value)] if isinstance(data, list) else []
