"""Any sentence-transformers model, by name or folder (needs torch; the app only)."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np

from bot.encoder.base import Vectors


class SentenceTransformerEncoder:
    """Wraps ``SentenceTransformer(name)``.

    Args:
        name: a folder, or a model's public name (downloaded by sentence-transformers if allowed).
    """

    def __init__(self, name: str) -> None:
        from sentence_transformers import SentenceTransformer

        self._model = SentenceTransformer(name, device="cpu")
        self.dimension = int(self._model.encode("").shape[0])
        digest = hashlib.sha256(name.encode())
        for key, value in sorted(self._model.state_dict().items()):
            digest.update(key.encode())
            digest.update(value.detach().cpu().float().numpy().tobytes())
        self.fingerprint = digest.hexdigest()[:16]

    def encode(self, texts: Sequence[str]) -> Vectors:
        """See `bot.encoder.base.Encoder.encode`."""
        if not texts:
            return np.empty((0, self.dimension), dtype=np.float32)
        vectors = self._model.encode(
            list(texts), normalize_embeddings=True, show_progress_bar=False, convert_to_numpy=True
        )
        return np.asarray(vectors, dtype=np.float32)
