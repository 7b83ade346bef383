"""The intent classifier on messages whose features are made by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from rasa.engine.graph import ExecutionContext, GraphSchema
from rasa.engine.storage.local_model_storage import LocalModelStorage
from rasa.engine.storage.resource import Resource
from rasa.shared.exceptions import InvalidConfigException, RasaException
from rasa.shared.nlu.training_data.features import Features
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData
from scipy import sparse

from bot.components.intent_classifier import GatedIntentClassifier

CONTEXT = ExecutionContext(GraphSchema({}), node_name="classifier")
WORDS = {word: i for i, word in enumerate(["hi", "hello", "order", "where", "refund", "money"])}
GREET, ORDER, REFUND = (np.eye(4, dtype=np.float32)[i] for i in range(3))
ELSEWHERE = np.eye(4, dtype=np.float32)[3]


def message(
    words: list[str],
    vector: np.ndarray | None,
    intent: str | None = None,  # type: ignore[type-arg]
) -> Message:
    counts = np.zeros((1, len(WORDS)))
    for word in words:
        counts[0, WORDS[word]] += 1
    made = Message({"text": " ".join(words) or "hm", **({"intent": intent} if intent else {})})
    if words:
        made.add_features(Features(sparse.coo_matrix(counts), "sentence", "text", "counts"))
    if vector is not None:
        made.add_features(Features(vector[None, :], "sentence", "text", "encoder"))
    return made


def training() -> TrainingData:
    rows = [
        (["hi"], GREET, "greet"),
        (["hello"], GREET, "greet"),
        (["hi", "hello"], GREET, "greet"),
    ]
    rows += [(["where", "order"], ORDER, "order_status"), (["order"], ORDER, "order_status")] * 2
    rows += [
        (["refund", "money"], REFUND, "return_request"),
        (["refund"], REFUND, "return_request"),
    ] * 2
    examples = [message(*row) for row in rows * 3]
    for number, example in enumerate(examples):
        example.set("text", f"{example.get('text')} {number}")  # Rasa drops equal examples
    return TrainingData(examples)


@pytest.fixture
def storage(tmp_path: Path) -> LocalModelStorage:
    return LocalModelStorage.create(tmp_path)


def trained(storage: LocalModelStorage, **config: float) -> GatedIntentClassifier:
    resource = Resource("classifier")
    settings = {"neighbours": 2, **config}
    GatedIntentClassifier.create(settings, storage, resource, CONTEXT).train(training())
    return GatedIntentClassifier.load(settings, storage, resource, CONTEXT)


def classify(classifier: GatedIntentClassifier, one: Message) -> dict[str, object]:
    classifier.process([one])
    return dict(one.get("intent"))


def test_a_loaded_classifier_recognises_what_it_was_taught(storage: LocalModelStorage) -> None:
    classifier = trained(storage)
    for words, vector, intent in ((["hi"], GREET, "greet"), (["refund"], REFUND, "return_request")):
        found = classify(classifier, message(words, vector))
        assert found["name"] == intent
        assert 0.5 < float(str(found["confidence"])) <= 1


def test_confidences_of_the_ranking_fall_and_are_probabilities(storage: LocalModelStorage) -> None:
    one = message(["where", "hi"], ORDER)
    trained(storage).process([one])
    confidences = [entry["confidence"] for entry in one.get("intent_ranking")]
    assert confidences == sorted(confidences, reverse=True)
    assert sum(confidences) == pytest.approx(1, abs=0.01)


def test_a_message_far_from_all_examples_falls_back_however_sure_the_scores_are(
    storage: LocalModelStorage,
) -> None:
    one = message(["refund", "money"], ELSEWHERE)
    classifier = trained(storage, threshold=0.0, similarity_threshold=0.4)
    assert classify(classifier, one)["name"] == "nlu_fallback"
    assert one.get("intent_ranking")[1]["name"] == "return_request"


def test_an_unsure_message_falls_back(storage: LocalModelStorage) -> None:
    between = (GREET + ORDER + REFUND) / np.sqrt(np.float32(3))
    classifier = trained(storage, threshold=0.9, similarity_threshold=0.0)
    assert classify(classifier, message([], between))["name"] == "nlu_fallback"


def test_a_text_without_any_feature_falls_back(storage: LocalModelStorage) -> None:
    assert classify(trained(storage), message([], None))["name"] == "nlu_fallback"


def test_one_message_is_scored_as_the_training_matrix_is(storage: LocalModelStorage) -> None:
    """The short way of a single message and the matrix of the training are the same arithmetic."""
    model = trained(storage, count_weight=0.7)._model
    counts = sparse.csr_matrix(np.array([[2.0, 0, 1, 0, 0, 3], [0, 1, 0, 0, 2, 0]], np.float32))
    vectors = np.array([[0.6, 0.8, 0, 0], [0, 0.6, 0.8, 0]], np.float32)
    together = model.log_probabilities(counts, vectors)
    for row in range(2):
        alone = model.log_probabilities(counts[row], vectors[row : row + 1])
        assert alone[0] == pytest.approx(together[row], abs=1e-5)


def test_similarity_is_the_mean_over_the_nearest_examples_of_the_intent(
    storage: LocalModelStorage,
) -> None:
    data, classifier = training(), trained(storage)
    vector = np.array([0.6, 0.8, 0, 0], np.float32)
    for place, name in enumerate(classifier._model.arrays["names"]):
        of_intent = sorted(
            float(e.get_dense_features("text")[1].features[0] @ vector)
            for e in data.training_examples
            if e.get("intent") == name
        )
        assert classifier.similarity(vector, place) == pytest.approx(np.mean(of_intent[-2:]))


def test_a_missing_or_damaged_file_stops_the_start(storage: LocalModelStorage) -> None:
    """Rasa's own classifier would go on untrained."""
    resource = Resource("classifier")
    with pytest.raises(ValueError):
        GatedIntentClassifier.load({}, storage, resource, CONTEXT)
    with storage.write_to(resource) as folder:
        (folder / "classifier.npz").write_bytes(b"damaged")
    with pytest.raises(Exception, match=r"pickle|zip|magic"):
        GatedIntentClassifier.load({}, storage, resource, CONTEXT)


def test_vectors_of_another_length_are_refused(storage: LocalModelStorage) -> None:
    with pytest.raises(RasaException, match="4 dimensions and got 2"):
        trained(storage).process([message(["hi"], np.array([1, 0], np.float32))])


def test_training_without_an_encoder_says_what_is_missing(storage: LocalModelStorage) -> None:
    data = TrainingData([message(["hi"], None, "greet"), message(["order"], None, "order_status")])
    classifier = GatedIntentClassifier.create({}, storage, Resource("classifier"), CONTEXT)
    with pytest.raises(InvalidConfigException, match="EncoderFeaturizer"):
        classifier.train(data)


def test_a_buttons_payload_is_left_alone(storage: LocalModelStorage) -> None:
    one = Message({"text": "/order_status"})
    trained(storage).process([one])
    assert one.get("intent") is None


@pytest.mark.parametrize("text", ["？？？", "...", "。。。", "！?!", " "])
def test_punctuation_alone_is_no_intent(storage: LocalModelStorage, text: str) -> None:
    asked = message(["hi"], GREET)
    asked.set("text", text)
    assert classify(trained(storage), asked) == {"name": "nlu_fallback", "confidence": 1.0}
