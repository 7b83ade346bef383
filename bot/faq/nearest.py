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

# Measured (bench/faq/README.md): up to here an exact search takes less than the encoder's few milliseconds, and
# nothing need be built; beyond, an inverted file finds the same first text in a fraction of the time.
CROSSOVER = 50_000
# Cells that were trained on so many times more or fewer texts serve on.
_OUTGROWN = 2
# Rows that an approximate search brings back; the others count as strangers.
_BROUGHT = 512
_SAMPLE_PER_CELL = 40
# Share of the cells that are looked into; recall@1 against speed.
_PROBED = 1 / 24


class NearestTexts:
    """Cosines of a question with n texts; immutable, for many threads.

    Args:
        vectors: Unit rows, shape (n, d).
        before: Of an earlier state: its cells are used again, which saves the most of the building.
    """

    def __init__(self, vectors: NDArray[np.float32], before: NearestTexts | None = None) -> None:
        self._vectors = vectors
        self._centres, self._trained = faiss.IndexFlatIP(vectors.shape[1]), len(vectors)
        self._cells: faiss.IndexIVFFlat | None = None
        if len(vectors) >= CROSSOVER:
            if before and before._cells and before._serves(len(vectors)):
                self._centres, self._trained = before._centres, before._trained
            self._cells = inverted_file(vectors, self._centres)

    def _serves(self, count: int) -> bool:
        return self._trained / _OUTGROWN < count < self._trained * _OUTGROWN

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


def inverted_file(
    vectors: NDArray[np.float32], centres: faiss.IndexFlatIP | None = None
) -> faiss.IndexIVFFlat:
    """Return an inverted file of n texts.

    Args:
        vectors: Unit rows, shape (n, d).
        centres: Of its cells; while it is empty about 2 sqrt(n) are trained into it.
    """
    count, dimension = vectors.shape
    coarse = faiss.IndexFlatIP(dimension) if centres is None else centres
    cells = coarse.ntotal or max(1, min(int(2 * math.sqrt(count)), count // _SAMPLE_PER_CELL))
    index = faiss.IndexIVFFlat(coarse, dimension, cells, faiss.METRIC_INNER_PRODUCT)
    index.cp.max_points_per_centroid = _SAMPLE_PER_CELL
    index.cp.niter = 8
    index.train(vectors)
    index.add(vectors)
    index.nprobe = max(1, round(cells * _PROBED))
    return index
