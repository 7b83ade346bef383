"""The plain Rasa project: Rasa's defaults, our intents and examples, two rules, one action."""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

ANSWER = "Here is the answer. 这就是答案。"  # what project/actions.py says
GREETING = "Hello! 您好！"

_TEMPLATE = Path(__file__).parent / "project"
_FAQ_INTENT = "ask_faq"
_SEED = 1


@dataclass(frozen=True, slots=True)
class Examples:
    """Training examples by intent, and which texts of them are the FAQ's questions."""

    by_intent: dict[str, list[str]]
    questions: frozenset[str]

    def __len__(self) -> int:
        return sum(map(len, self.by_intent.values()))


def read_examples(root: Path, per_intent: int, always: Sequence[str] = ()) -> Examples:
    """Read the intents' examples of the shop and the FAQ's questions, which are ``ask_faq``.

    Args:
        per_intent: how many to take of each intent, twice as many of the FAQ's, drawn evenly over languages and the same ones
            in every run; 0 takes all.
        always: examples that are taken beyond the drawn ones.
    """
    found: dict[str, list[str]] = {}
    for path in sorted((root / "data" / "nlu").rglob("*.yml")):
        for block in _load(path).get("nlu", ()):
            if "intent" in block:
                lines = block["examples"].splitlines()
                texts = [line.strip().removeprefix("- ").strip() for line in lines]
                found.setdefault(block["intent"], []).extend(filter(None, texts))
    taken = {text for texts in found.values() for text in texts}
    questions = [text for text in dict.fromkeys(_questions(root)) if text not in taken]
    found.setdefault(_FAQ_INTENT, []).extend(questions)
    draw = random.Random(_SEED)
    for intent, texts in found.items():
        # The FAQ's intent stands for many questions, and the long conversation asks each of them.
        count = per_intent * 2 if intent == _FAQ_INTENT else per_intent
        if 0 < count < len(texts):
            wanted = [text for text in always if text in texts]
            found[intent] = list(dict.fromkeys([*wanted, *draw.sample(texts, count)]))
    return Examples(found, frozenset(questions))


def build_project(folder: Path, root: Path, examples: Examples, actions_port: int) -> None:
    """Write the project into ``folder``, which must not exist yet."""
    shutil.copytree(_TEMPLATE, folder, ignore=shutil.ignore_patterns("__pycache__"))
    _dump(
        folder / "domain.yml",
        {
            "version": "3.1",
            "intents": sorted(examples.by_intent),
            "entities": [_name(entity) for entity in _load(root / "domain.yml")["entities"]],
            "responses": {"utter_greet": [{"text": GREETING}]},
            "actions": ["action_answer_faq"],
        },
    )
    _dump(
        folder / "data" / "nlu.yml",
        {
            "version": "3.1",
            "nlu": [
                {"intent": intent, "examples": "".join(f"- {text}\n" for text in texts)}
                for intent, texts in sorted(examples.by_intent.items())
            ],
        },
    )
    _dump(
        folder / "endpoints.yml",
        {"action_endpoint": {"url": f"http://127.0.0.1:{actions_port}/webhook"}},
    )


def _questions(root: Path) -> Iterator[str]:
    for path in sorted((root / "data" / "faq").glob("*.yml")):
        for record in _load(path)["records"]:
            for side in ("zh", "en"):
                yield from (str(question).strip() for question in record[side]["questions"])


def _name(entity: str | dict[str, Any]) -> str:
    return entity if isinstance(entity, str) else next(iter(entity))


def _load(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = YAML(typ="safe").load(path.read_text("utf-8"))
    return content


def _dump(path: Path, content: dict[str, Any]) -> None:
    yaml = YAML()
    yaml.allow_unicode = True
    yaml.width = 4096
    with path.open("w", encoding="utf-8") as file:
        yaml.dump(content, file)
