"""A widget for the terminal: the same Socket.IO protocol, buttons by number."""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from typing import Any

import socketio
from rich.console import Console
from rich.markdown import Markdown
from sqlalchemy import select

from bot.conversations.model import Body, Button
from bot.settings import Settings
from bot.storage.conversations import MessageRow, TurnRow
from bot.storage.engine import Database
from connectors.base import Capabilities, degrade
from connectors.web.channel import WebChannel
from connectors.web.session import WebSessions

_TERMINAL = Capabilities(buttons=False, pictures=False, links=False, text_limit=100_000)
_NAMES = {"bot": "Yingda", "agent": "Agent", "system": "Yingda"}


class TerminalChat:
    """One conversation from the greeting to Ctrl-D."""

    def __init__(self, settings: Settings, decisions: bool, language: str) -> None:
        self._settings = settings
        self._language = language
        self._console = Console()
        self._client = socketio.AsyncClient()
        self._buttons: tuple[Button, ...] = ()
        self._database = Database(settings.database) if decisions else None
        self._user = ""

    async def run(self) -> None:
        """Connect and talk until the customer ends it."""
        self._client.on("ready", self._on_ready)
        self._client.on("message", self._on_message)
        try:
            await self._client.connect(
                self._settings.app_url, auth={"lang": self._language}, transports=["websocket"]
            )
        except socketio.exceptions.ConnectionError:
            self._console.print(
                f"Nothing answers at {self._settings.app_url}: start it with 'yingda up' first.",
                style="red",
            )
            raise SystemExit(1) from None
        try:
            with contextlib.suppress(EOFError, KeyboardInterrupt):
                while True:
                    await self._say((await asyncio.to_thread(input, "> ")).strip())
        finally:
            await self._client.disconnect()
            if self._database is not None:
                await self._database.close()

    async def _say(self, text: str) -> None:
        if not text:
            return
        message: dict[str, Any] = {"client_id": uuid.uuid4().hex, "text": text}
        if text.isascii() and text.isdigit() and 1 <= int(text) <= len(self._buttons):
            button = self._buttons[int(text) - 1]
            message |= {"text": button.title, "payload": button.payload}
        self._buttons = ()
        receipt = await self._client.call("say", message)
        if not receipt["ok"]:
            self._console.print(receipt["error"]["zh"], receipt["error"]["en"], style="red")
        elif self._database is not None:
            await self._show_decision(self._database, f"{self._user}:{message['client_id']}")

    async def _on_ready(self, data: dict[str, Any]) -> None:
        self._user = WebSessions(self._settings.secrets.session_key).user_of(data["session"]) or ""
        self._show("bot", data["greeting"])

    async def _on_message(self, data: dict[str, Any]) -> None:
        if data["author"] != "customer":
            self._show(data["author"], data)

    def _show(self, author: str, data: dict[str, Any]) -> None:
        body = Body.from_json(
            {key: data.get(key) or () for key in ("text", "buttons")} | {"link": data.get("link")}
        )
        if body.buttons:
            self._buttons = body.buttons
        for part in degrade(body, _TERMINAL):
            self._console.print(f"[bold]{_NAMES.get(author, author)}[/bold]")
            self._console.print(Markdown(part.text.replace("\n", "  \n")))

    async def _show_decision(self, database: Database, message_id: str) -> None:
        """Wait for the turn and print its record."""
        for _ in range(100):
            async with database.read() as session:
                turn = await session.scalar(
                    select(TurnRow)
                    .join(MessageRow, MessageRow.id == TurnRow.message_id)
                    .where(
                        MessageRow.channel == WebChannel.name,
                        MessageRow.channel_message_id == message_id,
                    )
                )
            if turn is not None:
                self._console.print(_told(turn), style="dim", markup=False, highlight=False)
                return
            await asyncio.sleep(0.1)


def _told(turn: TurnRow) -> str:
    """Return one line: the decision, then what it was taken from."""
    parts = [turn.decision]
    if turn.intent:
        sure = "" if turn.confidence is None else f" {turn.confidence:.2f}"
        parts.append(f"intent {turn.intent}{sure}")
    if turn.faq:
        parts.append("FAQ " + ", ".join(f"{name} {score:.2f}" for name, score in turn.faq))
    parts += [turn.language or "no language", f"{turn.latency_ms:.0f} ms"]
    return " · ".join(parts)
