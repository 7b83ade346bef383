"""Pipeline head: the form of a message that every later component reads."""

from __future__ import annotations

from typing import Any

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.constants import INTENT_MESSAGE_PREFIX
from rasa.shared.nlu.constants import (
    ENTITIES,
    ENTITY_ATTRIBUTE_END,
    ENTITY_ATTRIBUTE_START,
    TEXT,
)
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.language import normalise

ORIGINAL_TEXT = "original_text"


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_FEATURIZER, is_trainable=False)
class Normaliser(GraphComponent):
    """Replaces a message's text by ``bot.language.normalise`` of it and keeps the original.

    Training and parsing go through the same function, so 「１２３ 退貨」 and "123 退货" are one
    text to the classifier and to the entity extractors. A button's payload (``/intent{...}``)
    is not language and passes unchanged.
    """

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> Normaliser:
        """Create the component; it has neither settings nor state."""
        return cls()

    def process(self, messages: list[Message]) -> list[Message]:
        """Normalise each message in place."""
        for message in messages:
            original = message.get(TEXT)
            if not isinstance(original, str) or original.startswith(INTENT_MESSAGE_PREFIX):
                continue
            text = normalise(original)
            message.set(ORIGINAL_TEXT, original, add_to_output=True)
            if text != original:
                message.set(TEXT, text)
                if message.get(ENTITIES):
                    message.set(ENTITIES, _relocate(message.get(ENTITIES), original, text))
        return messages

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """Normalise the training examples in place."""
        self.process(training_data.training_examples)
        return training_data


def _relocate(entities: list[dict[str, Any]], original: str, text: str) -> list[dict[str, Any]]:
    """Return annotated entities with their offsets in the normalised text.

    An annotation whose words cannot be found again is dropped: a wrong offset is worse than none.
    """
    relocated, searched_to = [], 0
    for entity in sorted(entities, key=lambda e: int(e[ENTITY_ATTRIBUTE_START])):
        words = normalise(original[entity[ENTITY_ATTRIBUTE_START] : entity[ENTITY_ATTRIBUTE_END]])
        start = text.find(words, searched_to)
        if start >= 0:
            searched_to = start + len(words)
            relocated.append(
                {**entity, ENTITY_ATTRIBUTE_START: start, ENTITY_ATTRIBUTE_END: searched_to}
            )
    return relocated
