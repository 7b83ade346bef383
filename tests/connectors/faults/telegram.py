"""Telegram by webhook in its worst mood."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import httpx

from tests.connectors.faults.checker import Show
from tests.connectors.faults.running import Platform
from tests.connectors.telegram import fake

_FAULT_SHARE = 0.05
_FAULTS: Sequence[int | str] = (1, "500", "reset")
_LATE_SHARE = 0.2
_TWICE_SHARE = 0.1
_AGAIN_S = 0.2


class Telegram(Platform):
    """A twentieth of our messages is refused or broken off, a tenth of the updates comes twice, and two
    updates of one chat come in the wrong order now and then."""

    name = "telegram"

    def __init__(self, calm: bool = False) -> None:
        super().__init__(calm)
        self._fake = fake.FakeTelegram()
        self._late: set[asyncio.Task[None]] = set()

    def settings(self) -> dict[str, Any]:
        return {
            "telegram_token": fake.TOKEN, "public_url": "https://bot.example",
            "telegram_api_url": f"{self._fake.url}/of/{{process}}",
        }  # fmt: skip

    def serving(self) -> contextlib.AbstractAsyncContextManager[object]:
        return self._fake

    @contextlib.asynccontextmanager
    async def customers(self) -> AsyncIterator[None]:
        async with self.client() as self._http:
            yield
            await asyncio.gather(*self._late)

    async def deliver(self, customer: int, text: str, dice: random.Random) -> None:
        update = self._fake.message(customer, text)
        if self.calm:
            await self._push(update)
            return
        if dice.random() < _FAULT_SHARE:
            self._fake.faults.append(dice.choice(_FAULTS))
        if dice.random() < _LATE_SHARE:
            # Not waited for: the next update of this chat may come before it.
            late = asyncio.create_task(self._push(update, dice.random() * 0.05))
            self._late.add(late)
            late.add_done_callback(self._late.discard)
            return
        await self._push(update)
        if dice.random() < _TWICE_SHARE:
            await self._push(update)

    async def _push(self, update: dict[str, Any], after_s: float = 0.0) -> None:
        await asyncio.sleep(after_s)
        while True:
            secret = self._fake.webhook.get("secret_token", "")
            with contextlib.suppress(httpx.TransportError):
                answer = await self._http.post(
                    "/webhooks/telegram",
                    json=update,
                    headers={"x-telegram-bot-api-secret-token": secret},
                )
                if answer.status_code == 200:
                    return
            await asyncio.sleep(_AGAIN_S)

    def shown(self) -> Mapping[int, Sequence[Show]]:
        found: defaultdict[int, list[Show]] = defaultdict(list)
        for one in self._fake.sent:
            found[one.chat_id].append(Show(one.text, one.process, one.heard, one.at))
        return found
