"""The arithmetic of intent recognition: no Rasa here, so that the app can measure what the engine serves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import minimize
from scipy.special import log_softmax
from sklearn.model_selection import StratifiedShuffleSplit

Floats = NDArray[np.float32]
Arrays = dict[str, NDArray[Any]]

DEFAULTS: dict[str, Any] = {
    "neighbours": 3,
    "balance": -0.5,
    "C": 10.0,
    "count_weight": 0.5,
    "dense_weight": 1.0,
    "kernel": 25.0,
    "kernel_half": 20.0,
}
_ROUNDS = 40  # of L-BFGS; 60 and 120 moved no figure of ten examples per intent
_UNSEEN = 0.2  # share of the examples that the sharpness is chosen on
_SHARPNESS_GRID = np.geomspace(0.25, 4, 25)
_TINY = 1e-12  # keeps the logarithm of a density finite


class IntentModel:
    """Softmax regression on n-grams and the encoder's vector, and a kernel density over the examples.

    The two log probabilities are added. The density (a von Mises-Fisher kernel with concentration
    ``kernel`` around each example) counts for m / (m + ``kernel_half``), where m is the mean number
    of examples per intent: ten examples outline an intent badly, two hundred well. Their sum is
    sharpened or flattened so that probabilities are honest on examples that were held out.

    Args:
        arrays: what `fit` learned.
        config: overrides of `DEFAULTS`.
    """

    def __init__(self, arrays: Arrays, config: dict[str, Any]) -> None:
        self.arrays = arrays
        self.config = {**DEFAULTS, **config}

    @classmethod
    def fit(
        cls,
        counts: sparse.csr_matrix,
        dense: Floats,
        intents: NDArray[Any],
        config: dict[str, Any],
    ) -> IntentModel:
        """Learn from n-gram counts (n, n-grams), unit vectors (n, d) and intent names (n,)."""
        model = cls({}, config)
        names, index, total = np.unique(intents, return_inverse=True, return_counts=True)
        seen_in = np.bincount(counts.indices, minlength=counts.shape[1])
        idf = (np.log((1 + len(intents)) / (1 + seen_in)) + 1).astype(np.float32)
        weights = total[index] ** float(model.config["balance"])
        weights = (weights / weights.mean()).astype(np.float32)
        sharpness = 1.0
        if total.min() > 1 and len(intents) * _UNSEEN >= len(names):
            split = StratifiedShuffleSplit(1, test_size=_UNSEEN, random_state=1)
            seen, unseen = next(split.split(dense, intents))
            tried = model._fit(counts[seen], dense[seen], index[seen], names, idf, weights[seen])
            sharpness = _best_sharpness(
                tried.log_probabilities(counts[unseen], dense[unseen]), index[unseen]
            )
        fitted = model._fit(counts, dense, index, names, idf, weights)
        fitted.arrays["sharpness"] = np.asarray(sharpness, np.float32)
        return fitted

    def _fit(
        self,
        counts: sparse.csr_matrix,
        dense: Floats,
        index: NDArray[Any],
        names: NDArray[Any],
        idf: Floats,
        weights: Floats,
    ) -> IntentModel:
        order = np.argsort(index, kind="stable")
        linear = _softmax_regression(
            self._rows(counts, idf),
            dense * np.float32(self.config["dense_weight"]),
            index,
            len(names),
            weights,
            float(self.config["C"]),
        )
        examples_per_intent = len(index) / len(names)
        arrays = {
            "names": names,
            "idf": idf,
            "weights": linear[:-1],
            "bias": linear[-1],
            # The examples' vectors, intent by intent; those of intent i are bounds[i]:bounds[i + 1].
            "examples": dense[order].astype(np.float32),
            "example_weights": weights[order],
            "bounds": np.searchsorted(index[order], np.arange(len(names) + 1)),
            "density": np.asarray(
                examples_per_intent / (examples_per_intent + float(self.config["kernel_half"])),
                np.float32,
            ),
            "sharpness": np.ones((), np.float32),
        }
        return IntentModel(arrays, self.config)

    def _rows(self, counts: sparse.csr_matrix, idf: Floats) -> sparse.csr_matrix:
        """Return tf-idf rows (n, n-grams) of one length, ``count_weight``."""
        rows = counts.tocsr().astype(np.float32)
        rows.data = (1 + np.log(rows.data)) * idf[rows.indices]
        sizes = np.diff(rows.indptr)
        place = np.repeat(np.arange(len(sizes)), sizes)
        lengths = np.sqrt(np.bincount(place, rows.data**2, len(sizes)))
        scale = float(self.config["count_weight"]) / np.where(lengths > 0, lengths, 1)
        rows.data *= scale.astype(np.float32)[place]
        return rows

    def log_probabilities(self, counts: sparse.csr_matrix | None, dense: Floats) -> Floats:
        """Return log probabilities (n, intents) of messages; without counts, of their vectors alone."""
        arrays = self.arrays
        grams = len(arrays["idf"])
        vectors = dense * np.float32(self.config["dense_weight"])
        scores = vectors @ arrays["weights"][grams:] + arrays["bias"]
        if counts is not None:
            rows = self._rows(counts, arrays["idf"])
            if rows.shape[0] == 1:  # a customer's message: scipy's product takes longer than this
                scores = scores + rows.data @ arrays["weights"][rows.indices]
            else:
                scores = scores + rows @ arrays["weights"][:grams]
        near = np.exp(np.float32(self.config["kernel"]) * (dense @ arrays["examples"].T - 1))
        density = np.add.reduceat(near * arrays["example_weights"], arrays["bounds"][:-1], axis=1)
        both = log_softmax(scores, axis=1) + arrays["density"] * log_softmax(
            np.log(density + _TINY), axis=1
        )
        found: Floats = log_softmax(arrays["sharpness"] * both, axis=1).astype(np.float32)
        return found

    def similarity(self, vector: Floats, intent: int) -> float:
        """Return the mean cosine similarity of a vector (d,) to an intent's nearest examples.

        ``intent`` is the place of its name among the arrays' names.
        """
        first, after = self.arrays["bounds"][intent : intent + 2]
        similarities = self.arrays["examples"][first:after] @ vector
        nearest = min(int(self.config["neighbours"]), len(similarities))
        return float(np.partition(similarities, -nearest)[-nearest:].mean())


def _softmax_regression(
    rows: sparse.csr_matrix,
    dense: Floats,
    index: NDArray[Any],
    intents: int,
    weights: Floats,
    c: float,
) -> Floats:
    """Return weights (n-grams + d + 1, intents), the last row the bias.

    sklearn's solver would need the dense block as a sparse one and stops early in float32.
    """
    grams, width = rows.shape[1], dense.shape[1]
    transposed, own = rows.T.tocsr(), np.arange(len(index))
    shape = grams + width + 1, intents

    def loss(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        w = flat.reshape(shape).astype(np.float32)
        log_p = log_softmax(rows @ w[:grams] + dense @ w[grams:-1] + w[-1], axis=1)
        value = -(weights * log_p[own, index]).sum(dtype=np.float64)
        value += (w[:-1] ** 2).sum(dtype=np.float64) / (2 * c)
        error = np.exp(log_p)
        error[own, index] -= 1
        error *= weights[:, None]
        slope = np.vstack([transposed @ error, dense.T @ error, error.sum(axis=0)[None]])
        slope[:-1] += w[:-1] / c
        return float(value) / len(index), (slope / len(index)).astype(np.float64).ravel()

    found = minimize(
        loss, np.zeros(shape[0] * shape[1]), jac=True, method="L-BFGS-B",
        options={"maxiter": _ROUNDS, "gtol": 1e-5, "ftol": 1e-9},
    )  # fmt: skip
    solution: Floats = found.x.reshape(shape).astype(np.float32)
    return solution


def _best_sharpness(log_p: Floats, truth: NDArray[Any]) -> float:
    """Return the factor under which held-out messages get the likeliest labels (temperature scaling)."""
    own = np.arange(len(truth))
    losses = [-log_softmax(f * log_p, axis=1)[own, truth].mean() for f in _SHARPNESS_GRID]
    return float(_SHARPNESS_GRID[int(np.argmin(losses))])


def words_of(names: Sequence[str]) -> list[str]:
    """Return intent names as words: they are read like one more example of the intent."""
    return [name.replace("_", " ").replace("/", " ") for name in names]
