"""The FAQ's files as editors change them: written by ``Author``, made live by ``LiveKnowledge``."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from bot.editing.publish import Put
from bot.editing.thresholds import choose
from bot.faq.authoring import Author, replace_file
from bot.faq.calibration import FILE_NAME
from bot.faq.errors import FaqFileError, Problem
from bot.faq.knowledge import Knowledge
from bot.faq.live import LiveKnowledge
from bot.faq.model import Record
from bot.faq.pairs import Pairs, note_pairs, read_pairs
from bot.faq.records import faq_files
from bot.language import Language


class FaqLibrary:
    """A folder of FAQ files and the knowledge in force."""

    def __init__(self, live: LiveKnowledge, folder: Path) -> None:
        self._live, self._folder = live, folder
        self._author = Author(folder)

    @property
    def knowledge(self) -> Knowledge:
        """What customers are answered from."""
        return self._live.now

    def prepare(self, knowledge: Knowledge) -> None:
        """Keep a trial: when the files come to say the same, it goes live at once."""
        self._live.prepare(knowledge)

    def problems(self) -> Sequence[Problem]:
        """Return what keeps the files on disk from going live."""
        return self._live.status.problems

    def pairs(self) -> Pairs:
        """Return the answers as the two languages last agreed."""
        return read_pairs(self._folder)

    async def agree(self, record_id: str) -> None:
        """Say that a record's two answers belong together as they are."""
        records = self._live.now.corpus.records
        await asyncio.to_thread(note_pairs, self._folder, records, [record_id])

    async def write(self, puts: Sequence[Put]) -> None:
        """Write the files and make them live; all of it or, with ``FaqFileError``, nothing."""
        await asyncio.to_thread(self._write, puts)

    async def calibrate(self, language: Language, answer: float, suggest: float) -> None:
        """Write the thresholds of one language and let them count; raises ``ValueError``."""
        await asyncio.to_thread(choose, self._folder / FILE_NAME, language, answer, suggest)
        calibration = self._live.now.calibration
        side = calibration.languages[language].model_copy(
            update={"answer": answer, "suggest": suggest}
        )
        self._live.calibrate(
            calibration.model_copy(update={"languages": calibration.languages | {language: side}})
        )

    def _write(self, puts: Sequence[Put]) -> None:
        before = {file: file.read_text("utf-8") for file in faq_files(self._folder)}
        try:
            gone = {put.record_id for put in puts if not put.record}
            self._author.apply(self._author.without(gone))
            self._author.apply(
                self._author.merged(
                    [(Record.model_validate(p.record), p.category, None) for p in puts if p.record]
                )
            )
            self._publish()
        except BaseException:
            self._restore(before)
            raise

    def _publish(self) -> None:
        problems = self._live.publish().problems
        if problems:
            raise FaqFileError(problems)

    def _restore(self, before: dict[Path, str]) -> None:
        for file in faq_files(self._folder):
            if file not in before:
                file.unlink()
        for file, text in before.items():
            if not file.exists() or file.read_text("utf-8") != text:
                replace_file(file, text)
        self._live.publish()
