"""The pipeline's head: one form of a text in training and in parsing."""

from __future__ import annotations

import pytest
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.components.normaliser import ORIGINAL_TEXT, Normaliser


@pytest.mark.parametrize(
    ("original", "text"),
    [
        ("ＳＯ２０２６１１０５００１", "SO20261105001"),
        ("我要退貨", "我要退货"),
        ("  where   is\u200b it ", "where is it"),
    ],
)
def test_parsing_and_training_read_the_same_text(original: str, text: str) -> None:
    message, example = Message({"text": original}), Message({"text": original})
    Normaliser().process([message])
    Normaliser().process_training_data(TrainingData([example]))
    assert message.get("text") == example.get("text") == text
    assert message.get(ORIGINAL_TEXT) == original


def test_a_buttons_payload_passes_unchanged() -> None:
    payload = '/ask_faq{"faq_id": "ｘ"}'
    message = Message({"text": payload})
    Normaliser().process([message])
    assert message.get("text") == payload


def test_annotated_entities_keep_pointing_at_their_words() -> None:
    original = "訂單　ＳＯ２０２６１１０５００１　呢"
    entity = {"entity": "order_number", "start": 3, "end": 16, "value": "x"}
    message = Message({"text": original, "entities": [entity]})
    Normaliser().process([message])
    (moved,) = message.get("entities")
    assert message.get("text")[moved["start"] : moved["end"]] == "SO20261105001"
