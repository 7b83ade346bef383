"""Databases with all tables, copied from one that is made once in a process: making tables takes longest."""

from __future__ import annotations

import asyncio
import itertools
import tempfile
from functools import cache
from pathlib import Path

import sqlalchemy
from sqlalchemy.ext.asyncio import create_async_engine

import bot.storage.accounts
import bot.storage.channels
import bot.storage.cod
import bot.storage.conversations
import bot.storage.desk
import bot.storage.editing
import bot.storage.orders  # noqa: F401 - its tables hang on the metadata
from bot.storage.base import Base
from bot.storage.engine import Database
from tests.postgres import PostgresServer

_numbers = itertools.count(1)
_SQLITE = "sqlite+aiosqlite:///"
_WITH_TABLES = "with_tables"


async def make_tables(url: str) -> None:
    """Make all tables in the database at ``url``; a file of SQLite is written in one go."""
    if url.startswith(_SQLITE):
        empty = await asyncio.to_thread(_sqlite_file)
        await asyncio.to_thread(Path(url.removeprefix(_SQLITE)).write_bytes, empty)
    else:
        await _create_all(url)


async def new_postgres_database(server: PostgresServer) -> str:
    """Return the URL of an empty database."""
    return await _create(server, f"test_{next(_numbers)}")


async def new_postgres_tables(server: PostgresServer) -> str:
    """Return the URL of a new database with all tables."""
    if not server.has_template:
        await _create_all(await _create(server, _WITH_TABLES))
        server.has_template = True
    return await _create(server, f"test_{next(_numbers)}", f" TEMPLATE {_WITH_TABLES}")


@cache
def _sqlite_file() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "empty.sqlite3"
        asyncio.run(_create_all(f"{_SQLITE}{file}"))
        return file.read_bytes()


async def _create_all(url: str) -> None:
    database = Database(url)
    async with database.engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    await database.close()


async def _create(server: PostgresServer, name: str, template: str = "") -> str:
    engine = create_async_engine(server.url("postgres"), isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        await connection.execute(sqlalchemy.text(f"CREATE DATABASE {name}{template}"))
    await engine.dispose()
    return server.url(name)
