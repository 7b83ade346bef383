"""How often something was guessed wrong in the last hour, counted for several subjects at once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Self

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from bot.storage.orders import OrderLookupRow

WRONG_TRIES = 5
# People behind one address of a company or a provider err independently of each other.
WRONG_TRIES_OF_ADDRESS = 20
LOCK_PERIOD = timedelta(hours=1)


class Tries:
    """The wrong tries of some subjects, locked until the end of the transaction.

    Tries that run at the same time, in one process or several, are so put in order: never are more
    than the limit looked at in an hour.
    """

    def __init__(self, rows: Sequence[OrderLookupRow], now: datetime) -> None:
        self._rows = rows
        self._now = now

    @classmethod
    async def of(cls, session: AsyncSession, subjects: Sequence[str], now: datetime) -> Self:
        """Lock and return the tries of ``subjects``, which read ``kind:name``.

        A kind that ends in "address" has the higher limit.
        """
        # Sorted, so that two that share a subject wait for each other and never both ways round.
        subjects = sorted(subjects)
        dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
        new = [{"subject": subject, "wrong_tries": []} for subject in subjects]
        await session.execute(dialect.insert(OrderLookupRow).values(new).on_conflict_do_nothing())
        found = await session.execute(
            select(OrderLookupRow)
            .where(OrderLookupRow.subject.in_(subjects))
            .order_by(OrderLookupRow.subject)
            .with_for_update()
        )
        rows = found.scalars().all()
        for row in rows:
            row.wrong_tries = [t for t in row.wrong_tries if now - _moment(t) < LOCK_PERIOD]
        return cls(rows, now)

    @property
    def full(self) -> bool:
        """Whether no further try may be looked at."""
        return any(len(row.wrong_tries) >= _most(row.subject) for row in self._rows)

    def add(self) -> None:
        """Count a wrong try."""
        for row in self._rows:
            row.wrong_tries = [*row.wrong_tries, self._now.isoformat()]


def _most(subject: str) -> int:
    kind = subject.partition(":")[0]
    return WRONG_TRIES_OF_ADDRESS if kind.endswith("address") else WRONG_TRIES


def _moment(text: object) -> datetime:
    return datetime.fromisoformat(str(text))
