"""How a reply goes to the engine: its response, the values, and what only some channels can show."""

from __future__ import annotations

from dataclasses import asdict

from rasa_sdk.executor import CollectingDispatcher

from bot.orders.answers import Reply


def say(dispatcher: CollectingDispatcher, reply: Reply) -> None:
    """Have the engine say a reply; cards go along as its custom part (``bot.conversations.turn``)."""
    custom = {"cards": [asdict(card) for card in reply.cards], "lead": reply.lead}
    dispatcher.utter_message(
        response=reply.response,
        buttons=[asdict(button) for button in reply.buttons],
        json_message=custom if reply.cards else None,
        **reply.values,
    )
