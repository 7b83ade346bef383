"""Dates and times of day as entities."""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from rasa.engine.recipes.default_recipe import DefaultV1Recipe

from bot.components.entity_extractor import Found, RuleExtractor
from bot.components.moments import SHANGHAI, MomentReader


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.ENTITY_EXTRACTOR, is_trainable=False)
class MomentExtractor(RuleExtractor):
    """Finds ``date`` (``2026-11-25``) and ``time`` (``15:00``, ``17:00/..``); see ``moments.Moment``.

    An expression that names both (明天下午三点) gives both entities, each over the whole expression.
    """

    def __init__(self) -> None:
        self._reader = MomentReader()

    def find(self, text: str) -> Iterator[Found]:
        """Yield the moments as seen now."""
        return self.find_at(text, datetime.datetime.now(SHANGHAI))

    def find_at(self, text: str, now: datetime.datetime) -> Iterator[Found]:
        """Yield the moments as seen at ``now``."""
        for moment in self._reader.read(text, now):
            for entity, value in (("date", moment.date), ("time", moment.time)):
                if value:
                    yield Found(entity, moment.start, moment.end, value)
