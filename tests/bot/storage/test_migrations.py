"""The migrations make exactly the schema that the code expects, on both databases."""

from __future__ import annotations

import asyncio

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection

from bot.storage.base import Base
from bot.storage.engine import create_engine
from bot.storage.migrate import upgrade


def test_migrations_lead_to_the_schema_of_the_code(engine_url: str) -> None:
    upgrade(engine_url)
    upgrade(engine_url)  # a second time changes nothing
    assert asyncio.run(_differences(engine_url)) == []


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
    from datetime import datetime

    from bot.storage.base import UtcDateTime

    engine = create_engine(engine_url)
    with pytest.raises(ValueError, match="timezone-aware"):
        UtcDateTime().process_bind_param(datetime(2026, 11, 22), engine.dialect)  # noqa: DTZ001
    await engine.dispose()
