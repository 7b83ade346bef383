"""Rasa's default pipeline behind two pipes; runs in the engine's environment, started by `diet.py`.

Reads JSON lines {"texts", "intents"} (train) or {"texts"} (predict), answers each with one line:
{"found": [[intent, confidence], ...], "seconds": processor time of this process so far}. A first line
comes unasked when everything is imported, so that training time is training alone.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

# What `rasa init` gives a project without a pipeline of its own, less what does not concern intents.
PIPELINE: tuple[tuple[str, dict[str, Any]], ...] = (
    ("tokenizers.whitespace_tokenizer.WhitespaceTokenizer", {}),
    ("featurizers.sparse_featurizer.regex_featurizer.RegexFeaturizer", {}),
    ("featurizers.sparse_featurizer.lexical_syntactic_featurizer.LexicalSyntacticFeaturizer", {}),
    ("featurizers.sparse_featurizer.count_vectors_featurizer.CountVectorsFeaturizer", {}),
    (
        "featurizers.sparse_featurizer.count_vectors_featurizer.CountVectorsFeaturizer",
        {"analyzer": "char_wb", "min_ngram": 1, "max_ngram": 4},
    ),
    (
        "classifiers.diet_classifier.DIETClassifier",
        {"epochs": 100, "constrain_similarities": True, "random_seed": 1},
    ),
)


def _components() -> list[tuple[Any, dict[str, Any]]]:
    from rasa.shared.utils.common import class_from_module_path

    return [(class_from_module_path(f"rasa.nlu.{path}"), config) for path, config in PIPELINE]


def train(texts: list[str], intents: list[str]) -> list[Any]:
    """Return the trained components, in order."""
    from rasa.engine.graph import ExecutionContext, GraphSchema
    from rasa.engine.storage.local_model_storage import LocalModelStorage
    from rasa.engine.storage.resource import Resource
    from rasa.shared.nlu.training_data.message import Message
    from rasa.shared.nlu.training_data.training_data import TrainingData

    examples = [
        Message.build(text=text, intent=intent) for text, intent in zip(texts, intents, strict=True)
    ]
    data, trained = TrainingData(examples), []
    storage = LocalModelStorage.create(Path(tempfile.mkdtemp(prefix="diet-")))
    for number, (kind, overrides) in enumerate(_components()):
        context = ExecutionContext(GraphSchema({}), node_name=f"step{number}")
        config = {**kind.get_default_config(), **overrides}
        component = kind.create(config, storage, Resource(str(number)), context)
        if hasattr(component, "train"):
            component.train(data)
        if hasattr(component, "process_training_data"):
            component.process_training_data(data)
        trained.append(component)
    return trained


def predict(components: list[Any], texts: list[str]) -> list[tuple[str, float]]:
    """Return (intent, confidence) of each text."""
    from rasa.shared.nlu.training_data.message import Message

    messages = [Message(data={"text": text}) for text in texts]
    for component in components:
        component.process(messages)
    return [(m.get("intent")["name"], float(m.get("intent")["confidence"])) for m in messages]


def main() -> None:
    """Serve until the input ends."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever the libraries print is no answer
    components: list[Any] = []
    found: list[tuple[str, float]] = []

    def answer() -> None:
        answers.write(json.dumps({"found": found, "seconds": time.process_time()}) + "\n")
        answers.flush()

    _components()
    answer()
    for line in sys.stdin:
        asked, found = json.loads(line), []
        if "intents" in asked:
            components = train(asked["texts"], asked["intents"])
        else:
            found = predict(components, asked["texts"])
        answer()


if __name__ == "__main__":
    main()
