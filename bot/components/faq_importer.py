"""Training data: Rasa's own files plus the FAQ's questions as examples of ``ask_faq``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import yaml
from rasa.shared.importers.rasa import RasaFileImporter
from rasa.shared.nlu.constants import INTENT, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

FAQ_INTENT = "ask_faq"
_LANGUAGES = ("zh", "en")


class FaqImporter(RasaFileImporter):
    """Reads NLU data, rules and stories like Rasa, and the questions of ``data/faq/*.yml``.

    One classifier then separates "do it" (cancel my order) from "tell me about it" (can I cancel
    an order), and an editor's new question counts at the next training without further work.

    The FAQ's files are kept from Rasa's own readers: they are no Rasa files, and its YAML reader
    would parse each of them three times to find that out.
    """

    def __init__(
        self,
        config_file: str | None = None,
        domain_path: str | None = None,
        training_data_paths: list[str] | str | None = None,
        faq_folder: str = "data/faq",
    ) -> None:
        """Find the files. ``faq_folder`` is set in config.yml, relative to the project's root."""
        self._faq_folder = Path(faq_folder)
        self._data: TrainingData | None = None
        super().__init__(
            config_file,
            domain_path,
            list(_without(self._faq_folder, training_data_paths)),
        )

    def get_nlu_data(self, language: str | None = "en") -> TrainingData:
        """Return Rasa's training data merged with the FAQ's questions.

        A question that is already an example of another intent stays with that intent: the
        example there was written on purpose, and one text must not teach two intents. The files are read once:
        Rasa asks again and again in one training.
        """
        if self._data is None:
            self._data = self._read(language)
        return self._data

    def _read(self, language: str | None) -> TrainingData:
        data = super().get_nlu_data(language)
        taken = {example.get(TEXT) for example in data.intent_examples}
        examples = []
        for question in faq_questions(self._faq_folder):
            if question not in taken:
                taken.add(question)
                examples.append(Message({TEXT: question, INTENT: FAQ_INTENT}))
        return data.merge(TrainingData(examples))


def faq_questions(folder: Path) -> Iterator[str]:
    """Yield every phrasing of every record in both languages, file by file.

    Raises:
        ValueError: a file is not of the FAQ's shape; the message names the file and the record.
    """
    for file in sorted(folder.glob("*.yml")):
        content = yaml.load(file.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
        try:
            for record in content["records"]:
                for language in _LANGUAGES:
                    yield from (str(q).strip() for q in record.get(language, {})["questions"])
        except (KeyError, TypeError) as error:
            raise ValueError(
                f"{file}: expected `records`, each with `zh` and `en` and a list `questions` in "
                f"both, but {error!r} came up. `yingda faq check` shows the line."
            ) from error


def _without(folder: Path, paths: Iterable[str] | str | None) -> Iterator[str]:
    """Yield ``paths`` with every folder that contains ``folder`` replaced by its other members."""
    for path in [paths] if isinstance(paths, str) else paths or []:
        root = Path(path)
        if root.is_dir() and root.resolve() in folder.resolve().parents:
            yield from _without(folder, sorted(str(member) for member in root.iterdir()))
        elif root.resolve() != folder.resolve():
            yield path
