"""Lets customers of one or several channels write while the app is killed twice, and checks what they saw."""

from __future__ import annotations

import asyncio
import contextlib
import math
import random
import time
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import httpx

from tests.connectors.faults.checker import Kill, Show, Verdict, check
from tests.connectors.faults.killed import KilledApp

# When for so long nothing was answered and nothing worked on, nothing more is waited for.
_STALLED_S = 45.0
# What comes twice comes within this time of the first.
_LISTEN_ON_S = 2.0
# How often customers write again whose answers are held back; each time some of them come.
_ROUNDS = 20
_TELL_EVERY_S = 10.0


class Platform(ABC):
    """One channel's platform, its customers, and how it fails.

    Args:
        calm: nothing fails; for measuring.
    """

    name: ClassVar[str]
    app: KilledApp

    def __init__(self, calm: bool = False) -> None:
        self.calm = calm

    @abstractmethod
    def settings(self) -> dict[str, Any]:
        """Return how the app finds the platform, once it serves; ``{process}`` is the app's number."""

    @abstractmethod
    def serving(self) -> contextlib.AbstractAsyncContextManager[object]:
        """Serve the platform's interface."""

    @abstractmethod
    def customers(self) -> contextlib.AbstractAsyncContextManager[object]:
        """Let customers reach ``app``, which runs by now."""

    @abstractmethod
    async def deliver(self, customer: int, text: str, dice: random.Random) -> None:
        """Deliver one message of a customer as the platform would until it is confirmed."""

    @abstractmethod
    def shown(self) -> Mapping[int, Sequence[Show]]:
        """Return what each customer has seen, in order."""

    def full(self, customer: int) -> bool:
        """Tell whether the platform lets the bot send this customer nothing more until they write."""
        return False

    def client(self) -> httpx.AsyncClient:
        """Return a client of ``app`` that never waits for one of its own connections to get free."""
        return httpx.AsyncClient(
            base_url=self.app.url, timeout=30, limits=httpx.Limits(max_connections=None)
        )


@contextlib.asynccontextmanager
async def running(platforms: Sequence[Platform], root: Path, var: Path) -> AsyncIterator[KilledApp]:
    """Run one app with all the channels."""
    async with contextlib.AsyncExitStack() as stack:
        settings: dict[str, Any] = {
            "var": str(var), "customer_messages_per_minute": 0, "address_requests_per_minute": 0,
        }  # fmt: skip
        for platform in platforms:
            await stack.enter_async_context(platform.serving())
            settings |= platform.settings()
        app = await stack.enter_async_context(KilledApp(root, settings))
        for platform in platforms:
            platform.app = app
            await stack.enter_async_context(platform.customers())
        yield app


async def run(
    platforms: Sequence[Platform],
    root: Path,
    var: Path,
    customers: int,
    messages: int,
    seconds: float = math.inf,
    seed: int = 1,
    tell: Callable[[str], object] = lambda _: None,
) -> dict[str, Verdict]:
    """Let ``customers`` of each platform send ``messages`` each, and kill the app after one and two thirds.

    Args:
        seconds: after this time nobody writes any more; it has thirds, too.
        tell: is told how far it is, every ten seconds.
    """
    async with running(platforms, root, var) as app:
        asked: dict[str, dict[int, list[str]]] = {p.name: {} for p in platforms}
        total, sent = customers * messages * len(platforms), 0
        started = time.monotonic()

        def done(share: float) -> bool:
            return sent >= total * share or time.monotonic() - started >= seconds * share

        async def customer(platform: Platform, number: int) -> None:
            nonlocal sent
            dice = random.Random(f"{seed} {platform.name} {number}")
            mine = asked[platform.name].setdefault(number, [])
            for count in range(messages):
                if done(1):
                    return
                text = f"{platform.name} {number} #{count}"
                mine.append(text)
                await platform.deliver(number, text, dice)
                sent += 1
                await asyncio.sleep(dice.random() * 0.05)

        async def killer() -> None:
            for share in (1, 2):
                while not done(share / 3):  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
                await app.kill()

        async def teller() -> None:
            while True:
                await asyncio.sleep(_TELL_EVERY_S)
                tell(f"{sent} of {total} sent, {app.unanswered()} being worked on")

        numbers = range(1, customers + 1)
        telling = asyncio.create_task(teller())
        await asyncio.gather(killer(), *(customer(p, n) for p in platforms for n in numbers))
        await _until_answered(app, platforms, asked)
        for _ in range(_ROUNDS):
            if not await _write_once_more(app, platforms, asked):
                break
            await _until_answered(app, platforms, asked)
        telling.cancel()
        return {p.name: _verdict(app, p, asked[p.name], app.kills) for p in platforms}


def _verdict(
    app: KilledApp,
    platform: Platform,
    asked: Mapping[int, Sequence[str]],
    kills: Sequence[Kill] = (),
) -> Verdict:
    full = [customer for customer in asked if platform.full(customer)]
    held_back = app.undelivered() if full else frozenset()
    theirs = {f"re {question}" for customer in full for question in asked[customer]}
    return check(asked, platform.shown(), kills, held_back & theirs)


async def _write_once_more(
    app: KilledApp, platforms: Sequence[Platform], asked: Mapping[str, Mapping[int, list[str]]]
) -> bool:
    """Let customers write again whose answers are held back because the platform counts messages.

    Those go out with what answers their next message; false when there are none.
    """
    waiting = False
    for platform in platforms:
        for number, mine in asked[platform.name].items():
            if platform.full(number) and _verdict(app, platform, {number: mine}).held:
                waiting = True
                mine.append(f"{platform.name} {number} #{len(mine)}")
                await platform.deliver(number, mine[-1], random.Random(number))
    return waiting


async def _until_answered(
    app: KilledApp, platforms: Sequence[Platform], asked: Mapping[str, Mapping[int, Sequence[str]]]
) -> None:
    """Wait until nothing is missing or nothing comes any more, and a moment for what comes twice."""
    missing, since = (-1, -1), time.monotonic()
    while time.monotonic() < since + _STALLED_S:
        lost = sum(_verdict(app, p, asked[p.name]).lost for p in platforms)
        if not lost:
            break
        now = (lost, app.unanswered())
        if now != missing:
            missing, since = now, time.monotonic()
        await asyncio.sleep(0.5)
    await asyncio.sleep(_LISTEN_ON_S)
