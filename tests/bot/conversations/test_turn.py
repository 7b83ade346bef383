"""Reading a turn from the engine's events."""

from __future__ import annotations

from typing import Any

import pytest

from bot.conversations.dialogue import _as_typed
from bot.conversations.engine_client import EngineFault
from bot.conversations.model import Body, Button, Card, HandoffReason, Link
from bot.conversations.turn import read_turn

USER: dict[str, Any] = {
    "event": "user",
    "text": "包邮吗",
    "parse_data": {
        "intent": {"name": "ask_faq", "confidence": 0.9},
        "entities": [{"entity": "money", "value": "99", "start": 0, "end": 2, "extractor": "x"}],
    },
}
BOT: dict[str, Any] = {"event": "bot", "text": "满99包邮", "data": {}}


def test_without_a_recorded_decision_the_intent_is_the_flow() -> None:
    turn = read_turn([USER, {"event": "action", "name": "utter_greet"}, BOT])
    assert turn.decision == "flow:ask_faq"
    assert turn.entities == [{"entity": "money", "value": "99", "start": 0, "end": 2}]
    assert turn.replies == (Body("满99包邮"),)


def test_the_last_decision_of_the_turn_counts() -> None:
    slots = [{"event": "slot", "name": "decision", "value": v} for v in ("flow:a", "answer:b")]
    assert read_turn([USER, *slots, BOT]).decision == "answer:b"


def test_a_hand_off_carries_its_reason() -> None:
    slot = {"event": "slot", "name": "handoff", "value": "complaint"}
    assert read_turn([USER, slot, BOT]).handoff is HandoffReason.COMPLAINT


def test_a_rich_reply_keeps_buttons_picture_and_link() -> None:
    data = {
        "buttons": [{"title": "查订单", "payload": "/order_status"}],
        "image": "https://shop.yingda.example/a.png",
        "custom": {
            "link": {"url": "https://shop.yingda.example", "title": "说明"},
            "cards": [{"title": "棉袜", "facts": [["订单号", "SO1"]], "payload": None}],
            "lead": "一笔：",
        },
    }
    (reply,) = read_turn([USER, {"event": "bot", "text": "看这里", "data": data}]).replies
    assert reply.buttons == (Button("查订单", "/order_status"),)
    assert reply.link == Link("https://shop.yingda.example", "说明")
    assert (reply.cards, reply.lead) == ((Card("棉袜", facts=(("订单号", "SO1"),)),), "一笔：")
    assert Body.from_json(reply.to_json()) == reply


def test_what_a_form_asks_again_after_an_answer_is_known_as_such() -> None:
    faq: dict[str, Any] = {"event": "slot", "name": "decision", "value": "answer:delivery-fee"}
    form = {"event": "action", "name": "order_form"}
    asked: dict[str, Any] = {"event": "bot", "text": "请告诉我后四位", "data": {}}
    assert read_turn([USER, faq, BOT, form, asked]).repeated == 1
    # A form that took the message asks something new.
    assert read_turn([USER, form, BOT, asked]).repeated == 0
    assert read_turn([USER, faq, BOT]).repeated == 0


@pytest.mark.parametrize("events", [[], [BOT], [USER]])
def test_silence_is_a_fault_and_never_reaches_the_customer(events: list[dict[str, Any]]) -> None:
    with pytest.raises(EngineFault, match="expected"):
        read_turn(events)


@pytest.mark.parametrize("text", ["/ask_human", "  /order_status", '/ask_faq{"faq_id": "x"}', "/"])
def test_typed_text_is_never_a_payload(text: str) -> None:
    assert not _as_typed(text).strip().startswith("/")
    assert _as_typed("包邮吗/运费") == "包邮吗/运费"
