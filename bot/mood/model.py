"""The model at work: logistic regression over a message's vector and its character n-grams.

The vector knows what a message means, the n-grams how it is said (「!!!」, 「狗屁」, "damn"). Neither alone is
as good; the figures are in docs/desk.md, and ``python -m bot.mood.fit`` reproduces the weights.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np
import structlog
from numpy.typing import NDArray

from bot.faq.texts import prepare

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

    from bot.encoder import Encoder

_log = structlog.get_logger(__name__)

# From this level on a customer counts as angry. Chosen so that hardly a calm message reaches it alone:
# a person who comes too early costs more patience than one who comes a message later.
ANGRY = 0.7
# How much an earlier message still counts: it takes two bad ones in a row to make up for one very bad.
_FADING = (1.0, 0.5, 0.25)
_BUCKETS = 2**13
_LONGEST_NGRAM = 4


class MoodError(RuntimeError):
    """The weights cannot be used; the message says which command makes new ones."""


class Mood:
    """Tells how angry one message is.

    Args:
        vector_weights: one for each dimension of the encoder, shape (d,).
        ngram_weights: one for each bucket of hashed n-grams, shape (8192,).
        bias: the log-odds of a message without any sign.
    """

    def __init__(
        self,
        vector_weights: NDArray[np.float32],
        ngram_weights: NDArray[np.float32],
        bias: float,
    ) -> None:
        self._vector_weights = vector_weights
        self._ngram_weights = ngram_weights
        self._bias = bias
        self._ngrams = ngram_hasher()

    @classmethod
    def load(cls, path: Path, fingerprint: str) -> Self:
        """Read the weights.

        Raises:
            MoodError: there are none, or they belong to another encoder than ``fingerprint``.
        """
        try:
            with np.load(path) as stored:
                made_for = str(stored["encoder"])
                weights = stored["vector"], stored["ngrams"], float(stored["bias"])
        except (OSError, KeyError, ValueError) as error:
            raise MoodError(f"{path}: no weights; run: python -m bot.mood.fit") from error
        if made_for != fingerprint:
            raise MoodError(
                f"{path}: the weights are for the encoder {made_for}, got {fingerprint}; "
                "run: python -m bot.mood.fit"
            )
        return cls(*weights)

    def anger(self, text: str, vector: NDArray[np.float32]) -> float:
        """Return the probability 0..1 that a message is angry; ``vector`` is the encoder's, shape (d,)."""
        row = self._ngrams([text])
        ngrams = float(self._ngram_weights[row.indices] @ row.data)
        odds = self._bias + float(self._vector_weights @ vector) + ngrams
        return float(1.0 / (1.0 + np.exp(-odds)))


def ngram_hasher() -> Callable[[Sequence[str]], csr_matrix]:
    """Return what turns n texts into rows of hashed character n-grams, shape (n, 8192), length 1."""
    from sklearn.feature_extraction.text import HashingVectorizer

    hasher = HashingVectorizer(
        analyzer="char", ngram_range=(1, _LONGEST_NGRAM), n_features=_BUCKETS,
        alternate_sign=False, binary=True, lowercase=True,
    )  # fmt: skip
    return lambda texts: hasher.transform([prepare(text) for text in texts])


def temper(scores: Sequence[float]) -> float:
    """Return how angry a customer is, 0..1, from their last messages' scores, the newest first.

    1 - Π (1 - wₖ·pₖ) with weights 1, 1/2, 1/4: an earlier message raises the level, and never alone
    reaches ``ANGRY``.
    """
    calm = 1.0
    for weight, score in zip(_FADING, scores, strict=False):
        calm *= 1.0 - weight * score
    return 1.0 - calm


def load_mood(path: Path, encoder: Encoder) -> Callable[[str], float] | None:
    """Return a function from a message to its anger; ``None``, with a warning, without fitting weights.

    The bot goes on without: an installation may choose an encoder that nobody fitted weights for.
    """
    try:
        mood = Mood.load(path, encoder.fingerprint)
    except MoodError as error:
        _log.warning("anger is not noticed", reason=str(error))
        return None
    return lambda text: mood.anger(text, encoder.encode([prepare(text)])[0])
