"""SQLite through aiosqlite with one trip to its thread for each statement.

aiosqlite keeps every connection in a thread of its own, and SQLAlchemy's adapter goes there four times for
one SELECT: make a cursor, execute, fetch, close. Each trip is two switches between threads and, while the
event loop is busy, up to one switch interval of the interpreter's lock each way; a transaction of five
statements waited for the lock more than it worked. Here a statement goes there once, takes BEGIN along when
it is the first, and nobody waits for the end of a transaction that has only read.
"""

from __future__ import annotations

import sqlite3
from collections import deque
from dataclasses import dataclass
from typing import Any

import aiosqlite
from sqlalchemy.dialects.sqlite.aiosqlite import (
    AsyncAdapt_aiosqlite_connection,
    AsyncAdapt_aiosqlite_cursor,
    AsyncAdapt_aiosqlite_dbapi,
)
from sqlalchemy.util import immutabledict


@dataclass(frozen=True, slots=True)
class _Done:
    """What a statement has left; has the attributes that the adapter reads of a cursor."""

    description: Any = None
    rowcount: int = -1
    lastrowid: int | None = None
    arraysize: int = 1
    rows: tuple[Any, ...] = ()


class _Cursor(AsyncAdapt_aiosqlite_cursor):
    """A cursor that is open only while its statement runs."""

    __slots__ = ()
    _awaitable_cursor_close = False  # nothing is left open

    def __init__(self, adapt_connection: Any) -> None:
        self._adapt_connection = adapt_connection
        self._connection = adapt_connection._connection
        self._cursor: Any = _Done()
        self._soft_closed_memoized = immutabledict()
        self._rows = deque()

    def close(self) -> None:
        self._rows.clear()

    async def _execute_async(self, operation: Any, parameters: Any) -> Any:
        return await self._go(_execute, operation, () if parameters is None else parameters)

    async def _executemany_async(self, operation: Any, seq_of_parameters: Any) -> Any:
        return await self._go(_execute_many, operation, seq_of_parameters)

    async def _go(self, work: Any, operation: Any, parameters: Any) -> Any:
        connection: Any = self._connection
        adapter: Any = self._adapt_connection
        async with adapter._execute_mutex:
            begins, adapter.begins = adapter.begins, None
            adapter.cut_off = True  # unless it comes to its end, well or not
            try:
                done = await connection._execute(
                    work, connection._conn, begins, operation, parameters
                )
            except Exception:
                adapter.cut_off = False
                raise
            adapter.cut_off = False
        self._cursor, self._rows = done, deque(done.rows)
        return self


class OneHopConnection(AsyncAdapt_aiosqlite_connection):
    """A connection whose transactions begin with their first statement."""

    __slots__ = ("begins", "cut_off", "reads")
    _cursor_cls = _Cursor

    def __init__(self, dbapi: Any, connection: Any) -> None:
        super().__init__(dbapi, connection)
        self.begins: str | None = None
        self.reads = False
        # Nobody waited for the last statement, so it may still begin.
        self.cut_off = False

    def begin(self, statement: str, *, reads: bool) -> None:
        """Let the next statement be the first of a transaction.

        Args:
            statement: begins it.
            reads: whether it writes nothing.
        """
        self.begins, self.reads = statement, reads

    def commit(self) -> None:
        """Commit; what never began has nothing to commit."""
        if self.begins is None:
            super().commit()
        self.begins = None

    def rollback(self) -> None:
        """End the transaction; of one that wrote nothing the thread need not report back."""
        connection: Any = self._connection
        begun = self.begins is None and connection._connection and connection.in_transaction
        if self.cut_off or (begun and not self.reads):
            super().rollback()
        elif begun:
            connection._tx.put_nowait((None, connection._conn.rollback))
        # Else it never began or is committed: the pool asks for this once more after each commit.
        self.begins, self.reads, self.cut_off = None, False, False


class OneHopSqlite(AsyncAdapt_aiosqlite_dbapi):
    """The driver; pass an instance to ``create_async_engine`` as ``module``."""

    def __init__(self) -> None:
        super().__init__(aiosqlite, sqlite3)

    def connect(self, *arg: Any, **kw: Any) -> AsyncAdapt_aiosqlite_connection:
        """Open a connection; called by SQLAlchemy's pool."""
        opened = super().connect(*arg, **kw)
        return OneHopConnection(self, opened._connection)


def _execute(
    connection: sqlite3.Connection, begins: str | None, statement: str, parameters: Any
) -> _Done:
    if begins is not None:
        connection.execute(begins)
    return _finish(connection.execute(statement, parameters))


def _execute_many(
    connection: sqlite3.Connection, begins: str | None, statement: str, parameters: Any
) -> _Done:
    if begins is not None:
        connection.execute(begins)
    return _finish(connection.executemany(statement, parameters))


def _finish(cursor: sqlite3.Cursor) -> _Done:
    # The rows first: of INSERT … RETURNING, SQLite counts the rows when they have been read.
    rows = tuple(cursor.fetchall()) if cursor.description else ()
    done = _Done(cursor.description, cursor.rowcount, cursor.lastrowid, cursor.arraysize, rows)
    cursor.close()
    return done
