"""Alembic's entry: runs the migrations on the database it was given."""

from __future__ import annotations

import asyncio
from typing import Any, Literal

from alembic import context
from sqlalchemy import JSON, event
from sqlalchemy.engine import Connection
from sqlalchemy.engine.interfaces import DBAPIConnection

import bot.storage.accounts
import bot.storage.channels
import bot.storage.cod
import bot.storage.conversations
import bot.storage.desk
import bot.storage.editing
import bot.storage.orders  # noqa: F401 - its tables hang on the metadata
from bot.storage.base import Base, UtcDateTime
from bot.storage.engine import create_engine


def _render_item(kind: str, item: object, _context: object) -> str | Literal[False]:
    """Write our column types as plain ones: an old migration must not change with the code."""
    if kind == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(item, JSON):
        return 'sa.JSON().with_variant(postgresql.JSONB(), "postgresql")'
    return False


def _migrate(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        # SQLite can't alter a table in place.
        render_as_batch=connection.dialect.name == "sqlite",
        compare_type=True,
        render_item=_render_item,
    )
    with context.begin_transaction():
        context.run_migrations()


def _without_foreign_keys(connection: DBAPIConnection, _record: Any) -> None:
    """Let SQLite replace a table: dropping the old one would delete, or miss, the rows that refer to it."""
    cursor = connection.cursor()
    cursor.execute("PRAGMA foreign_keys=OFF")
    cursor.close()


async def _run() -> None:
    engine = create_engine(context.config.attributes["url"])
    if engine.dialect.name == "sqlite":
        event.listen(engine.sync_engine, "connect", _without_foreign_keys)
    async with engine.connect() as connection:
        await connection.run_sync(_migrate)
    await engine.dispose()


asyncio.run(_run())
