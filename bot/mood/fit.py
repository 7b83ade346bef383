"""Fits the weights: ``python -m bot.mood.fit``; prints how good they are on messages left out.

Training data: data/mood/examples.yml, written for this, and the shop's training examples (data/nlu)
as calm ones, which count a tenth each because there are many. Intents whose examples may be angry
(complaints, calls for a person) are left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from ruamel.yaml import YAML

from bot.encoder import Encoder, load_encoder
from bot.faq.questions import nlu_examples
from bot.faq.texts import prepare
from bot.mood.model import ngram_hasher
from bot.settings import Settings

_MAY_BE_ANGRY = frozenset({"complaint", "ask_human", "suggestion"})
_WEIGHT_OF_NLU = 0.1
# Inverse regularisation; 3 and 30 give the same order of messages.
_C = 10.0
_BATCH = 64


@dataclass(frozen=True, slots=True)
class Examples:
    """Messages by what they are."""

    angry: list[str]
    calm: list[str]


def read_examples(path: Path) -> Examples:
    """Read a file with the keys ``angry`` and ``calm``, each with lists ``zh`` and ``en``."""
    data = YAML(typ="safe").load(path.read_text("utf-8"))
    return Examples(*([*data[kind]["zh"], *data[kind]["en"]] for kind in ("angry", "calm")))


def fit(examples: Examples, nlu: Sequence[str], encoder: Encoder) -> dict[str, NDArray[np.float32]]:
    """Return the weights as ``Mood`` takes them."""
    from scipy.sparse import csr_matrix, hstack
    from sklearn.linear_model import LogisticRegression

    texts = [*examples.angry, *examples.calm, *nlu]
    labels = np.arange(len(texts)) < len(examples.angry)
    weights = np.ones(len(texts))
    weights[len(texts) - len(nlu) :] = _WEIGHT_OF_NLU
    vectors = encode(encoder, texts)
    inputs = hstack([csr_matrix(vectors), ngram_hasher()(texts)]).tocsr()
    model = LogisticRegression(C=_C, max_iter=2000).fit(inputs, labels, sample_weight=weights)
    row = model.coef_[0].astype(np.float32)
    return {
        "vector": row[: vectors.shape[1]],
        "ngrams": row[vectors.shape[1] :],
        "bias": model.intercept_[0].astype(np.float32),
    }


def encode(encoder: Encoder, texts: Sequence[str]) -> NDArray[np.float32]:
    """Return the vectors of n texts, shape (n, d)."""
    parts = [
        encoder.encode([prepare(text) for text in texts[start : start + _BATCH]])
        for start in range(0, len(texts), _BATCH)
    ]
    return np.vstack(parts)


def main() -> None:
    """Fit, and write the weights."""
    settings = Settings()
    encoder = load_encoder(settings.encoder)
    examples = read_examples(settings.mood_folder / "examples.yml")
    nlu = [
        text
        for intent, text in nlu_examples(settings.root / "data" / "nlu")
        if intent not in _MAY_BE_ANGRY
    ]
    weights = fit(examples, nlu, encoder)
    path = settings.mood_file
    np.savez_compressed(path, encoder=np.array(encoder.fingerprint), allow_pickle=False, **weights)
    print(  # noqa: T201 - a command
        f"{len(examples.angry)} angry, {len(examples.calm)} calm, {len(nlu)} of the shop -> {path}"
    )


if __name__ == "__main__":
    main()
