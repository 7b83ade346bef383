"""A task that runs beside the others from start to close."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine


class Background:
    """Runs ``work`` until it is closed; ``work`` goes on for ever and handles what fails inside."""

    def __init__(self, work: Callable[[], Coroutine[None, None, None]]) -> None:
        self._work = work
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin; inside the running event loop."""
        self._task = asyncio.create_task(self._work())

    async def close(self) -> None:
        """End it where it waits; does nothing when it never began."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
