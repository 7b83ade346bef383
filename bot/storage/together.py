"""Small writes that share transactions: what comes while one is being committed goes with the next."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from sqlalchemy.ext.asyncio import AsyncSession

from bot.storage.engine import Database

_Item = TypeVar("_Item")


class Together(Generic[_Item]):
    """Writes items, each as soon as possible and as many at once as have come together.

    SQLite has one writer: three hundred transactions of one small update each would keep a customer's
    message waiting for all of them.

    Args:
        database: where to write.
        write: writes items inside a transaction; they stand or fall together.
    """

    def __init__(
        self,
        database: Database,
        write: Callable[[AsyncSession, Sequence[_Item]], Awaitable[None]],
    ) -> None:
        self._database = database
        self._write = write
        self._waiting: list[tuple[_Item, asyncio.Future[None]]] = []
        self._task: asyncio.Task[None] | None = None

    async def add(self, item: _Item) -> None:
        """Return when ``item`` is committed; raises what the write raised."""
        done = asyncio.get_running_loop().create_future()
        self._waiting.append((item, done))
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run())
        await done

    async def _run(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            try:
                async with self._database.write() as session:
                    await self._write(session, [item for item, _ in batch])
            except Exception as error:  # each of those who wait hears of it
                for _, done in batch:
                    if not done.done():
                        done.set_exception(error)
            else:
                for _, done in batch:
                    if not done.done():
                        done.set_result(None)
