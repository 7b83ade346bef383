"""The picture of the table."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bot.evaluation.run import Row


def draw_plot(rows: Sequence[Row], path: Path) -> None:
    """Draw the shares (in percent) as bars, a colour for each system, the spread as a whisker."""
    from matplotlib.figure import Figure

    shares = [row for row in rows if row.unit == "%"]
    measures = list(dict.fromkeys(row.measure for row in shares))
    names = list(dict.fromkeys(row.system for row in shares))
    figure = Figure(figsize=(9, 1.4 + 0.45 * len(measures)))
    axes = figure.subplots()
    for place, name in enumerate(names):
        own = [row for row in shares if row.system == name]
        axes.barh(
            [len(measures) - measures.index(row.measure) - 0.38 * place for row in own],
            [row.mean for row in own],
            xerr=[row.spread or 0 for row in own],
            height=0.36,
            label=name,
        )
    axes.set_yticks([len(measures) - i - 0.19 for i in range(len(measures))], measures)
    axes.set_xlabel("%")
    axes.set_xlim(0, 100)
    axes.legend(loc="lower left")
    figure.tight_layout()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=130)
