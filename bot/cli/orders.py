"""``yingda orders``: the key that a shop signs with, what happened to an order, open cases."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.database import open_database

if TYPE_CHECKING:
    from bot.orders.cases import CaseDesk
    from bot.settings import Settings

app = typer.Typer(
    help="Orders: the shop's key, the history of an order, cases.", no_args_is_help=True
)


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

    asyncio.run(_show(Settings(), number.upper()))


@app.command()
def cases() -> None:
    """List what people have promised to look into, the most urgent first."""
    import asyncio

    asyncio.run(_list_cases())


@app.command()
def close(
    number: Annotated[str, typer.Argument(help="Number of the case.")],
    answer: Annotated[str, typer.Argument(help="What the customer is told.")],
    agent: Annotated[str, typer.Option(envvar="USER", help="Your name.")] = "agent",
) -> None:
    """Close a case and send the customer the answer.

    Example:

        yingda orders close CS20261122123456 "快递说明天上午一定送到。"
    """
    import asyncio

    from bot.orders.cases import UnknownCaseError

    try:
        asyncio.run(_close_case(number, answer, agent))
    except UnknownCaseError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error


async def _list_cases() -> None:
    from rich.console import Console
    from rich.table import Table

    from bot.orders import wording

    table = Table("Case", "About", "Order", "Answer by", "Details")
    async with _case_desk() as desk:
        for case in await desk.waiting():
            by = wording.moment(case.promised_for, "en")
            details = "\n".join(f"{name}: {_plain(value)}" for name, value in case.data.items())
            table.add_row(case.number, case.kind, case.order_number or "—", by, details)
    Console().print(table)


def _plain(value: object) -> str:
    return " / ".join(map(str, value)) if isinstance(value, list) else str(value)


async def _close_case(number: str, answer: str, agent: str) -> None:
    from bot.clock import utc_now

    async with _case_desk() as desk:
        await desk.close(number, answer, agent=agent, now=utc_now())


@asynccontextmanager
async def _case_desk() -> AsyncIterator[CaseDesk]:
    from bot.orders.cases import CaseDesk, CasePolicy
    from bot.settings import Settings

    settings = Settings()
    database = open_database(settings)
    try:
        yield CaseDesk(database, CasePolicy.load(settings.policy_folder / "cases.yml"))
    finally:
        await database.close()


async def _show(settings: Settings, number: str) -> None:
    from bot.cli.order_history import print_history
    from bot.orders.policy import CodPolicy

    database = open_database(settings)
    try:
        policy = CodPolicy.load(settings.policy_folder / "cod.yml")
        if not await print_history(database, policy, number, "en"):
            typer.echo(f"Nothing is known of an order {number}.", err=True)
            raise typer.Exit(1)
    finally:
        await database.close()
