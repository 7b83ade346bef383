"""A random run of customers and agents, and what must hold in the log that it leaves.

The log is read with plain SQL-level facts (messages, hand-offs, audit), not through the code that
wrote it.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import datetime

import pytest
from sqlalchemy import select

from bot.conversations.handoff import BACK_TO_BOT, IllegalTransitionError
from bot.conversations.model import Body
from bot.desk.board import Board
from bot.desk.catalogue import Catalogue
from bot.desk.service import Agent, HandoffDesk
from bot.storage.conversations import ConversationRow, HandoffRow, MessageRow
from tests.bot.conversations.conftest import *  # noqa: F403 - its fixtures
from tests.bot.conversations.conftest import Desk

AGENTS = [Agent("a1", "甲"), Agent("a2", "乙"), Agent("boss", "主管", directs=True)]
USERS = [f"u{number}" for number in range(6)]
STEPS = 220


@pytest.fixture
def engine_url(tmp_path: object) -> str:
    """One database is enough here; what differs between the two is under test elsewhere."""
    return f"sqlite+aiosqlite:///{tmp_path}/test.sqlite3"


@pytest.mark.parametrize("seed", [1, 2])
async def test_a_random_run_keeps_the_laws(desk: Desk, catalogue: Catalogue, seed: int) -> None:
    chance = random.Random(seed)
    agents = HandoffDesk(desk.database, desk.phrases, "zh", catalogue)
    board = Board(desk.database, catalogue)
    desk.inbox = type(desk.inbox)(desk.database, 2000, frozenset({BACK_TO_BOT}))
    deeds = 0
    for step in range(STEPS):
        ids = await _ids(desk)
        if not ids or chance.random() < 0.45:
            await _customer(desk, chance, step)
        else:
            deeds += await _agent(agents, chance, chance.choice(ids))
        open_rows = await board.open()
        assert len({row.id for row in open_rows}) == len(open_rows), "in exactly one queue"
        assert [row.turn for row in open_rows] == sorted(row.turn for row in open_rows)
    assert deeds > STEPS / 20, "the run was no run"
    await _check(desk)


async def _customer(desk: Desk, chance: random.Random, step: int) -> None:
    user, what = chance.choice(USERS), chance.random()
    if what < 0.35:
        await desk.say("person", user, f"m{step}")
    elif what < 0.45:
        await desk.say("broken", user, f"m{step}")
    elif what < 0.6:
        await desk.say("机器人", user, f"m{step}", payload=BACK_TO_BOT)
    else:
        await desk.say(f"问题{step}", user, f"m{step}")


async def _agent(agents: HandoffDesk, chance: random.Random, conversation: str) -> bool:
    agent, what = chance.choice(AGENTS), chance.random()
    try:
        if what < 0.35:
            await agents.take(conversation, agent, step_in=chance.random() < 0.3, announce=True)
        elif what < 0.6:
            await agents.answer(conversation, agent, "您好")
        elif what < 0.75:
            await agents.pass_on(conversation, agent, chance.choice([None, *AGENTS]))
        elif what < 0.82:
            await agents.give_back(conversation, agent)
        else:
            await agents.close(conversation, agent, chance.choice(["solved", "spam"]))
    except IllegalTransitionError:
        return False
    return True


async def _ids(desk: Desk) -> list[str]:
    async with desk.database.read() as session:
        return list(await session.scalars(select(ConversationRow.id)))


async def _check(desk: Desk) -> None:
    async with desk.database.read() as session:
        handoffs = (await session.scalars(select(HandoffRow).order_by(HandoffRow.id))).all()
        conversations = {row.id: row for row in await session.scalars(select(ConversationRow))}
        messages = (
            await session.scalars(
                select(MessageRow).order_by(MessageRow.conversation_id, MessageRow.seq)
            )
        ).all()
    closing = {desk.phrases.say("utter_agent_closed", lang).text for lang in ("zh", "en")}
    for conversation in conversations.values():
        its = [m for m in messages if m.conversation_id == conversation.id]
        theirs = [h for h in handoffs if h.conversation_id == conversation.id]
        assert [m.seq for m in its] == list(range(1, len(its) + 1))
        still_open = [h for h in theirs if h.closed_at is None]
        assert len(still_open) == (conversation.state != "bot"), "handed off: one open entry"
        if conversation.state == "agent":
            assert still_open[0].agent
        _bot_is_silent(its, theirs)
        closed_by_agents = [
            h for h in theirs if h.resolution not in (None, "customer_left", "returned_to_bot")
        ]
        said = [m for m in its if Body.from_json(m.body).text in closing]
        assert len(said) == len(closed_by_agents), "one closing line for each close"
    assert sum(h.taken_at is not None for h in handoffs) > 5


def _bot_is_silent(messages: Sequence[MessageRow], handoffs: Sequence[HandoffRow]) -> None:
    """While an agent holds the conversation no line is the bot's; passing on ends the holding."""
    for handoff in handoffs:
        if handoff.taken_at is None:
            continue
        until = handoff.closed_at or datetime.max.replace(tzinfo=handoff.taken_at.tzinfo)
        spoken = [
            m for m in messages
            if m.author == "bot" and handoff.taken_at < m.created_at < until
        ]  # fmt: skip
        assert spoken == [], [Body.from_json(m.body).text for m in spoken]
