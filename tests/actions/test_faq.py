"""The ladder's lowest rungs: when a miss asks to rephrase, and when it hands over."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest
from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.faq import FaqLadder
from bot.conversations.phrases import Phrases
from bot.faq.live import LiveKnowledge

ROOT = Path(__file__).resolve().parents[2]
Event = dict[str, Any]


@pytest.fixture
def ladder() -> FaqLadder:
    """Return a ladder for moves that search nothing."""
    return FaqLadder(cast(LiveKnowledge, None), Phrases(ROOT / "domain.yml"))


def turn(decision: str | None) -> list[Event]:
    """Return the events of a turn with a decision recorded by an action, or none."""
    user = {"event": "user", "text": "？", "parse_data": {"intent": {"name": "nlu_fallback"}}}
    slot = {"event": "slot", "name": "decision", "value": decision}
    return [user, slot, {"event": "bot"}] if decision else [user, {"event": "bot"}]


def tracker(*decisions: str | None) -> Tracker:
    """Return a tracker with these earlier turns and a new message."""
    events = [event for decision in decisions for event in turn(decision)]
    events.append({"event": "user", "text": "？", "parse_data": {}})
    return Tracker("c1", {}, {"text": "？"}, events, False, None, {}, None)


@pytest.mark.parametrize(
    ("before", "decision"),
    [
        ([], "clarify"),
        (["answer:delivery-fee"], "clarify"),
        (["clarify"], "handoff:low_confidence"),
        (["suggest:a,b"], "clarify"),
        (["suggest:a", "clarify", "suggest:b"], "handoff:low_confidence"),
        (["clarify", "answer:a"], "clarify"),
        (["clarify", None], "clarify"),
        (["clarify", None, "suggest:b"], "clarify"),
    ],
)
def test_a_second_miss_hands_over_unless_something_helped_in_between(
    ladder: FaqLadder, before: list[str | None], decision: str
) -> None:
    events = ladder.miss(CollectingDispatcher(), tracker(*before))
    assert [e["value"] for e in events if e.get("name") == "decision"] == [decision]
