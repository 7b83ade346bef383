"""Work that must be done one at a time for each key, while different keys run side by side."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine


class Serial:
    """Runs ``work(key)`` after every ``wake(key)``, never twice at once for one key.

    Wakes that arrive while a key is being worked on lead to one more run, so nothing is missed.

    Args:
        work: must not raise; what can fail is handled inside.
        at_once: how many keys may be worked on at the same time.
    """

    def __init__(self, work: Callable[[str], Awaitable[None]], at_once: int) -> None:
        self._work = work
        self._slots = asyncio.Semaphore(at_once)
        self._woken: set[str] = set()
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self.closing = False

    def wake(self, key: str) -> None:
        """See to it that ``work(key)`` starts after now; does nothing once closing."""
        if self.closing:
            return
        self._woken.add(key)
        if key not in self._tasks:
            self._tasks[key] = asyncio.create_task(self._run(key))

    async def idle(self, key: str) -> None:
        """Wait until nothing is being done for ``key``."""
        task = self._tasks.get(key)
        if task is not None:
            await asyncio.wait([task])

    async def alone(self, key: str, job: Callable[[], Coroutine[None, None, None]]) -> None:
        """Do ``job`` while nothing else is done for ``key``; wakes meanwhile are done after it."""
        while key in self._tasks:
            await self.idle(key)
        task = self._tasks[key] = asyncio.create_task(job())
        try:
            await task
        finally:
            del self._tasks[key]
            if key in self._woken:
                self.wake(key)

    async def close(self, grace_s: float = 0.0) -> None:
        """Start nothing any more, wait ``grace_s`` for what runs, and cancel what then still does."""
        self.closing = True
        tasks = list(self._tasks.values())
        if tasks and grace_s:
            await asyncio.wait(tasks, timeout=grace_s)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _run(self, key: str) -> None:
        try:
            while key in self._woken:
                self._woken.discard(key)
                async with self._slots:
                    await self._work(key)
        finally:
            del self._tasks[key]
