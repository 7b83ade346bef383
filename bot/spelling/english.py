"""English words with a slip in them."""

from __future__ import annotations

import copy
import re
from collections import Counter
from collections.abc import Iterable
from typing import Self

from rapidfuzz import process
from rapidfuzz.distance import OSA
from spellchecker import SpellChecker

# A word with a digit, a dot or an at sign beside it is a code, an address or a model name.
_WORD = re.compile(r"(?<![\w.@'-])[a-z]{5,}(?![\w.@'-])", re.IGNORECASE | re.ASCII)
# Rarer "words" of the dictionary are slips and names in the subtitles that it was counted from.
_RARE = 150
# The training examples hold slips on purpose, some of them several times; a word of the shop's is used so
# often, and no word that is so many times commoner lies near it.
_USED = 3
_COMMONER = 5
# Shorter words are another word after one slip ("form", "from"); more slips are a guess below so many letters.
_TWO_SLIPS_FROM = 7


class EnglishSpeller:
    """Replaces words that are no words by the shop's word they are nearest to.

    Nearest counts letters lost, added, changed or exchanged with their neighbour; of two equally near the
    one that the shop uses more is taken.
    """

    def __init__(self, texts: Iterable[str]) -> None:
        self._uses = Counter(word for text in texts for word in _WORD.findall(text))
        self._dictionary = SpellChecker(language="en")
        # The training examples hold slips on purpose; those are no words to correct to.
        self._targets = [word for word in self._uses if self.is_english(word)]

    def knowing(self, texts: Iterable[str]) -> Self:
        """Return a speller that knows the words of ``texts`` as well."""
        found = copy.copy(self)
        found._uses = self._uses + Counter(word for text in texts for word in _WORD.findall(text))
        new = found._uses.keys() - self._uses.keys()
        found._targets = [*self._targets, *(word for word in new if self.is_english(word))]
        return found

    def read(self, text: str) -> str:
        """Return ``text`` with its misspelt words replaced."""
        return _WORD.sub(lambda found: self._meant(found[0]), text)

    def is_english(self, word: str) -> bool:
        """Tell whether a lower-case word is in the dictionary and not rare."""
        return bool(self._dictionary[word] >= _RARE)

    def _meant(self, written: str) -> str:
        word = written.lower()
        if self.is_english(word):
            return written
        slips = 2 if len(word) >= _TWO_SLIPS_FROM else 1
        near = process.extract(
            word, self._targets, scorer=OSA.distance, score_cutoff=slips, limit=None
        )
        odd = {target: self._oddity(word, target, distance) for target, distance, _ in near}
        best = min(odd, key=lambda target: odd[target], default=None)
        if best is None or odd[best][0] > slips:
            return written
        uses = self._uses[word]
        return best if uses < _USED or self._uses[best] >= _COMMONER * uses else written

    def _oddity(self, word: str, target: str, distance: float) -> tuple[float, bool, int]:
        """Return what the likeliest target has least of: slips, other letters, rareness in the shop."""
        # The first letter is seldom wrong: another one counts double.
        slips = distance + (target[0] != word[0])
        return slips, sorted(target) != sorted(word), -self._uses[target]
