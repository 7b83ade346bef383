"""Runs customers against the killed and restarted app, and checks both sides' logs."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import random
import signal
import socket
import sqlite3
import sys
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx


@dataclass(frozen=True)
class Kill:
    """Which process was killed (they are counted from 1), and which answers were not written down as
    delivered by then, as its database says."""

    process: int
    unconfirmed: frozenset[str]


@dataclass(frozen=True)
class Show:
    """A text that a customer saw, and which process had sent it.

    The process is told by what it sent, not by a clock: the platform may come to a request long after
    its sender is gone. ``heard`` is false when our side had hung up by then.
    """

    text: str
    process: int
    heard: bool = True


@dataclass(frozen=True)
class Verdict:
    """What the logs of both sides say.

    ``repeated`` are answers that were sent a second time because we could not know of the first: the
    process was killed between the platform's taking it and our writing that down, or the platform's
    confirmation did not reach us. Neither platform can be asked, so these can't be avoided without
    losing answers instead. Both causes are proven one by one, from the database as the killed process
    left it and from the platform's own log; any other second time is ``doubled``.
    """

    sent: int
    lost: int
    doubled: int
    misordered: int
    repeated: int

    def __str__(self) -> str:
        return (
            f"{self.sent} messages: lost {self.lost}, doubled {self.doubled}, "
            f"misordered {self.misordered}, repeated because unconfirmed {self.repeated}"
        )


def check(
    asked: Mapping[int, Sequence[str]],
    shown: Mapping[int, Sequence[Show]],
    kills: Sequence[Kill],
) -> Verdict:
    """Compare what customers asked, in order, with what they were shown."""
    lost = doubled = misordered = repeated = 0
    for customer, questions in asked.items():
        first: dict[str, Show] = {}
        order: list[str] = []
        for show in shown.get(customer, ()):
            for answer in show.text.split("\n\n"):
                before = first.get(answer)
                first[answer] = show
                if before is None:
                    order.append(answer)
                elif not before.heard or _killed_between(kills, before, show, answer):
                    repeated += 1
                else:
                    doubled += 1
        wanted = [f"re {question}" for question in questions]
        lost += sum(answer not in first for answer in wanted)
        place = {answer: n for n, answer in enumerate(wanted)}
        places = [place[answer] for answer in order if answer in place]
        misordered += sum(b < a for a, b in itertools.pairwise(places))
    return Verdict(sum(map(len, asked.values())), lost, doubled, misordered, repeated)


def _killed_between(kills: Sequence[Kill], one: Show, other: Show, answer: str) -> bool:
    """Tell whether the earlier of two senders was killed before it could write ``answer`` down."""
    first, second = sorted((one.process, other.process))
    return any(first <= kill.process < second and answer in kill.unconfirmed for kill in kills)


class KilledApp:
    """The app's process; ``kill`` is SIGKILL and a new start.

    ``{process}`` in a setting becomes the number of the process, which stands in ``x-process`` of its
    responses too.
    """

    def __init__(self, root: Path, settings: Mapping[str, Any]) -> None:
        self._root = root
        self._settings = dict(settings)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port: int = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self._port}"
        self.kills: list[Kill] = []
        self._process: asyncio.subprocess.Process | None = None
        self._number = 0

    async def start(self) -> None:
        self._number += 1
        settings = {
            name: value.format(process=self._number) if isinstance(value, str) else value
            for name, value in self._settings.items()
        }
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.connectors.faults.app", str(self._port),
            str(self._number), json.dumps(settings), cwd=self._root,
        )  # fmt: skip
        async with httpx.AsyncClient() as http, asyncio.timeout(120):
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
            self._process.send_signal(signal.SIGKILL)
            await self._process.wait()
            self.kills.append(Kill(self._number, self._unconfirmed()))

    def _unconfirmed(self) -> frozenset[str]:
        file = Path(self._settings["var"]) / "yingda.sqlite3"
        with contextlib.closing(sqlite3.connect(file)) as database:
            rows = database.execute(
                "SELECT body FROM messages WHERE direction = 'out' AND state = 'pending'"
            )
            return frozenset(json.loads(body)["text"] for (body,) in rows)


async def run_customers(
    app: KilledApp,
    deliver: Callable[[int, str, random.Random], Awaitable[None]],
    shown: Callable[[], Mapping[int, Sequence[Show]]],
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
    shown: Callable[[], Mapping[int, Sequence[Show]]],
) -> None:
    """Wait until nothing is missing, and a moment more for what comes twice; half a minute at most."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and check(asked, shown(), ()).lost:  # noqa: ASYNC110
        await asyncio.sleep(0.2)
    await asyncio.sleep(2)
