"""The migrations make exactly the schema that the code expects, on both databases."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import JSON, Connection, MetaData, Table, func, select

from bot.storage.base import Base
from bot.storage.engine import create_engine
from bot.storage.migrate import alembic_config, upgrade
from tests.databases import new_postgres_database

_VALUES: dict[type, object] = {
    str: "x",
    int: 1,
    float: 1.0,
    bool: True,
    bytes: b"x",
    date: date(2026, 11, 22),
    datetime: datetime(2026, 11, 22, tzinfo=UTC),
}


@pytest.fixture(params=["sqlite", "postgresql"])
def engine_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database of each kind."""
    if request.param == "sqlite":
        return f"sqlite+aiosqlite:///{tmp_path / 'test.sqlite3'}"
    return asyncio.run(new_postgres_database(request.getfixturevalue("postgres")))


def test_migrations_lead_to_the_schema_of_the_code(engine_url: str) -> None:
    upgrade(engine_url)
    upgrade(engine_url)  # a second time changes nothing
    assert asyncio.run(_differences(engine_url)) == []


def test_an_old_database_keeps_every_row(engine_url: str) -> None:
    """Each revision begins with a row in every table of the one before, and takes none away."""
    script = ScriptDirectory.from_config(alembic_config(engine_url))
    revisions = [step.revision for step in script.walk_revisions()][::-1]
    kept: dict[str, int] = {}
    for revision in revisions:
        upgrade(engine_url, revision)
        found = asyncio.run(_fill(engine_url))
        assert {name: found[name] for name in kept} == kept, revision
        kept = found
    assert kept["conversations"] == kept["messages"] == 1


async def _fill(url: str) -> dict[str, int]:
    """Put a row into each table that has none; returns how many each has."""
    engine = create_engine(url)

    def fill(connection: Connection) -> dict[str, int]:
        tables = MetaData()
        tables.reflect(connection)
        counts = {}
        for table in tables.sorted_tables:
            if not connection.scalar(select(func.count()).select_from(table)):
                connection.execute(table.insert().values(_row(table, connection)))
            counts[table.name] = connection.scalar(select(func.count()).select_from(table)) or 0
        return counts

    async with engine.begin() as connection:
        counts = await connection.run_sync(fill)
    await engine.dispose()
    return counts


def _row(table: Table, connection: Connection) -> dict[str, object]:
    """A value for each column that must have one; a reference gets what is there."""
    row: dict[str, object] = {}
    for column in table.columns:
        if column.nullable or column.server_default is not None:
            continue
        if column.foreign_keys:
            (key,) = column.foreign_keys
            row[column.name] = connection.scalar(select(key.column))
        elif isinstance(column.type, JSON):
            row[column.name] = {}
        elif column.name.endswith("_minor"):
            row[column.name] = 0  # amounts must add up
        else:
            row[column.name] = _VALUES[column.type.python_type]
    return row


async def _differences(url: str) -> list[object]:
    engine = create_engine(url)

    def compare(connection: Connection) -> list[object]:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return list(compare_metadata(context, Base.metadata))

    async with engine.connect() as connection:
        found = await connection.run_sync(compare)
    await engine.dispose()
    return found


async def test_a_naive_time_is_refused(engine_url: str) -> None:
    from bot.storage.base import UtcDateTime

    engine = create_engine(engine_url)
    with pytest.raises(ValueError, match="timezone-aware"):
        UtcDateTime().process_bind_param(datetime(2026, 11, 22), engine.dialect)  # noqa: DTZ001
    await engine.dispose()
