"""Who is at the desk: how much each has in hand and takes on, and who gets the next customer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from bot.accounts import audit
from bot.accounts.model import Right, Role
from bot.desk.teams import Team
from bot.storage.accounts import AccountRow
from bot.storage.conversations import HandoffRow
from bot.storage.desk import AgentSettingsRow, DeskSwitchRow
from bot.storage.engine import Database

_ASSIGNS = "assigns"


@dataclass(frozen=True, slots=True)
class Colleague:
    """Somebody who talks to customers; ``online`` has the desk open, ``accepting`` takes new ones."""

    login: str
    name: str
    load: int
    capacity: int
    online: bool
    accepting: bool

    @property
    def room(self) -> int:
        """How many more conversations they could be given now."""
        return max(0, self.capacity - self.load) if self.online and self.accepting else 0


class Staff:
    """Settings of agents and of the assignment.

    Args:
        capacity: of agents for whom nothing else is set.
        assigns: whether conversations are assigned until a supervisor says otherwise.
    """

    def __init__(self, database: Database, capacity: int, assigns: bool) -> None:
        self._database = database
        self._capacity = capacity
        self._assigns = assigns

    async def everyone(self, session: AsyncSession, online: Collection[str]) -> list[Colleague]:
        """Return all who may talk to customers, by name."""
        load = Counter(
            await session.scalars(
                select(HandoffRow.agent).where(
                    HandoffRow.closed_at.is_(None), HandoffRow.agent.is_not(None)
                )
            )
        )
        rows = await session.execute(
            select(AccountRow, AgentSettingsRow)
            .outerjoin(AgentSettingsRow, AgentSettingsRow.login == AccountRow.login)
            .where(AccountRow.disabled_at.is_(None))
            .order_by(AccountRow.name)
        )
        talkers = {role.value for role in Role if _talks(role)}
        return [
            Colleague(
                login=account.login,
                name=account.name,
                load=load[account.login],
                capacity=(known.capacity if known else None) or self._capacity,
                online=account.login in online,
                accepting=known.accepting if known else True,
            )
            for account, known in rows
            if account.role in talkers
        ]

    async def set(
        self, by: str, login: str, *, capacity: int | None = None, accepting: bool | None = None
    ) -> None:
        """Change what somebody takes on; what is ``None`` stays."""
        async with self._database.write() as session:
            row = await session.get(AgentSettingsRow, login)
            if row is None:
                row = AgentSettingsRow(login=login, accepting=True)
                session.add(row)
            row.capacity = capacity if capacity is not None else row.capacity
            row.accepting = accepting if accepting is not None else row.accepting
            audit.note(session, by, "set_agent", login=login, capacity=row.capacity,
                       accepting=row.accepting)  # fmt: skip

    async def assigns(self, session: AsyncSession) -> bool:
        """Tell whether waiting conversations are given to agents by themselves."""
        on = await session.scalar(select(DeskSwitchRow.on).where(DeskSwitchRow.name == _ASSIGNS))
        return self._assigns if on is None else on

    async def set_assigns(self, by: str, on: bool) -> None:
        """Switch the assignment."""
        async with self._database.write() as session:
            dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
            insert = dialect.insert(DeskSwitchRow).values(name=_ASSIGNS, on=on)
            await session.execute(
                insert.on_conflict_do_update(index_elements=["name"], set_={"on": on})
            )
            audit.note(session, by, "set_assigns", on=on)


def choose(
    staff: Sequence[Colleague],
    team: Team | None,
    preferred: str | None,
    *,
    assigns: bool,
    passed_over: Collection[str] = (),
) -> Colleague | None:
    """Return who gets a conversation: who had the customer last, else who is least busy.

    Who had the customer last gets them back even when nothing is assigned otherwise.

    Args:
        team: whose members it is for; nobody else gets it.
        passed_over: who had it assigned and did not answer.
    """
    able = [
        one
        for one in staff
        if one.room and one.login not in passed_over and (team is None or team.has(one.login))
    ]
    last = next((one for one in able if one.login == preferred), None)
    if last is not None or not assigns:
        return last
    return min(able, key=lambda one: (one.load / one.capacity, one.load, one.login), default=None)


def _talks(role: Role) -> bool:
    from bot.accounts.model import Account

    return Account("", "", role, "zh").may(Right.TALK)
