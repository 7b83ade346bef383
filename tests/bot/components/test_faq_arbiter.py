"""When a question that the FAQ surely answers goes before the classifier's intent."""

from __future__ import annotations

from typing import Any

import pytest
from rasa.shared.nlu.training_data.message import Message

from bot.components.faq_arbiter import FaqArbiter


@pytest.mark.parametrize(
    ("intent", "confidence", "best", "ruled"),
    [
        ("return_request", 0.6, 0.7, "ask_faq"),
        (
            "return_request",
            0.9,
            0.7,
            "return_request",
        ),  # sure enough for an answer that is not certain
        ("return_request", 0.9, 0.99, "ask_faq"),
        ("return_request", 0.98, 0.99, "return_request"),
        ("price_bargain", 0.99, 0.99, "ask_faq"),
        ("complaint", 0.9, 1.0, "complaint"),  # who complains is heard
        ("complaint", 0.6, 1.0, "ask_faq"),
    ],
)
def test_the_surer_one_has_the_word(
    intent: str, confidence: float, best: float, ruled: str
) -> None:
    assert _ruled(intent, confidence, {"best": best, "answer": "a"}) == ruled


def test_without_an_answer_or_with_an_order_number_the_intent_stays() -> None:
    assert _ruled("return_request", 0.5, {"best": 0.5, "answer": None}) == "return_request"
    assert _ruled("return_request", 0.5, None) == "return_request"
    found = {"best": 1.0, "answer": "a"}
    assert _ruled("order_status", 0.5, found, [{"entity": "order_number"}]) == "order_status"


def _ruled(
    intent: str,
    confidence: float,
    found: dict[str, Any] | None,
    entities: list[dict[str, str]] | None = None,
) -> str:
    read = {"name": intent, "confidence": confidence}
    message = Message(
        {
            "text": "？",
            "intent": read,
            "intent_ranking": [read],
            "entities": entities or [],
            "metadata": {"faq": found},
        }
    )
    FaqArbiter(FaqArbiter.get_default_config()).process([message])
    name: str = message.get("intent")["name"]
    return name
