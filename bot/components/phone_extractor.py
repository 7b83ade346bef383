"""Phone numbers and the last four digits that identify an order's owner."""

from __future__ import annotations

import re
from collections.abc import Iterator

import phonenumbers
from phonenumbers import PhoneNumberFormat, PhoneNumberMatch, PhoneNumberMatcher, PhoneNumberType
from rasa.engine.recipes.default_recipe import DefaultV1Recipe

from bot.components.entity_extractor import TAKEN, Found, RuleExtractor

_REGIONS = ("CN", "HK")
_PERSONAL = {
    PhoneNumberType.MOBILE,
    PhoneNumberType.FIXED_LINE,
    PhoneNumberType.FIXED_LINE_OR_MOBILE,
}
_FEWEST_DIGITS = 8  # a Hong Kong number without its country code
_NAMED_LAST_FOUR = re.compile(
    r"(?:尾号|尾数|后四位|后4位|末四位|末4位|最后四位|最后4位|last\s+(?:four|4)(?:\s+digits?)?"
    r"|(?:ending|ends|end)(?:\s+(?:in|with))?)"
    r"(?:\s|是|为|就是|应该是|的|:|：|=|\bis\b|\bare\b|\bof\b|\bmy\b|\bthe\b|\bphone\b|\bnumber\b)*"
    r"([0-9]{4})(?![0-9])",
    re.IGNORECASE,
)
_FOLLOWED_LAST_FOUR = re.compile(r"(?<![0-9])([0-9]{4})(?=\s*(?:结尾|是尾号|尾号))")
_BARE_LAST_FOUR = re.compile(r"(?<![0-9a-z])([0-9]{4})(?![0-9a-z])", re.IGNORECASE)
# What people write around four bare digits: with anything else in the message they are a year, a
# price or a model, and a wrong guess would cost the customer one of the five tries.
_FILLER = re.compile(
    r"订单号?|单号|手机号?|电话|号码?|是|我的|我|的|嗯+|好的?|对|哦|和|那个|应该|"
    r"\b(?:it'?s|its|is|it|the|my|order|number|no|phone|digits|and|ok|okay|yes|sure|here|you|go|i|think)\b"
    rf"|[\s{TAKEN}\W_]",
    re.IGNORECASE,
)


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.ENTITY_EXTRACTOR, is_trainable=False)
class PhoneExtractor(RuleExtractor):
    """Finds ``phone`` (E.164, ``+8613812345678``) and ``last_four`` (``5678``).

    Numbers are read as mainland Chinese first and as Hong Kong ones second; any other country's
    needs its ``+`` prefix. ``last_four`` is the end of a phone number, four digits after 尾号 or
    "ending in", or four digits that are all the message says.
    """

    def find(self, text: str) -> Iterator[Found]:
        """Yield phones, each with its last four digits, then four digits given alone."""
        phones = list(_phones(text))
        for match in phones:
            number = phonenumbers.format_number(match.number, PhoneNumberFormat.E164)
            yield Found("phone", match.start, match.end, number)
            yield Found("last_four", match.start, match.end, number[-4:])
        if not phones:
            yield from _last_four(text)


def _phones(text: str) -> Iterator[PhoneNumberMatch]:
    if sum(character.isdigit() for character in text) < _FEWEST_DIGITS:
        return
    for region in _REGIONS:
        matches = [
            match
            for match in PhoneNumberMatcher(text, region)
            if phonenumbers.number_type(match.number) in _PERSONAL
        ]
        if matches:
            yield from matches
            return


def _last_four(text: str) -> Iterator[Found]:
    named = [*_NAMED_LAST_FOUR.finditer(text), *_FOLLOWED_LAST_FOUR.finditer(text)]
    if not named:
        bare = list(_BARE_LAST_FOUR.finditer(text))
        if len(bare) == 1 and not _FILLER.sub("", _BARE_LAST_FOUR.sub("", text)):
            named = bare
    for match in named:
        yield Found("last_four", *match.span(1), match.group(1))
