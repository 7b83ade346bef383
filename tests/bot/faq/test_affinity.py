"""Kernel ridge regression: the closed forms against solving again."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from bot.faq.affinity import Affinity
from bot.faq.packed import Factor


def clustered(n: int, classes: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Unit rows around one centre per class, near enough to be mistaken at times."""
    rng = np.random.default_rng(7)
    owners = rng.integers(0, classes, n)
    rows = rng.normal(size=(classes, 16))[owners] + rng.normal(0, 1.2, (n, 16))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32), owners


def test_scores_solve_the_regularised_least_squares() -> None:
    """(K + ridge I) weights = targets, so scores at the rows are targets - ridge * weights."""
    vectors, owners = clustered(200, 5)
    affinity = Affinity(vectors, owners, 5)
    cosines = vectors @ vectors.T
    scores = np.stack([affinity.scores(row) for row in cosines])
    targets = np.eye(5)[owners]
    assert scores == pytest.approx(targets - 0.1 * affinity.weights, abs=1e-3)


def test_left_out_scores_equal_a_fit_without_the_row() -> None:
    vectors, owners = clustered(300, 5)
    whole = Affinity(vectors, owners, 5)
    for row in (0, 17, 299):
        keep = np.arange(300) != row
        again = Affinity(vectors[keep], owners[keep], 5)
        expected = again.scores(vectors[keep] @ vectors[row])
        assert whole.left_out_scores(row) == pytest.approx(expected, abs=1e-3)


def test_it_tells_classes_apart_that_the_nearest_row_does_not() -> None:
    vectors, owners = clustered(600, 6)
    affinity = Affinity(vectors, owners, 6)
    cosines = vectors @ vectors.T
    np.fill_diagonal(cosines, -1)
    nearest = owners[cosines.argmax(axis=1)] == owners
    ours = np.array([affinity.left_out_scores(i).argmax() for i in range(600)]) == owners
    assert ours.mean() > nearest.mean() + 0.03


def test_many_rows_lean_on_some_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the exact size only a basis of rows carries weights; it finds nearly as well."""
    vectors, owners = clustered(1500, 6)
    train, test = slice(0, 1000), slice(1000, 1500)
    exact = Affinity(vectors[train], owners[train], 6)
    monkeypatch.setattr("bot.faq.affinity._MOST_EXACT", 999)
    monkeypatch.setattr("bot.faq.affinity._BASIS", 300)
    monkeypatch.setattr("bot.faq.affinity._CHUNK", 128)
    some = Affinity(vectors[train], owners[train], 6)
    assert some.weights.shape == (300, 6)
    cosines = vectors[test] @ vectors[train].T
    right = [
        np.mean([a.scores(row).argmax() for row in cosines] == owners[test]) for a in (exact, some)
    ]
    assert right[1] > right[0] - 0.03
    # Leaving a row out is nearly exact here: the basis of the other fit is not quite the same.
    left_out = np.array([some.left_out_scores(i) for i in range(1000)])
    assert (left_out.argmax(axis=1) == owners[train]).mean() == pytest.approx(right[1], abs=0.05)


def test_weights_from_an_earlier_solving_are_taken_over() -> None:
    vectors, owners = clustered(100, 3)
    first = Affinity(vectors, owners, 3)
    second = Affinity(vectors, owners, 3, first.weights)
    assert np.array_equal(first.scores(vectors @ vectors[5]), second.scores(vectors @ vectors[5]))


def test_an_edit_of_one_with_a_basis_gives_what_its_equations_give(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The basis stays; the sums over all rows are those of the rows as they are now."""
    monkeypatch.setattr("bot.faq.affinity._MOST_EXACT", 100)
    monkeypatch.setattr("bot.faq.affinity._BASIS", 90)
    vectors, owners = clustered(500, 5)
    base = Affinity(vectors[:480], owners[:480], 5)
    rows = np.concatenate([np.arange(7, 480), np.full(20, -1)])
    now, owned = vectors[7:], owners[7:]
    edited = base.edited(now, owned, 5, rows, np.arange(5))
    centres = vectors[np.linspace(0, 479, 90).astype(int)]
    part = np.exp(2.0 * (now @ centres.T - 1)).astype(np.float64)
    system = part.T @ part + 0.1 * np.exp(2.0 * (centres @ centres.T - 1)) + 0.001 * np.eye(90)
    weights = np.linalg.solve(system, part.T @ np.eye(5)[owned])
    found = np.stack([edited.scores_of(vector) for vector in now])
    assert found == pytest.approx(part @ weights, abs=2e-3)
    left = edited.left_out_scores(3)
    edited.prepare_left_out([3])
    assert edited.left_out_scores(3) == pytest.approx(left, abs=1e-4)


@pytest.mark.parametrize("rounded", [False, True])
@pytest.mark.parametrize(("gone", "new"), [(0, 12), (9, 0), (9, 12), (0, 0)])
def test_an_edit_gives_what_solving_anew_gives(
    gone: int, new: int, rounded: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Scores and left-out scores after rows and classes came and went, in another order of rows.

    The border is exact; rounding the factor to half precision moves scores by about a thousandth.
    """
    if not rounded:
        monkeypatch.setattr(Factor, "halved", lambda self: self)
    vectors, owners = clustered(400 + new, 6)
    base = Affinity(vectors[:400], owners[:400], 6)
    rng = np.random.default_rng(1)
    left = np.concatenate([np.arange(gone, 400), np.full(new, -1)])
    order = rng.permutation(len(left))
    rows = left[order]
    now = np.concatenate([vectors[gone:400], vectors[400:]])[order]
    # Class 5 goes with all of its rows if any go; its number is then that of a new class, the new rows'.
    classes = np.array([3, 0, 1, 2, 4, -1])
    was = np.concatenate([owners[gone:400], np.full(new, 5)])[order]
    stays = (was != 5) | (rows < 0)
    rows, now, was = rows[stays], now[stays], was[stays]
    owned = np.argsort(np.where(classes < 0, 5, classes))[was]
    edited = base.edited(now, owned, 6, rows, classes)
    anew = Affinity(now, owned, 6)
    error, left_out = (3e-3, 1.5e-2) if rounded else (1e-3, 2e-3)
    scores = [np.stack([one.scores_of(vector) for vector in now]) for one in (edited, anew)]
    assert scores[0] == pytest.approx(scores[1], abs=error)
    edited.prepare_left_out([0, 5, len(now) - 1])
    for row in (0, 5, len(now) - 1, 8):
        assert edited.left_out_scores(row) == pytest.approx(anew.left_out_scores(row), abs=left_out)


def test_a_second_edit_solves_only_what_the_first_did_not(monkeypatch: pytest.MonkeyPatch) -> None:
    vectors, owners = clustered(410, 6)
    base = Affinity(vectors[:400], owners[:400], 6)
    same = np.arange(6)
    first = base.edited(
        vectors[3:405], owners[3:405], 6, np.r_[np.arange(3, 400), np.full(5, -1)], same
    )
    rows = np.r_[np.arange(2, 400), np.full(8, -1)]  # row 2 is back, three more are new
    solved: list[int] = []
    solve = Factor.solve

    def counted(self: Factor, right: NDArray[np.float32]) -> NDArray[np.float32]:
        solved.append(right.shape[1])
        return solve(self, right)

    monkeypatch.setattr(Factor, "solve", counted)
    second = base.edited(vectors[2:408], owners[2:408], 6, rows, same, first)
    assert solved == [3]
    anew = base.edited(vectors[2:408], owners[2:408], 6, rows, same)
    assert solved == [3, 10]
    for vector in vectors[400:]:
        assert second.scores_of(vector) == pytest.approx(anew.scores_of(vector), abs=1e-5)
