"""Pinyin typed without choosing characters, and characters that only sound right."""

from __future__ import annotations

import copy
import itertools
import math
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Self

from pypinyin import Style, pinyin

from bot.han_words import load_jieba

_HAN = re.compile(r"[\u4e00-\u9fff]")
_HAN_RUN = re.compile(r"[\u4e00-\u9fff]+")
_LATIN = re.compile(r"(?<![\w.@'-])[a-z]+(?![\w.@'-])", re.IGNORECASE | re.ASCII)
_LONGEST_SYLLABLE = 6  # zhuang
_START = "^"
# How much of a character's probability comes from how often it is used at all, not from the one before it.
_UNIGRAM_WEIGHT = 2.0
# Natural logarithm of a probability: what a reading must reach for each character on average.
_CREDIBLE = -5.5
# How often the shop must put two characters together to take them for the word that was meant.
_WORD_USES = 3
# The shop's examples hold slips on purpose: two characters that they put together no more often than this may
# be one, if the word that was meant is so many times commoner.
_SLIP_USES = 2
_COMMONER = 15
_BEAM = 24
# In a Chinese sentence a short Latin word is a size, a brand or an abbreviation.
_SHORTEST_AMONG_HAN = 4


@dataclass(frozen=True, slots=True)
class _Path:
    cost: float
    text: str


class PinyinReader:
    """Finds the characters that were meant, by their sounds and by which ones the shop's texts put together.

    Args:
        texts: The shop's texts in normal form.
        is_english: Whether a lower-case Latin word is English; "you can" is no pinyin.
    """

    def __init__(self, texts: Iterable[str], is_english: Callable[[str], bool]) -> None:
        self._jieba = load_jieba()
        self._is_english = is_english
        self._uses: Counter[str] = Counter()
        self._pairs: Counter[tuple[str, str]] = Counter()
        self._by_sound: dict[str, list[str]] = {}
        self._by_first_sound: dict[str, list[str]] = {}
        self._learn(texts)

    def knowing(self, texts: Iterable[str]) -> Self:
        """Return a reader that knows what ``texts`` put together as well."""
        found = copy.copy(self)
        found._uses, found._pairs = Counter(self._uses), Counter(self._pairs)
        found._learn(texts)
        return found

    def _learn(self, texts: Iterable[str]) -> None:
        for text in texts:
            for run in _HAN_RUN.findall(text):
                self._uses.update(run)
                self._pairs.update(zip(_START + run, run, strict=False))
        self._total = sum(self._uses.values())
        self._before = Counter[str]()
        for (first, _), count in self._pairs.items():
            self._before[first] += count
        by_sound, by_first_sound = (
            defaultdict[str, list[str]](list),
            defaultdict[str, list[str]](list),
        )
        for character in self._uses:
            sounds = _sounds(character)
            for sound in sounds:
                by_sound[sound].append(character)
            for sound in sounds[:1]:
                by_first_sound[sound].append(character)
        self._by_sound, self._by_first_sound = dict(by_sound), dict(by_first_sound)

    def read(self, text: str) -> str:
        """Return ``text``, in normal form, with pinyin and wrong homophones replaced."""
        return self._read_homophones(self._read_pinyin(text))

    def _read_pinyin(self, text: str) -> str:
        words = [found[0].lower() for found in _LATIN.finditer(text)]
        if _HAN.search(text):
            return _LATIN.sub(lambda found: self._among_han(found[0], text[: found.start()]), text)
        spelt = words and all(self._syllables(word) for word in words)
        if not spelt or all(self._is_english(word) for word in words):
            return text
        # Only spaces and punctuation may stand between the syllables of one sentence.
        if re.sub(r"[\s\W]", "", _LATIN.sub("", text)):
            return text
        meant = self._decode("".join(words), words, _START)
        return meant if meant is not None else text

    def _among_han(self, word: str, before: str) -> str:
        written = word.lower()
        if (
            len(written) < _SHORTEST_AMONG_HAN
            or self._is_english(written)
            or not self._syllables(written)
        ):
            return word
        previous = before[-1:] if _HAN.match(before[-1:]) else _START
        meant = self._decode(written, [written], previous)
        return meant if meant is not None else word

    def _decode(self, letters: str, words: Sequence[str], previous: str) -> str | None:
        """Return the likeliest characters for a row of syllables; None if none are credible."""
        ends = set(_ends(words))
        paths: dict[int, list[_Path]] = {0: [_Path(0.0, previous)]}
        for start in range(len(letters)):
            for end in range(start + 1, min(start + _LONGEST_SYLLABLE, len(letters)) + 1):
                # A syllable lies within one typed word.
                if any(start < e < end for e in ends):
                    break
                for character in self._by_sound.get(letters[start:end], ()):
                    for path in paths.get(start, ()):
                        cost = path.cost + self._cost(path.text[-1], character)
                        paths.setdefault(end, []).append(_Path(cost, path.text + character))
            for end, found in paths.items():
                if end > start:
                    paths[end] = sorted(found, key=lambda path: path.cost)[:_BEAM]
        best = min(paths.get(len(letters), ()), key=lambda path: path.cost, default=None)
        if best is None:
            return None
        characters = best.text[1:]
        return characters if -best.cost / len(characters) >= _CREDIBLE else None

    def _read_homophones(self, text: str) -> str:
        return _HAN_RUN.sub(lambda found: self._mend(found[0]), text)

    def _mend(self, run: str) -> str:
        """Return the run with the shop's words where two stray characters sound like one."""
        words = list(self._jieba.cut(run, HMM=False))
        for place, (first, second) in enumerate(itertools.pairwise(words)):
            strays = len(first) == len(second) == 1
            if strays and self._pairs[first, second] <= _SLIP_USES:
                meant = self._word_that_sounds(first, second)
                if meant is not None:
                    words[place : place + 2] = meant
        return "".join(words)

    def _word_that_sounds(self, first: str, second: str) -> str | None:
        """Return the shop's commonest word that differs in one character, which sounds the same."""
        candidates = [(other, second) for other in self._homophones(first)]
        candidates += [(first, other) for other in self._homophones(second)]
        pair = max(candidates, key=lambda pair: self._pairs[pair], default=None)
        least = max(_WORD_USES, _COMMONER * self._pairs[first, second])
        if pair is None or self._pairs[pair] < least or "".join(pair) not in self._jieba.FREQ:
            return None
        return "".join(pair)

    def _homophones(self, character: str) -> list[str]:
        # By the commonest reading only: an input method offers a rare one last.
        sounds = _sounds(character)
        return self._by_first_sound.get(sounds[0], []) if sounds else []

    def _cost(self, first: str, second: str) -> float:
        """Return the negative logarithm of the probability that ``second`` follows ``first``."""
        alone = (self._uses[second] + 0.1) / (self._total + 0.1 * len(self._uses))
        count = self._pairs[(first, second)] + _UNIGRAM_WEIGHT * alone
        return -math.log(count / (self._before[first] + _UNIGRAM_WEIGHT))

    def _syllables(self, word: str) -> bool:
        """Tell whether a word is a row of syllables that characters of the shop's texts have."""
        reached = {0}
        for end in range(1, len(word) + 1):
            first = max(0, end - _LONGEST_SYLLABLE)
            if any(s in reached and word[s:end] in self._by_sound for s in range(first, end)):
                reached.add(end)
        return len(word) in reached


@cache
def _sounds(character: str) -> tuple[str, ...]:
    """Return the syllables of a character without tones, with v for ü, the commonest first."""
    (readings,) = pinyin(character, style=Style.NORMAL, heteronym=True)
    return tuple(dict.fromkeys(reading for reading in readings if reading.isalpha()))


def _ends(words: Sequence[str]) -> Iterator[int]:
    end = 0
    for word in words:
        end += len(word)
        yield end
