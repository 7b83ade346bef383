"""SQLite with one trip to its thread for each statement, and writes that share transactions."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from bot.storage.engine import Database
from bot.storage.one_hop import OneHopConnection
from bot.storage.together import Together


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    database = Database(f"sqlite+aiosqlite:///{tmp_path}/one.sqlite3")
    async with database.write() as session:
        await session.execute(text("CREATE TABLE words (id INTEGER PRIMARY KEY, word TEXT UNIQUE)"))
    yield database
    await database.close()


class Trips:
    """Stands where aiosqlite queues work for its thread, and counts."""

    def __init__(self, queue: object) -> None:
        self._queue, self.count = queue, 0

    def put_nowait(self, work: object) -> None:
        self.count += 1
        self._queue.put_nowait(work)  # type: ignore[attr-defined]


async def _count(session: AsyncSession) -> Trips:
    """Count what goes to the thread of this session's connection from now on."""
    driver = (await (await session.connection()).get_raw_connection()).dbapi_connection
    assert isinstance(driver, OneHopConnection)
    connection = driver.driver_connection
    connection._tx = Trips(connection._tx)
    return connection._tx


async def test_a_statement_goes_there_once_and_takes_begin_along(database: Database) -> None:
    async with database.write() as session:
        trips = await _count(session)
        await session.execute(text("INSERT INTO words (word) VALUES ('一')"))
        found = await session.execute(text("SELECT word FROM words"))
        assert (found.scalar_one(), trips.count) == ("一", 2)
    assert trips.count == 3, "and the commit"


async def test_what_is_rolled_back_or_never_began_leaves_nothing(database: Database) -> None:
    with pytest.raises(IntegrityError):
        async with database.write() as session:
            for _ in range(2):
                await session.execute(text("INSERT INTO words (word) VALUES ('二')"))
    async with database.write():
        pass
    async with database.read() as session:
        assert (await session.execute(text("SELECT count(*) FROM words"))).scalar_one() == 0


async def test_a_write_that_is_cut_off_keeps_no_lock(database: Database) -> None:
    async def write() -> None:
        async with database.write() as session:
            await session.execute(text("INSERT INTO words (word) VALUES ('五')"))

    for steps in range(12):  # wherever the task happens to be
        task = asyncio.create_task(write())
        for _ in range(steps):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        async with database.write() as session:
            await session.execute(text("DELETE FROM words"))


async def test_a_reader_sees_one_moment_and_its_end_frees_the_connection(
    database: Database,
) -> None:
    count = text("SELECT count(*) FROM words")
    async with database.read() as reader:
        assert (await reader.execute(count)).scalar_one() == 0
        async with database.write() as writer:
            made = await writer.execute(
                text("INSERT INTO words (word) VALUES ('三'), ('四') RETURNING id")
            )
            assert len(made.all()) == 2
        assert (await reader.execute(count)).scalar_one() == 0
    async with database.read() as reader:
        assert (await reader.execute(count)).scalar_one() == 2


async def test_what_comes_together_is_written_together_and_each_hears_of_it(
    database: Database,
) -> None:
    batches: list[Sequence[str]] = []

    async def write(session: AsyncSession, words: Sequence[str]) -> None:
        batches.append(words)
        for word in words:
            await session.execute(text("INSERT INTO words (word) VALUES (:w)"), {"w": word})

    together = Together(database, write)
    await asyncio.gather(*(together.add(str(number)) for number in range(50)))
    assert len(batches) < 5
    assert sorted(word for batch in batches for word in batch) == sorted(map(str, range(50)))
    results = await asyncio.gather(together.add("0"), together.add("new"), return_exceptions=True)
    assert all(isinstance(one, IntegrityError) for one in results), "they stand or fall together"
    await together.add("new")
