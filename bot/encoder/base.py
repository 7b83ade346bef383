"""What an encoder is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]


class EncoderError(RuntimeError):
    """An encoder cannot be loaded; the message says which command mends it."""


class Encoder(Protocol):
    """Turns texts into unit vectors whose dot product is their similarity (-1 to 1)."""

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        ...

    @property
    def fingerprint(self) -> str:
        """Short name of exactly this model; whatever is built from its vectors keeps it."""
        ...

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Returns float32 rows of length 1, shape (len(texts), dimension), in the given order."""
        ...
