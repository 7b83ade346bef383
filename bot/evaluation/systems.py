"""The systems that are compared on intents: the product's model, and TF-IDF with logistic regression."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from bot.components.intent_model import IntentModel, words_of
from bot.encoder import Encoder
from bot.language import normalise

_TIMED = 100  # messages classified one by one, as in service
_NEAREST = 5  # training examples that the distance of a message is taken to


@dataclass(frozen=True)
class Prediction:
    """What a system makes of n texts.

    Attributes:
        intents: the likeliest of each.
        probability: of that intent, 0 to 1, shape (n,).
        familiarity: how much a text looks like something known, shape (n,); what is out of scope
            has little.
    """

    intents: list[str]
    probability: NDArray[np.float64]
    familiarity: NDArray[np.float64]

    def right(self, truth: Sequence[str]) -> NDArray[np.bool_]:
        """Return which intents are the true ones, shape (n,)."""
        return np.array([g == t for g, t in zip(self.intents, truth, strict=True)])


class System(Protocol):
    """Trained on texts, tells the intent of others."""

    def fit(self, texts: Sequence[str], intents: Sequence[str]) -> None:
        """Train from nothing."""
        ...

    def predict(self, texts: Sequence[str]) -> Prediction:
        """Return intents with their probability and the texts' familiarity."""
        ...

    def clock(self) -> float:
        """Return the processor seconds used so far by whatever does the work."""
        ...

    def close(self) -> None:
        """End what was started for it."""
        ...


class _Local:
    """Works in this process."""

    def clock(self) -> float:
        """See `System.clock`."""
        return time.process_time()

    def close(self) -> None:
        """See `System.close`; there is nothing to end."""


class Vectors:
    """An encoder that reads each text once; `seconds` is processor time per text read."""

    def __init__(self, encoder: Encoder, progress: Callable[[str], None]) -> None:
        self.encoder = encoder
        self._progress = progress
        self._known: dict[str, NDArray[np.float32]] = {}
        self._spent = 0.0

    def __call__(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return unit rows (n, d)."""
        missing = sorted(set(texts) - self._known.keys())
        for start in range(0, len(missing), 512):
            part = missing[start : start + 512]
            began = time.process_time()
            found = self.encoder.encode(part)
            self._spent += time.process_time() - began
            self._known.update(zip(part, found, strict=True))
            self._progress(f"encoding {min(start + 512, len(missing))}/{len(missing)}")
        return np.stack([self._known[text] for text in texts])

    @property
    def seconds(self) -> float:
        """Processor seconds for a text."""
        return self._spent / max(1, len(self._known))


class Product(_Local):
    """The engine's features and classifier, without Rasa around them.

    Args:
        vectors: the encoder.
        ngrams: settings of the engine's CountVectorsFeaturizer.
        config: settings of the engine's classifier.
        intent_names: give each intent's name as one more example, in words. The engine's training
            does not; names such as ``card_payment_fee_charged`` say what a few examples leave open.
    """

    def __init__(
        self, vectors: Vectors, config: dict[str, Any] | None = None, intent_names: bool = True
    ) -> None:
        self.vectors = vectors
        self._config = config or {}
        self._intent_names = intent_names

    def fit(self, texts: Sequence[str], intents: Sequence[str]) -> None:
        """See `System.fit`."""
        names = sorted(set(intents)) if self._intent_names else []
        readable = [normalise(text) for text in texts] + words_of(names)
        self._counts = CountVectorizer(analyzer="char_wb", ngram_range=(1, 4), min_df=3)
        counts = self._counts.fit_transform(readable)
        self._examples = self.vectors(readable)
        self._model = IntentModel.fit(
            counts.tocsr(), self._examples, np.array([*intents, *names]), self._config
        )

    def predict(self, texts: Sequence[str]) -> Prediction:
        """See `System.predict`; familiarity is nearness to training examples plus probability."""
        intents, familiar, probable = [], [], []
        for start in range(0, len(texts), 256):
            readable = [normalise(text) for text in texts[start : start + 256]]
            vectors = self.vectors(readable)
            log_p = self._model.log_probabilities(self._counts.transform(readable).tocsr(), vectors)
            intents += [str(name) for name in self._model.arrays["names"][log_p.argmax(axis=1)]]
            near = np.partition(vectors @ self._examples.T, -_NEAREST, axis=1)[:, -_NEAREST:]
            probable.append(np.exp(log_p.max(axis=1)).astype(np.float64))
            familiar.append(near.mean(axis=1) + 0.25 * probable[-1])
        return Prediction(intents, np.concatenate(probable), np.concatenate(familiar))


class Baseline(_Local):
    """TF-IDF of words and word pairs (of characters in Chinese), scikit-learn's logistic regression."""

    def fit(self, texts: Sequence[str], intents: Sequence[str]) -> None:
        """See `System.fit`."""
        words = TfidfVectorizer(
            token_pattern=r"(?u)[^\W\u4e00-\u9fff]+|[\u4e00-\u9fff]", ngram_range=(1, 2),  # noqa: S106 - no password
            sublinear_tf=True,
        )  # fmt: skip
        self._model = make_pipeline(words, LogisticRegression(C=10, max_iter=50, tol=1e-3))
        self._model.fit(list(texts), list(intents))

    def predict(self, texts: Sequence[str]) -> Prediction:
        """See `System.predict`; familiarity is the best probability."""
        found = self._model.predict_proba(list(texts))
        best = [str(self._model.classes_[i]) for i in found.argmax(axis=1)]
        return Prediction(best, found.max(axis=1), found.max(axis=1))


def milliseconds(system: System, texts: Sequence[str], seconds_before: float) -> float:
    """Return the median processor milliseconds of one message; encoding's mean is added."""
    spent = []
    for text in list(texts)[:_TIMED]:
        began = system.clock()
        system.predict([text])
        spent.append(system.clock() - began)
    return 1000 * (float(np.median(spent)) + seconds_before)
