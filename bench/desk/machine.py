"""What the machine does to everybody while the desk is measured, so that runs can be compared."""

from __future__ import annotations

import asyncio
import time

import httpx

from bench.desk.figures import Figures

ALIVE = "GET /healthz, the least that the app can do"
STRETCHED = "the machine: 5 ms of work, by the clock"
_EVERY_S = 0.25
_WORK_S = 0.005


async def watch_machine(url: str, figures: Figures, until: float) -> None:
    """Now and then until ``until`` (``time.monotonic``) ask the app for next to nothing, and work a little."""
    async with httpx.AsyncClient(base_url=url, timeout=60) as http:
        while time.monotonic() < until:
            with figures.timed(ALIVE):
                (await http.get("/healthz")).raise_for_status()
            # In a thread: the customers and agents of this process are not to wait for it.
            figures.times[STRETCHED].append(await asyncio.to_thread(_stretched_ms))
            await asyncio.sleep(_EVERY_S)


def _stretched_ms() -> float:
    """Return how many milliseconds pass until this thread has had 5 ms of a core."""
    started, worked = time.perf_counter(), time.thread_time()
    while time.thread_time() - worked < _WORK_S:
        pass
    return (time.perf_counter() - started) * 1000
