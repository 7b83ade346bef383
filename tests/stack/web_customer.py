"""A customer on the widget, over the same Socket.IO protocol: unlike REST it hears what comes unasked."""

from __future__ import annotations

import asyncio
import uuid
from types import TracebackType
from typing import Any, Self

import socketio

from connectors.web.session import WebSessions
from tests.stack.running import Stack


class WebCustomer:
    """Says something and waits for what comes back."""

    def __init__(self, stack: Stack) -> None:
        self._token, self.user = WebSessions(stack.settings.secrets.session_key).issue()
        self._url = stack.url
        self._client = socketio.AsyncClient()
        self._heard: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    async def __aenter__(self) -> Self:
        self._client.on("message", self._on_message)
        await self._client.connect(
            self._url, auth={"session": self._token}, transports=["websocket"]
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._client.disconnect()

    async def say(self, text: str, payload: str | None = None) -> list[dict[str, Any]]:
        """Send a message, or press a button, and return the replies."""
        message = {"client_id": uuid.uuid4().hex, "text": text}
        if payload:
            message["payload"] = payload
        receipt = await self._client.call("say", message)
        assert receipt["ok"], receipt
        return await self.hears()

    async def hears(self, within_s: float = 20, quiet_s: float = 0.25) -> list[dict[str, Any]]:
        """Return what comes next: one message, if any, and all that follow it closely."""
        heard: list[dict[str, Any]] = []
        wait_s = within_s
        while True:
            try:
                heard.append(await asyncio.wait_for(self._heard.get(), wait_s))
            except TimeoutError:
                return heard
            wait_s = quiet_s

    async def _on_message(self, data: dict[str, Any]) -> None:
        if data["author"] != "customer":
            await self._heard.put(data)
