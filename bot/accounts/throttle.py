"""Wrong log-ins are counted for the login and for the address, in the database, so that a restart
forgives nothing and several processes count together.

Ten wrong passwords for one login within a quarter of an hour close that login for the rest of it,
thirty from one address close the address. The price: whoever knows a colleague's login can lock it
for a quarter of an hour; sessions that are open already stay open.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from bot.storage.accounts import LoginTriesRow

PERIOD = timedelta(minutes=15)
TRIES_OF_LOGIN = 10
TRIES_OF_ADDRESS = 30


async def claim(session: AsyncSession, login: str, address: str, now: datetime) -> bool:
    """Count a try before its password is looked at; false when there have been too many.

    Counting first means that tries which run at the same time can't all slip under the limit.
    """
    limits = {f"address:{address}"[:128]: TRIES_OF_ADDRESS, f"login:{login}"[:128]: TRIES_OF_LOGIN}
    rows = await _locked_rows(session, sorted(limits))
    for row in rows:
        row.wrong_tries = [t for t in row.wrong_tries if now - datetime.fromisoformat(t) < PERIOD]
    if any(len(row.wrong_tries) >= limits[row.subject] for row in rows):
        return False
    for row in rows:
        row.wrong_tries = [*row.wrong_tries, now.isoformat()]
    return True


async def forgive(session: AsyncSession, login: str, address: str, now: datetime) -> None:
    """A right password clears the login's count, and takes this try off the address's."""
    await session.execute(
        update(LoginTriesRow)
        .where(LoginTriesRow.subject == f"login:{login}"[:128])
        .values(wrong_tries=[])
    )
    for row in await _locked_rows(session, [f"address:{address}"[:128]]):
        row.wrong_tries = [t for t in row.wrong_tries if t != now.isoformat()]


async def _locked_rows(session: AsyncSession, subjects: Sequence[str]) -> Sequence[LoginTriesRow]:
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    new = [{"subject": subject, "wrong_tries": []} for subject in subjects]
    await session.execute(dialect.insert(LoginTriesRow).values(new).on_conflict_do_nothing())
    found = await session.execute(
        select(LoginTriesRow)
        .where(LoginTriesRow.subject.in_(subjects))
        .order_by(LoginTriesRow.subject)
        .with_for_update()
    )
    return found.scalars().all()
