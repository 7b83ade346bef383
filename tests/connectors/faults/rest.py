"""Programs of the shop that speak for customers over REST, on a bad line."""

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

_CUT_SHARE = 0.1
_TWICE_SHARE = 0.1
_CUT_WITHIN_S = 0.1
_AGAIN_S = 0.2


class Rest(Platform):
    """A tenth of the requests is sent twice and of a tenth the response gets lost; the program asks again
    under the same ``message_id`` and tells replies apart by their ``seq``."""

    name = "rest"

    def __init__(self, calm: bool = False) -> None:
        super().__init__(calm)
        self._log: defaultdict[int, dict[int, Show]] = defaultdict(dict)

    def settings(self) -> dict[str, Any]:
        return {}

    def serving(self) -> contextlib.AbstractAsyncContextManager[object]:
        return contextlib.nullcontext()

    @contextlib.asynccontextmanager
    async def customers(self) -> AsyncIterator[None]:
        async with self.client() as self._http:
            yield

    async def deliver(self, customer: int, text: str, dice: random.Random) -> None:
        if not self.calm and dice.random() < _CUT_SHARE:
            with contextlib.suppress(TimeoutError, httpx.TransportError):
                async with asyncio.timeout(dice.random() * _CUT_WITHIN_S):
                    await self._post(customer, text)  # and nobody reads the answer
        await self._ask(customer, text)
        if not self.calm and dice.random() < _TWICE_SHARE:
            await self._ask(customer, text)

    async def _ask(self, customer: int, text: str) -> None:
        while True:
            with contextlib.suppress(httpx.TransportError):
                for reply in await self._post(customer, text):
                    show = Show(reply["text"], 0, at=time.monotonic())
                    if self._log[customer].setdefault(reply["seq"], show).text != show.text:
                        raise AssertionError(f"expected one message {reply['seq']}, got another")
                return
            await asyncio.sleep(_AGAIN_S)

    async def _post(self, customer: int, text: str) -> list[dict[str, Any]]:
        message = {"sender": f"c{customer}", "message": text, "message_id": text}
        answer = await self._http.post("/webhooks/rest/webhook", json=message)
        replies: list[dict[str, Any]] = answer.raise_for_status().json()
        return replies

    def shown(self) -> Mapping[int, Sequence[Show]]:
        return {customer: [*shows.values()] for customer, shows in self._log.items()}
