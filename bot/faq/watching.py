"""Saving a file publishes it: watches the folder while the app runs."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path

import structlog
from watchfiles import Change, awatch

from bot.faq.errors import FaqError
from bot.faq.live import LiveKnowledge
from bot.faq.news import write_news

_log = structlog.get_logger(__name__)
# A text editor writes a file in several steps; what changes within this time is one save.
_GATHER_MS = 200
# So long after the last edit nobody is in the middle of something.
_SETTLE_AFTER_S = 20.0


class Watcher:
    """Publishes what is saved in the folder, and does the slow part when edits have settled.

    Args:
        live: What is published.
        news: File that tells other processes how it went; None for none.
    """

    def __init__(self, live: LiveKnowledge, news: Path | None = None) -> None:
        self._live, self._news = live, news
        self._stop = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._edited = asyncio.Event()

    def start(self) -> None:
        """Begin to watch; inside the running event loop."""
        if self._live.folder is not None:
            self._tasks = [asyncio.create_task(self._watch(self._live.folder))]
            self._tasks.append(asyncio.create_task(self._settle()))

    async def close(self) -> None:
        """Stop watching."""
        self._stop.set()
        for task in self._tasks[1:]:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def publish(self) -> None:
        """Publish what is in the folder now, without waiting for the system to tell."""
        status = await asyncio.to_thread(self._live.publish)
        self._edited.set()
        if self._news is not None:
            await asyncio.to_thread(write_news, self._news, status)

    async def _watch(self, folder: Path) -> None:
        await self._publish()  # what was saved while the app was starting
        async for _ in awatch(
            folder, watch_filter=_is_faq, step=_GATHER_MS, stop_event=self._stop, recursive=False
        ):
            await self._publish()

    async def _publish(self) -> None:
        try:
            await self.publish()
        except (FaqError, OSError):
            _log.exception("faq_publishing_failed")

    async def _settle(self) -> None:
        """Solve from scratch in the background: once at the start, and after edits."""
        while True:
            await asyncio.to_thread(self._live.settle)
            self._edited.clear()
            await self._edited.wait()
            with contextlib.suppress(TimeoutError):
                while True:  # until no edit came for a while
                    self._edited.clear()
                    async with asyncio.timeout(_SETTLE_AFTER_S):
                        await self._edited.wait()


def _is_faq(_: Change, path: str) -> bool:
    file = Path(path)
    return file.suffix in {".yml", ".yaml"} and not file.name.startswith(".")
