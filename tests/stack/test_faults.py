"""Nothing is lost, doubled or reordered when processes die."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import socketio
from sqlalchemy import select

from bot.conversations.model import Author, Direction
from bot.storage.conversations import MessageRow
from bot.storage.engine import Database
from tests.stack.running import Stack

CUSTOMERS = 200
MESSAGES = 10
KILLS = 4
QUESTIONS = ("包邮吗", "what is your return policy", "支持货到付款吗", "你好", "谢谢")


@dataclass
class Customer:
    """A widget without a page: retries until acknowledged, resumes after every break."""

    url: str
    session: str | None = None
    messages: dict[int, dict[str, Any]] = field(default_factory=dict)
    doubled: int = 0

    async def talk(self) -> None:
        for number in range(MESSAGES):
            client_id = uuid.uuid4().hex
            while not await self._try_to_say(client_id, QUESTIONS[number % len(QUESTIONS)]):
                await self._close()
                await asyncio.sleep(random.uniform(0.1, 0.6))

    async def finish(self) -> None:
        """Stay until everything said was answered."""
        while self.answers < MESSAGES:
            await asyncio.sleep(0.2)
            if not self._client.connected:
                with contextlib.suppress(socketio.exceptions.ConnectionError):
                    await self._connect()
        await self._close()

    @property
    def answers(self) -> int:
        return sum(m["author"] != "customer" for m in self.messages.values())

    def __post_init__(self) -> None:
        self._client = socketio.AsyncClient(reconnection=False)

    async def _try_to_say(self, client_id: str, text: str) -> bool:
        try:
            if not self._client.connected:
                await self._connect()
            receipt = await self._client.call(
                "say", {"client_id": client_id, "text": text}, timeout=5
            )
        except (socketio.exceptions.SocketIOError, OSError):
            return False
        if receipt["ok"]:  # the server shows a message to the other tabs, not to the one it is from
            self._take({"seq": receipt["seq"], "author": "customer", "text": text})
        return bool(receipt["ok"])

    async def _connect(self) -> None:
        await self._close()
        self._client = socketio.AsyncClient(reconnection=False)
        ready = asyncio.Event()

        async def on_ready(data: dict[str, Any]) -> None:
            self.session = data["session"]
            for message in data["messages"]:
                self._take(message)
            ready.set()

        async def on_message(data: dict[str, Any]) -> None:
            self._take(data)

        self._client.on("ready", on_ready)
        self._client.on("message", on_message)
        auth = {"session": self.session, "last_seq": max(self.messages, default=0)}
        await self._client.connect(self.url, auth=auth, transports=["websocket"], wait_timeout=30)
        async with asyncio.timeout(60):
            await ready.wait()

    def _take(self, message: dict[str, Any]) -> None:
        shown = {key: message[key] for key in ("seq", "author", "text")}
        self.doubled += self.messages.setdefault(message["seq"], shown) != shown

    async def _close(self) -> None:
        with contextlib.suppress(Exception):
            await self._client.disconnect()


@pytest.mark.timeout(900)
def test_every_message_is_answered_once_and_in_order_while_the_app_is_killed(
    tmp_path: Path,
) -> None:
    with Stack.build(tmp_path) as stack:
        customers = [Customer(stack.url) for _ in range(CUSTOMERS)]
        asyncio.run(_talk_while_killing(stack, customers))
        asyncio.run(_check_transcripts(stack))
    for customer in customers:
        assert customer.doubled == 0
        mine = [m for _, m in sorted(customer.messages.items()) if m["author"] == "customer"]
        assert [m["text"] for m in mine] == [QUESTIONS[n % len(QUESTIONS)] for n in range(MESSAGES)]


async def _talk_while_killing(stack: Stack, customers: list[Customer]) -> None:
    talking = asyncio.gather(*(customer.talk() for customer in customers))
    chance = random.Random(20261122)
    for _ in range(KILLS):
        await asyncio.sleep(chance.uniform(2.0, 6.0))
        await asyncio.to_thread(stack.kill, stack.app)
        stack.app.start()
    await talking
    async with asyncio.timeout(600):
        await asyncio.gather(*(customer.finish() for customer in customers))


async def _check_transcripts(stack: Stack) -> None:
    """In the database: each message has replies of exactly one turn, in the order of the messages."""
    database = Database(stack.settings.database)
    async with database.read() as session:
        rows = (
            await session.scalars(
                select(MessageRow).order_by(MessageRow.conversation_id, MessageRow.seq)
            )
        ).all()
    await database.close()
    conversations: dict[str, list[MessageRow]] = {}
    for row in rows:
        conversations.setdefault(row.conversation_id, []).append(row)
    assert len(conversations) == CUSTOMERS
    for messages in conversations.values():
        asked = [m.id for m in messages if m.direction == Direction.IN.value]
        answered = [m.answers_id for m in messages if m.direction == Direction.OUT.value]
        assert len(asked) == MESSAGES
        assert answered == asked, "one reply for each message, in their order"
        assert {m.author for m in messages} == {Author.CUSTOMER.value, Author.BOT.value}


@pytest.mark.timeout(300)
def test_a_dead_engine_gives_an_honest_line_and_new_turns_work_once_it_is_back(
    tmp_path: Path,
) -> None:
    with Stack.build(tmp_path) as stack:
        assert stack.ask("anna", "is shipping free?")
        stack.kill(stack.engine)
        started = time.monotonic()
        (reply,) = stack.ask("anna", "how long does delivery take")
        assert time.monotonic() - started < 10
        assert "400-000-1234" in str(reply["text"])
        (reply,) = stack.ask("小明", "包邮吗")
        assert "人工" in str(reply["text"])
        stack.engine.start()
        stack.wait_until_engine_answers()
        (reply,) = stack.ask("小明", "包邮吗")
        assert "99" in str(reply["text"])
