"""Messages of which only the codes say anything."""

from __future__ import annotations

import re
from typing import Any

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.classifiers.classifier import IntentClassifier
from rasa.shared.constants import DEFAULT_NLU_FALLBACK_INTENT_NAME as FALLBACK
from rasa.shared.nlu.constants import (
    ENTITIES,
    ENTITY_ATTRIBUTE_END,
    ENTITY_ATTRIBUTE_START,
    ENTITY_ATTRIBUTE_TYPE,
    INTENT,
    INTENT_NAME_KEY,
    INTENT_RANKING_KEY,
    PREDICTED_CONFIDENCE_KEY,
    TEXT,
)
from rasa.shared.nlu.training_data.message import Message

_INTENT = "inform"
_ORDERS = {"order_number", "tracking_number"}
_CODES = {"order_number", "tracking_number", "phone", "last_four"}


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=False)
class BareCodeClassifier(IntentClassifier, GraphComponent):
    """Gives ``inform`` to a message in which no word is left beside the codes it holds.

    "SO20261105001" or "5678" has no meaning of its own; what a statistical classifier makes of the
    digits is chance. A message that the classifier does not understand is about the order that it names.
    """

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> BareCodeClassifier:
        """Create the component; it has neither settings nor state."""
        return cls()

    def process(self, messages: list[Message]) -> list[Message]:
        """Overrule the classifier before this one where only codes stand in the text."""
        for message in messages:
            codes = [e for e in message.get(ENTITIES, []) if e[ENTITY_ATTRIBUTE_TYPE] in _CODES]
            if not codes:
                continue
            rest = list(message.get(TEXT))
            for code in codes:
                start, end = code[ENTITY_ATTRIBUTE_START], code[ENTITY_ATTRIBUTE_END]
                rest[start:end] = " " * (end - start)
            understood = (message.get(INTENT) or {}).get(INTENT_NAME_KEY) != FALLBACK
            names_order = any(e[ENTITY_ATTRIBUTE_TYPE] in _ORDERS for e in codes)
            if re.search(r"\w", "".join(rest)) and (understood or not names_order):
                continue
            prediction = {INTENT_NAME_KEY: _INTENT, PREDICTED_CONFIDENCE_KEY: 1.0}
            message.set(INTENT, prediction, add_to_output=True)
            message.set(INTENT_RANKING_KEY, [prediction], add_to_output=True)
        return messages
