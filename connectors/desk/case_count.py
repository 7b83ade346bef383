"""Tells the desk's pages how many cases are open, as soon as that changes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import socketio
import structlog

from bot.background import Background
from bot.clock import Clock, utc_now
from bot.desk.casework import count_open
from bot.storage.engine import Database
from connectors.desk.live import EVERYBODY, NAMESPACE

_log = structlog.get_logger(__name__)
# Cases are opened by actions, closed by commands and become late by themselves: so it is looked for.
_LOOK_EVERY_S = 1.0


class CaseCount:
    """Sends the event ``cases`` ``{"open", "late"}`` in the namespace ``/desk``.

    A page asks for the count itself when it opens and when it is back after a lost connection.

    Args:
        online: who has the desk open; while it is nobody, nobody looks.
    """

    def __init__(
        self,
        database: Database,
        server: socketio.AsyncServer,
        online: Callable[[], set[str]],
        clock: Clock = utc_now,
    ) -> None:
        self._database = database
        self._server = server
        self._online = online
        self._clock = clock
        self._told: tuple[int, int] | None = None
        self._background = Background(self._run)

    def start(self) -> None:
        """Begin to look."""
        self._background.start()

    async def close(self) -> None:
        """Stop."""
        await self._background.close()

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(_LOOK_EVERY_S)
            if not self._online():
                self._told = None
                continue
            try:
                await self._look()
            except Exception:
                _log.exception("could not count the open cases, will retry")

    async def _look(self) -> None:
        async with self._database.read() as session:
            count = await count_open(session, self._clock())
        if count != self._told:
            told = dict(zip(("open", "late"), count, strict=True))
            await self._server.emit("cases", told, room=EVERYBODY, namespace=NAMESPACE)
            self._told = count
