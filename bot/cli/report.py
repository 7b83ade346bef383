"""``yingda report``: figures from the recorded log."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.database import open_database
from bot.desk.report import GroupBy

if TYPE_CHECKING:
    from bot.desk.report import Figures

_NONE = "–"
# Characters in a line from which all figures fit into one.
_WIDE = 125
# Of the figures, how many stand above the others where they don't.
_FIRST = 5

app = typer.Typer(help="Figures from the recorded log.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Keep ``service`` a sub-command while it is the only one."""


@app.command()
def service(
    days: Annotated[
        int, typer.Option(min=1, max=3660, help="How many days back, today included.")
    ] = 7,
    by: Annotated[GroupBy, typer.Option(help="One line for each of these.")] = GroupBy.ALL,
    csv: Annotated[Path | None, typer.Option(help="Also write the figures to this file.")] = None,
) -> None:
    """Show how the service does: first response, time to a person, handling, resolution, CSAT.

    The definitions, with formulas, are in docs/service-figures.md.

    Examples:

        yingda report service --days 30 --by day
        yingda report service --by reason --csv reasons.csv
    """
    figures = asyncio.run(_read(days, by))
    _print(figures, days)
    if csv is not None:
        from bot.desk.report import as_csv

        csv.write_text(as_csv(figures), "utf-8", newline="")
        typer.echo(f"Written to {csv}.")


async def _read(days: int, by: GroupBy) -> list[Figures]:
    from datetime import UTC, datetime, time, timedelta

    from bot.clock import SHOP_ZONE
    from bot.desk.report import service_report
    from bot.settings import Settings

    settings = Settings()
    now = datetime.now(UTC)
    today = datetime.combine(now.astimezone(SHOP_ZONE).date(), time(), SHOP_ZONE)
    database = open_database(settings)
    try:
        async with database.read() as session:
            since = today - timedelta(days=days - 1)
            return await service_report(session, since, now, SHOP_ZONE, by)
    finally:
        await database.close()


def _print(figures: list[Figures], days: int) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    console = Console()
    if not figures:
        console.print("Nothing happened in this time.")
        return
    heads = list(_cells(figures[0]))
    console.print(f"Service, last {days} days")
    # Cut off figures help nobody: where they don't fit beside each other they stand below.
    for part in [heads] if console.width >= _WIDE else [heads[:_FIRST], heads[_FIRST:]]:
        table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
        for head in ("", *part):
            table.add_column(head, justify="right" if head else "left", no_wrap=True)
        for line in figures:
            cells = _cells(line)
            table.add_row(line.group, *(cells[head] for head in part))
        console.print(table)
    console.print("Times: median, in brackets the 90th percentile. All fields: --csv.")


def _cells(line: Figures) -> dict[str, str]:
    """Return what the table shows of a line, by column head; the CSV has every field by its own name."""
    return {
        "sessions": str(line.sessions),
        "contained": _share(line.containment),
        "hand-offs": f"{line.handoffs} ({_share(line.handoff_rate)})",
        "left": _share(line.abandoned_rate),
        "first answer": _times(line.first_response_median_s, line.first_response_p90_s),
        "to human": _times(line.time_to_human_median_s, line.time_to_human_p90_s),
        "handling": _duration(line.handling_median_s),
        "resolved": _share(line.resolution_rate),
        "CSAT": f"{_share(line.csat)} of {line.ratings}",
        "NPS": f"{_NONE if line.nps is None else line.nps} of {line.nps_answers}",
    }


def _times(median_s: float | None, p90_s: float | None) -> str:
    return _NONE if median_s is None else f"{_duration(median_s)} ({_duration(p90_s)})"


def _duration(seconds: float | None) -> str:
    if seconds is None:
        return _NONE
    return f"{seconds / 60:.1f} min" if seconds >= 90 else f"{seconds:.0f} s"


def _share(value: float | None) -> str:
    return _NONE if value is None else f"{value:.0%}"
