"""Brings webhook updates back into order.

Telegram sends a webhook's updates over several connections at once, so a later one may come first.
Update identifiers grow by one, which the Bot API gives as the means "to restore the correct update
sequence". An update whose predecessor is missing waits a moment for it.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

# After a week without updates identifiers start anew, and an update refused once may come much
# later; no customer should wait long for either.
_PATIENCE_S = 1.0


class Sequence:
    """Lets updates pass one at a time, in the order of their identifiers.

    Attributes:
        next: the identifier that is due; ``None`` lets any pass.
    """

    def __init__(self, patience_s: float = _PATIENCE_S) -> None:
        self._patience_s = patience_s
        self.next: int | None = None
        self._waiting: set[int] = set()
        self._moved = asyncio.Condition()

    @contextlib.asynccontextmanager
    async def turn_of(self, update_id: int) -> AsyncIterator[None]:
        """Wait for the updates before ``update_id``; those after it wait until the block ends."""
        async with self._moved:
            await self._wait(update_id)
            try:
                yield
            finally:
                if self.next is None or update_id >= self.next:
                    self.next = update_id + 1
                self._moved.notify_all()

    async def _wait(self, update_id: int) -> None:
        self._waiting.add(update_id)
        try:
            while not self._may_pass(update_id):
                try:
                    async with asyncio.timeout(self._patience_s):
                        await self._moved.wait_for(lambda: self._may_pass(update_id))
                except TimeoutError:
                    # Whoever waits longest gives up on the gap for all; the lowest goes first.
                    self.next = min(self._waiting)
                    self._moved.notify_all()
        finally:
            self._waiting.discard(update_id)

    def _may_pass(self, update_id: int) -> bool:
        return self.next is None or update_id <= self.next
