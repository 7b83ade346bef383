"""What labelled messages say belongs together: the second stage of the training.

Two messages of one intent are drawn together and messages of other intents of the same set apart
(supervised contrastive loss, Khosla et al. 2020), which is what a classifier with few examples lives
on. Half of the batches hold one intent and those nearest to it, which are the ones that get mixed up.
Only training parts are read, and their labels are never compared between sets.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn import functional
from transformers import BertModel

from bot.encoder.training import tokens
from bot.encoder.training.data import Labelled
from bot.encoder.training.vectors import embed

_INTENTS = 32  # of one set in a batch
_TEXTS = 4  # of each of them
_TEMPERATURE = 0.1
_BY_CHARACTER = 0.1  # chance that a text is read without word tokens
_NEAREST = 0.5  # chance that a batch is an intent with those nearest to it
_OF_MEAN = 16  # texts of an intent that its mean vector is taken of


@dataclass(frozen=True)
class _Set:
    """One set's texts by intent, and for each intent all of them, the nearest first."""

    texts: Mapping[str, Sequence[str]]
    nearest: Mapping[str, Sequence[str]]


class Intents:
    """Draws batches of labelled texts and says how well a model keeps their intents apart."""

    def __init__(
        self,
        sets: Mapping[str, Sequence[Labelled]],
        weights: Mapping[str, float],
        model: BertModel,
        tokenizer: Tokenizer,
        seed: int,
    ) -> None:
        """Groups the texts of each set by intent; an intent with fewer than four texts is left out.

        Args:
            sets: the labelled messages by set.
            weights: how often a set is drawn beside the others, 1 where it is not named.
            model: says which intents are near each other at the beginning.
            tokenizer: of the model.
            seed: of all choices.
        """
        self._rng = random.Random(seed)  # noqa: S311 - no secret
        self._by_word = tokenizer
        self._by_character = tokens.without_words(tokenizer)
        self._sets = [self._grouped(rows, model) for _, rows in sorted(sets.items())]
        self._weights = [weights.get(name, 1.0) for name in sorted(sets)]

    def _grouped(self, rows: Sequence[Labelled], model: BertModel) -> _Set:
        texts = _by_intent(rows)
        means = []
        with torch.inference_mode():
            for of_intent in texts.values():
                some = self._rng.sample(of_intent, min(_OF_MEAN, len(of_intent)))
                means.append(embed(model, [self._by_word.encode(t).ids for t in some]).mean(0))
        return _Set(texts, nearest_first(list(texts), torch.stack(means)))

    def loss(self, model: BertModel) -> Tensor:
        """Return the supervised contrastive loss of one batch of one set, a scalar."""
        rng = self._rng
        (group,) = rng.choices(self._sets, self._weights)
        chosen = rng.sample(sorted(group.texts), min(_INTENTS, len(group.texts)))
        if rng.random() < _NEAREST:
            chosen = list(group.nearest[chosen[0]][:_INTENTS])
        texts = [text for intent in chosen for text in rng.sample(group.texts[intent], _TEXTS)]
        labels = torch.arange(len(chosen)).repeat_interleave(_TEXTS)
        rows = [
            (self._by_character if rng.random() < _BY_CHARACTER else self._by_word).encode(text).ids
            for text in texts
        ]
        return contrast(embed(model, rows), labels)


def contrast(vectors: Tensor, labels: Tensor) -> Tensor:
    """The supervised contrastive loss of unit rows (n, d) with labels (n,), a scalar."""
    similar = (vectors @ vectors.T / _TEMPERATURE).fill_diagonal_(-torch.inf)
    same = (labels[:, None] == labels).fill_diagonal_(fill_value=False)
    given = functional.log_softmax(similar, dim=1).masked_fill(~same, 0.0)
    return -(given.sum(1) / same.sum(1)).mean()


def nearest_first(names: Sequence[str], means: Tensor) -> dict[str, list[str]]:
    """Return for each name all of them by the cosine of their rows in ``means`` (n, d), itself first."""
    centres = functional.normalize(means)
    order = torch.argsort(centres @ centres.T, dim=1, descending=True).tolist()
    return {name: [names[i] for i in row] for name, row in zip(names, order, strict=True)}


def _by_intent(rows: Sequence[Labelled]) -> dict[str, list[str]]:
    found: defaultdict[str, list[str]] = defaultdict(list)
    for row in rows:
        found[row.intent].append(row.text)
    return {intent: texts for intent, texts in found.items() if len(texts) >= _TEXTS}
