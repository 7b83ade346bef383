"""How long a customer waits: from the platform's delivery of a message to the platform's getting the answer."""

from __future__ import annotations

import asyncio
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from matplotlib.figure import Figure

from tests.connectors.faults.platforms import PLATFORMS
from tests.connectors.faults.running import Platform, running

# So many that Telegram's one message a second and chat is no limit before its thirty a second in all are.
_CUSTOMERS = 150
_WARM_UP = 20
_STALLED_S = 30.0


@dataclass(frozen=True)
class Figures:
    """Waits of one channel at one rate, in seconds.

    Args:
        rate: messages a second that were asked for, evenly spaced.
        delivered: messages a second that the machine got delivered.
        unanswered: messages that had no answer when nothing came any more.
    """

    channel: str
    rate: float
    delivered: float
    waits: tuple[float, ...]
    unanswered: int

    def percentile(self, share: float) -> float:
        """Return the wait that ``share`` of the messages did not exceed, in milliseconds."""
        if len(self.waits) == 1:
            return self.waits[0] * 1000
        return (
            statistics.quantiles(self.waits, n=100, method="inclusive")[round(share * 100) - 1]
            * 1000
        )


async def measure(channels: Sequence[str], rates: Sequence[float], seconds: float) -> list[Figures]:
    """Measure each channel at each rate, for ``seconds`` each, one after the other."""
    found = []
    for name in channels:
        with tempfile.TemporaryDirectory() as var:
            platform = PLATFORMS[name](calm=True)
            async with running([platform], Path.cwd(), Path(var)):
                await _send(platform, 0, _WARM_UP, 5.0)
                for number, rate in enumerate(rates, start=1):
                    found.append(await _send(platform, number, round(rate * seconds), rate))
                    # Whoever cuts the run short keeps what was measured.
                    print(table(found[-1:]).splitlines()[-1], file=sys.stderr, flush=True)
    return found


async def _send(platform: Platform, run: int, messages: int, rate: float) -> Figures:
    """Deliver on schedule, whether or not earlier ones were answered."""
    dice = random.Random(1)
    delivered: dict[str, float] = {}
    customers = range(1, _CUSTOMERS + 1)

    async def one(number: int) -> None:
        text = f"run {run} #{number}"
        delivered[f"re {text}"] = time.monotonic()
        await platform.deliver(customers[number % _CUSTOMERS], text, dice)

    started = time.monotonic()
    async with asyncio.TaskGroup() as group:
        for number in range(messages):
            await asyncio.sleep(max(0.0, started + number / rate - time.monotonic()))
            group.create_task(one(number))
    took_s = max(time.monotonic() - started, messages / rate)
    answered = await _answers(platform, delivered)
    waits = tuple(sorted(answered[text] - at for text, at in delivered.items() if text in answered))
    return Figures(platform.name, rate, messages / took_s, waits, messages - len(waits))


async def _answers(platform: Platform, wanted: dict[str, float]) -> dict[str, float]:
    """Return when each answer was shown, once all are or nothing comes any more."""
    found: dict[str, float] = {}
    last, since = -1, time.monotonic()
    while len(found) < len(wanted) and time.monotonic() < since + _STALLED_S:
        for shows in platform.shown().values():
            for show in shows:
                for text in show.text.split("\n\n"):
                    if text in wanted:
                        found.setdefault(text, show.at)
        if len(found) != last:
            last, since = len(found), time.monotonic()
        await asyncio.sleep(0.2)
    return found


def table(figures: Sequence[Figures]) -> str:
    """Return the figures as a Markdown table."""
    lines = [
        "| channel | messages/s | delivered/s | p50 ms | p95 ms | answered |",
        "|---|---|---|---|---|---|",
    ]
    for one in figures:
        total = len(one.waits) + one.unanswered
        times = [f"{one.percentile(share):.0f}" if one.waits else "–" for share in (0.5, 0.95)]
        lines.append(
            f"| {one.channel} | {one.rate:g} | {one.delivered:.1f} | {times[0]} | {times[1]} "
            f"| {len(one.waits)} of {total} |"
        )
    return "\n".join(lines)


def plot(figures: Sequence[Figures], file: Path) -> None:
    """Draw p50 (filled) and p95 (hollow) of each channel by rate."""
    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.subplots()
    for number, name in enumerate(dict.fromkeys(one.channel for one in figures)):
        mine = [one for one in figures if one.channel == name and one.waits]
        rates = [one.rate for one in mine]
        colour = f"C{number}"
        axes.plot(rates, [one.percentile(0.5) for one in mine], "o-", color=colour, label=name)
        axes.plot(
            rates,
            [one.percentile(0.95) for one in mine],
            "o--",
            color=colour,
            markerfacecolor="white",
        )
    axes.set(
        xscale="log", yscale="log", xlabel="messages a second", ylabel="delivery to answer, ms"
    )
    rates = sorted({one.rate for one in figures})
    axes.set_xticks(rates, [f"{rate:g}" for rate in rates])
    axes.grid(visible=True, which="major", alpha=0.3)
    axes.legend(title="solid p50, dashed p95", frameon=False)
    figure.savefig(file, dpi=150)
