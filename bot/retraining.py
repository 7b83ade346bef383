"""The engine's classifier follows the FAQ's questions without a restart.

The questions are examples of ``ask_faq``. When some changed and no edit came for a while, a new model is
trained in a process of its own, at the lowest priority, while the engine goes on with the old one. Then
it takes the model file's place and the engine loads it beside the one in use: a turn that is running ends
on the old model, the next begins on the new one, and none is dropped. An answer that was edited needs none
of this, nor does a new question before it is found: the FAQ is searched anew at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path

import structlog

from bot.clock import Clock, utc_now
from bot.conversations.engine_client import EngineClient, EngineError
from bot.engine_process import (
    engine_environment,
    inputs_fingerprint,
    is_trained,
    model_file,
    take_model,
    train_command,
)
from bot.faq.knowledge import Knowledge
from bot.faq.live import LiveKnowledge
from bot.settings import Settings

_log = structlog.get_logger(__name__)
_LOAD_TRIES = 5
_LOWEST_PRIORITY = 19


class Training(StrEnum):
    """How the classifier stands to the questions."""

    CURRENT = "current"  # it was trained on them
    WAITING = "waiting"  # they changed; waits until edits have settled
    TRAINING = "training"
    LOADING = "loading"  # the engine is loading the new model
    FAILED = "failed"  # the old model goes on; the next edit tries again


@dataclass(frozen=True, slots=True)
class TrainingStatus:
    """The state, since when, and the end of the log where it failed."""

    state: Training
    since: datetime
    reason: str = ""


class Retrainer:
    """Trains and swaps the engine's model when questions were published.

    Args:
        settings: ``retrain_after_s`` and where things lie.
        engine: Loads the new model.
        live: The FAQ in force.
        clock: The time.
    """

    def __init__(
        self, settings: Settings, engine: EngineClient, live: LiveKnowledge, clock: Clock = utc_now
    ) -> None:
        self._settings, self._engine, self._clock = settings, engine, clock
        self.status = TrainingStatus(Training.CURRENT, clock())
        self._changed = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None
        live.listen(self._published)

    def start(self) -> None:
        """Begin to wait for changes; inside the running event loop."""
        if self._settings.retrain_after_s > 0:
            self._loop = asyncio.get_running_loop()
            self._task = asyncio.create_task(self._run())

    async def close(self) -> None:
        """Stop; a training that runs is ended."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def _published(self, before: Knowledge, after: Knowledge) -> None:
        """Take note of changed questions; called in the thread that published."""
        if self._loop is not None and _questions(before) != _questions(after):
            self._loop.call_soon_threadsafe(self._changed.set)

    async def _run(self) -> None:
        while True:
            await self._changed.wait()
            self._stand(Training.WAITING)
            await self._settled()
            try:
                await self._retrain()
            except (OSError, EngineError, RuntimeError) as error:
                self._stand(Training.FAILED, str(error))
                _log.exception("retraining_failed")

    async def _settled(self) -> None:
        with contextlib.suppress(TimeoutError):
            while True:
                self._changed.clear()
                async with asyncio.timeout(self._settings.retrain_after_s):
                    await self._changed.wait()

    async def _retrain(self) -> None:
        settings = self._settings
        if not await asyncio.to_thread(is_trained, settings):
            self._stand(Training.TRAINING)
            fingerprint = await asyncio.to_thread(inputs_fingerprint, settings)
            folder = model_file(settings).parent / "next"
            await self._train(folder)
            await asyncio.to_thread(take_model, settings, folder, fingerprint)
        self._stand(Training.LOADING)
        await self._load(model_file(settings))
        self._stand(Training.CURRENT)
        _log.info("classifier_retrained")

    async def _train(self, folder: Path) -> None:
        """Train a model into ``folder``.

        Raises:
            RuntimeError: It failed; the message ends with the log.
        """
        settings = self._settings
        log = settings.var / "logs" / "train.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("w", encoding="utf-8") as output:
            process = await asyncio.create_subprocess_exec(
                *train_command(settings, folder),
                env=engine_environment(settings),
                cwd=settings.root,
                stdout=output,
                stderr=output,
            )
            with contextlib.suppress(ProcessLookupError):  # it failed at once
                os.setpriority(os.PRIO_PROCESS, process.pid, _LOWEST_PRIORITY)
            try:
                code = await process.wait()
            except asyncio.CancelledError:
                process.kill()
                await process.wait()
                raise
        if code != 0:
            end = "\n".join(log.read_text("utf-8", "replace").splitlines()[-5:])
            raise RuntimeError(f"expected the training to succeed, got exit code {code}: {end}")

    async def _load(self, model: Path) -> None:
        """Have the engine load the model; an engine that is just starting takes the new file anyway."""
        for attempt in range(1, _LOAD_TRIES + 1):
            try:
                await self._engine.load_model(model)
            except EngineError:
                if attempt == _LOAD_TRIES:
                    raise
                await asyncio.sleep(2.0**attempt)
            else:
                return

    def _stand(self, state: Training, reason: str = "") -> None:
        self.status = TrainingStatus(state, self._clock(), reason)


def _questions(knowledge: Knowledge) -> set[tuple[str, str]]:
    records = knowledge.corpus.records
    return {(records[p.record].id, p.text) for p in knowledge.corpus.phrasings}
