"""A full desk: 300 customers waiting, 50 with 10 agents, and how long everything takes.

    python -m bench.desk [seconds]

The app runs in a process of its own with SQLite and the shop's FAQ; only the engine is a script. Fifty
customers chat over the widget's Socket.IO, nine agents read and answer over the desk's, take and close
conversations; the tenth is a hand on the real page in Chromium. Prints a table (bench/desk/README.md).
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import sys
import tempfile
import time
from pathlib import Path

import httpx

from bench.desk.figures import Figures
from bench.desk.machine import ALIVE, watch_machine
from bench.desk.page import work_on_page
from bench.desk.people import TO_CUSTOMER, TO_DESK, Agent, Customer, Post
from bench.desk.server import AGENTS, serve
from tests.stack.running import free_port

WAITING, ACTIVE = 300, 50
SECONDS = 60.0
_AT_ONCE = 8


def main() -> None:
    """Run, and print the table."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else SECONDS
    spawn = multiprocessing.get_context("spawn")
    ready, done = spawn.Event(), spawn.Event()
    port = free_port()
    with tempfile.TemporaryDirectory() as var:
        server = spawn.Process(target=serve, args=(var, port, ready, done))
        server.start()
        try:
            if not ready.wait(600):
                raise RuntimeError("expected the app to start within ten minutes")
            figures = asyncio.run(load(f"http://127.0.0.1:{port}", seconds, server.pid or 0))
        finally:
            done.set()
            server.join(30)
    load_now = ", ".join(f"{one:.1f}" for one in os.getloadavg())
    sys.stdout.write(f"{figures.table()}\n\n{os.cpu_count()} cores, load {load_now}\n")


async def load(url: str, seconds: float, server: int) -> Figures:
    """Fill the desk, let everybody work for ``seconds``, return the times."""
    setting_up, figures = Figures(), Figures()
    post = Post(figures)
    customers = [Customer(url, f"顾客{n:02}", post) for n in range(ACTIVE)]
    agents = [Agent(url, f"agent{n:02}", setting_up, post) for n in range(AGENTS)]
    everybody: list[Agent | Customer] = [*agents, *customers]
    await asyncio.gather(*(one.connect() for one in everybody))
    await asyncio.gather(*(one.say(f"转人工 {one.name}") for one in customers))
    await _until_waiting(agents[0], ACTIVE)
    rows = await agents[0].rows()
    for n, row in enumerate(rows):
        await agents[n % (AGENTS - 1)].take(row["id"])
    by_name = {row["preview"].split()[-1]: row["id"] for row in rows}
    for customer in customers:
        customer.conversation = by_name[customer.name]
    await _fill(url)
    await _until_waiting(agents[0], WAITING)
    sys.stdout.write(f"{WAITING} wait, {ACTIVE} are served\n")
    sys.stdout.flush()
    for agent in agents:
        agent.figures = figures
    until, busy_before = time.monotonic() + seconds, _cpu_s(server)
    await asyncio.gather(
        *(agent.work(until) for agent in agents[:-1]),
        *(customer.chat(until) for customer in customers),
        work_on_page(url, agents[-1].login, figures, until),
        watch_machine(url, figures, until),
    )
    busy = _cpu_s(server) - busy_before
    share = busy / (time.monotonic() - until + seconds)
    sent = len(figures.times[TO_DESK]) + len(figures.times[TO_CUSTOMER])
    sys.stdout.write(
        f"the app kept {share:.0%} of one core busy, {busy / sent * 1000:.0f} ms for each message and all"
        f" that people did besides\n"
    )
    for name in (TO_DESK, TO_CUSTOMER):
        least = figures.median(ALIVE)
        sys.stdout.write(f"{name}: {figures.median(name) / least:.1f} times GET /healthz\n")
    for one in everybody:
        await one.close()
    return figures


def _cpu_s(process: int) -> float:
    """Return the CPU seconds of a process so far, 0 where there is no ``/proc``."""
    file = Path(f"/proc/{process}/stat")
    if not file.exists():
        return 0.0
    user, system = file.read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


async def _fill(url: str) -> None:
    """Let 300 customers of the REST channel ask for a person."""
    gate = asyncio.Semaphore(_AT_ONCE)
    async with httpx.AsyncClient(base_url=url, timeout=120) as http:

        async def ask(number: int) -> None:
            async with gate:
                message = {"sender": f"waits-{number}", "message": f"转人工 {number} 号"}
                (await http.post("/webhooks/rest/webhook", json=message)).raise_for_status()

        await asyncio.gather(*(ask(number) for number in range(WAITING)))


async def _until_waiting(agent: Agent, count: int) -> None:
    async with asyncio.timeout(300):
        while sum(row["state"] == "queued" for row in await agent.rows()) < count:  # noqa: ASYNC110
            await asyncio.sleep(0.5)


if __name__ == "__main__":
    main()
