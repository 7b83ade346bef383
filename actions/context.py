"""What actions read from the tracker, and how they record the decision of a turn."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.events import EventType, SlotSet

from bot.conversations.handoff import ASK_HUMAN, HAND_OVER
from bot.language import Language, conversation_language

Event = dict[str, Any]

# What leaves out what it is about: "and in blue?", 「那红色的呢」; a whole question that ends in 呢 is none.
_FOLLOW_ON = re.compile(
    r"\s*(?:(?:ok|so|then)\b[\s,]*)*(?:(?:and|or)\b|(?:what|how) about\b)"
    r"|(?!.*(?:什么|啥|怎么|咋|谁|哪|几|多少|干嘛|干吗)).{1,8}呢[\s?？!！~～。…]*$",
    re.IGNORECASE,
)
_SMALL_TALK = frozenset({"greet", "goodbye", "thanks", "affirm", "deny", "bot_challenge"})


def language_of(tracker: Tracker) -> Language:
    """Return the language to answer the latest message in."""
    metadata = tracker.latest_message.get("metadata") or {}
    language: Language | None = metadata.get("language")
    return language or conversation_language(
        event.get("text") or "" for event in reversed(tracker.events) if event["event"] == "user"
    )


def text_of(tracker: Tracker) -> str:
    """Return what the customer wrote, before any correction; nothing for a pressed button."""
    text = tracker.latest_message.get("text") or ""
    if text.startswith("/"):
        return ""
    said: str | None = (tracker.latest_message.get("metadata") or {}).get("said")
    return said or text


def channel_of(tracker: Tracker) -> str | None:
    """Return where the customer writes, None when the app did not say."""
    channel: str | None = (tracker.latest_message.get("metadata") or {}).get("channel")
    return channel


def decide(decision: str) -> EventType:
    """Return the event that records the decision of this turn."""
    event: EventType = SlotSet("decision", decision)
    return event


def previous_decisions(tracker: Tracker) -> Iterator[str | None]:
    """Yield the decision of each turn before this one, the newest first; None where no action recorded one."""
    for turn in _previous_turns(tracker):
        slots = (e for e in turn if e["event"] == "slot" and e["name"] == "decision")
        yield next((event["value"] for event in slots), None)


def previous_decision(tracker: Tracker) -> str | None:
    """Return the decision recorded in the turn before this one, if an action recorded one."""
    return next(previous_decisions(tracker), None)


def just_said(tracker: Tracker, text: str) -> bool:
    """Tell whether the turn before this one ended a message with ``text``."""
    previous = next(_previous_turns(tracker), [])
    return any((e.get("text") or "").endswith(text) for e in previous if e["event"] == "bot")


def follows_on(tracker: Tracker) -> bool:
    """Tell whether the message takes up what the bot just dealt with, as "what about red ones" does."""
    dealt = (previous_decision(tracker) or "").startswith(("answer:", "suggest:", "flow:"))
    return dealt and bool(_FOLLOW_ON.match(text_of(tracker)))


def offered_a_person(tracker: Tracker) -> bool:
    """Tell whether the previous turn offered a person as the way on.

    Small talk shows the button too, but a "yes" to a greeting is no call for a person.
    """
    previous = next(_previous_turns(tracker), None)
    if previous is None or previous[-1]["parse_data"]["intent"]["name"] in _SMALL_TALK:
        return False
    return any(
        button["payload"].startswith((ASK_HUMAN, HAND_OVER))
        for event in previous
        if event["event"] == "bot"
        for button in (event.get("data") or {}).get("buttons") or ()
    )


def _previous_turns(tracker: Tracker) -> Iterator[list[Event]]:
    """Yield the events of each turn before this one, newest turn and newest event first, its message last."""
    turn: list[Event] = []
    current = True
    for event in reversed(tracker.events):
        turn.append(event)
        if event["event"] == "user":
            if not current:
                yield turn
            current, turn = False, []
