"""Times by name, and the table that they make."""

from __future__ import annotations

import statistics
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager


class Figures:
    """Collects durations in milliseconds."""

    def __init__(self) -> None:
        self.times: defaultdict[str, list[float]] = defaultdict(list)

    @contextmanager
    def timed(self, name: str) -> Iterator[None]:
        """Note how long the block took; nothing when it raised."""
        started = time.perf_counter()
        yield
        self.note(name, started)

    def note(self, name: str, started: float) -> None:
        """Note the time since ``started``, a value of ``time.perf_counter``."""
        self.times[name].append((time.perf_counter() - started) * 1000)

    def median(self, name: str) -> float:
        """Return the median of one name's times, in milliseconds."""
        return statistics.median(self.times[name])

    def table(self) -> str:
        """Return one line for each name: how often, median, 95th percentile, longest; as Markdown."""
        lines = ["| what | times | median ms | p95 ms | longest ms |", "|---|---|---|---|---|"]
        for name, times in sorted(self.times.items()):
            median = statistics.median(times)
            p95 = statistics.quantiles(times, n=20)[-1] if len(times) > 1 else times[0]
            lines.append(f"| {name} | {len(times)} | {median:.0f} | {p95:.0f} | {max(times):.0f} |")
        return "\n".join(lines)
