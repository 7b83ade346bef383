"""The packed factor against numpy on the square matrix, for even and odd sizes and sizes beyond one block."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.linalg.lapack import strttf

from bot.faq import lapack
from bot.faq.packed import Factor, widen


def kernel(size: int) -> NDArray[np.float32]:
    rows = np.random.default_rng(size).normal(size=(size, 12)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(np.exp(2 * (rows @ rows.T - 1)) + 0.1 * np.eye(size), np.float32)


@pytest.mark.parametrize("size", [1, 2, 5, 6, 301])
def test_it_solves_and_inverts_as_numpy_does(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.faq.packed._COLUMNS", 64)
    matrix = kernel(size)
    factor = Factor.of(size, lambda rows, columns: matrix[rows, columns])
    right = np.random.default_rng(0).normal(size=(size, 3)).astype(np.float32)
    exact = np.linalg.solve(matrix.astype(np.float64), right)
    assert factor.solve(right) == pytest.approx(exact, abs=1e-3)
    inverse = np.linalg.inv(matrix.astype(np.float64))
    assert factor.inverse_diagonal() == pytest.approx(np.diag(inverse), abs=1e-3)
    half = factor.halved()
    assert half.packed.nbytes == size * (size + 1)
    assert half.solve(right) == pytest.approx(exact, abs=0.01 * np.abs(exact).max())


def test_widening_is_exact() -> None:
    """Every finite number of half precision, the smallest and both zeros included, sign and all."""
    half = np.arange(2**16, dtype=np.uint16).view(np.float16)
    half = half[np.isfinite(half)]
    single = np.empty(len(half), np.float32)
    widen(half, single)
    assert np.array_equal(single.view(np.int32), half.astype(np.float32).view(np.int32))


def test_other_threads_go_on_while_lapack_works() -> None:
    """Nobody would be answered while the FAQ is solved anew if its routines held the interpreter's lock."""
    matrix = kernel(4_000)
    packed, _ = strttf(matrix, uplo="L")
    size, ticks = len(matrix), list[int]()
    for routine in (
        lambda: lapack.factor(size, packed),
        lambda: lapack.solve(size, packed, matrix[:, :1_000].copy(order="F")),
        lambda: lapack.invert(size, packed),
    ):
        worker = threading.Thread(target=routine)
        worker.start()
        ticks.append(0)
        while worker.is_alive():
            ticks[-1] += 1
            time.sleep(0.001)
    assert min(ticks) > 10, ticks


def test_it_says_what_does_not_fit() -> None:
    with pytest.raises(ValueError, match="expected 6 numbers for n = 3, got"):
        Factor(np.zeros(5, np.float32), 3)
    with pytest.raises(ValueError, match="positive definite matrix; its minor 2"):
        Factor.of(2, lambda rows, columns: np.array([[1, 2], [2, 1]], np.float32)[rows, columns])
