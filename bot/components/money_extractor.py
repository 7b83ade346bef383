"""Amounts of money in yuan."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal

from rasa.engine.recipes.default_recipe import DefaultV1Recipe

from bot.components.entity_extractor import Found, RuleExtractor

_DIGITS = {c: i for i, c in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2, "俩": 2}
_UNITS = {"十": 10, "百": 100, "千": 1000}
_TEN_THOUSAND = {"万": 10_000, "w": 10_000}

_AMOUNT = r"(?P<{0}>[0-9]{{1,3}}(?:,[0-9]{{3}})+(?:\.[0-9]{{1,2}})?|[0-9]+(?:\.[0-9]{{1,2}})?)"
_BEFORE = re.compile(rf"(?:¥|\b(?:rmb|cny))\s*{_AMOUNT.format('amount')}(?![0-9])", re.IGNORECASE)
_AFTER = re.compile(
    rf"(?<![0-9.,a-z]){_AMOUNT.format('amount')}\s*"
    r"(?:(?:元|块|塊)(?P<tenths>[0-9])?(?:钱|整)?(?![0-9])|(?:rmb|cny|yuan|kuai|人民币)(?![a-z]))",
    re.IGNORECASE,
)
# 一块 alone is mostly "together"; 两块 and more are money.
_NUMERALS = re.compile(
    r"(?P<amount>[零〇一二两俩三四五六七八九十百千万]+)(?:元|块)(?P<tenths>[一二三四五六七八九](?!十|百))?(?P<end>钱)?"
)


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.ENTITY_EXTRACTOR, is_trainable=False)
class MoneyExtractor(RuleExtractor):
    """Finds ``money``: ¥1,299 / 299元 / 三百五十块 / 50 rmb, as yuan with two decimals (``1299.00``).

    Written here and not taken from a library: recognizers-text reads ¥ as Japanese yen, does not
    know "RMB120" and needs 15 ms for a Chinese and 90 ms for an English message.
    """

    def find(self, text: str) -> Iterator[Found]:
        """Yield the amounts; other currencies are no business of the shop and are left alone."""
        for pattern in (_BEFORE, _AFTER):
            for match in pattern.finditer(text):
                amount = Decimal(match["amount"].replace(",", ""))
                tenths = match.groupdict().get("tenths")
                yield Found("money", *match.span(), _yuan(amount, tenths))
        for match in _NUMERALS.finditer(text):
            if match["amount"] != "一" or match["end"]:
                amount = Decimal(read_numerals(match["amount"]))
                tenths = match["tenths"] and str(_DIGITS[match["tenths"]])
                yield Found("money", *match.span(), _yuan(amount, tenths))


def read_numerals(numerals: str) -> int:
    """Return the number that Chinese numerals write: 三百五十 is 350, 两万零三 is 20003, 十二 is 12."""
    total = section = digit = 0
    for character in numerals:
        if character in _DIGITS:
            digit = digit * 10 + _DIGITS[character] if digit else _DIGITS[character]
        elif character in _UNITS:
            section += (digit or 1) * _UNITS[character]
            digit = 0
        else:
            total += (section + digit or 1) * _TEN_THOUSAND[character]
            section = digit = 0
    return total + section + digit


def _yuan(amount: Decimal, tenths: str | None) -> str:
    return f"{amount + Decimal(tenths or 0) / 10:.2f}"
