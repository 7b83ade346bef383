"""The report: metrics with ratios as a table, a plot and JSON."""

from __future__ import annotations

import json
import os
import platform
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.table import Table

from bench.stack.measure import CONVERSATIONS_AT_ONCE, Measured, p95
from bench.stack.systems import Turn

_COLOURS = ("#9aa3af", "#14b8a6", "#0f766e", "#7dd3fc")
# Bars further apart than this are drawn on a logarithmic scale.
_LOG_FROM_RATIO = 20.0


@dataclass(frozen=True, slots=True)
class Metric:
    """One row: a value per system; what a system has no value of its own for is left out."""

    name: str
    unit: str
    values: dict[str, float]
    more_is_better: bool = False

    def times_better(self, name: str, than: str) -> float | None:
        """Return how many times better ``name`` is, or None when one of the values is missing."""
        if name not in self.values or than not in self.values:
            return None
        ratio = self.values[than] / self.values[name]
        return 1 / ratio if self.more_is_better else ratio


def speed_metrics(measured: Mapping[str, Measured]) -> list[Metric]:
    """Return the rows about turns."""
    metrics = []
    for turn in Turn:
        samples = {name: result.latency[turn] for name, result in measured.items()}
        for label, reduce in (("median", statistics.median), ("p95", p95)):
            values = {name: float(reduce(sample)) for name, sample in samples.items()}
            metrics.append(Metric(f"turn {turn}, {label}", "ms", values))
    turns = max(len(result.long_conversation) for result in measured.values())
    early = {name: result.early_ms() for name, result in measured.items()}
    late = {name: result.late_ms() for name, result in measured.items()}
    return [
        *metrics,
        Metric(
            f"{CONVERSATIONS_AT_ONCE} conversations at once",
            "turns/s",
            {name: result.turns_per_s for name, result in measured.items()},
            more_is_better=True,
        ),
        Metric("turn 10 of a long conversation", "ms", early),
        Metric(f"turn {turns} of a long conversation", "ms", late),
        Metric(
            f"turn {turns} against turn 10",
            "times",
            {name: late[name] / early[name] for name in late},
        ),
    ]


def machine() -> dict[str, Any]:
    """Return what a reader must know of the machine; call it before the work begins."""
    return {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "cores": os.cpu_count(),
        "processor": _processor(),
        "system": f"{platform.system()} {platform.machine()}",
        "niceness": os.nice(0),
        "load_average_5_min_before": round(os.getloadavg()[1], 2),
    }


def table(metrics: Sequence[Metric], names: Sequence[str]) -> Table:
    """Return the table; the first of ``names`` is what the others are compared with."""
    shown = Table(title="The stack against a plain Rasa project")
    shown.add_column("")
    for name in names:
        shown.add_column(name, justify="right")
    for name in names[1:]:
        shown.add_column(f"{name},\ntimes better", justify="right", style="bold")
    for metric in metrics:
        values = [_number(metric.values.get(name), metric.unit) for name in names]
        ratios = [metric.times_better(name, names[0]) for name in names[1:]]
        shown.add_row(metric.name, *values, *("–" if r is None else f"{r:.1f}×" for r in ratios))
    return shown


def write(
    folder: Path,
    metrics: Sequence[Metric],
    names: Sequence[str],
    measured: Mapping[str, Measured],
    about: Mapping[str, Any],
) -> list[Path]:
    """Write stack.json and stack.png; returns their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    data, picture = folder / "stack.json", folder / "stack.png"
    content = {
        **about,
        "compared_with": names[0],
        "metrics": [
            {
                **asdict(metric),
                "times_better": {name: metric.times_better(name, names[0]) for name in names[1:]},
            }
            for metric in metrics
        ],
        "turns": {name: asdict(result) for name, result in measured.items()},
    }
    data.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    _draw(picture, metrics, names, measured, about)
    return [data, picture]


def _draw(
    path: Path,
    metrics: Sequence[Metric],
    names: Sequence[str],
    measured: Mapping[str, Measured],
    about: Mapping[str, Any],
) -> None:
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot

    bars = [metric for metric in metrics if "long conversation" not in metric.name]
    bars = [metric for metric in bars if metric.unit != "times"]
    columns = 5
    rows = -(-(len(bars) + 1) // columns)
    figure, grid = pyplot.subplots(rows, columns, figsize=(17, 3.2 * rows), layout="constrained")
    panels = list(grid.flat)
    for panel, metric in zip(panels, bars, strict=False):
        _draw_bars(panel, metric, names)
    _draw_long(panels[len(bars)], names, measured)
    for panel in panels[len(bars) + 1 :]:
        panel.set_axis_off()
    handles = [mpl.patches.Patch(color=c) for c in _COLOURS]
    figure.legend(handles, names, loc="outside upper center", ncols=len(names), frameon=False)
    title = f"{about['machine']['cores']} cores, {about['machine']['measured_at'][:10]}"
    figure.supxlabel(title, fontsize=9, color="#6b7280")
    figure.savefig(path, dpi=130)
    pyplot.close(figure)


def _draw_bars(panel: Any, metric: Metric, names: Sequence[str]) -> None:
    present = [place for place, name in enumerate(names) if name in metric.values]
    values = [metric.values[names[place]] for place in present]
    drawn = panel.bar(present, values, color=[_COLOURS[place] for place in present], width=0.7)
    panel.bar_label(drawn, [_number(value, "") for value in values], padding=2)
    panel.set_xlim(-0.6, len(names) - 0.4)
    is_log = max(values) > _LOG_FROM_RATIO * min(values)
    if is_log:
        panel.set_yscale("log")
    panel.margins(y=0.15)
    better = "more" if metric.more_is_better else "less"
    panel.set_title(f"{metric.name} [{metric.unit}]", fontsize=10)
    panel.set_ylabel(f"{better} is better" + (", log scale" if is_log else ""), fontsize=8)
    panel.set_xticks([])
    panel.spines[["top", "right"]].set_visible(False)


def _draw_long(panel: Any, names: Sequence[str], measured: Mapping[str, Measured]) -> None:
    for name, colour in zip(names, _COLOURS, strict=True):
        times = measured[name].long_conversation
        panel.plot(range(1, len(times) + 1), times, color=colour, linewidth=1)
    panel.set_title("each turn of a long conversation [ms]", fontsize=10)
    panel.set_xlabel("turn", fontsize=8)
    panel.set_yscale("log")
    panel.set_ylabel("less is better, log scale", fontsize=8)
    panel.spines[["top", "right"]].set_visible(False)


def _number(value: float | None, unit: str) -> str:
    if value is None:
        return "–"
    return f"{value:,.{1 if value < 100 else 0}f} {unit}".rstrip()


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
        return next(x.partition(":")[2].strip() for x in lines if x.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or "unknown"
