"""How well a question fits a record as a whole, weighed against all other records.

The best single phrasing is a noisy witness: records of one shop share most of their words. A kernel
ridge regression from the vector to "belongs to record r" lets every phrasing speak for its record and
against its look-alikes. Leave-one-out, it finds the right record first for 73% of the Chinese and 78%
of the English phrasings where the nearest phrasing finds 62% and 68%, and a linear ridge regression 58%
and 62% (bench/faq). It is solved in closed form, so an edit costs no training run, and the score that a
phrasing would get had it not been written is exact (Allen 1974, PRESS), which the calibration uses.

Solving takes n^3 / 3 steps once. An edit that adds and takes away k rows costs k solves with the factor
that is there already (n^2 each): ``Affinity.edited`` borders the system with them, which gives the
solution of the new system (``bordered.py``). The weights are solved in single precision; the factor that
edits lean on is kept in half precision (``packed.py``), so scores after an edit are off by up to 2e-4 until
the next solving from scratch.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from bot.faq.bordered import Border
from bot.faq.packed import Factor

# exp(GAMMA * (cosine - 1)): 1 for the same text, 0.2 at cosine 0.2. GAMMA from 1 to 5 and RIDGE from 0.03
# to 0.3 differ by less than two points of recall@1.
_GAMMA = 2.0
_RIDGE = 0.1
# Solving takes n^3 / 3 steps, on one core 2 s for 5,000 texts and 29 s for 17,300, once: the weights are kept on disk.
# From here on only some texts carry weights. Of 490 labelled FAQ questions 448 are then answered right with a basis of
# 2,000 texts, 453 with one of 4,000, 456 with all.
_MOST_EXACT = 20_000
_BASIS = 4_000
_CHUNK = 4_096


class Affinity:
    """``scores(cosines)[r]`` is about 1 where the text belongs to class r, about 0 elsewhere.

    Args:
        vectors: Unit rows, shape (n, d).
        owners: Class of each row, shape (n,).
        classes: Number of classes.
        weights: The ``weights`` of an equal earlier one, to save the solving.
        factor: Likewise its ``factor``.
        edit: How its scores come from those of another.

    Attributes:
        weights: What each centre says for each class, shape (centres, classes); of an edited one those of
            the one that was solved.
    """

    # Changes whenever the same rows would get other weights.
    VERSION = f"{_GAMMA} {_RIDGE} {_MOST_EXACT} {_BASIS}".encode()

    def __init__(
        self,
        vectors: NDArray[np.float32],
        owners: NDArray[np.int64],
        classes: int,
        weights: NDArray[np.float32] | None = None,
        factor: Factor | None = None,
        edit: _Edit | None = None,
    ) -> None:
        self._vectors, self._owners, self._classes = vectors, owners, classes
        n = len(vectors)
        # An edit of an exact one stays exact beyond that size.
        self.exact = n <= _MOST_EXACT if weights is None else len(weights) == n
        self.exact |= edit is not None
        self._basis = np.arange(n) if self.exact else np.linspace(0, n - 1, _BASIS).astype(np.int64)
        self._centres = vectors if self.exact else vectors[self._basis]
        self._edit = edit
        if factor is not None:
            self.__dict__["factor"] = factor
        if edit is not None:
            weights = edit.weights
        self.weights: NDArray[np.float32] = self._solve() if weights is None else weights

    def edited(
        self,
        vectors: NDArray[np.float32],
        owners: NDArray[np.int64],
        classes: int,
        rows: NDArray[np.int64],
        columns: NDArray[np.int64],
        before: Affinity | None = None,
    ) -> Self:
        """Return the affinity over other rows, from what was solved for this one; see the module's docstring.

        Only for one that was solved itself, not edited: edits are counted from there. One that leans on
        a basis keeps it, also the texts in it that are gone.

        Args:
            vectors: All rows as they are now, shape (m, d).
            owners: Class of each, shape (m,).
            classes: Number of classes.
            rows: Which row of this affinity each one is, -1 for a new one, shape (m,). A row that stays
                keeps its class.
            columns: Which class of this affinity each class is, -1 for a new one, shape (classes,).
            before: An earlier edit, perhaps of this affinity: rows that came or went with it are not solved again.
        """
        if not self.exact:
            return self._edited_basis(vectors, owners, classes, rows, columns)
        new = np.flatnonzero(rows < 0)
        gone = np.setdiff1d(np.arange(len(self._vectors)), rows[rows >= 0])
        names = [*(vector.tobytes() for vector in vectors[new]), *gone.tolist()]
        earlier = before._edit if before is not None else None
        solved = earlier.solved if earlier is not None and earlier.base is self else {}
        border = Border(
            self.factor,
            gone,
            _kernel(self._vectors @ vectors[new].T),
            _kernel(vectors[new] @ vectors[new].T) + _RIDGE * np.eye(len(new), dtype=np.float32),
            {number: solved[name] for number, name in enumerate(names) if name in solved},
        )
        edit = _Edit(self, border, rows, columns, _targets(owners[new], classes))
        edit.solved = dict(zip(names, border.spread.T, strict=True))
        return type(self)(vectors, owners, classes, edit=edit)

    def _edited_basis(
        self,
        vectors: NDArray[np.float32],
        owners: NDArray[np.int64],
        classes: int,
        rows: NDArray[np.int64],
        columns: NDArray[np.int64],
    ) -> Self:
        """Add the new rows' parts to the normal equations and take those of the gone ones away."""
        new = np.flatnonzero(rows < 0)
        gone = np.setdiff1d(np.arange(len(self._vectors)), rows[rows >= 0])
        system, right_before = self._equations
        added = _kernel(vectors[new] @ self._centres.T)
        taken = _kernel(self._vectors[gone] @ self._centres.T)
        right = np.zeros((len(self._centres), classes), np.float32)
        before = right_before - taken.T @ _targets(self._owners[gone], self._classes)
        right[:, columns >= 0] = before[:, columns[columns >= 0]]
        right += added.T @ _targets(owners[new], classes)
        factor = _factored(system + added.T @ added - taken.T @ taken)
        made = type(self)(vectors, owners, classes, factor.solve(right), factor)
        made._centres = self._centres
        return made

    def prepare_edits(self) -> None:
        """Do now what the first ``edited`` would have to wait for."""
        _ = self.factor if self.exact else self._equations

    def scores(self, cosines: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the affinity with every class, shape (..., classes).

        Args:
            cosines: Cosine of the text, or of each of some texts, with each of the n rows, shape (..., n).
        """
        return self._weighed(_kernel(cosines[..., self._basis]))

    def scores_of(self, vector: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return ``scores`` of a unit vector, shape (d,), whose cosines are not there yet."""
        return self._weighed(_kernel(self._centres @ vector))

    def _weighed(self, kernel: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the scores of a text from its kernel with the centres."""
        return (
            np.asarray(kernel @ self.weights) if self._edit is None else self._edit.scores(kernel)
        )

    def left_out_scores(self, row: int) -> NDArray[np.float32]:
        """Return ``scores`` of the row itself as if it had not been there."""
        scores = self.scores_of(self._vectors[row])
        target = np.zeros(self._classes, np.float32)
        target[self._owners[row]] = 1.0
        leverage = self._leverage(row)
        return np.asarray((scores - leverage * target) / (1.0 - leverage))

    def prepare_left_out(self, rows: Sequence[int]) -> None:
        """Make ``left_out_scores`` of some rows cheap: one solve for all of them.

        Without it the first ``left_out_scores`` makes those of all rows cheap, for n^3 steps.
        """
        asked = np.array(sorted(set(rows)), np.int64)
        if not self.exact:
            part = _kernel(self._vectors[asked] @ self._centres.T)
            spread = self.factor.solve(part.T)
            self._some |= dict(zip(asked.tolist(), (part.T * spread).sum(0).tolist(), strict=True))
            return
        unit = np.zeros((len(self._vectors), len(asked)), np.float32)
        unit[asked, np.arange(len(asked))] = 1.0
        inverse = self._solved(unit)[asked, np.arange(len(asked))]
        self._some |= dict(zip(asked.tolist(), (1.0 - _RIDGE * inverse).tolist(), strict=True))

    @cached_property
    def _some(self) -> dict[int, float]:
        return {}

    def _leverage(self, row: int) -> float:
        """Return how much a row draws its own prediction to itself, 0..1."""
        known = self._some.get(row)
        return float(self._leverages[row]) if known is None else known

    def _solve(self) -> NDArray[np.float32]:
        factor = self._make_factor()
        right = _targets(self._owners, self._classes) if self.exact else self._equations[1]
        weights = factor.solve(right)
        self.__dict__["factor"] = factor.halved() if self.exact else factor
        return weights

    def _solved(self, right: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return (K + ridge)^-1 times ``right``, shape (n, k), of an exact affinity."""
        if self._edit is None:
            return self.factor.solve(right)
        border, rows = self._edit.border, self._edit.rows
        base = np.zeros((border.factor.size, right.shape[1]), np.float32)
        base[rows[rows >= 0]] = right[rows >= 0]
        return border.corrected(border.factor.solve(base), right[rows < 0], rows)

    @cached_property
    def factor(self) -> Factor:
        """The Cholesky factor of K + ridge, halved, or with a basis of B'B + ridge * K (Nystroem)."""
        made = self._make_factor()
        return made.halved() if self.exact else made

    def _make_factor(self) -> Factor:
        if not self.exact:
            return _factored(self._equations[0])
        return Factor.of(len(self._vectors), self._part)

    def _part(self, rows: slice, columns: slice) -> NDArray[np.float32]:
        """Return a part of K + ridge."""
        found = _kernel(self._vectors[rows] @ self._vectors[columns].T)
        same = np.arange(max(rows.start, columns.start), min(rows.stop, columns.stop))
        found[same - rows.start, same - columns.start] += _RIDGE
        return found

    @cached_property
    def _equations(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """With a basis: the normal equations' matrix B'B + ridge * K, and their right side B' targets."""
        system = _RIDGE * _kernel(self._centres @ self._centres.T)
        targets = _targets(self._owners, self._classes)
        right = np.zeros((len(self._centres), self._classes), np.float32)
        for rows, part in self._parts():
            system += part.T @ part
            right += part.T @ targets[rows]
        # A trace more keeps float32 from finding the system singular.
        system[np.diag_indices_from(system)] += _RIDGE / 100
        return system, right

    @cached_property
    def _leverages(self) -> NDArray[np.float32]:
        """The leverage of every row, shape (n,)."""
        if self.exact and self._edit is None:
            return 1.0 - _RIDGE * self.factor.inverse_diagonal()
        if self.exact:
            return np.concatenate(list(self._leverage_parts()))
        inverse = self.factor.solve(np.eye(len(self._centres), dtype=np.float32))
        return np.concatenate(
            [np.einsum("ij,ij->i", part @ inverse, part) for _, part in self._parts()]
        )

    def _leverage_parts(self) -> Iterator[NDArray[np.float32]]:
        size = len(self._vectors)
        for start in range(0, size, _CHUNK):
            columns = np.arange(start, min(start + _CHUNK, size))
            unit = np.zeros((size, len(columns)), np.float32)
            unit[columns, columns - start] = 1.0
            yield 1.0 - _RIDGE * self._solved(unit)[columns, columns - start]

    def _parts(self) -> Iterator[tuple[slice, NDArray[np.float32]]]:
        """Yield the kernel of all rows with the basis, in parts of rows."""
        basis = self._centres.T
        for start in range(0, len(self._vectors), _CHUNK):
            rows = slice(start, start + _CHUNK)
            yield rows, _kernel(self._vectors[rows] @ basis)


class _Edit:
    """The scores of an edited affinity, as what they differ by from those of the one that was solved.

    Its weights would be rows x classes numbers of fresh memory, which takes longer than all the rest of an edit.

    Args:
        base: The affinity that was solved.
        border: Of its system, with the rows that come and go.
        rows: As in ``Affinity.edited``.
        columns: Likewise.
        targets: Of the new rows, shape (|N|, classes).

    Attributes:
        solved: The border's solved columns by what they are: a new row's vector, or the number of one that went.
    """

    solved: dict[bytes | int, NDArray[np.float32]]

    def __init__(
        self,
        base: Affinity,
        border: Border,
        rows: NDArray[np.int64],
        columns: NDArray[np.int64],
        targets: NDArray[np.float32],
    ) -> None:
        self.base, self.border, self.rows = base, border, rows
        self.weights, self._kept, self._columns = base.weights, rows >= 0, columns
        times = _renamed(border.times(base.weights), columns)
        self._multipliers = border.multipliers(times, targets)

    def scores(self, kernel: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the scores of texts, shape (..., classes), from their kernel with all rows as they are now."""
        base = np.zeros((*kernel.shape[:-1], self.border.factor.size), np.float32)
        base[..., self.rows[self._kept]] = kernel[..., self._kept]
        share = -(base @ self.border.spread)
        share[..., : self.border.new] += kernel[..., ~self._kept]
        scores = _renamed(base @ self.weights, self._columns) + share @ self._multipliers
        return np.asarray(scores, np.float32)


def _renamed(values: NDArray[Any], columns: NDArray[np.int64]) -> NDArray[Any]:
    """Return the columns that ``columns`` names, in its order; zeros for -1."""
    found = values[..., columns]
    found[..., columns < 0] = 0.0
    return np.asarray(found)


def _targets(owners: NDArray[np.int64], classes: int) -> NDArray[np.float32]:
    targets = np.zeros((len(owners), classes), np.float32)
    targets[np.arange(len(owners)), owners] = 1.0
    return targets


def _kernel(cosines: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(np.exp(_GAMMA * (cosines - 1.0)))


def _factored(system: NDArray[np.float32]) -> Factor:
    return Factor.of(len(system), lambda rows, columns: system[rows, columns])
