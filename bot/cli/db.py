"""``yingda db``: create or upgrade the database, fill in the demo shop."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from bot.settings import Settings

app = typer.Typer(help="The database: upgrade it, fill in the demo shop.", no_args_is_help=True)


@app.command()
def upgrade() -> None:
    """Create the database or bring it to the newest schema.

    Example:

        YINGDA_DATABASE_URL=postgresql+asyncpg://me@localhost/yingda yingda db upgrade
    """
    from bot.settings import Settings
    from bot.storage.migrate import upgrade as upgrade_schema

    upgrade_schema(Settings().database)
    typer.echo("The database is up to date.")


@app.command("demo")
def fill_demo() -> None:
    """Fill an empty order book with the demo shop's 200 orders."""
    from bot.settings import Settings

    settings = Settings()
    written = asyncio.run(fill(settings.database))
    asyncio.run(seed_accounts(settings))
    typer.echo("The demo shop is written." if written else "The order book is in use: kept.")


async def fill(url: str) -> bool:
    """Write the demo shop into an order book that holds no other orders; say whether it was written."""
    from datetime import UTC, datetime

    from bot.orders.demo import seed_demo
    from bot.storage.engine import Database

    database = Database(url)
    try:
        return await seed_demo(database, datetime.now(UTC))
    finally:
        await database.close()


async def seed_accounts(settings: Settings) -> None:
    """Make the demo log-ins unless somebody has made accounts already."""
    from bot.accounts.accounts import Accounts
    from bot.accounts.demo import seed_logins
    from bot.storage.engine import Database

    database = Database(settings.database)
    try:
        await seed_logins(Accounts(database), settings.var)
    finally:
        await database.close()
