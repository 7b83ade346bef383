"""Going on with a conversation on another channel: gives out the code that carries it over."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.types import DomainDict

from actions.context import channel_of, decide, language_of
from bot.clock import Clock
from bot.conversations.phrases import Phrases
from bot.linking.codes import HIDDEN_IN_LINK
from bot.linking.service import Links

_TELEGRAM = "telegram"


class ContinueElsewhere(Action):
    """Gives out a link code; where Telegram is on, with a link that opens the bot and sends it."""

    def __init__(self, links: Links, phrases: Phrases, clock: Clock) -> None:
        self._links = links
        self._phrases = phrases
        self._clock = clock

    def name(self) -> str:
        """Return the name in the domain."""
        return "action_continue_elsewhere"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[EventType]:
        """Say the code; a conversation that only the engine knows has none."""
        nonce = await self._links.issue(tracker.sender_id, self._clock())
        if nonce is None:
            dispatcher.utter_message(response="utter_clarify")
            return [decide("flow:continue_elsewhere")]
        custom: dict[str, Any] = {"link_code": nonce}
        door = self._links.doors.get(_TELEGRAM)
        if door and channel_of(tracker) != _TELEGRAM:
            title = self._phrases.say("utter_link_telegram", language_of(tracker)).text
            custom["link"] = {"url": door + HIDDEN_IN_LINK, "title": title}
        dispatcher.utter_message(response="utter_link_code", json_message=custom)
        return []
