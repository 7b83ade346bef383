"""One message in, the message as it was meant out."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Self

from bot.language import normalise
from bot.spelling.english import EnglishSpeller
from bot.spelling.pinyin import PinyinReader


class Speller:
    """Reads messages as the shop's own texts would have put them; unsure, it changes nothing.

    It learns its words from the shop's texts alone (training examples and FAQ), so it never turns a message
    into something that the bot does not know anyway.
    """

    def __init__(self, english: EnglishSpeller, chinese: PinyinReader) -> None:
        self._english, self._chinese = english, chinese

    @classmethod
    def learn(cls, texts: Iterable[str]) -> Self:
        """Return a speller that knows the words of ``texts``."""
        known = [normalise(text).lower() for text in texts]
        english = EnglishSpeller(known)
        return cls(english, PinyinReader(known, english.is_english))

    def knowing(self, texts: Iterable[str]) -> Self:
        """Return a speller that knows the words of ``texts`` as well; quick when they are few."""
        known = [normalise(text).lower() for text in texts]
        english = self._english.knowing(known)
        return type(self)(english, self._chinese.knowing(known))

    def read(self, text: str) -> str:
        """Return ``text`` as it was meant, ``text`` itself if nothing was misspelt.

        What is changed at all comes back in normal form, see ``bot.language.normalise``.
        """
        plain = normalise(text)
        meant = self._english.read(self._chinese.read(plain))
        return text if meant == plain else meant
