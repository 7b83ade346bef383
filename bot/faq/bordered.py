"""Solving a system with a few rows more and a few less than one that is factored already.

With A factored (n x n), let some unknowns go (set D) and some come (set N). The solution x of the system
without D and with N is that of

    [ A   B   P ] [x]   [r ]        B: A's rows against the new ones, C: the new ones among themselves,
    [ B'  C   0 ] [y] = [rN]        P: unit columns of D, whose multipliers make x vanish there and let
    [ P'  0   0 ] [l]   [0 ]        D's own equations be whatever they are,

solved by the Schur complement of A: k = |D| + |N| solves with A's factor and one k x k system.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import lu_factor, lu_solve

from bot.faq.packed import Factor


class Border:
    """The border around a factored system.

    Args:
        factor: Of A.
        gone: D, the numbers of the unknowns that go.
        across: B, shape (n, |N|).
        corner: C, shape (|N|, |N|).
        known: Columns of ``spread`` that are there already, by their number.

    Attributes:
        spread: A^-1 [B P], shape (n, |N| + |D|).
        new: |N|.
    """

    def __init__(
        self,
        factor: Factor,
        gone: NDArray[np.int64],
        across: NDArray[np.float32],
        corner: NDArray[np.float32],
        known: Mapping[int, NDArray[np.float32]],
    ) -> None:
        self.factor = factor
        self._gone, self.new = gone, across.shape[1]
        unit = np.zeros((factor.size, len(gone)), np.float32)
        unit[gone, np.arange(len(gone))] = 1.0
        self._across = across
        border = np.asfortranarray(np.concatenate([across, unit], axis=1))
        unsolved = [number for number in range(border.shape[1]) if number not in known]
        self.spread = np.empty_like(border)
        self.spread[:, unsolved] = factor.solve(border[:, unsolved])
        for number, column in known.items():
            self.spread[:, number] = column
        schur = np.zeros((border.shape[1],) * 2)
        schur[: self.new, : self.new] = corner
        schur -= self.times(self.spread)
        self._schur = lu_factor(schur, check_finite=False) if border.shape[1] else None

    def times(self, columns: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return [B P]' times ``columns``, shape (|N| + |D|, m)."""
        return np.concatenate([self._across.T @ columns, columns[self._gone]]).astype(np.float64)

    def multipliers(
        self, times: NDArray[np.float64], right: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """Return y and l for right sides of m columns, shape (|N| + |D|, m); y comes first.

        Args:
            times: ``times`` of A^-1 r.
            right: rN, shape (|N|, m).
        """
        known = -times
        known[: self.new] += right
        if self._schur is None:
            return known.astype(np.float32)
        return np.asarray(lu_solve(self._schur, known, check_finite=False), np.float32)

    def corrected(
        self,
        solved: NDArray[np.float32],
        right: NDArray[np.float32],
        rows: NDArray[np.int64],
    ) -> NDArray[np.float32]:
        """Return the solution for some of A's unknowns and for the new ones, shape (len(rows), m).

        Args:
            solved: A^-1 r, shape (n, m).
            right: rN, shape (|N|, m).
            rows: Which of A's unknowns each row is, -1 for the new ones, which stand in their order.
        """
        found = self.multipliers(self.times(solved), right)
        made = solved[rows] - self.spread[rows] @ found
        made[rows < 0] = found[: self.new]
        return np.asarray(made)
