"""The one task that looks for due timers of orders."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence

import structlog

from bot.background import Background
from bot.clock import Clock, utc_now
from bot.orders.outages import Outages
from bot.orders.timers import Timer, Timers
from bot.orders.unfinished import Unfinished

_log = structlog.get_logger(__name__)

_LOOK_EVERY_S = 0.5
# In one transaction, for which other writers wait.
_AT_ONCE = 20
_LOOK_FOR_SHOP_EVERY_S = 5.0


class Ticker:
    """Fires timers when they come due. They live in the database, so a restart forgets none.

    Args:
        timers: does what a timer stands for.
        on_message: called with the id of a conversation that has a new message.
        clock: the current time; a demo may let it run faster.
        outages: told to look every ``_LOOK_FOR_SHOP_EVERY_S`` whether the shop's system is back.
        unfinished: told as often to finish changes that the shop was asked for.
    """

    def __init__(
        self,
        timers: Timers,
        on_message: Callable[[str], None],
        clock: Clock = utc_now,
        outages: Outages | None = None,
        unfinished: Unfinished | None = None,
    ) -> None:
        self._timers = timers
        self._on_message = on_message
        self._clock = clock
        self._outages = outages
        self._unfinished = unfinished
        self._look_at_s = 0.0
        self._background = Background(self._run)

    def start(self) -> None:
        """Begin to look."""
        self._background.start()

    async def close(self) -> None:
        """Stop; what is due stays due."""
        await self._background.close()

    async def tick(self) -> int:
        """Fire what is due now; return how many timers there were."""
        due = await self._timers.due(self._clock(), _AT_ONCE)
        await self._fire(due)
        return len(due)

    async def _fire(self, due: Sequence[Timer]) -> None:
        try:
            told = await self._timers.fire(due, self._clock())
        except Exception:
            if len(due) == 1:
                _log.exception("timer failed, will retry", timer=due[0])
            else:
                # One order that can't be handled must not keep all others waiting.
                for timer in due:
                    await self._fire([timer])
            return
        for conversation in told:
            self._on_message(conversation)

    async def _run(self) -> None:
        while True:
            try:
                found = await self.tick()
            except Exception:
                _log.exception("could not look for due timers, will retry")
                found = 0
            await self._look_for_shop()
            if found < _AT_ONCE:
                await asyncio.sleep(_LOOK_EVERY_S)

    async def _look_for_shop(self) -> None:
        if self._outages is None or time.monotonic() < self._look_at_s:
            return
        self._look_at_s = time.monotonic() + _LOOK_FOR_SHOP_EVERY_S
        try:
            for conversation in await self._outages.look():
                self._on_message(conversation)
            if self._unfinished is not None:
                await self._unfinished.finish(self._clock())
        except Exception:
            _log.exception("could not look after the order system, will retry")
