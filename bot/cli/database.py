"""The database of a command that only makes sense where Yingda has run before."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from bot.settings import Settings
    from bot.storage.engine import Database


def open_database(settings: Settings) -> Database:
    """Return the installation's database.

    Raises:
        typer.Exit: SQLite has no such file; its line says what makes one.
    """
    from sqlalchemy.engine import make_url

    from bot.storage.engine import Database

    url = make_url(settings.database)
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").is_file():
        typer.echo(
            f"No database at {url.database} yet: run 'make run', or 'yingda db upgrade'.", err=True
        )
        raise typer.Exit(1)
    return Database(settings.database)
