"""Replies in the customer's language."""

from __future__ import annotations

from typing import Any

from rasa.core.nlg.response import TemplatedNaturalLanguageGenerator
from rasa.shared.constants import INTENT_MESSAGE_PREFIX
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import UserUttered
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.utils.endpoints import EndpointConfig

from bot.language import conversation_language

LANGUAGE = "language"
_LANGUAGES = ("zh", "en")


class LanguageNLG(TemplatedNaturalLanguageGenerator):
    """Rasa's templates, with ``language`` decided anew for every reply.

    Responses in domain.yml carry a Chinese variation under the condition ``language`` = ``zh`` and
    an English one as default; Rasa chooses by the slot value given here. Nothing is stored, so a
    customer who changes the language is answered in the new one at once.
    """

    def __init__(self, endpoint_config: EndpointConfig, domain: Domain) -> None:
        """Take the responses of the domain; Rasa renews them when it loads a model."""
        super().__init__(domain.responses)

    async def generate(
        self,
        utter_action: str,
        tracker: DialogueStateTracker,
        output_channel: str,
        **kwargs: Any,
    ) -> dict[str, Any] | None:
        """Return the response in the language of the conversation, or ``None`` if none is defined."""
        slots = {**tracker.current_slot_values(), LANGUAGE: reply_language(tracker)}
        draft: dict[str, Any] | None = self.generate_from_slots(
            utter_action, slots, output_channel, **kwargs
        )
        return draft


def reply_language(tracker: DialogueStateTracker) -> str:
    """Return the language to answer in: ``zh`` or ``en``.

    The app says it with the message (metadata ``language``), since it also knows the texts that
    never came to the engine. Without it (``rasa shell``) the customer's texts decide, the newest
    first; a button's payload has no language.
    """
    message = tracker.latest_message
    stated = (message.metadata or {}).get(LANGUAGE) if message else None
    if stated in _LANGUAGES:
        return str(stated)
    texts = (e.text or "" for e in reversed(tracker.events) if isinstance(e, UserUttered))
    return conversation_language(t for t in texts if not t.startswith(INTENT_MESSAGE_PREFIX))
