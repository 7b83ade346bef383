"""Socket.IO without a network: the server's real packets, rooms and sessions over lines that can be cut."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Callable, Coroutine
from typing import Any

import socketio

_OPEN, _EVENT, _ACK = "0", "2", "3"


class Lines:
    """Stands in for Engine.IO below a Socket.IO server."""

    def __init__(self, server: socketio.AsyncServer) -> None:
        self._server = server
        self._sessions: dict[str, dict[str, Any]] = {}
        self._lines: dict[str, Line] = {}
        self._ids = itertools.count(1)
        self._tasks: set[asyncio.Task[Any]] = set()
        server.eio = self

    async def connect(self, auth: dict[str, Any] | None = None, address: str | None = None) -> Line:
        """Return a new line after the server has taken it; ``address`` is where it comes from."""
        identifier = f"line{next(self._ids)}"
        line = self._lines[identifier] = Line(self._server, self._lines, identifier)
        self._sessions[identifier] = {}
        await self._server._handle_eio_connect(
            identifier, {"asgi.scope": {"client": (address, 40000)}} if address else {}
        )
        await self._server._handle_eio_message(
            identifier, _OPEN + (json.dumps(auth) if auth else "")
        )
        return line

    # ---- what the Socket.IO server asks of Engine.IO ------------------------------------------

    async def get_session(self, identifier: str) -> dict[str, Any]:
        return self._sessions[identifier]

    def generate_id(self) -> str:
        return f"socket{next(self._ids)}"

    async def send(self, identifier: str, packet: str) -> None:
        if identifier in self._lines:  # else it was cut: what is sent into it is lost
            self._lines[identifier].take(packet)

    async def send_packet(self, identifier: str, packet: Any) -> None:
        """What goes to a whole room is packed once for all of it."""
        await self.send(identifier, packet.data)

    def start_background_task(
        self, target: Callable[..., Coroutine[Any, Any, None]], *args: Any
    ) -> asyncio.Task[None]:
        task = asyncio.create_task(target(*args))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


class Line:
    """One connection as a client has it."""

    def __init__(
        self, server: socketio.AsyncServer, lines: dict[str, Line], identifier: str
    ) -> None:
        self._server = server
        self._lines = lines
        self._identifier = identifier
        self._ack_ids = itertools.count(1)
        self.events: list[tuple[str, Any]] = []
        self.acks: dict[int, Any] = {}
        self._heard = asyncio.Event()

    def take(self, packet: str) -> None:
        self._heard.set()
        if packet.startswith(_EVENT):
            name, *rest = json.loads(packet[1:])
            self.events.append((name, *rest))  # type: ignore[arg-type]
        elif packet.startswith(_ACK):
            start = packet.index("[")
            answer = json.loads(packet[start:])
            self.acks[int(packet[1:start])] = answer[0] if answer else None

    async def emit(self, name: str, data: Any = None) -> int:
        """Send an event; returns the number under which ``acks`` will have the server's answer."""
        number = next(self._ack_ids)
        packet = f"{_EVENT}{number}{json.dumps([name, data])}"
        await self._server._handle_eio_message(self._identifier, packet)
        return number

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until what the server sent fulfils ``condition``."""
        async with asyncio.timeout(60):
            while not condition():
                self._heard.clear()
                await self._heard.wait()

    async def cut(self) -> None:
        del self._lines[self._identifier]
        await self._server._handle_eio_disconnect(self._identifier, "transport close")

    def got(self, name: str) -> list[Any]:
        return [data for event, data in self.events if event == name]
