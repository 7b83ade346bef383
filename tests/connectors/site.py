"""A platform's site on a port of its own, for the fakes of platforms."""

from __future__ import annotations

import asyncio
from typing import Self

from aiohttp import web


class Site:
    """Serves ``application()`` inside ``async with``; ``url`` is its address."""

    def __init__(self) -> None:
        self.url = ""
        self._runner: web.AppRunner | None = None

    def application(self) -> web.Application:
        """Return the routes of the platform."""
        raise NotImplementedError

    async def __aenter__(self) -> Self:
        self._runner = web.AppRunner(self.application(), access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._runner is not None:
            await self._runner.cleanup()


async def never_answer() -> None:
    """Keep a request until its sender or the site is gone."""
    await asyncio.sleep(3600)


async def let_hang_ups_arrive() -> None:
    """A request and the end of its connection may lie in the socket together; they are read in turn."""
    for _ in range(3):
        await asyncio.sleep(0)
