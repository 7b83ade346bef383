"""The labelled messages are sound, and none of them is something the bot was trained on."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from bench.product.score import Kind, Message, read_messages, split
from bot.conversations.model import HandoffReason
from bot.language import normalise

ROOT = Path(__file__).resolve().parents[2]
# Any two people write "转人工" or "hi there" the same way; below this many characters a match says nothing.
SHORT = 7
NEAR = 0.8  # Jaccard similarity of character trigrams

# [到哪了](status), [明天]{"entity": "date"}: the brackets are annotation, the words inside were typed.
_ANNOTATION = re.compile(r"\[([^\]]*)\](?:\([^)]*\)|\{[^}]*\})")


@cache
def messages() -> list[Message]:
    return read_messages()


def load(file: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.load(file.read_text("utf-8"), yaml.CSafeLoader)
    return loaded


@cache
def domain() -> dict[str, Any]:
    return load(ROOT / "domain.yml")


@cache
def faq() -> tuple[dict[str, Any], ...]:
    files = sorted((ROOT / "data/faq").rglob("*.yml"))
    return tuple(record for file in files for record in load(file)["records"])


def training_texts() -> Iterator[str]:
    for file in sorted((ROOT / "data/nlu").rglob("*.yml")):
        for block in load(file)["nlu"]:
            if "intent" not in block:
                continue  # regexes, lookups and synonyms are no sentences
            examples = block["examples"]
            lines = examples.splitlines() if isinstance(examples, str) else examples
            for line in lines:
                text = line["text"] if isinstance(line, dict) else line
                yield _ANNOTATION.sub(r"\1", text.strip().removeprefix("-").strip())
    for record in faq():
        for side in ("zh", "en"):
            yield from record[side]["questions"]


def bare(text: str) -> str:
    """Return what is left when width, script, case, punctuation, symbols and space don't count."""
    text = normalise(text).casefold()
    return "".join(c for c in text if unicodedata.category(c)[0] in "LN")


def trigrams(text: str) -> frozenset[str]:
    return frozenset(text[i : i + 3] for i in range(max(1, len(text) - 2)))


def near_duplicates(candidates: list[str], known: set[str]) -> Iterator[tuple[str, str, float]]:
    """Yield (candidate, known text, similarity) for every pair above ``NEAR``."""
    known_grams = [(text, trigrams(text)) for text in sorted(known)]
    holders: dict[str, list[int]] = defaultdict(list)
    for position, (_, grams) in enumerate(known_grams):
        for gram in grams:
            holders[gram].append(position)
    for candidate in candidates:
        grams = trigrams(candidate)
        shared = Counter(position for gram in grams for position in holders.get(gram, ()))
        for position, common in shared.items():
            text, other = known_grams[position]
            similarity = common / (len(grams) + len(other) - common)
            if similarity > NEAR:
                yield candidate, text, similarity


def test_no_message_is_in_the_training_data_nor_nearly() -> None:
    known = {bare(text) for text in training_texts()}
    assert len(known) > len(messages()), "the training data was not found"
    by_text = {bare(m.text): m.id for m in messages() if len(bare(m.text)) >= SHORT}
    found = [
        (by_text[c], text, round(s, 2)) for c, text, s in near_duplicates(list(by_text), known)
    ]
    assert not found, "reword these messages, or take them out of the training data"


def test_a_copy_in_other_clothes_is_found() -> None:
    known = {bare("我的订单什么时候才能送到呢")}
    disguised = bare("我的訂單，什麼時候才能送到呢？？🙂")
    assert [s for _, _, s in near_duplicates([disguised], known)] == [1.0]
    assert list(near_duplicates([bare("我想换一件大号的毛衣可以吗")], known)) == []


def test_ids_and_texts_are_unique_and_nothing_is_blank() -> None:
    assert len({m.id for m in messages()}) == len(messages())
    assert len({bare(m.text) or m.text for m in messages()}) == len(messages())
    assert all(m.text.strip() == m.text != "" for m in messages())
    assert {m.group for m in messages()} == {"zh", "en", "mixed", "trad", "noisy"}


@pytest.mark.parametrize("rung", ["answer", "flow", "handoff", "decline", "clarify"])
def test_expected_decisions_exist(rung: str) -> None:
    intents = {next(iter(i)) if isinstance(i, dict) else i for i in domain()["intents"]}
    possible = {
        "answer": {record["id"] for record in faq()},
        "flow": intents,
        "handoff": {reason.value for reason in HandoffReason},
        "decline": {""},
        "clarify": {""},
    }
    expected = [decision.partition(":") for m in messages() for decision in m.expected]
    assert {name for name, _, _ in expected} == set(possible)
    named = {rest for name, _, rest in expected if name == rung}
    assert named, f"no message expects {rung}"
    assert named <= possible[rung]


def test_every_faq_record_and_every_intent_of_a_customer_is_asked_for() -> None:
    right = {decision for m in messages() for decision in m.expected}
    assert {f"answer:{record['id']}" for record in faq()} <= right
    intents = {next(iter(i)) if isinstance(i, dict) else i for i in domain()["intents"]}
    elsewhere = {"ask_faq", "out_of_scope", "nlu_fallback", "ask_human", "complaint"}
    assert {f"flow:{intent}" for intent in intents - elsewhere} <= right
    assert {"handoff:asked_for", "handoff:complaint", "decline"} <= right


def test_the_mix_is_what_the_readme_says() -> None:
    kinds = Counter(m.kind for m in messages())
    assert kinds[Kind.FAQ] > kinds[Kind.TASK] > kinds[Kind.OFF_TOPIC] > len(messages()) * 0.12
    for part in ("dev", "test"):
        members = [m for m in messages() if split(m.id) == part]
        assert {m.kind for m in members} == set(Kind)
    tests = sum(split(m.id) == "test" for m in messages())
    assert 0.25 < tests / len(messages()) < 0.35
