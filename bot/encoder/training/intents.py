"""What public intent sets say belongs together: the second stage of the training.

Two messages of one intent are drawn together and messages of other intents of the same set apart
(supervised contrastive loss, Khosla et al. 2020), which is what a classifier with few examples lives
on. Only training parts are read, and their labels are never compared between sets.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Mapping, Sequence

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


class Intents:
    """Draws batches of labelled texts and says how well a model keeps their intents apart."""

    def __init__(
        self, sets: Mapping[str, Sequence[Labelled]], tokenizer: Tokenizer, seed: int
    ) -> None:
        """Groups the texts of each set by intent; an intent with fewer than four texts is left out."""
        self._rng = random.Random(seed)  # noqa: S311 - no secret
        self._sets = [_by_intent(rows) for _, rows in sorted(sets.items())]
        self._by_word = tokenizer
        self._by_character = tokens.without_words(tokenizer)

    def loss(self, model: BertModel) -> Tensor:
        """Return the supervised contrastive loss of one batch of one set, a scalar."""
        rng = self._rng
        texts_of = rng.choice(self._sets)
        chosen = rng.sample(sorted(texts_of), min(_INTENTS, len(texts_of)))
        texts = [text for intent in chosen for text in rng.sample(texts_of[intent], _TEXTS)]
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


def _by_intent(rows: Sequence[Labelled]) -> dict[str, list[str]]:
    found: defaultdict[str, list[str]] = defaultdict(list)
    for row in rows:
        found[row.intent].append(row.text)
    return {intent: texts for intent, texts in found.items() if len(texts) >= _TEXTS}
