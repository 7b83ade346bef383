"""Which texts come nearest to a question: exactly while that is quick, approximately beyond.

Comparing with every text takes time and memory traffic in proportion to their number; an inverted file
(FAISS IVF: texts in cells around centres, of which only the nearest cells are looked into) starts with a
cost of its own and grows much slower. ``bench/faq/scale.py`` measures both; the crossover is below.
HNSW finds as well and as fast, but takes ten times as long to build, which an edit would wait for.
"""

from __future__ import annotations

import math

import faiss
import numpy as np
from numpy.typing import NDArray

# Texts from which the inverted file answers sooner with recall@1 of at least 0.97; measured, see bench/faq/README.md.
CROSSOVER = 50_000
# Rows that an approximate search brings back; the others count as strangers.
_BROUGHT = 512
_SAMPLE_PER_CELL = 40
# Share of the cells that are looked into; recall@1 against speed.
_PROBED = 1 / 24


class NearestTexts:
    """Cosines of a question with n texts; immutable, for many threads.

    Args:
        vectors: Unit rows, shape (n, d).
    """

    def __init__(self, vectors: NDArray[np.float32]) -> None:
        self._vectors = vectors
        self._cells = inverted_file(vectors) if len(vectors) >= CROSSOVER else None

    @property
    def exact(self) -> bool:
        """Whether every cosine is computed."""
        return self._cells is None

    def cosines(self, vector: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the cosine with each row, shape (n,); 0 where an approximate search did not look.

        Args:
            vector: A unit vector, shape (d,).
        """
        if self._cells is None:
            return np.asarray(
                faiss.pairwise_distances(vector[None], self._vectors, faiss.METRIC_INNER_PRODUCT)[0]
            )
        found, rows = self._cells.search(vector[None], _BROUGHT)
        there = rows[0] >= 0
        cosines = np.zeros(len(self._vectors), np.float32)
        cosines[rows[0][there]] = found[0][there]
        return cosines


def inverted_file(vectors: NDArray[np.float32]) -> faiss.IndexIVFFlat:
    """Return an inverted file with about 4 sqrt(n) cells, as FAISS's guidelines have it."""
    count, dimension = vectors.shape
    cells = max(1, min(int(4 * math.sqrt(count)), count // _SAMPLE_PER_CELL))
    coarse = faiss.IndexFlatIP(dimension)
    index = faiss.IndexIVFFlat(coarse, dimension, cells, faiss.METRIC_INNER_PRODUCT)
    index.cp.max_points_per_centroid = _SAMPLE_PER_CELL
    index.cp.niter = 8
    index.train(vectors)
    index.add(vectors)
    index.nprobe = max(1, round(cells * _PROBED))
    return index
