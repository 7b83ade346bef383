"""Migrations: bring a database to the newest schema with Alembic."""

from __future__ import annotations

import asyncio
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy.engine import make_url

_MIGRATIONS = Path(__file__).parent / "migrations"


def alembic_config(url: str) -> Config:
    """Return Alembic's configuration for the database at ``url``."""
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.attributes["url"] = url
    return config


def newest_revision() -> str:
    """Return the schema's newest revision."""
    return ScriptDirectory(str(_MIGRATIONS)).get_current_head() or ""


def upgrade(url: str, revision: str = "head") -> None:
    """Create or upgrade the schema; must not be called inside a running event loop."""
    database = make_url(url).database
    if url.startswith("sqlite") and database:
        Path(database).parent.mkdir(parents=True, exist_ok=True)
    command.upgrade(alembic_config(url), revision)


async def upgrade_async(url: str) -> None:
    """``upgrade`` for callers inside an event loop."""
    await asyncio.to_thread(upgrade, url)
