"""Order numbers and tracking numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rasa.engine.recipes.default_recipe import DefaultV1Recipe

from bot.components.entity_extractor import Found, RuleExtractor

# SO + yyyymmdd + three digits. Customers also type it small, with spaces or dashes, or leave "SO" away.
_ORDER_NUMBER = re.compile(
    r"(?<![0-9a-z])(?:so[\s#:-]{0,2})?"
    r"(20[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01]))[\s-]?([0-9]{3})(?![0-9a-z])",
    re.IGNORECASE,
)
# SF Express: SF + 13 digits; ZTO: 12 to 14 digits that start with 7.
_TRACKING_NUMBER = re.compile(
    r"(?<![0-9a-z])(?:sf[\s-]?[0-9]{13}|7[0-9]{11,13})(?![0-9a-z])", re.IGNORECASE
)


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.ENTITY_EXTRACTOR, is_trainable=False)
class CodeExtractor(RuleExtractor):
    """Finds ``order_number`` (``SO20261105001``) and ``tracking_number`` (``SF1234567890123``)."""

    def find(self, text: str) -> Iterator[Found]:
        """Yield the codes in their canonical form: capital letters, no space or dash."""
        for match in _ORDER_NUMBER.finditer(text):
            yield Found("order_number", *match.span(), "SO" + "".join(match.groups()))
        for match in _TRACKING_NUMBER.finditer(text):
            value = re.sub(r"[\s-]", "", match.group()).upper()
            yield Found("tracking_number", *match.span(), value)
