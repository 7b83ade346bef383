"""Between a task the classifier half believes in and a question the FAQ surely answers."""

from __future__ import annotations

from typing import Any

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.classifiers.classifier import IntentClassifier
from rasa.shared.nlu.constants import (
    ENTITIES,
    ENTITY_ATTRIBUTE_TYPE,
    INTENT,
    INTENT_NAME_KEY,
    INTENT_RANKING_KEY,
    METADATA,
    PREDICTED_CONFIDENCE_KEY,
)
from rasa.shared.nlu.training_data.message import Message

from bot.components.faq_importer import FAQ_INTENT

_CODES = frozenset({"order_number", "tracking_number"})


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=False)
class FaqArbiter(IntentClassifier, GraphComponent):
    """Makes a message ``ask_faq`` when the FAQ is sure of its answer and the intent is not sure.

    "Sent it back four days ago, when do I see my money" is near to a return request, but the FAQ
    has its answer. The app searches the FAQ before each turn and sends along, in the message's
    metadata, the probability of the best entry and the entry's id if that is enough to answer:
    ``{"faq": {"best": 0.83, "answer": "returns-refund-time"}}``. Without it (``rasa shell``, training) this
    component does nothing. The intent stays when its confidence is at least ``sure``. An entry with a
    probability of at least ``certain`` needs one of at least ``surest`` to be overruled; and intents that
    are close to a question (``asks``: "is shipping free" is no bargaining) give way to it however sure.
    Those of a customer who wants to be heard (``heard``) keep their word from ``sure`` on, whatever the FAQ
    would say: who calls us cheats is not told how we keep payments safe, and 撤销 after a change takes it back.
    """

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """Return the settings; bench/product measures what ``sure`` is worth."""
        return {
            "sure": 0.8,
            "surest": 0.97,
            "certain": 0.95,
            "asks": ["price_bargain"],
            "heard": ["complaint", "ask_human", "undo_change"],
        }

    def __init__(self, config: dict[str, Any]) -> None:
        """Keep the settings."""
        settings = {**self.get_default_config(), **config}
        self._sure, self._surest = float(settings["sure"]), float(settings["surest"])
        self._certain = float(settings["certain"])
        self._asks, self._heard = frozenset(settings["asks"]), frozenset(settings["heard"])

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> FaqArbiter:
        """Create the component; it has no state."""
        return cls(config)

    def process(self, messages: list[Message]) -> list[Message]:
        """Overrule a half-sure intent where the FAQ is sure."""
        for message in messages:
            found = (message.get(METADATA) or {}).get("faq") or {}
            intent = message.get(INTENT) or {}
            name = intent.get(INTENT_NAME_KEY)
            confidence = intent.get(PREDICTED_CONFIDENCE_KEY, 1.0)
            unsure = confidence < self._sure
            if found.get("best", 0.0) >= self._certain and name not in self._heard:
                unsure |= confidence < self._surest or name in self._asks
            # Who names an order talks about that order, not about orders in general.
            entities = {entity[ENTITY_ATTRIBUTE_TYPE] for entity in message.get(ENTITIES, [])}
            if entities & _CODES:
                continue
            if found.get("answer") and unsure and name != FAQ_INTENT:
                ruling = {
                    INTENT_NAME_KEY: FAQ_INTENT,
                    PREDICTED_CONFIDENCE_KEY: round(found["best"], 4),
                }
                ranking = [ruling, *message.get(INTENT_RANKING_KEY, [])]
                message.set(INTENT, ruling, add_to_output=True)
                message.set(INTENT_RANKING_KEY, ranking, add_to_output=True)
        return messages
