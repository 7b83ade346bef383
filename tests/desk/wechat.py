"""WeChat's customers for the desk's app: the fake platform in a thread of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
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

    async def _say(self, app_url: str, user: str, text: str) -> str | None:
        async with httpx.AsyncClient(base_url=app_url) as self._fake.http:
            return await self._fake.say(user, text)

    def _do(self, work: Coroutine[Any, Any, _T]) -> _T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(30)
