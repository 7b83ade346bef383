"""The app as a process that is killed and started again, on one database."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import socket
import sqlite3
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import httpx

from tests.connectors.faults.checker import Kill


class KilledApp:
    """The app's process; ``kill`` is SIGKILL and a new start.

    ``{process}`` in a setting becomes the number of the process, which stands in ``x-process`` of its
    responses too.
    """

    def __init__(self, root: Path, settings: Mapping[str, Any]) -> None:
        self._root = root
        self._settings = dict(settings)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port: int = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self._port}"
        self.kills: list[Kill] = []
        self.number = 0
        self._process: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        self.number += 1
        settings = {
            name: value.format(process=self.number) if isinstance(value, str) else value
            for name, value in self._settings.items()
        }
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.connectors.faults.app", str(self._port),
            str(self.number), json.dumps(settings), cwd=self._root,
        )  # fmt: skip
        async with httpx.AsyncClient() as http, asyncio.timeout(120):
            while True:
                try:
                    await http.get(f"{self.url}/healthz")
                    return
                except httpx.TransportError:
                    await asyncio.sleep(0.05)

    async def kill(self) -> None:
        await self.stop()
        await self.start()

    async def stop(self) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(signal.SIGKILL)
            await self._process.wait()
            self.kills.append(Kill(self.number, self.undelivered()))

    def unanswered(self) -> int:
        """Return how many messages of customers are still to be worked on."""
        return len(self._pending("in"))

    def undelivered(self) -> frozenset[str]:
        """Return the answers that are not written down as delivered."""
        return frozenset(json.loads(body)["text"] for body in self._pending("out"))

    def _pending(self, direction: str) -> list[str]:
        file = Path(self._settings["var"]) / "yingda.sqlite3"
        with contextlib.closing(sqlite3.connect(file)) as database:
            rows = database.execute(
                "SELECT body FROM messages WHERE direction = ? AND state = 'pending'", [direction]
            )
            return [body for (body,) in rows]
