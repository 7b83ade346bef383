"""One way to the database: short transactions that either read or write."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Connection
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext.asyncio import (
    AsyncEngine,
    AsyncSession,
    async_sessionmaker,
    create_async_engine,
)

from bot.storage.one_hop import OneHopConnection, OneHopSqlite

_READ_ONLY = {"yingda_read_only": True}


def create_engine(url: str) -> AsyncEngine:
    """Return an engine for ``url`` (sqlite+aiosqlite or postgresql+asyncpg).

    On SQLite every transaction starts with BEGIN IMMEDIATE unless it only reads: a transaction that
    reads first and writes later would otherwise fail at once when another one wrote in between.
    """
    if not url.startswith("sqlite"):
        return create_async_engine(url, pool_pre_ping=True)
    engine = create_async_engine(url, module=OneHopSqlite())
    event.listen(engine.sync_engine, "connect", _prepare_sqlite)
    event.listen(engine.sync_engine, "begin", _begin_sqlite)
    return engine


class Database:
    """Sessions for reading and writing; the only holder of the engine in a process."""

    def __init__(self, url: str) -> None:
        self.engine = create_engine(url)
        self.sessions = async_sessionmaker(self.engine, expire_on_commit=False)
        # SQLite has one writer. Those that wait would poll the file's lock, asleep most of the time
        # and in no order, each on a connection of the pool; so within a process they queue here.
        self._one_writer: AbstractAsyncContextManager[object] = (
            asyncio.Lock() if self.engine.dialect.name == "sqlite" else nullcontext()
        )

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncSession]:
        """Open a transaction that sees one moment and writes nothing."""
        async with self.sessions() as session:
            await session.connection(execution_options=_READ_ONLY)
            yield session

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncSession]:
        """Open a transaction that commits at the end of the block, or rolls back on an exception.

        A second one inside the block would wait for the first for ever.
        """
        async with self._one_writer, self.sessions() as session, session.begin():
            yield session

    async def close(self) -> None:
        """Close all connections."""
        await self.engine.dispose()


def _prepare_sqlite(connection: DBAPIConnection, _record: Any) -> None:
    # The driver must not open transactions by itself: _begin_sqlite does.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        "synchronous=NORMAL",
        "foreign_keys=ON",
        "busy_timeout=10000",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    reads = bool(connection.get_execution_options().get("yingda_read_only", False))
    driver = connection.connection.dbapi_connection
    if not isinstance(driver, OneHopConnection):
        raise TypeError(f"expected a connection of OneHopSqlite, got {type(driver).__name__}")
    driver.begin("BEGIN" if reads else "BEGIN IMMEDIATE", reads=reads)
