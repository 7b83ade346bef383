"""Channels under faults and under load: ``python -m bench.channels --help``."""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from pathlib import Path

from bench.channels.latency import measure, plot, table
from tests.connectors.faults.checker import Verdict
from tests.connectors.faults.platforms import PLATFORMS
from tests.connectors.faults.running import run

_HERE = Path(__file__).parent


def main() -> None:
    """Run what is asked for."""
    parser = argparse.ArgumentParser(prog="python -m bench.channels", description=__doc__)
    commands = parser.add_subparsers(required=True)
    faults = commands.add_parser("faults", help="duplicates, wrong order, refusals, two SIGKILLs")
    faults.add_argument("channel", choices=PLATFORMS)
    faults.add_argument("messages", type=int, nargs="?", default=10_000)
    faults.add_argument("--customers", type=int, default=40)
    faults.add_argument("--minutes", type=float, default=15.0, help="nobody writes after that")
    faults.set_defaults(do=_faults)
    latency = commands.add_parser("latency", help="from delivery to answer, at given rates")
    latency.add_argument("channels", nargs="*", metavar="channel", help=", ".join(PLATFORMS))
    latency.add_argument("--rates", type=float, nargs="+", default=[1.0, 20.0, 100.0])
    latency.add_argument("--seconds", type=float, default=20.0)
    latency.set_defaults(do=_latency)
    asked = parser.parse_args()
    sys.exit(asked.do(asked))


def _faults(asked: argparse.Namespace) -> bool:
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        verdict = asyncio.run(_run(asked, Path(folder)))
    print(f"{asked.channel}: {verdict}; {time.monotonic() - started:.0f} s")
    return bool(verdict.lost or verdict.doubled or verdict.misordered)


async def _run(asked: argparse.Namespace, var: Path) -> Verdict:
    each = max(1, asked.messages // asked.customers)
    platforms = [PLATFORMS[asked.channel]()]
    seconds = asked.minutes * 60
    verdicts = await run(
        platforms, Path.cwd(), var, asked.customers, each, seconds,
        tell=lambda line: print(f"{asked.channel}: {line}", file=sys.stderr),
    )  # fmt: skip
    return verdicts[asked.channel]


def _latency(asked: argparse.Namespace) -> bool:
    figures = asyncio.run(measure(asked.channels or list(PLATFORMS), asked.rates, asked.seconds))
    print(table(figures))
    plot(figures, _HERE / "latency.png")
    return False


if __name__ == "__main__":
    main()
