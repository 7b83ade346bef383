"""Handing over to a person: the words and the reason; the app moves the conversation."""

from __future__ import annotations

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.types import DomainDict

from actions.cards import SURE, CardAnswers
from actions.context import decide
from bot.conversations.model import HandoffReason

_REASON_BY_INTENT = {"complaint": HandoffReason.COMPLAINT}


def hand_off(dispatcher: CollectingDispatcher, reason: HandoffReason) -> list[EventType]:
    """Say the honest words for ``reason`` and return the events that record it."""
    dispatcher.utter_message(response=f"utter_handoff_{reason}")
    return [SlotSet("handoff", reason.value), decide(f"handoff:{reason}")]


class Handoff(Action):
    """Hands off because the customer asked for it or complains."""

    def __init__(self, cards: CardAnswers) -> None:
        self._cards = cards

    def name(self) -> str:
        """Return the name in the domain."""
        return "action_handoff"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[EventType]:
        """Hand off with the reason that the latest intent stands for."""
        intent = tracker.get_intent_of_latest_message()
        if intent == "complaint":
            # "How is my complaint going?" sounds like one.
            events = await self._cards.complaint(dispatcher, tracker)
            if events:
                return events
        if tracker.latest_message["intent"].get("confidence", 1.0) < SURE:
            # "All correct, please call me first" answers a card and is no call for a person.
            about_order = await self._cards.words(dispatcher, tracker)
            if about_order is not None:
                return about_order
        return hand_off(dispatcher, _REASON_BY_INTENT.get(intent, HandoffReason.ASKED_FOR))
