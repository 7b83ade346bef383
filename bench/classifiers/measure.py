"""Folds, features and figures."""

from __future__ import annotations

import copy
import os
import random
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rasa.engine.storage.local_model_storage import LocalModelStorage
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold

from bench.classifiers.candidates import Candidate, fit_counts
from bot.components.bilingual_tokenizer import BilingualTokenizer
from bot.components.encoder_featurizer import ENCODER_VARIABLE, EncoderFeaturizer
from bot.components.faq_importer import FaqImporter
from bot.components.normaliser import Normaliser
from bot.encoder import load_encoder
from bot.language import detect

OFF_TOPIC = "out_of_scope"
# These four go to the same action, which asks the FAQ: mistaking one for another costs nothing.
_SAME_ACTION = {"ask_faq", "cod_question", "product_question", "installation_help"}
_FOLDS = 4
_TIMED = 200  # messages that are classified one by one, as in service


@dataclass(frozen=True)
class Figures:
    """What one candidate reached, as shares of 1, seconds of processor time, and milliseconds."""

    name: str
    accuracy: float
    zh: float
    en: float
    mean_recall: float
    alike: float
    train_s: float
    per_message_ms: float


def read_examples(root: Path, most_per_intent: int) -> list[Message]:
    """Return training examples, normalised, tokenized and with the encoder's vector.

    Of an intent with more than ``most_per_intent`` a random part is taken, always the same one.
    """
    importer = FaqImporter(
        None, str(root / "domain.yml"), [str(root / "data")], str(root / "data/faq")
    )
    data = Normaliser().process_training_data(importer.get_nlu_data())
    by_intent = defaultdict(list)
    for message in {m.get("text"): m for m in data.intent_examples if m.get("text")}.values():
        by_intent[message.get("intent")].append(message)
    pick = random.Random(1)
    examples = [
        message
        for messages in by_intent.values()
        for message in pick.sample(messages, min(len(messages), most_per_intent))
    ]
    tokenizer = BilingualTokenizer(BilingualTokenizer.get_default_config())
    tokenizer.process(examples)
    config = EncoderFeaturizer.get_default_config()
    encoder = load_encoder(os.environ.get(ENCODER_VARIABLE) or config["encoder"])
    EncoderFeaturizer(config, "encoder", encoder, None, None).process(examples)
    return examples


def compare(examples: Sequence[Message], candidates: Sequence[Candidate]) -> Iterator[Figures]:
    """Yield the figures of each candidate under cross-validation."""
    folds = list(_folds(examples))
    for candidate in candidates:
        truths, guesses, trained, timed = [], [], [], []
        for train, test in folds[: candidate.folds]:
            with tempfile.TemporaryDirectory() as folder:
                storage = LocalModelStorage.create(Path(folder))
                started = time.process_time()
                classifier = candidate.train(_only(train, candidate.features), storage)
                trained.append(time.process_time() - started)
            unseen = _only(test, candidate.features).training_examples
            truths += [message.get("intent") for message in unseen]
            texts = [message.get("text") for message in unseen]
            for message in unseen[:_TIMED]:
                started = time.process_time()
                classifier.process([message])
                timed.append(time.process_time() - started)
            classifier.process(unseen[_TIMED:])
            guesses += [
                (text, m.get("intent")["name"]) for text, m in zip(texts, unseen, strict=True)
            ]
        yield _figures(candidate.name, truths, guesses, trained, timed)


@dataclass(frozen=True)
class Gate:
    """How well each score tells texts of another world from the shop's (area under the curve)."""

    probability: float
    similarity: float
    rows: list[tuple[float, float, float, float]]  # thresholds, then shares refused: strange, ours


def try_gate(examples: Sequence[Message], candidate: Candidate) -> Gate:
    """Train without off-topic examples and ask what the gate would make of them.

    Strange texts are the examples of ``out_of_scope``; ours are a fold that was not trained on.
    """
    inside = [m for m in examples if m.get("intent") != OFF_TOPIC]
    strange = [m for m in examples if m.get("intent") == OFF_TOPIC]
    train, test = next(_folds(inside, also=strange))
    with tempfile.TemporaryDirectory() as folder:
        classifier = candidate.train(train, LocalModelStorage.create(Path(folder)))
    # Before the classifier puts its own word into the messages.
    is_ours = np.array([m.get("intent") != OFF_TOPIC for m in test.training_examples])
    scores = np.array([_gate_scores(classifier, message) for message in test.training_examples])
    rows = []
    for threshold in (0.2, 0.3, 0.4, 0.5):
        for similarity in (0.0, 0.3, 0.4, 0.45, 0.5, 0.55, 0.6):
            refused = (scores[:, 0] < threshold) | (scores[:, 1] < similarity)
            rows.append((threshold, similarity, refused[~is_ours].mean(), refused[is_ours].mean()))
    return Gate(roc_auc_score(is_ours, scores[:, 0]), roc_auc_score(is_ours, scores[:, 1]), rows)


def _gate_scores(classifier: Any, message: Message) -> tuple[float, float]:
    classifier.process([message])
    best = message.get("intent")
    place = int(np.searchsorted(classifier._model.arrays["names"], best["name"]))
    vector = np.asarray(message.get_dense_features("text")[1].features, np.float32)[0]
    return best["confidence"], classifier.similarity(vector, place)


def _folds(
    examples: Sequence[Message], also: Sequence[Message] = ()
) -> Iterator[tuple[TrainingData, TrainingData]]:
    """Yield (train, test) with n-gram counts of the training part's vocabulary; ``also`` is tested."""
    intents = [message.get("intent") for message in examples]
    split = StratifiedKFold(_FOLDS, shuffle=True, random_state=1)
    for seen, unseen in split.split(np.zeros(len(intents)), intents):
        train = TrainingData([copy.deepcopy(examples[i]) for i in seen])
        test = TrainingData([copy.deepcopy(m) for m in [*(examples[i] for i in unseen), *also]])
        with tempfile.TemporaryDirectory() as folder:
            counts = fit_counts(train, LocalModelStorage.create(Path(folder)))
        counts.process_training_data(train)
        counts.process_training_data(test)
        yield train, test


def _only(data: TrainingData, features: frozenset[str]) -> TrainingData:
    """Return a copy whose messages carry the named features alone."""
    messages = []
    for message in data.training_examples:
        kept = [
            f for f in message.features if ("counts" if f.is_sparse() else "vector") in features
        ]
        messages.append(Message(dict(message.data), features=kept))
    return TrainingData(messages)


def _figures(
    name: str,
    truths: list[str],
    guesses: list[tuple[str, str]],
    trained: list[float],
    timed: list[float],
) -> Figures:
    truth = np.array(truths)
    guess = np.array([intent for _, intent in guesses])
    language = np.array([detect(text) or "none" for text, _ in guesses])
    right: NDArray[np.bool_] = truth == guess
    alike = right | (np.isin(truth, list(_SAME_ACTION)) & np.isin(guess, list(_SAME_ACTION)))
    return Figures(
        name,
        right.mean(),
        right[language == "zh"].mean(),
        right[language == "en"].mean(),
        float(np.mean([right[truth == intent].mean() for intent in np.unique(truth)])),
        alike.mean(),
        float(np.mean(trained)),
        float(np.median(timed)) * 1000,
    )
