"""The classifiers that are compared, each as Rasa would run it in a pipeline."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from rasa.engine.graph import ExecutionContext, GraphSchema
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.featurizers.sparse_featurizer.count_vectors_featurizer import CountVectorsFeaturizer
from rasa.shared.nlu.training_data.training_data import TrainingData

_CONTEXT = ExecutionContext(GraphSchema({}), node_name="bench")
NGRAMS = {"analyzer": "char_wb", "min_ngram": 1, "max_ngram": 4, "min_df": 2}


@dataclass(frozen=True)
class Candidate:
    """A classifier with its settings.

    Args:
        name: as the table shows it.
        component: its class, loaded when it is its turn: DIET brings TensorFlow.
        config: what differs from the component's defaults.
        features: which sentence features it gets: "counts", "vector".
        folds: on how many folds it is tried; fewer for those that train for minutes.
    """

    name: str
    component: Callable[[], Any]
    config: dict[str, Any]
    features: frozenset[str]
    folds: int = 2

    def train(self, data: TrainingData, storage: ModelStorage) -> Any:
        """Return the trained classifier, loaded again from what it saved."""
        component, resource = self.component(), Resource(self.name)
        config = {**component.get_default_config(), **self.config}
        component.create(config, storage, resource, _CONTEXT).train(data)
        return component.load(config, storage, resource, _CONTEXT)


def fit_counts(data: TrainingData, storage: ModelStorage) -> CountVectorsFeaturizer:
    """Return Rasa's n-gram featurizer with the vocabulary of ``data``."""
    config = {**CountVectorsFeaturizer.get_default_config(), **NGRAMS}
    resource = Resource("counts")
    CountVectorsFeaturizer.create(config, storage, resource, _CONTEXT).train(data)
    return CountVectorsFeaturizer.load(config, storage, resource, _CONTEXT)


def _gated() -> Any:
    from bot.components.intent_classifier import GatedIntentClassifier

    return GatedIntentClassifier


def _logistic() -> Any:
    from rasa.nlu.classifiers.logistic_regression_classifier import LogisticRegressionClassifier

    return LogisticRegressionClassifier


def _diet() -> Any:
    from rasa.nlu.classifiers.diet_classifier import DIETClassifier

    return DIETClassifier


_OPEN = {"threshold": 0.0, "similarity_threshold": -1.0}  # without the gate: accuracy alone
_COUNTS, _VECTOR = frozenset({"counts"}), frozenset({"vector"})
_BOTH = _COUNTS | _VECTOR
_DIET = {"entity_recognition": False, "random_seed": 1, "constrain_similarities": True}

CANDIDATES = (
    Candidate("gated, n-grams + encoder (in use)", _gated, _OPEN, _BOTH),
    Candidate("gated, balance -0.3", _gated, {**_OPEN, "balance": -0.3}, _BOTH),
    Candidate("gated, encoder twice as heavy", _gated, {**_OPEN, "count_weight": 0.3}, _BOTH),
    Candidate("gated, n-grams almost alone", _gated, {**_OPEN, "count_weight": 30.0}, _BOTH),
    Candidate("Rasa LogisticRegression, n-grams", _logistic, {}, _COUNTS, folds=1),
    Candidate("Rasa LogisticRegression, both", _logistic, {}, _BOTH, folds=1),
    Candidate("Rasa DIET, n-grams", _diet, {**_DIET, "epochs": 30}, _COUNTS, folds=1),
    Candidate("Rasa DIET, both", _diet, {**_DIET, "epochs": 30}, _BOTH, folds=1),
)
