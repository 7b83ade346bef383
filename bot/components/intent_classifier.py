"""Which intent a message has, how sure that is, and when nothing fits."""

from __future__ import annotations

import unicodedata
from typing import Any

import numpy as np
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

from bot.components.intent_model import DEFAULTS, Arrays, Floats, IntentModel

_FILE = "classifier.npz"
_DIGITS = 4  # of a confidence; more is noise in logs and JSON


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class GatedIntentClassifier(IntentClassifier, GraphComponent):
    """`IntentModel` over n-grams and the encoder's vector, with a gate for what fits nothing.

    * bench/classifiers and bench/understanding say what each part of the model is worth.
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
            "ranking_length": 5,
            **DEFAULTS,
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
        arrays: Arrays | None = None,
    ) -> None:
        """Keep the settings and, when loaded, the trained arrays."""
        self._config = {**self.get_default_config(), **config}
        self._model_storage = model_storage
        self._resource = resource
        self._model = IntentModel(arrays or {}, self._config)

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
        intents = np.array([example.get(INTENT) for example in examples])
        self._model = IntentModel.fit(
            sparse.vstack(counts, format="csr"), np.vstack(vectors), intents, self._config
        )
        with self._model_storage.write_to(self._resource) as folder:
            np.savez(folder / _FILE, **self._model.arrays)  # type: ignore[arg-type]
        return self._resource

    def process(self, messages: list[Message]) -> list[Message]:
        """Set ``intent`` and ``intent_ranking``; a button's payload is left to Rasa's own reader."""
        for message in messages:
            if message.get(TEXT, "").startswith(INTENT_MESSAGE_PREFIX):
                continue
            counts, vector = _features(message)
            if _only_punctuation(message.get(TEXT, "")):
                vector = None  # it says nothing that could be classified
            ranking = self._rank(counts, vector)
            message.set(INTENT, ranking[0], add_to_output=True)
            message.set(INTENT_RANKING_KEY, ranking, add_to_output=True)
        return messages

    def _rank(
        self, counts: sparse.csr_matrix | None, vector: Floats | None
    ) -> list[dict[str, Any]]:
        if vector is None:
            return [_prediction(DEFAULT_NLU_FALLBACK_INTENT_NAME, 1.0)]
        trained_on = self._model.arrays["examples"].shape[1]
        if vector.shape[1] != trained_on:
            raise RasaException(
                f"The classifier was trained on vectors of {trained_on} "
                f"dimensions and got {vector.shape[1]}. Train the engine again."
            )
        probabilities = np.exp(self._model.log_probabilities(counts, vector)[0])
        order = np.argsort(-probabilities)[: int(self._config["ranking_length"])]
        ranking = [
            _prediction(str(self._model.arrays["names"][i]), float(probabilities[i])) for i in order
        ]
        best = float(probabilities[order[0]])
        if (
            best < self._config["threshold"]
            or self.similarity(vector[0], int(order[0])) < self._config["similarity_threshold"]
        ):
            ranking.insert(0, _prediction(DEFAULT_NLU_FALLBACK_INTENT_NAME, 1 - best))
        return ranking

    def similarity(self, vector: Floats, intent: int) -> float:
        """Return the mean cosine similarity of a vector (d,) to an intent's nearest examples."""
        return self._model.similarity(vector, intent)


def _only_punctuation(text: str) -> bool:
    return all(unicodedata.category(char)[0] in "PZC" for char in text)


def _features(message: Message) -> tuple[sparse.csr_matrix | None, Floats | None]:
    """Return a message's sentence features: counts (1, n-grams) and vector (1, d)."""
    counts = message.get_sparse_features(TEXT)[1]
    vector = message.get_dense_features(TEXT)[1]
    return (
        counts.features.tocsr() if counts else None,
        np.asarray(vector.features, np.float32) if vector else None,
    )


def _prediction(name: str, confidence: float) -> dict[str, Any]:
    return {INTENT_NAME_KEY: name, PREDICTED_CONFIDENCE_KEY: round(confidence, _DIGITS)}
