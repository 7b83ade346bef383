"""``python -m bench.orders``: order events at 100 and 1,000 a minute, and the time to the customer's card.

Each event is ``order.created`` of a cash-on-delivery order of a customer who can be reached. The time
runs from the moment the request arrives to the card's row in the outbox; the policy's own delay is set
to nothing and there are no quiet hours. SQLite on this machine's disk.
"""

from __future__ import annotations

import argparse
import asyncio
import socket
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import httpx
from rich.console import Console
from rich.table import Table
from sqlalchemy import select

from bot.settings import Settings
from bot.storage.cod import OrderEventRow
from bot.storage.conversations import ConversationRow, MessageRow
from bot.storage.engine import Database
from bot.storage.migrate import upgrade
from tests.bot.orders.shop_events import created, signed
from tests.stack.plugin import policy_without_nights

_KEY = "bench"
_SECONDS = 30
_RATES = (100, 1000)  # events a minute
_EXAMPLES = """\
examples:
  python -m bench.orders          100 and 1,000 a minute, half a minute each
  python -m bench.orders 300      another rate
"""


async def measure(rate: int) -> list[float]:
    """Return the seconds from each event to its card, in rising order."""
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite+aiosqlite:///{folder}/bench.sqlite3"
        await asyncio.to_thread(upgrade, url)
        policies = policy_without_nights(Settings(), Path(folder) / "policy")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        command = [sys.executable, "-m", "bench.orders.server", url, str(port), _KEY, str(policies)]
        server = await asyncio.create_subprocess_exec(*command)
        try:
            return await _drive(f"http://127.0.0.1:{port}", Database(url), rate)
        finally:
            server.terminate()
            await server.wait()


async def _drive(address: str, database: Database, rate: int) -> list[float]:
    count, gap_s = rate * _SECONDS // 60, 60 / rate
    async with httpx.AsyncClient(base_url=address, timeout=30) as http:
        await _until_up(http)
        sending, start = [], time.monotonic()
        for number in range(count):
            await asyncio.sleep(max(0.0, start + number * gap_s - time.monotonic()))
            sending.append(asyncio.create_task(_send(http, number)))
        await asyncio.gather(*sending)
    try:
        for _ in range(200):
            times = await _times(database)
            if len(times) == count:
                return sorted(times)
            await asyncio.sleep(0.1)
        raise RuntimeError(f"expected {count} cards, got {len(times)}")
    finally:
        await database.close()


async def _send(http: httpx.AsyncClient, number: int) -> None:
    data = created(
        f"SO2026{number:09d}", datetime.now(UTC), customer=f"c{number}",
        contact={"channel": "web", "user": f"v{number}"},
    )  # fmt: skip
    told = signed(data | {"id": f"bench-{number}"}, _KEY)
    (await http.post("/api/v1/order-events", **told)).raise_for_status()


async def _times(database: Database) -> list[float]:
    async with database.read() as session:
        cards = await session.execute(
            select(ConversationRow.user, MessageRow.created_at).join(
                MessageRow, MessageRow.conversation_id == ConversationRow.id
            )
        )
        events = await session.execute(
            select(OrderEventRow.event_id, OrderEventRow.received_at).where(
                OrderEventRow.kind == "order.created"
            )
        )
        received = {event_id.partition("-")[2]: at for event_id, at in events}
        return [(at - received[user[1:]]).total_seconds() for user, at in cards]


async def _until_up(http: httpx.AsyncClient) -> None:
    for _ in range(300):
        try:
            await http.post("/api/v1/order-events")
        except httpx.TransportError:
            await asyncio.sleep(0.1)
        else:
            return
    raise RuntimeError("the server did not start")


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m bench.orders",
        description="How long a customer's card takes after an order event.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "rates", type=int, nargs="*", default=_RATES, help="events a minute (default: 100 1000)"
    )
    rates = parser.parse_args().rates
    table = Table("events a minute", "cards", "p50 s", "p95 s", "longest s")
    for rate in rates:
        times = asyncio.run(measure(rate))
        cuts = statistics.quantiles(times, n=20)
        table.add_row(
            str(rate), str(len(times)), f"{cuts[9]:.2f}", f"{cuts[18]:.2f}", f"{times[-1]:.2f}"
        )
    Console().print(table)


if __name__ == "__main__":
    main()
