"""Runs customers against the killed and restarted app, and checks both sides' logs."""

from __future__ import annotations

import asyncio
import itertools
import json
import random
import signal
import socket
import sys
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

# What the platform took right before a kill may not have been written down yet; on a machine that is
# overloaded the database is some seconds behind.
_UNCONFIRMED_S = 3.0


@dataclass(frozen=True)
class Verdict:
    """What the logs of both sides say.

    ``repeated`` are answers that were sent a second time because the process was killed between the
    platform's taking the first and our writing that down; no platform here can tell us.
    """

    sent: int
    lost: int
    doubled: int
    misordered: int
    repeated: int

    def __str__(self) -> str:
        return (
            f"{self.sent} messages: lost {self.lost}, doubled {self.doubled}, "
            f"misordered {self.misordered}, repeated after a kill {self.repeated}"
        )


def check(
    asked: Mapping[int, Sequence[str]],
    shown: Mapping[int, Sequence[tuple[str, float]]],
    kills: Sequence[float],
) -> Verdict:
    """Compare what customers asked, in order, with what they were shown and when (monotonic seconds)."""
    lost = doubled = misordered = repeated = 0
    for customer, questions in asked.items():
        first: dict[str, float] = {}
        order: list[str] = []
        for text, at in shown.get(customer, ()):
            for answer in text.split("\n\n"):
                if answer not in first:
                    first[answer] = at
                    order.append(answer)
                elif any(0 <= kill - first[answer] < _UNCONFIRMED_S for kill in kills):
                    repeated += 1
                else:
                    doubled += 1
        wanted = [f"re {question}" for question in questions]
        lost += sum(answer not in first for answer in wanted)
        place = {answer: n for n, answer in enumerate(wanted)}
        places = [place[answer] for answer in order if answer in place]
        misordered += sum(b < a for a, b in itertools.pairwise(places))
    return Verdict(sum(map(len, asked.values())), lost, doubled, misordered, repeated)


class KilledApp:
    """The app's process; ``kill`` is SIGKILL and a new start."""

    def __init__(self, root: Path, settings: Mapping[str, Any]) -> None:
        self._root = root
        self._settings = dict(settings)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port: int = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self._port}"
        self.kills: list[float] = []
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.connectors.faults.app", str(self._port),
            json.dumps(self._settings), cwd=self._root,
        )  # fmt: skip
        async with httpx.AsyncClient() as http, asyncio.timeout(60):
            while True:
                try:
                    await http.get(f"{self.url}/healthz")
                    return
                except httpx.TransportError:
                    await asyncio.sleep(0.05)

    async def kill(self) -> None:
        await self.stop()
        await self.start()

    async def stop(self) -> None:
        if self._process is not None and self._process.returncode is None:
            self.kills.append(time.monotonic())
            self._process.send_signal(signal.SIGKILL)
            await self._process.wait()


async def run_customers(
    app: KilledApp,
    deliver: Callable[[int, str, random.Random], Awaitable[None]],
    shown: Callable[[], Mapping[int, Sequence[tuple[str, float]]]],
    customers: int,
    messages: int,
    seed: int = 1,
) -> Verdict:
    """Let every customer send ``messages``, kill the app after one and two thirds, wait, and check.

    Args:
        deliver: delivers one message of a customer as the platform would until it is confirmed.
    """
    asked: dict[int, list[str]] = defaultdict(list)
    sent = 0

    async def customer(number: int) -> None:
        nonlocal sent
        dice = random.Random(seed * 1000 + number)
        for count in range(messages):
            text = f"u{number} #{count}"
            asked[number].append(text)
            await deliver(number, text, dice)
            sent += 1
            await asyncio.sleep(dice.random() * 0.05)

    async def killer() -> None:
        for share in (1, 2):
            while sent < customers * messages * share / 3:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            await app.kill()

    await asyncio.gather(killer(), *map(customer, range(1, customers + 1)))
    await _until_answered(asked, shown)
    return check(asked, shown(), app.kills)


async def _until_answered(
    asked: Mapping[int, Sequence[str]],
    shown: Callable[[], Mapping[int, Sequence[tuple[str, float]]]],
) -> None:
    """Wait until nothing is missing, and a moment more for what comes twice; half a minute at most."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and check(asked, shown(), ()).lost:  # noqa: ASYNC110
        await asyncio.sleep(0.2)
    await asyncio.sleep(2)
