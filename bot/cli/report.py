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

app = typer.Typer(help="Figures from the recorded log.", no_args_is_help=True)

# Column heads of the table; the CSV has the fields' own names.
_HEADS = {
    "group": "", "sessions": "sessions", "handoffs": "hand-offs", "handoff_rate": "hand-off rate",
    "containment": "containment", "first_response_median_s": "first response",
    "first_response_p90_s": "p90", "time_to_human_median_s": "to human",
    "time_to_human_p90_s": "p90", "handling_median_s": "handling",
    "resolution_rate": "resolved", "abandoned_rate": "left queue", "csat": "CSAT",
    "csat_mean": "mean", "ratings": "ratings",
    "nps": "NPS", "nps_answers": "answers",
}  # fmt: skip


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
        _write(figures, csv)
        typer.echo(f"Written to {csv}.")


async def _read(days: int, by: GroupBy) -> list[Figures]:
    from datetime import UTC, datetime, time, timedelta

    from bot.desk.hours import load_hours
    from bot.desk.report import service_report
    from bot.settings import Settings

    settings = Settings()
    zone = load_hours(settings.desk_hours or settings.desk_folder / "hours.yml").zone
    now = datetime.now(UTC)
    today = datetime.combine(now.astimezone(zone).date(), time(), zone)
    database = open_database(settings)
    try:
        async with database.read() as session:
            return await service_report(session, today - timedelta(days=days - 1), now, zone, by)
    finally:
        await database.close()


def _print(figures: list[Figures], days: int) -> None:
    from dataclasses import asdict

    from rich.console import Console
    from rich.table import Table

    table = Table(title=f"Service, last {days} days", title_justify="left")
    for name, head in _HEADS.items():
        table.add_column(head, justify="left" if name == "group" else "right")
    for line in figures:
        table.add_row(*(_cell(name, value) for name, value in asdict(line).items()))
    Console().print(table if figures else "Nothing happened in this time.")


def _cell(name: str, value: object) -> str:
    if value is None:
        return "–"
    if isinstance(value, float) and name.endswith("_s"):
        return f"{value / 60:.1f} min" if value >= 90 else f"{value:.0f} s"
    if isinstance(value, float) and name != "csat_mean":
        return f"{value:.0%}"
    return str(value)


def _write(figures: list[Figures], path: Path) -> None:
    import csv
    from dataclasses import asdict, fields

    from bot.desk.report import Figures

    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, [field.name for field in fields(Figures)])
        writer.writeheader()
        writer.writerows(asdict(line) for line in figures)
