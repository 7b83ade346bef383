"""A desk in a shop whose clock the test moves: hand-offs, the keeper of the queue, and who is there."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bot.accounts.model import Role
from bot.conversations import transcript
from bot.conversations.model import Author, Body
from bot.desk.board import Board
from bot.desk.catalogue import Catalogue
from bot.desk.hours import Hours
from bot.desk.keeper import Keeper
from bot.desk.rules import DeskRules
from bot.desk.service import Agent, HandoffDesk
from bot.desk.staff import Staff
from bot.storage.accounts import AccountRow
from tests.bot.conversations.conftest import Desk

CHEN = Agent("xiaochen", "小陈")
GRACE = Agent("grace", "Grace")


@pytest.fixture
def engine_url(tmp_path: object) -> str:
    """One database is enough here; what differs between the two is under test elsewhere."""
    return f"sqlite+aiosqlite:///{tmp_path}/test.sqlite3"


class Shop:
    """A desk with its keeper, whose clock the test moves."""

    def __init__(self, desk: Desk, catalogue: Catalogue) -> None:
        self.desk = desk
        self.rules = DeskRules(
            catalogue, Hours(), promise=timedelta(minutes=10), nps_every=timedelta(days=90)
        )
        desk.follow(self.rules)
        self.agents = HandoffDesk(desk.database, desk.phrases, "zh", catalogue)
        self.staff = Staff(desk.database, 2, assigns=False)
        self.online: set[str] = set()
        self.board = Board(desk.database, catalogue)
        self.keeper = Keeper(
            desk.database, self.agents, self.rules, self.staff, "zh",
            lambda: self.online, lambda _: None,
        )  # fmt: skip

    async def hire(self, *agents: Agent) -> None:
        async with self.desk.database.write() as session:
            for agent in agents:
                session.add(
                    AccountRow(
                        login=agent.login, name=agent.name, role=Role.AGENT, language="zh",
                        password_hash="x", created_at=datetime.now(UTC),
                    )
                )  # fmt: skip

    async def look(self, **later: float) -> None:
        """Let the keeper look twice, as if so much time had passed: first it finds a team."""
        for _ in range(2):
            await self.keeper.look(datetime.now(UTC) + timedelta(**later))

    async def said(self, conversation_id: str) -> list[Body]:
        async with self.desk.database.read() as session:
            lines = await transcript.entries(session, conversation_id)
        return [line.body for line in lines if line.author == Author.SYSTEM]

    async def agent_of(self, conversation_id: str) -> str | None:
        rows = await self.board.open([conversation_id])
        return rows[0].agent


@pytest.fixture
def shop(desk: Desk, catalogue: Catalogue) -> Shop:
    return Shop(desk, catalogue)
