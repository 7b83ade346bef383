"""A WeChat Official Account in safe mode, in its worst mood."""

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
from tests.connectors.wechat import fake

_REFUSED_SHARE = 0.2
_FAULTS: Sequence[int | str] = (-1, 40001, "500", "reset")
_LOST_SHARE = 0.2
_AGAIN_S = 0.2


class WeChat(Platform):
    """A fifth of our responses gets lost, so that WeChat asks again, three times at most; a fifth of the
    customer-service messages is refused or broken off."""

    name = "wechat"

    def __init__(self, calm: bool = False) -> None:
        super().__init__(calm)
        self._fake = fake.FakeWeChat()
        self._fake.aes_key = fake.AES_KEY
        self._fake.on_shown = self._note
        if not calm:
            self._fake.mood = self._mood
        self._moods = random.Random(7)
        self._log: defaultdict[int, list[Show]] = defaultdict(list)

    def settings(self) -> dict[str, Any]:
        return {
            "wechat_app_id": fake.APP_ID, "wechat_secret": fake.SECRET,
            "wechat_token": fake.TOKEN, "wechat_aes_key": fake.AES_KEY,
            "wechat_api_url": f"{self._fake.url}/of/{{process}}",
        }  # fmt: skip

    def serving(self) -> contextlib.AbstractAsyncContextManager[object]:
        return self._fake

    @contextlib.asynccontextmanager
    async def customers(self) -> AsyncIterator[None]:
        async with self.client() as self._fake.http:
            yield

    async def deliver(self, customer: int, text: str, dice: random.Random) -> None:
        user = f"o{customer}"
        message = self._fake.message(user, MsgType="text", Content=text)
        tries = 0
        while tries < 3:  # then WeChat gives up
            try:
                async with asyncio.timeout(fake.PATIENCE_S):
                    answer = await self._fake.post(*self._fake.sealed(message))
            except TimeoutError:
                tries += 1
                continue
            except httpx.TransportError:
                # Nobody is there: the killed process counted none of its tries.
                tries = 0
                await asyncio.sleep(_AGAIN_S)
                continue
            tries += answer.status_code == 200
            if answer.status_code == 200 and (self.calm or dice.random() > _LOST_SHARE):
                self._fake.read_answer(user, answer)
                return
            await asyncio.sleep(0.02)

    def shown(self) -> Mapping[int, Sequence[Show]]:
        return self._log

    def full(self, customer: int) -> bool:
        # The last one is kept for a person.
        return self._fake.customers[f"o{customer}"].left() <= 1

    def _mood(self) -> int | str | None:
        refused = self._moods.random() < _REFUSED_SHARE
        return self._moods.choice(_FAULTS) if refused else None

    def _note(self, one: fake.Shown) -> None:
        show = Show(one.text, one.process, one.heard, time.monotonic())
        self._log[int(one.user[1:])].append(show)
