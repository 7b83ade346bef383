"""The sentence encoder's vector as a dense sentence feature."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.constants import FEATURIZER_CLASS_ALIAS
from rasa.nlu.featurizers.dense_featurizer.dense_featurizer import DenseFeaturizer
from rasa.nlu.tokenizers.tokenizer import Tokenizer
from rasa.shared.constants import INTENT_MESSAGE_PREFIX
from rasa.shared.exceptions import RasaException
from rasa.shared.nlu.constants import FEATURE_TYPE_SENTENCE, TEXT
from rasa.shared.nlu.training_data.features import Features
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.encoder.cache import encode_cached

if TYPE_CHECKING:
    from bot.encoder import Encoder
    from bot.encoder.base import Vectors

ENCODER_VARIABLE = "YINGDA_ENCODER"
CACHE_VARIABLE = "YINGDA_VECTORS"
_FINGERPRINT_FILE = "encoder.json"


class EncoderMismatchError(RasaException):
    """The engine's model was trained with another encoder than the one that is installed."""


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_FEATURIZER, is_trainable=True)
class EncoderFeaturizer(DenseFeaturizer, GraphComponent):
    """Adds the encoder's unit vector of a message, shape (1, d), float32, as sentence feature.

    The same encoder serves the FAQ index; its folder or name is ``YINGDA_ENCODER``, else the
    setting ``encoder``. Weights learned on one encoder's vectors mean nothing on another's, so
    training writes down the encoder's fingerprint and loading refuses any other.

    There are no sequence features: no component of the pipeline reads them.
    """

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """Return the settings; ``encoder`` is a folder, or a sentence-transformers name."""
        return {**DenseFeaturizer.get_default_config(), "encoder": "models/encoder"}

    @classmethod
    def required_components(cls) -> list[type]:
        """Return what must stand before this component in the pipeline."""
        return [Tokenizer]

    @classmethod
    def validate_config(cls, config: dict[str, Any]) -> None:
        """Accept any settings; a wrong encoder shows itself when it is loaded."""

    def __init__(
        self,
        config: dict[str, Any],
        name: str,
        encoder: Encoder,
        model_storage: ModelStorage,
        resource: Resource,
    ) -> None:
        """Keep the loaded encoder."""
        super().__init__(name, config)
        self._encoder = encoder
        self._model_storage = model_storage
        self._resource = resource

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> EncoderFeaturizer:
        """Load the encoder."""
        return cls(config, execution_context.node_name, _encoder(config), model_storage, resource)

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> EncoderFeaturizer:
        """Load the encoder and compare it with the one of the training.

        Raises:
            EncoderMismatchError: it is another one.
        """
        name = execution_context.node_name
        featurizer = cls(config, name, _encoder(config), model_storage, resource)
        with model_storage.read_from(resource) as folder:
            trained = json.loads((folder / _FINGERPRINT_FILE).read_text(encoding="utf-8"))
        if trained["fingerprint"] != featurizer._encoder.fingerprint:
            raise EncoderMismatchError(
                f"The engine's model was trained with the encoder {trained['fingerprint']}, but "
                f"{os.environ.get(ENCODER_VARIABLE) or config['encoder']} holds "
                f"{featurizer._encoder.fingerprint}. Train the engine again: "
                "`yingda train`."
            )
        return featurizer

    def train(self, training_data: TrainingData) -> Resource:
        """Write down which encoder the model is trained with."""
        with self._model_storage.write_to(self._resource) as folder:
            (folder / _FINGERPRINT_FILE).write_text(
                json.dumps({"fingerprint": self._encoder.fingerprint}), encoding="utf-8"
            )
        return self._resource

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """Add the feature to every training example, encoding on all cores what is not kept yet."""
        encoder = _encoder(self._config, threads=os.cpu_count() or 1)
        kept = os.environ.get(CACHE_VARIABLE)

        def encode(texts: list[str]) -> Vectors:
            return encode_cached(texts, encoder, Path(kept) if kept else None, "engine")

        self._add_vectors(training_data.training_examples, encode)
        return training_data

    def process(self, messages: list[Message]) -> list[Message]:
        """Add the feature to every message with a text; a button's payload needs none."""
        self._add_vectors(messages, self._encoder.encode)
        return messages

    def _add_vectors(self, messages: list[Message], encode: Callable[[list[str]], Vectors]) -> None:
        readable = [m for m in messages if m.get(TEXT) and not _is_payload(m.get(TEXT))]
        if not readable:
            return
        vectors = encode([message.get(TEXT) for message in readable])
        origin = self._config[FEATURIZER_CLASS_ALIAS] or self._identifier
        for message, vector in zip(readable, vectors, strict=True):
            message.add_features(Features(vector[None, :], FEATURE_TYPE_SENTENCE, TEXT, origin))


def _encoder(config: dict[str, Any], threads: int = 1) -> Encoder:
    from bot.encoder import load_encoder

    return load_encoder(os.environ.get(ENCODER_VARIABLE) or config["encoder"], threads)


def _is_payload(text: str) -> bool:
    return text.startswith(INTENT_MESSAGE_PREFIX)
