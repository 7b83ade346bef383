"""The picture of the table."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from bot.evaluation.run import Row

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def draw_plot(rows: Sequence[Row], path: Path) -> None:
    """Draw the shares (in percent) as bars, the spread as a whisker, and the reliability diagram.

    The diagram has a line for each calibration error of the product: claimed probability against
    the share that was right, a larger dot where more messages lie. A perfect one is the diagonal.
    """
    from matplotlib.figure import Figure

    shares = [row for row in rows if row.unit == "%"]
    claimed = [row for row in rows if row.bins and row.system == "Yingda"]
    height = max(1.4 + 0.45 * len({row.measure for row in shares}), 5 if claimed else 0)
    figure = Figure(figsize=(9 if not (shares and claimed) else 15, height), layout="constrained")
    panels = figure.subplots(1, bool(shares) + bool(claimed) or 1, squeeze=False)[0]
    if shares:
        _draw_shares(shares, panels[0])
    if claimed:
        _draw_reliability(claimed, panels[-1])
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=130)


def _draw_reliability(rows: Sequence[Row], axes: Axes) -> None:
    axes.plot([0, 1], [0, 1], color="black", linestyle=":")
    names = [row.measure.removesuffix(": calibration error") for row in rows]
    # One colour for a set, however many examples: dashed where there are few.
    sets = list(dict.fromkeys(name.partition(", ")[0] for name in names))
    for row, name in zip(rows, names, strict=True):
        probability, right, share = zip(*row.bins, strict=True)
        colour = f"C{sets.index(name.partition(', ')[0])}"
        style = "--" if "per intent" in name else "-"
        label = f"{name} ({row.values[-1]:.1f})"
        axes.plot(probability, right, style, linewidth=1, color=colour, label=label)
        axes.scatter(probability, right, [200 * one for one in share], color=colour)
    axes.set(xlabel="probability claimed", ylabel="share right", xlim=(0, 1), ylim=(0, 1))
    axes.set_title("reliability (calibration error in points)")
    axes.legend(fontsize=8)


def _draw_shares(shares: Sequence[Row], axes: Axes) -> None:
    measures = list(dict.fromkeys(row.measure for row in shares))
    names = list(dict.fromkeys(row.system for row in shares))
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
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=3, frameon=False)  # over the bars
