"""WeCom customer service in its worst mood."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import httpx

from tests.connectors.faults.checker import Show
from tests.connectors.faults.running import Platform
from tests.connectors.wecom import fake

_REFUSED_SHARE = 0.1
_FAULTS: Sequence[int | str] = (-1, 45033, 42001, "500", "reset", "lost")
_UNREAD_SHARE = 0.05
_TWICE_SHARE = 0.1
_UNCALLED_SHARE = 0.1
_LOST_SHARE = 0.1
_AGAIN_S = 0.2


class WeCom(Platform):
    """A tenth of our messages is refused or broken off, a twentieth of our readings fails, a tenth of the
    messages stands twice in what we read, and callbacks come late, twice or without anything new."""

    name = "wecom"

    def __init__(self, calm: bool = False) -> None:
        super().__init__(calm)
        self._fake = fake.FakeWeCom()
        self._fake.on_shown = self._note
        if not calm:
            self._fake.mood = self._mood
            self._fake.sync_mood = self._sync_mood
        self._moods = random.Random(7)
        self._log: defaultdict[int, list[Show]] = defaultdict(list)

    def settings(self) -> dict[str, Any]:
        settings = self._fake.settings()
        return settings | {"wecom_api_url": f"{self._fake.url}/of/{{process}}"}

    def serving(self) -> contextlib.AbstractAsyncContextManager[object]:
        return self._fake

    @contextlib.asynccontextmanager
    async def customers(self) -> AsyncIterator[None]:
        async with self.client() as self._fake.http:
            yield

    async def deliver(self, customer: int, text: str, dice: random.Random) -> None:
        item = self._fake.message(f"wm{customer}", "text", content=text)
        twice = not self.calm and dice.random() < _TWICE_SHARE
        await self._fake.deliver(*[item] * (1 + twice), call=False)
        if not self.calm and dice.random() < _UNCALLED_SHARE:
            # WeCom's callback comes late: somebody else's may have had it read by then.
            await asyncio.sleep(dice.random() * 0.1)
        await self._call(dice)

    async def _call(self, dice: random.Random) -> None:
        """Call back until it is confirmed, and once more when the response got lost."""
        while True:
            with contextlib.suppress(httpx.TransportError):
                answer = await self._fake.post(*self._fake.sealed())
                if answer.status_code == 200 and (self.calm or dice.random() > _LOST_SHARE):
                    return
            await asyncio.sleep(_AGAIN_S)

    def shown(self) -> Mapping[int, Sequence[Show]]:
        return self._log

    def full(self, customer: int) -> bool:
        # The last one is kept for a person.
        return self._fake.sessions[f"wm{customer}"].left <= 1

    def _mood(self) -> int | str | None:
        refused = self._moods.random() < _REFUSED_SHARE
        return self._moods.choice(_FAULTS) if refused else None

    def _sync_mood(self) -> int | None:
        return -1 if self._moods.random() < _UNREAD_SHARE else None

    def _note(self, customer: str, text: str, process: int, heard: bool) -> None:
        self._log[int(customer[2:])].append(Show(text, process, heard, time.monotonic()))
