"""The arithmetic of intent recognition: no Rasa here, so that the app can measure what the engine serves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.special import log_softmax
from sklearn.model_selection import StratifiedShuffleSplit
from sklearn.svm import LinearSVC

Floats = NDArray[np.float32]
Arrays = dict[str, NDArray[Any]]

DEFAULTS: dict[str, Any] = {"neighbours": 3, "balance": -0.5, "C": 0.5, "dense_weight": 1.0}
_TOLERANCE = 1e-2  # a hundred times sklearn's: the same accuracy in two thirds of the time
_UNSEEN = 0.2  # share of the examples that the sharpness is chosen on
_SHARPNESS_GRID = np.geomspace(0.5, 16, 31)
_UNTRIED_SHARPNESS = 4.0  # where there are too few examples to hold some out


class IntentModel:
    """Linear support vectors over n-grams and the encoder's vector.

    The features of a message are its n-gram counts as a tf-idf row of length one beside the
    encoder's unit vector; bench/classifiers says what each part is worth.

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
        seen_in = np.bincount(counts.indices, minlength=counts.shape[1])
        idf = (np.log((1 + len(intents)) / (1 + seen_in)) + 1).astype(np.float32)
        features = model._matrix(counts, dense, idf)
        sharpness = model._sharpness(features, intents)
        names, weights, bias = model._support_vectors(features, intents)
        model.arrays = {
            "names": names,
            "idf": idf,
            "weights": np.ascontiguousarray(weights * sharpness, np.float32),
            "bias": (bias * sharpness).astype(np.float32),
            # The examples' vectors, intent by intent; those of intent i are bounds[i]:bounds[i + 1].
            "examples": dense[np.argsort(intents, kind="stable")].astype(np.float32),
            "bounds": np.searchsorted(np.sort(intents), [*names, "\U0010ffff"]),
        }
        return model

    def _support_vectors(
        self, features: sparse.csr_matrix, intents: NDArray[Any]
    ) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
        """Return (names (intents,), weights (features, intents), bias (intents,))."""
        _, index, total = np.unique(intents, return_inverse=True, return_counts=True)
        weights = total[index] ** float(self.config["balance"])
        model = LinearSVC(C=self.config["C"], tol=_TOLERANCE, random_state=1)
        model.fit(features, intents, sample_weight=weights / weights.mean())
        coefficients, bias = model.coef_, model.intercept_
        if len(bias) == 1:  # of two intents sklearn keeps the second one's scores only
            coefficients, bias = np.vstack([-coefficients, coefficients]), np.append(-bias, bias)
        return model.classes_, coefficients.T, bias

    def _sharpness(self, features: sparse.csr_matrix, intents: NDArray[Any]) -> float:
        """Return the factor that makes the softmax of the scores probabilities.

        It is the one under which messages that the fit has not seen get the likeliest labels
        (temperature scaling), tried on a grid.
        """
        _, total = np.unique(intents, return_counts=True)
        if total.min() < 2 or len(intents) * _UNSEEN < len(total):
            return _UNTRIED_SHARPNESS
        split = StratifiedShuffleSplit(1, test_size=_UNSEEN, random_state=1)
        seen, unseen = next(split.split(features, intents))
        names, weights, bias = self._support_vectors(features[seen], intents[seen])
        scores = features[unseen] @ weights + bias
        truth, own = np.searchsorted(names, intents[unseen]), np.arange(len(unseen))
        losses = [-log_softmax(f * scores, axis=1)[own, truth].mean() for f in _SHARPNESS_GRID]
        return float(_SHARPNESS_GRID[int(np.argmin(losses))])

    def log_probabilities(self, counts: sparse.csr_matrix | None, dense: Floats) -> Floats:
        """Return log probabilities (n, intents) of messages; without counts, of their vectors alone."""
        grams = len(self.arrays["idf"])
        vectors = dense * np.float32(self.config["dense_weight"])
        scores = vectors @ self.arrays["weights"][grams:] + self.arrays["bias"]
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
        length = np.linalg.norm(values) or np.float32(1)
        scores: Floats = (values / length) @ self.arrays["weights"][counts.indices]
        return scores

    def _matrix(self, counts: sparse.csr_matrix, dense: Floats, idf: Floats) -> sparse.csr_matrix:
        """Return the features (n, n-grams + d) of messages with their counts and vectors."""
        weighted = sparse.csr_matrix(dense * np.float32(self.config["dense_weight"]))
        rows = self._rows(counts, idf)
        return sparse.hstack([rows, weighted], format="csr").astype(np.float32)

    def _rows(self, counts: sparse.csr_matrix, idf: Floats) -> sparse.csr_matrix:
        """Return tf-idf rows (n, n-grams) of length one."""
        rows = counts.tocsr().astype(np.float32)
        rows.data = (1 + np.log(rows.data)) * idf[rows.indices]
        lengths = np.sqrt(np.asarray(rows.multiply(rows).sum(axis=1)).ravel())
        return sparse.diags(1 / np.where(lengths > 0, lengths, 1)).dot(rows)


def words_of(names: Sequence[str]) -> list[str]:
    """Return intent names as words: they are read like one more example of the intent."""
    return [name.replace("_", " ").replace("/", " ") for name in names]
