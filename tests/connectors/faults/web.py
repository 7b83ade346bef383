"""Website widgets on a bad line."""

from __future__ import annotations

import asyncio
import contextlib
import random
import re
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import aiohttp
import socketio

from tests.connectors.faults.checker import Show
from tests.connectors.faults.killed import KilledApp
from tests.connectors.faults.running import Platform

_CUT_SHARE = 0.1
_TWICE_SHARE = 0.1
_ACK_WITHIN_S = 10.0
_AGAIN_S = 0.2


class Web(Platform):
    """A tenth of the messages is sent twice and a tenth into a line that is cut before it is confirmed;
    the widget sends it again on the next line, where it asks for what it has not seen."""

    name = "web"

    def __init__(self, calm: bool = False) -> None:
        super().__init__(calm)
        self._widgets: defaultdict[int, _Widget] = defaultdict(
            lambda: _Widget(self.app, self._session)
        )

    def settings(self) -> dict[str, Any]:
        return {}

    def serving(self) -> contextlib.AbstractAsyncContextManager[object]:
        return contextlib.nullcontext()

    @contextlib.asynccontextmanager
    async def customers(self) -> AsyncIterator[None]:
        everybody = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(connector=everybody) as self._session:
            yield
            await asyncio.gather(*(widget.close() for widget in self._widgets.values()))

    async def deliver(self, customer: int, text: str, dice: random.Random) -> None:
        widget = self._widgets[customer]
        identifier = re.sub(r"\W+", "-", f"message {text}")
        cut = not self.calm and dice.random() < _CUT_SHARE
        await widget.say(identifier, text, cut)
        if not self.calm and dice.random() < _TWICE_SHARE:
            await widget.say(identifier, text)

    def shown(self) -> Mapping[int, Sequence[Show]]:
        return {number: widget.shown() for number, widget in self._widgets.items()}


class _Widget:
    """One visitor's widget: connects again whenever its line breaks, and shows messages by their number."""

    def __init__(self, app: KilledApp, session: aiohttp.ClientSession) -> None:
        self._app = app
        self._session = session
        self._token: str | None = None
        self._entries: dict[int, tuple[dict[str, Any], float]] = {}
        self._line: socketio.AsyncClient | None = None
        self._changed = asyncio.Event()
        self._keeper = asyncio.create_task(self._keep())

    async def say(self, identifier: str, text: str, cut: bool = False) -> None:
        """Send a message until it is confirmed; the first time into a line that breaks, with ``cut``."""
        content = {"client_id": identifier, "text": text}
        while True:
            line = await self._ready()
            with contextlib.suppress(socketio.exceptions.SocketIOError, asyncio.TimeoutError):
                if cut:
                    cut = False
                    await line.emit("say", content)
                    await line.eio.disconnect(abort=True)
                    self._broken(line)
                    continue
                answer = await line.call("say", content, timeout=_ACK_WITHIN_S)
                if answer["ok"]:
                    return
                if answer["error"]["code"] != "try_again":
                    raise AssertionError(f"expected {content} to be taken, got {answer}")
            self._broken(line)

    def shown(self) -> list[Show]:
        """Return the bot's messages as the page has them: by number, each once."""
        return [
            Show(entry["text"], 0, at=at)
            for _, (entry, at) in sorted(self._entries.items())
            if entry["author"] == "bot"
        ]

    async def close(self) -> None:
        self._keeper.cancel()
        await asyncio.gather(self._keeper, return_exceptions=True)
        if self._line is not None:
            await self._line.disconnect()

    async def _ready(self) -> socketio.AsyncClient:
        while self._line is None:
            self._changed.clear()
            await self._changed.wait()
        return self._line

    def _broken(self, line: socketio.AsyncClient) -> None:
        if self._line is line:
            self._line = None
            self._changed.set()

    async def _keep(self) -> None:
        """Keep a line open."""
        while True:
            if self._line is None:
                try:
                    line = await self._connect()
                except (socketio.exceptions.ConnectionError, TimeoutError):
                    await asyncio.sleep(_AGAIN_S)
                    continue
                if not line.connected:
                    continue
                self._line = line
            self._changed.set()
            self._changed.clear()
            await self._changed.wait()

    async def _connect(self) -> socketio.AsyncClient:
        line = socketio.AsyncClient(reconnection=False, http_session=self._session)
        ready = asyncio.Event()

        async def on_ready(data: dict[str, Any]) -> None:
            self._token = data["session"]
            for entry in data["messages"]:
                self._take(entry)
            ready.set()

        async def on_message(entry: dict[str, Any]) -> None:
            self._take(entry)

        async def on_disconnect(*_: object) -> None:
            self._broken(line)

        line.on("ready", on_ready)
        line.on("message", on_message)
        line.on("disconnect", on_disconnect)
        seen = next(n for n in range(len(self._entries) + 1) if n + 1 not in self._entries)
        hello: dict[str, Any] = {"lang": "zh", "last_seq": seen}
        if self._token:
            hello["session"] = self._token
        await line.connect(self._app.url, auth=hello, transports=["websocket"], wait_timeout=10)
        async with asyncio.timeout(10):
            await ready.wait()
        return line

    def _take(self, entry: dict[str, Any]) -> None:
        known = self._entries.setdefault(entry["seq"], (entry, time.monotonic()))[0]
        if known["text"] != entry["text"]:
            raise AssertionError(f"expected one message {entry['seq']}, got {known} and {entry}")
