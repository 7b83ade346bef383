"""The FAQ's files as editors change them: written by ``Author``, made live by ``LiveKnowledge``."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from bot.editing.git import Repository
from bot.editing.publish import Put
from bot.editing.thresholds import choose
from bot.faq.authoring import Author, replace_file
from bot.faq.calibration import FILE_NAME
from bot.faq.errors import FaqFileError, Problem
from bot.faq.knowledge import Knowledge
from bot.faq.live import LiveKnowledge
from bot.faq.model import Record
from bot.faq.pairs import FILE_NAME as PAIRS_NAME
from bot.faq.pairs import Pairs, note_pairs, read_pairs
from bot.faq.records import faq_files
from bot.language import Language


class FaqLibrary:
    """A folder of FAQ files and the knowledge in force."""

    def __init__(self, live: LiveKnowledge, folder: Path, *, git: bool = True) -> None:
        self._live, self._folder = live, folder
        self._author = Author(folder, live.reader)
        self._repository = Repository.around(folder) if git else None

    @property
    def repository(self) -> Repository | None:
        """The git repository that the files lie in, None without one."""
        return self._repository

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

    async def write(self, puts: Sequence[Put]) -> Sequence[str]:
        """Write the files and make them live; all of it or, with ``FaqFileError``, nothing."""
        return await asyncio.to_thread(self._changed, lambda: self._write(puts))

    async def restore(self, texts: Mapping[str, tuple[str | None, str | None]]) -> Sequence[str]:
        """Bring files back as they were; nothing when one of them was touched since."""
        return await asyncio.to_thread(self._changed, lambda: self._put_back(texts))

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

    def _changed(self, work: Callable[[], None]) -> list[str]:
        """Do what writes files and return the names of those that changed; all of it or nothing."""
        before = self._texts()
        pairs = self.pairs()
        try:
            work()
            self._publish()
        except BaseException:
            self._restore(before)
            raise
        after = self._texts()
        names = [f.name for f in sorted({*before, *after}) if before.get(f) != after.get(f)]
        return [*names, PAIRS_NAME] if names and self.pairs() != pairs else names

    def _texts(self) -> dict[Path, str]:
        return {file: file.read_text("utf-8") for file in faq_files(self._folder)}

    def _put_back(self, texts: Mapping[str, tuple[str | None, str | None]]) -> None:
        now = {file.name: text for file, text in self._texts().items()}
        if any(now.get(name) != there for name, (_, there) in texts.items()):
            return
        for name, (then, _) in texts.items():
            self._author.put(self._folder / name, then)

    def _write(self, puts: Sequence[Put]) -> None:
        gone = {put.record_id for put in puts if not put.record}
        if gone:
            self._author.apply(self._author.without(gone))
        there = [(Record.model_validate(p.record), p.category, p.title) for p in puts if p.record]
        if there:
            self._author.apply(self._author.merged(there))

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
