"""The process that takes order events is killed again and again: no order is lost, no card doubled."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import httpx
from sqlalchemy import func, select

from bot.conversations.model import Direction
from bot.settings import Settings
from bot.storage.cod import CodRow, OrderEventRow
from bot.storage.conversations import MessageRow
from bot.storage.engine import Database
from bot.storage.migrate import upgrade
from bot.storage.orders import OrderRow
from tests.bot.orders.shop_events import created, signed
from tests.stack.plugin import policy_without_nights
from tests.stack.running import free_port

EVENTS, SENDERS, KILLS = 500, 16, 3
KEY = "key"


class Server:
    def __init__(self, folder: Path) -> None:
        self.url = f"sqlite+aiosqlite:///{folder / 'orders.sqlite3'}"
        self.port = free_port()
        policies = policy_without_nights(Settings(), folder / "policy")
        self._command = [
            sys.executable, "-m", "bench.orders.server", self.url, str(self.port), KEY, str(policies)
        ]  # fmt: skip
        upgrade(self.url)
        self.start()

    def start(self) -> None:
        self._process = subprocess.Popen(self._command)

    def kill(self) -> None:
        self._process.send_signal(signal.SIGKILL)
        self._process.wait(10)


def test_five_hundred_events_survive_three_kills(tmp_path: Path) -> None:
    server = Server(tmp_path)
    try:
        asyncio.run(_run(server))
    finally:
        server.kill()


async def _run(server: Server) -> None:
    todo = asyncio.Queue[int]()
    for number in range(EVENTS):
        todo.put_nowait(number)
    done = 0

    async def sender(http: httpx.AsyncClient) -> None:
        nonlocal done
        while not todo.empty():
            await _until_taken(http, todo.get_nowait())
            done += 1

    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{server.port}", timeout=10) as http:
        senders = [asyncio.create_task(sender(http)) for _ in range(SENDERS)]
        for kill in range(1, KILLS + 1):
            while done < kill * EVENTS // (KILLS + 1):  # noqa: ASYNC110 - a plain count
                await asyncio.sleep(0.005)
            server.kill()
            server.start()
        await asyncio.gather(*senders)
    database = Database(server.url)
    try:
        await _every_order_was_asked_about_once(database)
    finally:
        await database.close()


async def _until_taken(http: httpx.AsyncClient, number: int) -> None:
    """Send an event as a shop does: again and again until the answer is 200 or 202."""
    data = created(
        f"SO2026{number:09d}", datetime.now(UTC), customer=f"c{number}",
        contact={"channel": "web", "user": f"v{number}"},
    )  # fmt: skip
    told = signed(data | {"id": f"evt-{number}"}, KEY)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            answer = await http.post("/api/v1/order-events", **told)
        except httpx.TransportError:
            await asyncio.sleep(0.05)
            continue
        assert answer.status_code in {200, 202}, answer.text
        return
    raise AssertionError(f"event {number} was never taken; pid {os.getpid()}")


async def _every_order_was_asked_about_once(database: Database) -> None:
    deadline = time.monotonic() + 60
    while True:
        async with database.read() as session:
            asked = await session.scalar(
                select(func.count()).select_from(CodRow).where(CodRow.state == "asked")
            )
        if asked == EVENTS or time.monotonic() > deadline:
            break
        await asyncio.sleep(0.2)
    async with database.read() as session:
        orders = (await session.scalars(select(OrderRow.number))).all()
        events = await session.scalar(
            select(func.count())
            .select_from(OrderEventRow)
            .where(OrderEventRow.kind == "order.created")
        )
        cards = (
            await session.scalars(
                select(MessageRow.conversation_id).where(
                    MessageRow.direction == Direction.OUT.value
                )
            )
        ).all()
    assert len(orders) == len(set(orders)) == events == asked == EVENTS
    assert len(cards) == len(set(cards)) == EVENTS
