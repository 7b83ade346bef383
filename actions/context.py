"""What actions read from the tracker, and how they record the decision of a turn."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.events import EventType, SlotSet

from bot.language import Language, conversation_language

Event = dict[str, Any]


def language_of(tracker: Tracker) -> Language:
    """Return the language to answer the latest message in."""
    metadata = tracker.latest_message.get("metadata") or {}
    language: Language | None = metadata.get("language")
    return language or conversation_language(
        event.get("text") or "" for event in reversed(tracker.events) if event["event"] == "user"
    )


def decide(decision: str) -> EventType:
    """Return the event that records the decision of this turn."""
    event: EventType = SlotSet("decision", decision)
    return event


def previous_decision(tracker: Tracker) -> str | None:
    """Return the decision recorded in the turn before this one, if an action recorded one."""
    for event in _previous_turn_backwards(tracker):
        if event["event"] == "slot" and event["name"] == "decision":
            decision: str | None = event["value"]
            return decision
    return None


def offered_a_person(tracker: Tracker) -> bool:
    """Tell whether the previous turn showed a button that leads to a person."""
    return any(
        button["payload"] == "/ask_human"
        for event in _previous_turn_backwards(tracker)
        if event["event"] == "bot"
        for button in (event.get("data") or {}).get("buttons") or ()
    )


def _previous_turn_backwards(tracker: Tracker) -> Iterator[Event]:
    """Yield the events between the last two customer messages, the newest first."""
    users = 0
    for event in reversed(tracker.events):
        users += event["event"] == "user"
        if users == 2:
            return
        if users == 1:
            yield event
