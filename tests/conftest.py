"""Fixtures that the whole suite shares: databases, the repository's root."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from bot.storage.engine import Database
from tests.databases import make_tables, new_postgres_tables
from tests.engine.plugin import EngineTest
from tests.postgres import PostgresServer, find_postgres

pytest_plugins = ["tests.stack.plugin"]


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
    """The URL of a database, once for each kind that we claim to support."""
    if request.param == "sqlite":
        return f"sqlite+aiosqlite:///{tmp_path / 'test.sqlite3'}"
    server: PostgresServer = request.getfixturevalue("postgres")
    return asyncio.run(new_postgres_tables(server))


@pytest.fixture
async def database(engine_url: str) -> AsyncIterator[Database]:
    """A database with all tables."""
    if engine_url.startswith("sqlite"):
        await make_tables(engine_url)
    database = Database(engine_url)
    yield database
    await database.close()
