"""The base of Yingda's entity extractors: what they share is written once."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any, NamedTuple

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.extractors.extractor import EntityExtractorMixin
from rasa.shared.constants import INTENT_MESSAGE_PREFIX
from rasa.shared.nlu.constants import (
    ENTITIES,
    ENTITY_ATTRIBUTE_END,
    ENTITY_ATTRIBUTE_START,
    ENTITY_ATTRIBUTE_TYPE,
    ENTITY_ATTRIBUTE_VALUE,
    TEXT,
)
from rasa.shared.nlu.training_data.message import Message

# Stands for a character that an earlier extractor has read: neither letter, digit nor space.
TAKEN = "\ufffc"


class Found(NamedTuple):
    """One entity: its type, its place ``text[start:end]`` and its resolved value."""

    entity: str
    start: int
    end: int
    value: str


class RuleExtractor(GraphComponent, EntityExtractorMixin, ABC):
    """Finds entities by rule, in the order in which config.yml lists the extractors.

    A character belongs to one extractor: the later one sees ``TAKEN`` where an earlier one has
    read, so the digits of an order number are never part of a phone number or of a price.
    """

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> RuleExtractor:
        """Create the extractor; it learns nothing, so there is nothing to load."""
        return cls()

    @abstractmethod
    def find(self, text: str) -> Iterable[Found]:
        """Yield the entities of a normalised ``text`` in which ``TAKEN`` marks what is read."""

    def process(self, messages: list[Message]) -> list[Message]:
        """Append this extractor's entities to each message's; a button's payload has none."""
        for message in messages:
            text = message.get(TEXT)
            if not text or text.startswith(INTENT_MESSAGE_PREFIX):
                continue
            known = message.get(ENTITIES, [])
            found = [
                {
                    ENTITY_ATTRIBUTE_TYPE: entity.entity,
                    ENTITY_ATTRIBUTE_START: entity.start,
                    ENTITY_ATTRIBUTE_END: entity.end,
                    ENTITY_ATTRIBUTE_VALUE: entity.value,
                }
                for entity in self.find(_without(text, known))
            ]
            if found or not known:
                message.set(ENTITIES, known + self.add_extractor_name(found), add_to_output=True)
        return messages


def _without(text: str, entities: list[dict[str, Any]]) -> str:
    characters = list(text)
    for entity in entities:
        start, end = entity[ENTITY_ATTRIBUTE_START], entity[ENTITY_ATTRIBUTE_END]
        characters[start:end] = TAKEN * (end - start)
    return "".join(characters)
