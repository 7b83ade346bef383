"""``yingda orders``: the key that a shop signs with, and what happened to an order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from bot.storage.engine import Database

app = typer.Typer(help="Orders: the shop's key, the history of one order.", no_args_is_help=True)


@app.command()
def key() -> None:
    """Print the key that signs order events. Keep it secret: who knows it can write orders."""
    from bot.settings import Settings

    typer.echo(Settings().order_key)


@app.command()
def show(number: Annotated[str, typer.Argument(help="Order number.")]) -> None:
    """Print what happened to an order: who did what, when, from what to what.

    Example:

        yingda orders show SO20261105002
    """
    import asyncio

    from bot.settings import Settings

    asyncio.run(_show(Settings().database, number.upper()))


async def _show(url: str, number: str) -> None:
    from bot.storage.engine import Database

    database = Database(url)
    try:
        await print_history(database, number)
    finally:
        await database.close()


async def print_history(database: Database, number: str) -> None:
    """Print the events of an order as a table, and how far its confirmation is, with the reasons."""
    from rich.console import Console
    from rich.table import Table
    from sqlalchemy import select

    from bot.orders import wording
    from bot.storage.cod import CodRow, OrderEventRow

    table = Table("When", "What", "Who", "Before", "After", title=number)
    async with database.read() as session:
        cod = await session.get(CodRow, number)
        events = await session.scalars(
            select(OrderEventRow)
            .where(OrderEventRow.order_number == number)
            .order_by(OrderEventRow.at, OrderEventRow.id)
        )
        for event in events:
            sides = (
                ", ".join(f"{name}: {value}" for name, value in side.items())
                for side in (event.before, event.after)
            )
            table.add_row(wording.moment(event.at, "en"), event.kind, event.actor, *sides)
    console = Console()
    console.print(table)
    if cod is not None:
        console.print(f"Confirmation: {cod.state}; to confirm: {cod.friction}")
        for reason in cod.reasons:
            console.print(f"  · {reason['zh']} / {reason['en']}")
