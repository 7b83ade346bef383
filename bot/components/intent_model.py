"""The arithmetic of intent recognition: no Rasa here, so that the app can measure what the engine serves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import minimize
from scipy.special import log_softmax

Floats = NDArray[np.float32]
Arrays = dict[str, NDArray[Any]]

DEFAULTS: dict[str, Any] = {"neighbours": 3, "balance": -0.5, "C": 30.0, "count_weight": 0.6}
_ROUNDS = (
    25  # of L-BFGS; with more, messages that were held out get less likely labels, not likelier
)
# Frequent features are stretched by this power of their mean square, rare ones less: half way to equal
# footing, which halves the rounds. All the way, rare n-grams are learned by heart.
_STRETCH = 0.2


class IntentModel:
    """Softmax regression over n-grams and the encoder's vector.

    The features of a message are its n-gram counts as a tf-idf row of length ``count_weight`` beside the
    encoder's unit vector; bench/classifiers says what each part is worth. With hundreds of examples per intent
    the probabilities need no calibration: on examples held out, no other temperature makes the labels likelier.
    With ten they are too modest (bench/understanding).

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
        balance = total[index] ** float(model.config["balance"])
        weights = _softmax_regression(
            model._rows(counts, idf),
            dense.astype(np.float32),
            index,
            (balance / balance.sum()).astype(np.float32),
            1 / (float(model.config["C"]) * len(intents)),
        )
        order = np.argsort(index, kind="stable")
        model.arrays = {
            "names": names,
            "idf": idf,
            "weights": weights[:-1],
            "bias": weights[-1],
            # The examples' vectors, intent by intent; those of intent i are bounds[i]:bounds[i + 1].
            "examples": dense[order].astype(np.float32),
            "bounds": np.searchsorted(index[order], np.arange(len(names) + 1)),
        }
        return model

    def log_probabilities(self, counts: sparse.csr_matrix | None, dense: Floats) -> Floats:
        """Return log probabilities (n, intents) of messages; without counts, of their vectors alone."""
        grams = len(self.arrays["idf"])
        scores = dense @ self.arrays["weights"][grams:] + self.arrays["bias"]
        if counts is not None and len(dense) == 1:
            scores = scores + self._count_scores(counts)
        elif counts is not None:
            scores = (
                scores + self._rows(counts, self.arrays["idf"]) @ self.arrays["weights"][:grams]
            )
        found: Floats = log_softmax(scores, axis=1).astype(np.float32)
        return found

    def similarity(self, vector: Floats, intent: int) -> float:
        """Return the mean cosine similarity of a vector (d,) to an intent's nearest examples.

        ``intent`` is the place of its name among the arrays' names.
        """
        first, after = self.arrays["bounds"][intent : intent + 2]
        similarities = self.arrays["examples"][first:after] @ vector
        nearest = min(int(self.config["neighbours"]), len(similarities))
        return float(np.partition(similarities, -nearest)[-nearest:].mean())

    def _count_scores(self, counts: sparse.csr_matrix) -> Floats:
        """Return the scores of one row of counts; the same arithmetic as ``_rows``, without scipy."""
        values = (1 + np.log(counts.data)) * self.arrays["idf"][counts.indices]
        scale = np.float32(self.config["count_weight"]) / (np.linalg.norm(values) or np.float32(1))
        scores: Floats = (values * scale) @ self.arrays["weights"][counts.indices]
        return scores

    def _rows(self, counts: sparse.csr_matrix, idf: Floats) -> sparse.csr_matrix:
        """Return tf-idf rows (n, n-grams) of one length, ``count_weight``."""
        rows = counts.tocsr().astype(np.float32)
        rows.data = (1 + np.log(rows.data)) * idf[rows.indices]
        lengths = np.sqrt(np.asarray(rows.multiply(rows).sum(axis=1)).ravel())
        scale = np.float32(self.config["count_weight"]) / np.where(lengths > 0, lengths, 1)
        return sparse.diags(scale.astype(np.float32)).dot(rows).tocsr()


def _softmax_regression(
    rows: sparse.csr_matrix,
    dense: Floats,
    classes: NDArray[Any],
    shares: Floats,
    penalty: float,
) -> Floats:
    """Return the weights (n-grams + d + 1, classes) of softmax regression, the last row the bias.

    sklearn's needs the dense block as a sparse one and takes five times as long.

    Args:
        rows: sparse features (n, n-grams).
        dense: dense features (n, d).
        classes: class of each row, counted from 0.
        shares: weight of each row; they sum to 1.
        penalty: of the squared weights.
    """
    grams, transposed, own = rows.shape[1], rows.T.tocsr(), np.arange(len(classes))
    mean_squares = np.concatenate(
        [rows.multiply(rows).T @ shares, (dense * dense).T @ shares, [1.0]]
    )
    penalties = np.full((len(mean_squares), 1), penalty, np.float32)
    penalties[-1] = 0.0
    stretch = ((mean_squares[:, None] / 10 + penalties) ** -_STRETCH).astype(np.float32)
    shape = len(mean_squares), int(classes.max()) + 1

    def loss(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        w = flat.reshape(shape).astype(np.float32) * stretch
        log_p = log_softmax(rows @ w[:grams] + dense @ w[grams:-1] + w[-1], axis=1)
        value = -shares @ log_p[own, classes] + (penalties * w * w).sum(dtype=np.float64) / 2
        error = np.exp(log_p)
        error[own, classes] -= 1
        error *= shares[:, None]
        slope = np.vstack([transposed @ error, dense.T @ error, error.sum(axis=0)[None]])
        return float(value), ((slope + penalties * w) * stretch).astype(np.float64).ravel()

    found = minimize(
        loss, np.zeros(shape[0] * shape[1]), jac=True, method="L-BFGS-B",
        options={"maxiter": _ROUNDS, "maxcor": 5, "gtol": 1e-7, "ftol": 1e-6},
    )  # fmt: skip
    solution: Floats = found.x.reshape(shape).astype(np.float32) * stretch
    return solution


def words_of(names: Sequence[str]) -> list[str]:
    """Return intent names as words: they are read like one more example of the intent."""
    return [name.replace("_", " ").replace("/", " ") for name in names]
