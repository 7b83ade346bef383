"""Which intent a message has, how sure that is, and when nothing fits."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.classifiers.classifier import IntentClassifier
from rasa.nlu.featurizers.featurizer import Featurizer
from rasa.shared.constants import DEFAULT_NLU_FALLBACK_INTENT_NAME, INTENT_MESSAGE_PREFIX
from rasa.shared.exceptions import InvalidConfigException, RasaException
from rasa.shared.nlu.constants import (
    INTENT,
    INTENT_NAME_KEY,
    INTENT_RANKING_KEY,
    PREDICTED_CONFIDENCE_KEY,
    TEXT,
)
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData
from scipy import sparse
from sklearn.model_selection import StratifiedShuffleSplit
from sklearn.svm import LinearSVC

Floats = NDArray[np.float32]
_FILE = "classifier.npz"
_TOLERANCE = 1e-2  # a hundred times sklearn's: the same accuracy in two thirds of the time
_UNSEEN = 0.2  # share of the examples that the sharpness is chosen on
_SHARPNESS_GRID = np.geomspace(0.5, 16, 31)
_DIGITS = 4  # of a confidence; more is noise in logs and JSON


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class GatedIntentClassifier(IntentClassifier, GraphComponent):
    """Linear support vectors over n-grams and the encoder's vector, with a gate for what fits nothing.

    * The features of a message are its n-gram counts as tf-idf rows of length one beside the
      encoder's unit vector; bench/classifiers says what each part is worth.
    * ``nlu_fallback`` is the intent when the best probability is below ``threshold``, or when the
      message lies far from what its intent was taught with: the mean cosine similarity to the
      ``neighbours`` nearest examples of that intent is below ``similarity_threshold``. A softmax is
      never unsure about a text of another world; its distance tells.
    * The intents of the training data are counted unevenly (the FAQ gives thousands of examples
      to ``ask_faq``), so an intent's examples are weighted by their number to the power of
      ``balance``: 0 takes the counts as they are, -1 makes all intents equal.

    Rasa's own LogisticRegressionClassifier falls back to an untrained one when it cannot load its
    file, and calls sklearn for every message. This one is a few numpy arrays, and raises.
    """

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """Return the settings; config.yml says the values in use and bench/classifiers why."""
        return {
            "threshold": 0.3,
            "similarity_threshold": 0.4,
            "neighbours": 3,
            "balance": -0.5,
            "C": 0.5,
            "dense_weight": 1.0,
            "ranking_length": 5,
        }

    @classmethod
    def required_components(cls) -> list[type]:
        """Return what must stand before this component in the pipeline."""
        return [Featurizer]

    @staticmethod
    def required_packages() -> list[str]:
        """Return the packages that Rasa checks for before it builds the graph."""
        return ["sklearn"]

    def __init__(
        self,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        arrays: dict[str, NDArray[Any]] | None = None,
    ) -> None:
        """Keep the settings and, when loaded, the trained arrays."""
        self._config = {**self.get_default_config(), **config}
        self._model_storage = model_storage
        self._resource = resource
        self._arrays = arrays or {}

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> GatedIntentClassifier:
        """Create an untrained classifier."""
        return cls(config, model_storage, resource)

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> GatedIntentClassifier:
        """Load the trained arrays; a missing or damaged file raises and the engine does not start."""
        with model_storage.read_from(resource) as folder, np.load(folder / _FILE) as arrays:
            return cls(config, model_storage, resource, dict(arrays))

    def train(self, training_data: TrainingData) -> Resource:
        """Fit the weights and keep the examples' vectors for the gate.

        Raises:
            InvalidConfigException: the pipeline adds no dense or no sparse sentence feature.
        """
        examples = [e for e in training_data.intent_examples if e.get(INTENT) and e.get(TEXT)]
        counts, vectors = zip(*map(_features, examples), strict=True)
        if any(c is None for c in counts) or any(v is None for v in vectors):
            raise InvalidConfigException(
                "GatedIntentClassifier needs a sparse and a dense sentence feature for every "
                "example: put CountVectorsFeaturizer and EncoderFeaturizer before it in config.yml."
            )
        counted, dense = sparse.vstack(counts, format="csr"), np.vstack(vectors)
        intents = np.array([example.get(INTENT) for example in examples])
        seen_in = np.bincount(counted.indices, minlength=counted.shape[1])
        idf = (np.log((1 + len(examples)) / (1 + seen_in)) + 1).astype(np.float32)
        features = self._matrix(counted, dense, idf)
        sharpness = self._sharpness(features, intents)
        model = self._fit(features, intents)
        self._arrays = {
            "names": model.classes_,
            "idf": idf,
            "weights": np.ascontiguousarray(model.coef_.T * sharpness, np.float32),
            "bias": (model.intercept_ * sharpness).astype(np.float32),
            # The examples' vectors, intent by intent; those of intent i are bounds[i]:bounds[i + 1].
            "examples": dense[np.argsort(intents, kind="stable")].astype(np.float32),
            "bounds": np.searchsorted(np.sort(intents), [*model.classes_, "\U0010ffff"]),
        }
        with self._model_storage.write_to(self._resource) as folder:
            np.savez(folder / _FILE, **self._arrays)  # type: ignore[arg-type]
        return self._resource

    def _fit(self, features: sparse.csr_matrix, intents: NDArray[Any]) -> LinearSVC:
        _, index, total = np.unique(intents, return_inverse=True, return_counts=True)
        weights = total[index] ** float(self._config["balance"])
        model = LinearSVC(C=self._config["C"], tol=_TOLERANCE, random_state=1)
        return model.fit(features, intents, sample_weight=weights / weights.mean())

    def _sharpness(self, features: sparse.csr_matrix, intents: NDArray[Any]) -> float:
        """Return the factor that makes the softmax of the scores probabilities.

        It is the one under which messages that the fit has not seen get the likeliest labels
        (temperature scaling), tried on a grid.
        """
        split = StratifiedShuffleSplit(1, test_size=_UNSEEN, random_state=1)
        seen, unseen = next(split.split(features, intents))
        model = self._fit(features[seen], intents[seen])
        scores = model.decision_function(features[unseen])
        truth = np.searchsorted(model.classes_, intents[unseen])
        losses = []
        for factor in _SHARPNESS_GRID:
            odds = np.exp(factor * (scores - scores.max(axis=1, keepdims=True)))
            losses.append(-np.log(odds[np.arange(len(truth)), truth] / odds.sum(axis=1)).mean())
        return float(_SHARPNESS_GRID[int(np.argmin(losses))])

    def process(self, messages: list[Message]) -> list[Message]:
        """Set ``intent`` and ``intent_ranking``; a button's payload is left to Rasa's own reader."""
        for message in messages:
            if message.get(TEXT, "").startswith(INTENT_MESSAGE_PREFIX):
                continue
            counts, vector = _features(message)
            ranking = self._rank(counts, vector)
            message.set(INTENT, ranking[0], add_to_output=True)
            message.set(INTENT_RANKING_KEY, ranking, add_to_output=True)
        return messages

    def _rank(
        self, counts: sparse.csr_matrix | None, vector: Floats | None
    ) -> list[dict[str, Any]]:
        if vector is None:
            return [_prediction(DEFAULT_NLU_FALLBACK_INTENT_NAME, 1.0)]
        if vector.shape[1] != self._arrays["examples"].shape[1]:
            raise RasaException(
                f"The classifier was trained on vectors of {self._arrays['examples'].shape[1]} "
                f"dimensions and got {vector.shape[1]}. Train the engine again."
            )
        scores = self._arrays["bias"] + self._dense_scores(vector[0])
        if counts is not None:
            scores = scores + self._count_scores(counts)
        odds = np.exp(scores - scores.max())
        probabilities = odds / odds.sum()
        order = np.argsort(-probabilities)[: int(self._config["ranking_length"])]
        ranking = [
            _prediction(str(self._arrays["names"][i]), float(probabilities[i])) for i in order
        ]
        best = float(probabilities[order[0]])
        if (
            best < self._config["threshold"]
            or self.similarity(vector[0], int(order[0])) < self._config["similarity_threshold"]
        ):
            ranking.insert(0, _prediction(DEFAULT_NLU_FALLBACK_INTENT_NAME, 1 - best))
        return ranking

    def _dense_scores(self, vector: Floats) -> Floats:
        weights = self._arrays["weights"][len(self._arrays["idf"]) :]
        scores: Floats = np.float32(self._config["dense_weight"]) * (vector @ weights)
        return scores

    def _count_scores(self, counts: sparse.csr_matrix) -> Floats:
        """Return the scores of one row of counts; the same arithmetic as ``_matrix``, without scipy."""
        values = (1 + np.log(counts.data)) * self._arrays["idf"][counts.indices]
        scores: Floats = (values / np.linalg.norm(values)) @ self._arrays["weights"][counts.indices]
        return scores

    def similarity(self, vector: Floats, intent: int) -> float:
        """Return the mean cosine similarity of a vector (d,) to an intent's nearest examples.

        ``intent`` is the place of its name among the arrays' names.
        """
        first, after = self._arrays["bounds"][intent : intent + 2]
        similarities = self._arrays["examples"][first:after] @ vector
        nearest = min(int(self._config["neighbours"]), len(similarities))
        return float(np.partition(similarities, -nearest)[-nearest:].mean())

    def _matrix(self, counts: sparse.csr_matrix, dense: Floats, idf: Floats) -> sparse.csr_matrix:
        """Return the features (n, n-grams + d) of messages with their counts and vectors."""
        rows = counts.tocsr().astype(np.float32)
        rows.data = (1 + np.log(rows.data)) * idf[rows.indices]
        lengths = np.sqrt(np.asarray(rows.multiply(rows).sum(axis=1)).ravel())
        rows = sparse.diags(1 / np.where(lengths > 0, lengths, 1)).dot(rows)
        weighted = sparse.csr_matrix(dense * np.float32(self._config["dense_weight"]))
        return sparse.hstack([rows, weighted], format="csr").astype(np.float32)


def _features(message: Message) -> tuple[sparse.csr_matrix | None, Floats | None]:
    """Return a message's sentence features: counts (1, n-grams) and vector (1, d)."""
    counts = message.get_sparse_features(TEXT)[1]
    vector = message.get_dense_features(TEXT)[1]
    return (
        sparse.csr_matrix(counts.features) if counts else None,
        np.asarray(vector.features, np.float32) if vector else None,
    )


def _prediction(name: str, confidence: float) -> dict[str, Any]:
    return {INTENT_NAME_KEY: name, PREDICTED_CONFIDENCE_KEY: round(confidence, _DIGITS)}
