"""The real app object (inbox, workers, outbox, SQLite, routes) around a dialogue that answers by script."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI
from sqlalchemy import select

from bot.conversations.dialogue import Outcome, Understood
from bot.conversations.model import Attachment, Body, Button, HandoffReason, Link
from bot.conversations.turn import Turn
from bot.language import Language, detect, reply_language
from bot.settings import Settings
from bot.storage.conversations import MessageRow
from bot.storage.engine import Database
from tests.apps import ALWAYS_OPEN, app_without_engine
from tests.databases import make_tables

CHOICES = (Button("包邮吗", "/faq_a"), Button("怎么退货", "/faq_b"), Button("转人工", "/ask_human"))
SHOP = "https://shop.example"
RICH_TEXT = "👨‍👩‍👧‍👦 您好 🇨🇳 \u202bمرحبا بكم\u202c e\u0301 <b>&amp;</b> **粗体** [链接](https://shop.example/a_b)"


class ScriptedDialogue:
    """Answers by what a message says; see ``_replies``.

    A text that begins with "held" is answered when the test says ``go.set()``. Every text that was
    worked on is in ``seen``, in order.
    """

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.files: list[Sequence[Attachment]] = []
        self.decision: str | None = None  # else a new one for each text
        self.go = asyncio.Event()

    def language_for(self, text: str, before: Language | None) -> Language:
        return reply_language(text) or before or "zh"

    async def understand(self, conversation_id: str, message_id: str, text: str) -> Understood:
        intent = "order_status" if "到哪" in text else None
        return Understood(intent, 0.9, frozenset())

    async def turn(
        self,
        conversation_id: str,
        message_id: str,
        text: str,
        payload: str | None = None,
        before: Language | None = None,
        attachments: Sequence[Attachment] = (),
        channel: str | None = None,
        later: Sequence[str] = (),
    ) -> Outcome:
        self.seen.append(payload or text)
        self.files.append(attachments)
        if text.startswith("held"):
            await self.go.wait()
        reason = HandoffReason.ASKED_FOR if payload == "/ask_human" else None
        turn = Turn(
            "ask_faq", 0.9, [], f"handoff:{reason}" if reason else self.decision or f"answer:{text[:80]}",
            _replies(payload or text), reason,
        )  # fmt: skip
        return Outcome(turn, detect(text), self.language_for(text, before), (), 1.0)


def _replies(text: str) -> tuple[Body, ...]:
    match text:
        case "buttons":
            return (Body("您想问哪一个？", buttons=CHOICES),)
        case "two":
            return (Body("第一句。"), Body("第二句。", buttons=CHOICES[:2]))
        case "long":
            return (Body("".join(f"第{n}句话，说得长一点。" for n in range(1200))),)
        case "link":
            return (Body("退货分三步，都在这里。", link=Link(f"{SHOP}/returns", "怎么退货")),)
        case "order link":
            return (Body("您的订单在路上。", link=Link(f"{SHOP}/orders/SO20261105001", "看订单")),)
        case "rich":
            return (Body(RICH_TEXT),)
        case _:
            return (Body(f"re {text}"),)


@dataclass
class RunningApp:
    """The app between start and stop, with what a test may look at."""

    http: httpx.AsyncClient
    dialogue: ScriptedDialogue
    database: Database
    settings: Settings
    socket: Any

    async def messages(self, direction: str | None = None) -> list[MessageRow]:
        async with self.database.read() as session:
            rows = await session.scalars(select(MessageRow).order_by(MessageRow.id))
            return [row for row in rows if direction in (None, row.direction)]

    async def until_out(self, condition: Callable[[MessageRow], bool]) -> None:
        """Wait until a message to a customer fulfils ``condition``."""
        async with asyncio.timeout(60):
            while not any(map(condition, await self.messages("out"))):  # noqa: ASYNC110
                await asyncio.sleep(0.02)


@asynccontextmanager
async def running_app(root: Path, var: Path, **settings: Any) -> AsyncIterator[RunningApp]:
    """Start the app on the database in ``var``, which outlives it, and stop it.

    Agents are there at any hour unless ``settings`` say otherwise: a test means the same by night.
    """
    chosen = Settings(var=var, root=root, **{"desk_hours": ALWAYS_OPEN} | settings)
    file = var / "yingda.sqlite3"
    if not file.exists():
        await make_tables(chosen.database)
    database = Database(chosen.database)
    dialogue = ScriptedDialogue()
    app = app_without_engine(chosen, database, dialogue)
    api: FastAPI = app.other_asgi_app
    transport = httpx.ASGITransport(app=api, client=("203.0.113.7", 40000))
    async with (
        api.router.lifespan_context(api),
        httpx.AsyncClient(transport=transport, base_url="https://bot.example") as http,
    ):
        yield RunningApp(http, dialogue, database, chosen, app.engineio_server)


async def until(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    """Wait until ``condition`` holds."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - conditions over plain lists
            await asyncio.sleep(0.01)


async def until_async(condition: Callable[[], Awaitable[bool]], seconds: float = 60.0) -> None:
    """Wait until ``condition`` holds, which has to ask for it."""
    async with asyncio.timeout(seconds):
        while not await condition():  # noqa: ASYNC110
            await asyncio.sleep(0.02)
