"""The feed: notices what changed in the open conversations and tells the desk and the customers.

It compares the lists of two moments instead of trusting that every writer reports, so what another
process does (``yingda desk`` in a terminal) arrives too, a second later. Writers in this process call
``changed`` and are seen at once.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import structlog

from bot.conversations.model import State
from bot.desk.board import Board, BoardRow

_log = structlog.get_logger(__name__)

_LOOK_EVERY_S = 1.0


@dataclass(frozen=True, slots=True)
class Service:
    """What a customer is told about their hand-off: who answers, or how many are before them."""

    state: State
    agent: str | None = None
    position: int | None = None


class Listener(Protocol):
    """Who is told."""

    async def on_rows(self, changed: Sequence[BoardRow], gone: Sequence[str]) -> None:
        """Rows of the open list that are new or different, and ids that left it."""

    async def on_lines(self, conversation_id: str) -> None:
        """The conversation has new lines."""

    async def on_service(self, conversation_id: str, service: Service) -> None:
        """What the customer is told has changed."""


class Feed:
    """Watches the open conversations."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._listeners: list[Listener] = []
        self._rows: dict[str, BoardRow] = {}
        self._dirty: set[str] = set()
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def add(self, listener: Listener) -> None:
        """Tell ``listener`` too."""
        self._listeners.append(listener)

    def start(self) -> None:
        """Begin to watch."""
        self._task = asyncio.create_task(self._watch())

    async def close(self) -> None:
        """Stop watching."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    def changed(self, conversation_id: str) -> None:
        """Look now: something was written in this conversation."""
        self._dirty.add(conversation_id)
        self._wake.set()

    def look(self) -> None:
        """Look now: a row changed, but no line was written."""
        self._wake.set()

    def service_of(self, conversation_id: str, state: State) -> Service:
        """Return what a customer who connects now is told."""
        row = self._rows.get(conversation_id)
        return _service(row) if row is not None else Service(state)

    async def _watch(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), _LOOK_EVERY_S)
            self._wake.clear()
            dirty, self._dirty = self._dirty, set()
            try:
                await self._compare(await self._board.open(), dirty)
            except Exception:
                _log.exception("the desk's feed could not look, will retry")
                self._dirty |= dirty
                await asyncio.sleep(_LOOK_EVERY_S)

    async def _compare(self, rows: Sequence[BoardRow], dirty: set[str]) -> None:
        before, self._rows = self._rows, {row.id: row for row in rows}
        changed = [row for row in rows if before.get(row.id) != row]
        gone = [row_id for row_id in before if row_id not in self._rows]
        longer = {row.id for row in changed if _last_seq(before.get(row.id)) != row.last_seq}
        for listener in self._listeners:
            for conversation_id in longer | dirty:
                await listener.on_lines(conversation_id)
            if changed or gone:
                await listener.on_rows(changed, gone)
            for row in changed:
                old = before.get(row.id)
                if old is None or _service(old) != _service(row):
                    await listener.on_service(row.id, _service(row))
            for row_id in gone:
                await listener.on_service(row_id, Service(State.BOT))


def _service(row: BoardRow) -> Service:
    agent = row.agent_name if row.state is State.AGENT else None
    return Service(row.state, agent, row.position)


def _last_seq(row: BoardRow | None) -> int:
    return row.last_seq if row is not None else 0
