"""The encoder's vectors as features, and the refusal of another encoder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from rasa.engine.graph import ExecutionContext, GraphSchema
from rasa.engine.storage.local_model_storage import LocalModelStorage
from rasa.engine.storage.resource import Resource
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

import bot.encoder
from bot.components.encoder_featurizer import EncoderFeaturizer, EncoderMismatchError

CONTEXT = ExecutionContext(GraphSchema({}), node_name="encoder")
RESOURCE = Resource("encoder")
CONFIG = EncoderFeaturizer.get_default_config()


class LengthEncoder:
    """Maps a text to a unit vector that its length decides."""

    dimension = 2

    def __init__(self, fingerprint: str) -> None:
        self.fingerprint = fingerprint
        self.batches: list[int] = []

    def encode(self, texts: Sequence[str]) -> np.ndarray:  # type: ignore[type-arg]
        self.batches.append(len(texts))
        angles = np.array([len(text) for text in texts], np.float32)
        return np.stack([np.cos(angles), np.sin(angles)], axis=1)


@pytest.fixture
def storage(tmp_path: Path) -> LocalModelStorage:
    return LocalModelStorage.create(tmp_path)


def use(monkeypatch: pytest.MonkeyPatch, fingerprint: str) -> LengthEncoder:
    encoder = LengthEncoder(fingerprint)
    monkeypatch.setattr(bot.encoder, "load_encoder", lambda name, threads: encoder)
    return encoder


def test_every_message_gets_its_own_vector_in_one_call(
    monkeypatch: pytest.MonkeyPatch, storage: LocalModelStorage
) -> None:
    encoder = use(monkeypatch, "one")
    data = TrainingData([Message({"text": "x" * (i + 1)}) for i in range(600)])
    EncoderFeaturizer.create(CONFIG, storage, RESOURCE, CONTEXT).process_training_data(data)
    assert encoder.batches == [600]
    for one in data.training_examples:
        length = np.float32(len(one.get("text")))
        feature = one.get_dense_features("text")[1].features
        assert feature == pytest.approx(np.array([[np.cos(length), np.sin(length)]]), abs=1e-6)


def test_a_second_training_encodes_only_what_is_new(
    monkeypatch: pytest.MonkeyPatch, storage: LocalModelStorage, tmp_path: Path
) -> None:
    monkeypatch.setenv("YINGDA_VECTORS", str(tmp_path / "cache"))
    encoder = use(monkeypatch, "one")
    for texts in (["包邮吗", "退货"], ["退货", "换货", "包邮吗"]):
        data = TrainingData([Message({"text": text}) for text in texts])
        EncoderFeaturizer.create(CONFIG, storage, RESOURCE, CONTEXT).process_training_data(data)
        assert all(one.get_dense_features("text")[1] for one in data.training_examples)
    assert encoder.batches == [2, 1]


def test_the_encoder_of_the_training_is_accepted(
    monkeypatch: pytest.MonkeyPatch, storage: LocalModelStorage
) -> None:
    use(monkeypatch, "one")
    EncoderFeaturizer.create(CONFIG, storage, RESOURCE, CONTEXT).train(TrainingData())
    featurizer = EncoderFeaturizer.load(CONFIG, storage, RESOURCE, CONTEXT)
    one = Message({"text": "hello"})
    featurizer.process([one])
    assert one.get_dense_features("text")[1].features.shape == (1, 2)


def test_another_encoder_is_refused_with_the_command_that_mends_it(
    monkeypatch: pytest.MonkeyPatch, storage: LocalModelStorage
) -> None:
    use(monkeypatch, "one")
    EncoderFeaturizer.create(CONFIG, storage, RESOURCE, CONTEXT).train(TrainingData())
    use(monkeypatch, "two")
    with pytest.raises(EncoderMismatchError, match=r"encoder one, but .* holds two.*yingda train"):
        EncoderFeaturizer.load(CONFIG, storage, RESOURCE, CONTEXT)


def test_payloads_and_empty_texts_are_not_encoded(
    monkeypatch: pytest.MonkeyPatch, storage: LocalModelStorage
) -> None:
    encoder = use(monkeypatch, "one")
    featurizer = EncoderFeaturizer.create(CONFIG, storage, RESOURCE, CONTEXT)
    featurizer.process([Message({"text": "/greet"}), Message({"text": ""})])
    assert encoder.batches == []
