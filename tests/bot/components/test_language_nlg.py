"""Replies come in the customer's language, turn by turn."""

from __future__ import annotations

import asyncio

import pytest
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import UserUttered
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.utils.endpoints import EndpointConfig

from bot.components.language_nlg import LanguageNLG

DOMAIN = Domain.from_yaml(
    """
    slots:
      language: {type: any, influence_conversation: false, mappings: [{type: custom}]}
    responses:
      utter_hi:
        - condition: [{type: slot, name: language, value: zh}]
          text: 您好{name}
        - text: Hello {name}
    """
)
NLG = LanguageNLG(EndpointConfig(), DOMAIN)


def reply(*messages: tuple[str, str | None]) -> str:
    events = [
        UserUttered(text, metadata={"language": language} if language else None)
        for text, language in messages
    ]
    tracker = DialogueStateTracker.from_events("customer", events, DOMAIN.slots)
    draft = asyncio.run(NLG.generate("utter_hi", tracker, "turn", name="小明"))
    assert draft is not None
    return str(draft["text"])


@pytest.mark.parametrize(
    ("messages", "text"),
    [
        ([("whatever", "zh")], "您好小明"),
        ([("随便", "en")], "Hello 小明"),
        ([("你好", None)], "您好小明"),
        ([("hello there", None)], "Hello 小明"),
        ([("你好", None), ("hello there", None)], "Hello 小明"),  # never locked
        ([("hello there", None), ("123456", None)], "Hello 小明"),  # the last clear language
        ([("你好", None), ("/order_status", None)], "您好小明"),  # a payload has none
    ],
)
def test_language_of_a_reply(messages: list[tuple[str, str | None]], text: str) -> None:
    assert reply(*messages) == text


def test_an_unknown_response_gives_nothing_and_raises_nothing() -> None:
    tracker = DialogueStateTracker.from_events("customer", [UserUttered("hi")], DOMAIN.slots)
    assert asyncio.run(NLG.generate("utter_unknown", tracker, "turn")) is None
