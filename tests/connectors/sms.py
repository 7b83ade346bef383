"""The channel of docs/adding-a-channel.md, taken out of the page, and a fake of its gateway."""

from __future__ import annotations

import hashlib
import hmac
import itertools
import json
import os
import re
import sys
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from unittest import mock

from aiohttp import web

from tests.connectors.drivers import Driver
from tests.connectors.harness import running_app
from tests.connectors.site import Site

SECRET = "gatewaySecretForTests"
PACKAGE = "shop_sms_of_the_docs"


def take_out(root: Path, folder: Path) -> None:
    """Write the page's code as a package into ``folder``."""
    page = (root / "docs/adding-a-channel.md").read_text("utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    (folder / f"{PACKAGE}.py").write_text(code, "utf-8")


class FakeGateway(Site):
    """Takes texts of at most 480 characters to known numbers."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[tuple[str, str]] = []
        self.faults: deque[int | str] = deque()

    def application(self) -> web.Application:
        app = web.Application()
        app.router.add_post("/send", self._send)
        return app

    async def _send(self, request: web.Request) -> web.Response:
        sms = await request.json()
        fault = self.faults.popleft() if self.faults else None
        if fault == "reset":
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        if isinstance(fault, int):
            return web.Response(status=fault, headers={"Retry-After": "1"})
        if not 0 < len(sms["text"]) <= 480 or not re.fullmatch(r"\+\d{6,15}", sms["to"]):
            return web.Response(status=400)
        self.sent.append((sms["to"], sms["text"]))
        return web.Response()


class SmsDriver(Driver):
    """The example channel."""

    name = "sms"
    faults = (429, 500, "reset")

    def __init__(self) -> None:
        self.platform = FakeGateway()
        self._ids = itertools.count(1)

    @asynccontextmanager
    async def running(self, root: Path, var: Path) -> AsyncIterator[None]:
        take_out(root, var)
        gateway = {"SMS_GATEWAY_URL": self.platform.url, "SMS_GATEWAY_SECRET": SECRET}
        sys.modules.pop(PACKAGE, None)
        with (
            mock.patch.dict(os.environ, gateway),
            mock.patch.object(sys, "path", [str(var), *sys.path]),
        ):
            async with running_app(root, var, extra_channels=[PACKAGE]) as self.app:
                yield

    def message(self, user: int, text: str) -> Any:
        return {"id": f"sms-{next(self._ids)}", "from": f"+86138000{user:05}", "text": text}

    async def deliver(self, message: Any) -> int:
        return await self.deliver_bytes(json.dumps(message).encode())

    async def forge(self, message: Any) -> int:
        return await self._post(json.dumps(message).encode(), "0" * 64)

    def unknown(self, user: int) -> Any:
        return self.message(user, "") | {"mms": "what?"}

    async def deliver_bytes(self, body: bytes) -> int:
        return await self._post(body, hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest())

    def break_next(self, fault: int | str) -> None:
        self.platform.faults.append(fault)

    async def choose(self, user: int, number: int) -> None:
        await self.say(user, str(number))

    def texts(self, user: int) -> list[str]:
        return [text for to, text in self.platform.sent if to == f"+86138000{user:05}"]

    async def _post(self, body: bytes, signature: str) -> int:
        headers = {"x-signature": signature}
        answer = await self.app.http.post("/webhooks/sms", content=body, headers=headers)
        return answer.status_code
