"""Fixtures that the whole suite shares: databases, the repository's root."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from sqlalchemy import text
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
from tests.engine.plugin import EngineTest
from tests.postgres import PostgresServer, find_postgres

pytest_plugins = ["tests.stack.plugin"]

_database_numbers = itertools.count(1)


def pytest_itemcollected(item: pytest.Item) -> None:
    """Keep together what shares a costly set-up when two processes run the suite (pytest -n 2).

    All that talk to the real stack share one start of it, the engine's tests one run of its interpreter;
    of the rest, a file stays in one piece. (``pytest_collection_modifyitems`` would be too late:
    pytest-xdist reads the groups in its own.)
    """
    if isinstance(item, EngineTest):
        group = "engine"
    elif "stack" in getattr(item, "fixturenames", ()) or "tests/stack/" in item.path.as_posix():
        group = "stack"
    else:
        group = item.nodeid.partition("::")[0]
    item.add_marker(pytest.mark.xdist_group(group))


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository."""
    return Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A real PostgreSQL server of our own, from the system's packages."""
    binaries = find_postgres()
    if binaries is None:
        pytest.skip("no PostgreSQL server on this machine: install the package 'postgresql'")
    with PostgresServer(binaries) as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def engine_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database, once for each kind that we claim to support."""
    if request.param == "sqlite":
        return f"sqlite+aiosqlite:///{tmp_path / 'test.sqlite3'}"
    server: PostgresServer = request.getfixturevalue("postgres")
    return asyncio.run(_new_postgres_database(server))


@pytest.fixture
async def database(engine_url: str) -> AsyncIterator[Database]:
    """A database with all tables."""
    database = Database(engine_url)
    async with database.engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    yield database
    await database.close()


async def _new_postgres_database(server: PostgresServer) -> str:
    name = f"test_{next(_database_numbers)}"
    engine = create_async_engine(server.url("postgres"), isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        await connection.execute(text(f"CREATE DATABASE {name}"))
    await engine.dispose()
    return server.url(name)
