"""How alike two short texts are by their characters and words: names, model numbers and amounts count.

TF-IDF cosine over features of five kinds. Han text gives characters and character pairs, Latin text
words and letter triples, so that one wrong character costs little; numbers, and a word with the number
beside it ("iphone 15", "iPhone15"), weigh double. The index keeps postings and adds them up with one
``bincount``: 0.2 ms for 7,000 texts. Left out for little gain: jieba words beside the characters
(recall@1 of this score alone 0.242 to 0.251, for 0.6 s at start), and syllables, so that homophones and
pinyin match (one to two points on such slips, for one more dependency).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from bot.faq.texts import prepare

_RUN = re.compile(r"(?P<han>[㐀-䶿一-鿿]+)|(?P<word>[a-z]+(?:'[a-z]+)?)|(?P<number>\d+(?:\.\d+)?)")

# Weights of the feature kinds, chosen on the development questions (bench/faq/README.md).
_WEIGHTS = {"char": 0.5, "pair": 1.0, "word": 1.0, "triple": 0.35, "number": 2.0}


def features(text: str) -> dict[str, float]:
    """Return the features of ``text`` with their kind's weight, e.g. ``{"pair:包邮": 1.0, ...}``."""
    found: dict[str, float] = {}

    def add(kind: str, values: Iterable[str]) -> None:
        found.update((f"{kind}:{value}", _WEIGHTS[kind]) for value in values)

    before = ""
    for run in _RUN.finditer(prepare(text).casefold()):
        value = run.group()
        match run.lastgroup:
            case "han":
                add("char", value)
                add("pair", _grams(value, 2))
            case "word":
                add("word", [_stem(value)])
                add("triple", _grams(f"^{value}$", 3))
            case _:
                add("number", [value])
                if before:
                    add("number", [before + value])
        before = value if run.lastgroup == "word" else ""
    return found


class LexicalIndex:
    """TF-IDF vectors of n texts as postings; immutable.

    Args:
        texts: The texts.
        before: An earlier index: features of the texts that it knows are taken over. Features that no
            text has any more count as unknown ones do, so the scores are those of an index made anew.
    """

    def __init__(self, texts: Sequence[str], before: LexicalIndex | None = None) -> None:
        self.size = len(texts)
        self._numbers: dict[str, int] = dict(before._numbers) if before else {}
        known = before._rows if before else {}
        self._rows: dict[str, tuple[NDArray[np.int32], NDArray[np.float64]]] = {
            text: known.get(text) or self._row(text) for text in dict.fromkeys(texts)
        }
        rows = [self._rows[text] for text in texts]
        columns = np.concatenate([np.zeros(0, np.int32), *(row[0] for row in rows)])
        weights = np.concatenate([np.zeros(0), *(row[1] for row in rows)])
        documents = np.repeat(np.arange(self.size), [len(row[0]) for row in rows])
        counts = np.bincount(columns, minlength=len(self._numbers))
        self._idf = np.log((1 + self.size) / (1 + counts)) + 1
        self._unknown_idf = float(np.log(1 + self.size) + 1)
        weights *= self._idf[columns]
        lengths = np.sqrt(np.bincount(documents, weights**2, minlength=self.size))
        weights /= np.maximum(lengths[documents], 1e-9)
        order = np.argsort(columns, kind="stable")
        self._documents = documents[order].astype(np.int32)
        self._weights = weights[order].astype(np.float32)
        self._starts = np.concatenate([[0], np.cumsum(counts)])

    def _row(self, text: str) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
        """Return the numbers of a text's features and their kinds' weights, shape (features,) each."""
        found = features(text)
        numbers = [self._numbers.setdefault(name, len(self._numbers)) for name in found]
        return np.array(numbers, np.int32), np.array(list(found.values()), np.float64)

    def scores(self, text: str) -> NDArray[np.float32]:
        """Return the cosine in 0..1 of ``text`` with each of the n texts; zeros for empty text.

        Features that no indexed text has lengthen the query's vector, so that a question about
        something else scores low even when its small words match.
        """
        parts: list[slice] = []
        factors: list[float] = []
        squares = 0.0
        for name, weight in features(text).items():
            number = self._numbers.get(name)
            if number is None:
                squares += (weight * self._unknown_idf) ** 2
                continue
            factor = weight * float(self._idf[number])
            squares += factor**2
            factors.append(factor)
            parts.append(slice(self._starts[number], self._starts[number + 1]))
        if not parts:
            return np.zeros(self.size, np.float32)
        documents = np.concatenate([self._documents[part] for part in parts])
        weights = np.concatenate(
            [self._weights[part] * factor for part, factor in zip(parts, factors, strict=True)]
        )
        total = np.bincount(documents, weights, minlength=self.size) / np.sqrt(squares)
        return np.asarray(total, np.float32)


def _grams(text: str, length: int) -> Iterable[str]:
    return (text[i : i + length] for i in range(len(text) - length + 1))


def _stem(word: str) -> str:
    """Drop a plural or genitive ending; the letter triples take care of the rest."""
    word = word.removesuffix("'s")
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word
