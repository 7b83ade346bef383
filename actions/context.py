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
# "What can I do then?", asked by who was just told that something is not possible.
_WHAT_HELPS = re.compile(
    r"(?:那|那么|所以|啊|唉|哎|呃|可是|我|现在|这|这样|这下|还|该|可以|能|应该|要|又|[\s,，])*"
    r"(?:怎么办|咋办|咋整|咋弄|怎么弄|怎么处理|怎样才行|怎么才行|(?:有|还有)?(?:什么|啥|别的|其他)(?:办法|方法|法子|选择))"
    r"(?:吗|呢|啊|呀|才好|才行|好|么|嘛|没有?)*[\s?？!！~～。…]*"
    r"|(?:(?:ok|okay|so|then|well|and|but|oh|hm+|right)\b[\s,.]*)*(?:now what|what now|what then"
    r"|what (?:else )?(?:can|should|do|could|am) i (?:do|supposed to do|try)?(?: (?:then|now|instead|about it|else))*"
    r"|what are my options|any (?:other )?(?:options?|way|alternatives?)(?: (?:then|left))?"
    r"|is there (?:another|any other|anything else|any) ?(?:way|option|i can do)?)[\s?!.…]*",
    re.IGNORECASE,
)
# Responses that say why something is not possible, and what else helps.
_REFUSALS = re.compile(
    r"utter_(?:refused_|claim_(?:not_sent|not_here_yet|over|late_|never|opened|not_)|cod_not_possible"
    r"|undo_nothing|order_locked|code_(?:over|not_sent)|backend_no)"
)
_OF_THE_ENGINE = {"condition", "utter_action", "template", "model_id", "assistant_id"}
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


def asks_what_helps(tracker: Tracker) -> bool:
    """Tell whether the message asks for nothing but a way on."""
    return _WHAT_HELPS.fullmatch(text_of(tracker).strip()) is not None


def last_refusal(tracker: Tracker) -> tuple[str, dict[str, Any]] | None:
    """Return the response that refused something in the turn before this one, with its values."""
    for event in next(_previous_turns(tracker), []):
        said = event.get("metadata") or {} if event["event"] == "bot" else {}
        name = said.get("utter_action") or ""
        if _REFUSALS.match(name):
            return name, {k: v for k, v in said.items() if k not in _OF_THE_ENGINE}
    return None


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
