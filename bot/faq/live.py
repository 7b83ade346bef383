"""The FAQ in force, which changes while customers ask.

``LiveKnowledge.now`` is one complete state; publishing puts another in its place in one step. A turn takes
``now`` once and keeps it to its end: actions that the engine calls back ask for the same state by its
``version``, which is kept for as long as some turn holds it.

Publishing reads the folder anew. With a mistake in any file the last good state stays in force, and
``status`` says what to mend, in which line.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Self
from weakref import WeakValueDictionary

import structlog

from bot.clock import Clock, utc_now
from bot.encoder.base import Encoder
from bot.faq.calibration import Calibration
from bot.faq.errors import Problem
from bot.faq.knowledge import Knowledge
from bot.faq.model import Corpus
from bot.faq.pairs import FILE_NAME as PAIRS_NAME
from bot.faq.pairs import note_pairs
from bot.faq.records import Reader

_log = structlog.get_logger(__name__)

Listener = Callable[[Knowledge, Knowledge], None]


@dataclass(frozen=True, slots=True)
class Status:
    """How publishing stands.

    Attributes:
        version: Of the knowledge in force.
        published_at: Since when it is in force.
        problems: Why the files as they are now can't take its place; empty when they have.
        seconds: How long the last publishing took.
    """

    version: str
    published_at: datetime
    problems: tuple[Problem, ...] = ()
    seconds: float = 0.0


class LiveKnowledge:
    """Holds the knowledge in force; safe to use from many threads.

    Args:
        knowledge: The first state.
        folder: Its files; None for a state that never changes.
        clock: The time.

    Attributes:
        reader: Of its files, for others who read them; None without files.
    """

    def __init__(
        self, knowledge: Knowledge, folder: Path | None = None, clock: Clock = utc_now
    ) -> None:
        self.now = knowledge
        self.folder = folder
        self.status = Status(knowledge.version, clock())
        self._clock = clock
        self.reader = Reader(folder) if folder else None
        self._versions = WeakValueDictionary({knowledge.version: knowledge})
        self._listeners: list[Listener] = []
        self._prepared: Knowledge | None = None
        # Publishing is one at a time; taking ``now`` waits for nobody.
        self._publishing = threading.Lock()

    @classmethod
    def load(
        cls,
        folder: Path,
        encoder: Encoder,
        cache: Path | None = None,
        *,
        answer: float | None = None,
        suggest: float | None = None,
    ) -> Self:
        """Load the files of ``folder``, see ``Knowledge.load``, which also says what is raised."""
        return cls(Knowledge.load(folder, encoder, cache, answer=answer, suggest=suggest), folder)

    def version(self, name: str | None) -> Knowledge:
        """Return the state that a running turn began with; the one in force when that is gone."""
        return self._versions.get(name or "") or self.now

    def listen(self, listener: Listener) -> None:
        """Call ``listener(before, after)`` after each change, in the thread that published."""
        self._listeners.append(listener)

    def publish(self) -> Status:
        """Bring the files into force, or say what keeps them from it.

        Costs the parsing of changed files, the encoding of changed texts and a fraction of a second.
        """
        if self.reader is None:
            return self.status
        with self._publishing:
            started = time.perf_counter()
            reading = self.reader.read()
            before = self.now
            if reading.corpus is None:
                self.status = replace(self.status, problems=reading.problems)
                for problem in reading.problems:
                    _log.error("faq_not_published", problem=str(problem), record=problem.record)
                return self.status
            if reading.corpus == before.corpus:
                self.status = replace(self.status, problems=())
                return self.status
            knowledge = self._edited(before, reading.corpus)
            self._swap(knowledge, time.perf_counter() - started)
            if not (self.reader.folder / PAIRS_NAME).exists():
                # Without it nothing says which side of this very edit was changed alone.
                note_pairs(self.reader.folder, before.corpus.records)
            note_pairs(self.reader.folder, knowledge.corpus.records)
        for listener in self._listeners:
            listener(before, self.now)
        return self.status

    def prepare(self, knowledge: Knowledge) -> None:
        """Keep what the files may soon say: publishing that takes it instead of indexing the same again."""
        self._prepared = knowledge

    def calibrate(self, calibration: Calibration) -> None:
        """Let other thresholds count from now on."""
        with self._publishing:
            self._swap(self.now.calibrated(calibration), 0.0)

    def _edited(self, before: Knowledge, corpus: Corpus) -> Knowledge:
        prepared, self._prepared = self._prepared, None
        if prepared is not None and prepared.corpus.records == corpus.records:
            return prepared.placed(corpus)
        return before.edited(corpus)

    def settle(self) -> None:
        """Do the slow part of earlier publishing, so that the next one is quick; seconds of one core."""
        before = self.now
        settled = before.settled()
        with self._publishing:
            if self.now is before:
                self.now = self._versions[settled.version] = settled

    def _swap(self, knowledge: Knowledge, seconds: float) -> None:
        self._versions[knowledge.version] = knowledge
        self.now = knowledge
        self.status = Status(knowledge.version, self._clock(), (), seconds)
        _log.info("faq_published", version=knowledge.version, seconds=round(seconds, 2))
