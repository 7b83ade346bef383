"""WeChat's customers for the desk's app: the fake platform in a thread of its own."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Coroutine
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx

from tests.connectors.wechat.conftest import account
from tests.connectors.wechat.fake import FakeWeChat

_T = TypeVar("_T")


class WeChatSide:
    """Serves WeChat inside ``with``; ``settings`` are what an app needs to know of it."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._fake = FakeWeChat()
        self._fake.clock = self._tick
        self._now = 0

    @property
    def settings(self) -> dict[str, Any]:
        return account(self._fake)

    def __enter__(self) -> Self:
        self._thread.start()
        self._do(self._fake.__aenter__())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._do(self._fake.__aexit__())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def say(self, app_url: str, user: str, text: str) -> str | None:
        """Let a customer write to the app at ``app_url``; returns what WeChat shows at once."""
        return self._do(self._say(app_url, user, text))

    def heard(self, user: str) -> list[str]:
        """Return what a customer has seen of us."""
        return self._fake.texts(user)

    def allows(self, user: str) -> int:
        """Return how many more messages of ours WeChat itself takes for a customer who wrote last."""
        return self._fake.customers[user].left()

    @property
    def until(self) -> datetime:
        """Until when it takes them."""
        return datetime.fromtimestamp(self._now, UTC) + timedelta(hours=48)

    def _tick(self) -> int:
        """Return a later second than before: what comes within one counts as one moment."""
        self._now = max(self._now + 1, int(time.time()))
        return self._now

    async def _say(self, app_url: str, user: str, text: str) -> str | None:
        async with httpx.AsyncClient(base_url=app_url) as self._fake.http:
            return await self._fake.say(user, text)

    def _do(self, work: Coroutine[Any, Any, _T]) -> _T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(30)
