"""Customers and agents as programs: they speak what the pages speak, and write down how long it took."""

from __future__ import annotations

import asyncio
import random
import time
import uuid
from typing import Any

import httpx
import socketio

from bench.desk.figures import Figures
from connectors.accounts import COOKIE
from tests.desk.running import PASSWORD

TO_DESK = "customer's message at the agent's page"
TO_CUSTOMER = "agent's answer at the customer's widget"
# How long one person thinks before the next line, in seconds; all 50 together write about 7 a second.
CUSTOMER_PAUSE_S, AGENT_PAUSE_S = 12.0, 2.0


class Post:
    """Who sent what when, so that the other side can tell how long it was on its way."""

    def __init__(self, figures: Figures) -> None:
        self._figures = figures
        self._sent: dict[Any, float] = {}

    def sent(self, key: Any) -> None:
        """Something is on its way now."""
        self._sent[key] = time.perf_counter()

    def came(self, name: str, key: Any) -> None:
        """It has arrived; the first arrival counts."""
        started = self._sent.pop(key, None)
        if started is not None:
            self._figures.note(name, started)


class Customer:
    """One visitor with an open widget."""

    def __init__(self, url: str, name: str, post: Post) -> None:
        self._url, self.name, self._post = url, name, post
        self._socket = socketio.AsyncClient(reconnection=False)
        self._socket.on("message", self._on_message)
        self._said = 0
        self.conversation = ""

    async def connect(self) -> None:
        """Open the widget."""
        await self._socket.connect(
            self._url, auth={"lang": "zh", "ui_lang": "zh", "last_seq": 0},
            transports=["websocket"], wait_timeout=30,
        )  # fmt: skip

    async def say(self, text: str) -> None:
        """Send a line and wait until it is stored."""
        client_id = uuid.uuid4().hex
        self._said += 1
        answer = await self._socket.call("say", {"client_id": client_id, "text": text}, timeout=60)
        if not answer.get("ok"):
            raise RuntimeError(f"expected the line to be stored, got {answer}")

    async def chat(self, until: float) -> None:
        """Write now and then."""
        chance = random.Random(self.name)
        await asyncio.sleep(chance.uniform(0, CUSTOMER_PAUSE_S))
        while time.monotonic() < until:
            self._post.sent(("in", self.conversation))
            await self.say(f"{self.name}说的第{self._said}句")
            await asyncio.sleep(chance.uniform(0.5, 1.5) * CUSTOMER_PAUSE_S)

    async def close(self) -> None:
        """Close the widget."""
        await self._socket.disconnect()

    async def _on_message(self, message: dict[str, Any]) -> None:
        if message["author"] == "agent":
            self._post.came(TO_CUSTOMER, ("out", message["text"]))


class Agent:
    """One agent with an open desk and some conversations in hand."""

    def __init__(self, url: str, login: str, figures: Figures, post: Post) -> None:
        self._url, self.login, self.figures, self._post = url, login, figures, post
        self._http = httpx.AsyncClient(
            base_url=url, headers={"sec-fetch-site": "same-origin"}, timeout=60
        )
        self._socket = socketio.AsyncClient(reconnection=False)
        self._socket.on("rows", self._on_rows, namespace="/desk")
        self._socket.on("lines", self._on_lines, namespace="/desk")
        self._seen: dict[str, int] = {}
        self._due: asyncio.Queue[str] = asyncio.Queue()
        self._chance = random.Random(login)
        self._written = 0
        self.mine: set[str] = set()

    async def connect(self) -> None:
        """Sign in and open the desk."""
        form = {"login": self.login, "password": PASSWORD}
        (await self._http.post("/account/sign-in", json=form)).raise_for_status()
        cookie = f"{COOKIE}={self._http.cookies[COOKIE]}"
        await self._socket.connect(
            self._url, headers={"Cookie": cookie, "Origin": self._url}, namespaces=["/desk"],
            transports=["websocket"], wait_timeout=30,
        )  # fmt: skip

    async def rows(self) -> list[dict[str, Any]]:
        """Ask for the list of all open conversations, as a page does when it (re)connects."""
        with self.figures.timed("GET list of open conversations"):
            rows: list[dict[str, Any]] = (await self._get("")).json()
        return rows

    async def take(self, conversation: str) -> None:
        """Take a conversation from the queue."""
        await self._deed("take", conversation)
        self.mine.add(conversation)

    async def work(self, until: float) -> None:
        """Answer who wrote, the longest waiting first; note, look around, close and take the next."""
        while time.monotonic() < until:
            try:
                conversation = await asyncio.wait_for(self._due.get(), 1)
            except TimeoutError:
                continue
            await self._socket.emit("open", {"id": conversation}, namespace="/desk")
            with self.figures.timed("GET one conversation"):
                view = (await self._get(f"/{conversation}")).json()
            with self.figures.timed("GET FAQ suggestions"):
                await self._get(f"/{conversation}/suggestions")
            await self._deed("seen", conversation, {"seq": view["lines"][-1]["seq"]})
            await asyncio.sleep(self._chance.uniform(0.5, 1.5) * AGENT_PAUSE_S)
            self._written += 1
            text = f"{self.login}的第{self._written}句回复"
            self._post.sent(("out", text))
            await self._deed("answer", conversation, {"text": text, "client_id": uuid.uuid4().hex})
            if self._written % 5 == 0:
                await self._deed("note", conversation, {"text": "记一笔"})
            if self._written % 8 == 0:
                await self._next(await self.rows())

    async def _next(self, rows: list[dict[str, Any]]) -> None:
        """Take the next who waits, snooze and give back as people do."""
        waiting = [row["id"] for row in rows if row["state"] == "queued"]
        if not waiting:
            return
        taken = waiting[self._chance.randrange(min(20, len(waiting)))]
        try:
            await self.take(taken)
        except httpx.HTTPStatusError:  # a colleague was quicker
            return
        await self._deed("snooze", taken, {"minutes": 5})
        await self._deed("close", taken, {"resolution": "spam"})
        self.mine.discard(taken)

    async def close(self) -> None:
        """Close the desk."""
        await self._socket.disconnect()
        await self._http.aclose()

    async def _on_rows(self, change: dict[str, Any]) -> None:
        for row in change["changed"]:
            if row["id"] in self.mine and row["unread"] and row["last_seq"] > self._known(row):
                self._seen[row["id"]] = row["last_seq"]
                self._post.came(TO_DESK, ("in", row["id"]))
                self._due.put_nowait(row["id"])

    async def _on_lines(self, lines: dict[str, Any]) -> None:
        self._post.came(TO_DESK, ("in", lines["id"]))

    def _known(self, row: dict[str, Any]) -> int:
        return self._seen.get(row["id"], 0)

    async def _get(self, path: str) -> httpx.Response:
        answer = await self._http.get(f"/desk/api/conversations{path}")
        return answer.raise_for_status()

    async def _deed(self, name: str, conversation: str, body: dict[str, Any] | None = None) -> None:
        with self.figures.timed(f"POST {name}"):
            answer = await self._http.post(
                f"/desk/api/conversations/{conversation}/{name}", json=body or {}
            )
            answer.raise_for_status()
