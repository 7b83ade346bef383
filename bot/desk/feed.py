"""The feed: notices what changed in the open conversations and tells the desk and the customers.

It compares the lists of two moments instead of trusting that every writer reports, so what another
process does (``yingda desk`` in a terminal) arrives too, a second later. Writers in this process call
``changed`` and are seen at once.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import structlog

from bot.background import Background
from bot.conversations.model import State
from bot.desk.board import Board, BoardRow, positions
from bot.desk.waiting import WaitClock

_log = structlog.get_logger(__name__)

# What another process wrote arrives after so long, and those whose place moved up hear of it.
_LOOK_EVERY_S = 1.0
# Lines that come close together are looked at together; an agent sees them this much later at most.
_LOOKS_APART_S = 0.05


@dataclass(frozen=True, slots=True)
class Service:
    """What a customer is told about their hand-off: who answers, or their place and the expected wait."""

    state: State
    agent: str | None = None
    position: int | None = None
    wait_minutes: int | None = None


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

    def __init__(self, board: Board, waits: WaitClock | None = None) -> None:
        self._board = board
        self._waits = waits or WaitClock()
        self._listeners: list[Listener] = []
        self._rows: dict[str, BoardRow] = {}
        self._services: dict[str, Service] = {}
        self._longer: set[str] = set()
        self._stale: set[str] = set()
        self._wake = asyncio.Event()
        self._background = Background(self._watch)

    def add(self, listener: Listener) -> None:
        """Tell ``listener`` too."""
        self._listeners.append(listener)

    def start(self) -> None:
        """Begin to watch."""
        self._background.start()

    async def close(self) -> None:
        """Stop watching."""
        await self._background.close()

    def changed(self, conversation_id: str) -> None:
        """Look now: a line was written in this conversation."""
        self._longer.add(conversation_id)
        self.look(conversation_id)

    def look(self, conversation_id: str) -> None:
        """Look now: something about this conversation changed, but no line was written."""
        self._stale.add(conversation_id)
        self._wake.set()

    def service_of(self, conversation_id: str, state: State) -> Service:
        """Return what a customer who connects now is told."""
        return self._services.get(conversation_id, Service(state))

    async def _watch(self) -> None:
        loop = asyncio.get_running_loop()
        whole_due = loop.time()
        while True:
            with contextlib.suppress(TimeoutError):
                # Not wait_for: in Python 3.11 it may swallow the cancellation of ``close``.
                async with asyncio.timeout(max(0.01, whole_due - loop.time())):
                    await self._wake.wait()
            self._wake.clear()
            longer, self._longer = self._longer, set()
            stale, self._stale = self._stale, set()
            try:
                await self._tell_lines(longer)
                if stale:
                    # Only these are read anew: the time this takes does not grow with the list.
                    kept = [row for row in self._rows.values() if row.id not in stale]
                    await self._compare([*kept, *await self._board.open(stale)])
                if loop.time() >= whole_due:
                    await self._compare(await self._board.open(), everybody=True)
                    whole_due = loop.time() + _LOOK_EVERY_S
            except Exception:
                _log.exception("the desk's feed could not look, will retry")
                self._longer |= longer
                self._stale |= stale
                await asyncio.sleep(_LOOK_EVERY_S)
            await asyncio.sleep(_LOOKS_APART_S)

    async def _compare(self, rows: Sequence[BoardRow], *, everybody: bool = False) -> None:
        """Tell what is new in ``rows``.

        Args:
            everybody: also those whose own row is as it was, but whose place or wait has changed: when
                the first of 300 is taken, 299 move up, and nothing of theirs is urgent.
        """
        rows = sorted(rows, key=lambda row: row.turn)
        before, self._rows = self._rows, {row.id: row for row in rows}
        changed = [row for row in rows if _differs(before.get(row.id), row)]
        gone = [row_id for row_id in before if row_id not in self._rows]
        services = self._told_anew(rows if everybody else changed, positions(rows))
        for row_id in gone:
            self._services.pop(row_id, None)
        # Lines that another process wrote; ours were told before.
        await self._tell_lines({r.id for r in changed if _last_seq(before.get(r.id)) != r.last_seq})
        for listener in self._listeners:
            if changed or gone:
                await listener.on_rows(changed, gone)
            for row_id, service in services.items():
                await listener.on_service(row_id, service)
            for row_id in gone:
                await listener.on_service(row_id, Service(State.BOT))

    def _told_anew(self, rows: Sequence[BoardRow], places: Mapping[str, int]) -> dict[str, Service]:
        """Return, and remember, what these customers are told now where it differs from before."""
        services = {row.id: self._service(row, places) for row in rows}
        services = {key: new for key, new in services.items() if self._services.get(key) != new}
        self._services |= services
        return services

    def _service(self, row: BoardRow, places: Mapping[str, int]) -> Service:
        if row.state is State.AGENT:
            return Service(row.state, row.agent_name)
        place = places[row.id]
        return Service(row.state, position=place, wait_minutes=self._waits.minutes(place))

    async def _tell_lines(self, ids: set[str]) -> None:
        for listener in self._listeners:
            for conversation_id in ids:
                await listener.on_lines(conversation_id)


def _differs(before: BoardRow | None, row: BoardRow) -> bool:
    return before is not row and before != row


def _last_seq(row: BoardRow | None) -> int:
    return row.last_seq if row is not None else 0
