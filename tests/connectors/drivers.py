"""Each channel as the contract suite drives it: a customer, a forger, a platform in trouble."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, ClassVar

from tests.connectors.harness import RunningApp, running_app, until
from tests.connectors.telegram import fake as telegram
from tests.connectors.wechat import fake as wechat
from tests.connectors.wecom import fake as wecom


class Driver(ABC):
    """One channel with its platform.

    ``faults`` are what the platform may answer to a message of ours before it behaves again.
    """

    name: ClassVar[str]
    faults: ClassVar[Sequence[int | str]]
    app: RunningApp

    @asynccontextmanager
    @abstractmethod
    def running(self, root: Path, var: Path) -> AsyncIterator[None]:
        """Run the app; may be called again on the same ``var``, as after a crash."""

    @abstractmethod
    def message(self, user: int, text: str) -> Any:
        """Return a message of a customer as the platform holds it."""

    @abstractmethod
    async def deliver(self, message: Any) -> int:
        """Let the platform deliver it; returns our status."""

    @abstractmethod
    async def forge(self, message: Any) -> int:
        """Deliver it as somebody who is not the platform would."""

    @abstractmethod
    def unknown(self, user: int) -> Any:
        """Return a message of a kind that nobody has heard of."""

    @abstractmethod
    async def deliver_bytes(self, body: bytes) -> int:
        """Deliver a body, otherwise as the platform would."""

    @abstractmethod
    def break_next(self, fault: int | str) -> None:
        """Let the platform fail for the next message of ours that it can fail for."""

    @abstractmethod
    async def choose(self, user: int, number: int) -> None:
        """Choose one of what was offered last, as a customer would."""

    @abstractmethod
    def texts(self, user: int) -> list[str]:
        """Return what a customer sees of us, in order."""

    async def say(self, user: int, text: str) -> None:
        assert await self.deliver(self.message(user, text)) == 200


class TelegramDriver(Driver):
    """Telegram with a webhook."""

    name = "telegram"
    faults = (1, "500", "reset")

    def __init__(self) -> None:
        self.platform = telegram.FakeTelegram()
        self.platform.enforce_floods = False

    @asynccontextmanager
    async def running(self, root: Path, var: Path) -> AsyncIterator[None]:
        self.platform.calls.clear()
        async with running_app(
            root, var, telegram_token=telegram.TOKEN, telegram_api_url=self.platform.url,
            public_url="https://bot.example",
        ) as self.app:  # fmt: skip
            await until(lambda: any(m == "setWebhook" for m, _ in self.platform.calls))
            async with asyncio.timeout(20):
                while await self.deliver({"update_id": self.platform.last_update_id}) != 200:  # noqa: ASYNC110
                    await asyncio.sleep(0.02)
            yield

    def message(self, user: int, text: str) -> Any:
        return self.platform.message(user, text)

    async def deliver(self, message: Any) -> int:
        return await self._post({"json": message}, self.platform.webhook["secret_token"])

    async def forge(self, message: Any) -> int:
        return await self._post({"json": message}, "not-the-secret")

    def unknown(self, user: int) -> Any:
        return self.platform.message(user, sticker={
            "file_id": "f", "file_unique_id": "u", "width": 1, "height": 1, "is_animated": False,
            "is_video": False, "type": "regular",
        })  # fmt: skip

    async def deliver_bytes(self, body: bytes) -> int:
        return await self._post({"content": body}, self.platform.webhook["secret_token"])

    def break_next(self, fault: int | str) -> None:
        self.platform.faults.append(fault)

    async def choose(self, user: int, number: int) -> None:
        offered = [s for s in self.platform.sent if s.chat_id == user and s.keyboard][-1]
        assert await self.deliver(self.platform.press(offered, number - 1)) == 200

    def texts(self, user: int) -> list[str]:
        return self.platform.texts(user)

    async def _post(self, content: dict[str, Any], secret: str) -> int:
        headers = {"x-telegram-bot-api-secret-token": secret}
        return (
            await self.app.http.post("/webhooks/telegram", headers=headers, **content)
        ).status_code


class WeChatDriver(Driver):
    """WeChat; in safe mode when ``safe``."""

    name = "wechat"
    faults = (-1, "500", "reset")

    def __init__(self, safe: bool) -> None:
        self.platform = wechat.FakeWeChat()
        self.platform.aes_key = wechat.AES_KEY if safe else None

    @asynccontextmanager
    async def running(self, root: Path, var: Path) -> AsyncIterator[None]:
        async with running_app(
            root, var, wechat_app_id=wechat.APP_ID, wechat_secret=wechat.SECRET,
            wechat_token=wechat.TOKEN, wechat_aes_key=self.platform.aes_key or "",
            wechat_api_url=self.platform.url,
        ) as self.app:  # fmt: skip
            self.platform.http = self.app.http
            yield

    def message(self, user: int, text: str) -> Any:
        return self.platform.message(f"o{user}", MsgType="text", Content=text)

    async def deliver(self, message: Any) -> int:
        await self.platform.deliver(message)
        return self.platform.delivered[-1]

    async def forge(self, message: Any) -> int:
        query, body = self.platform.sealed(message)
        return (await self.platform.post(query | {"signature": "0" * 40}, body)).status_code

    def unknown(self, user: int) -> Any:
        return self.platform.message(f"o{user}", MsgType="hologram", MediaId="1")

    async def deliver_bytes(self, body: bytes) -> int:
        query, _ = self.platform.sealed(self.message(0, "x"))
        return (await self.platform.post(query, body)).status_code

    def break_next(self, fault: int | str) -> None:
        self.platform.faults.append(fault)

    async def choose(self, user: int, number: int) -> None:
        await self.say(user, str(number))

    def texts(self, user: int) -> list[str]:
        return self.platform.texts(f"o{user}")


class WeComDriver(Driver):
    """WeCom customer service."""

    name = "wecom"
    faults = (-1, "500", "reset")

    def __init__(self) -> None:
        self.platform = wecom.FakeWeCom()

    @asynccontextmanager
    async def running(self, root: Path, var: Path) -> AsyncIterator[None]:
        async with running_app(root, var, **self.platform.settings()) as self.app:
            self.platform.http = self.app.http
            yield

    def message(self, user: int, text: str) -> Any:
        return self.platform.message(f"wm{user}", "text", content=text)

    async def deliver(self, message: Any) -> int:
        return await self.platform.deliver(message)

    async def forge(self, message: Any) -> int:
        query, body = self.platform.sealed()
        return (await self.platform.post(query | {"msg_signature": "0" * 40}, body)).status_code

    def unknown(self, user: int) -> Any:
        return self.platform.message(f"wm{user}", "hologram", media_id="1")

    async def deliver_bytes(self, body: bytes) -> int:
        return (await self.platform.post(self.platform.sealed()[0], body)).status_code

    def break_next(self, fault: int | str) -> None:
        self.platform.faults.append(fault)

    async def choose(self, user: int, number: int) -> None:
        assert await self.deliver(self.platform.press(f"wm{user}", number - 1)) == 200

    def texts(self, user: int) -> list[str]:
        return self.platform.texts(f"wm{user}")
