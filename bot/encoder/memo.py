"""An encoder that remembers single texts: several readers of one message pay for it once."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from bot.encoder.base import Encoder, Vectors

_REMEMBERED = 256


class Remembering:
    """Wraps an encoder; only calls with one text are remembered, batches pass through."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self._one = lru_cache(maxsize=_REMEMBERED)(self._encode_one)

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return self._encoder.dimension

    @property
    def fingerprint(self) -> str:
        """The wrapped encoder's."""
        return self._encoder.fingerprint

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return float32 rows of length 1, shape (len(texts), dimension)."""
        return self._one(texts[0]).copy() if len(texts) == 1 else self._encoder.encode(texts)

    def _encode_one(self, text: str) -> Vectors:
        return self._encoder.encode([text])
