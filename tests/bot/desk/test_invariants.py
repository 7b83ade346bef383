"""A random run of customers and agents, and what must hold in the log that it leaves.

Every reason for a hand-off comes up: those of the dialogue (scripted here), an offer that is accepted,
anger and long chats (read from the turns), a dead engine, an order whose customer nobody reaches.
The log is read with plain SQL-level facts (messages, hand-offs, audit), not through the code that
wrote it.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from bot.conversations.dialogue import Outcome
from bot.conversations.handoff import BACK_TO_BOT, HAND_OVER, IllegalTransitionError
from bot.conversations.model import Body, HandoffReason, State
from bot.desk.board import Board
from bot.desk.catalogue import Catalogue
from bot.desk.service import Agent, HandoffDesk
from bot.orders.model import OrderState
from bot.orders.people import PHONE_CHANNEL, call_customer
from bot.storage.conversations import ConversationRow, HandoffRow, MessageRow, TurnRow
from tests.bot.conversations.conftest import *  # noqa: F403 - its fixtures
from tests.bot.conversations.conftest import Desk
from tests.bot.orders.test_promise import make_order

AGENTS = [Agent("a1", "甲"), Agent("a2", "乙"), Agent("boss", "主管", directs=True)]
USERS = [f"u{number}" for number in range(8)]
STEPS = 260
# Reasons that the dialogue gives with a turn, and those that it offers with a button first.
SAID = (
    HandoffReason.ASKED_FOR, HandoffReason.LOW_CONFIDENCE, HandoffReason.COMPLAINT,
    HandoffReason.POLICY, HandoffReason.ORDER_PROBLEM, HandoffReason.BACKEND_DOWN,
)  # fmt: skip
OFFERED = (HandoffReason.POLICY, HandoffReason.ORDER_PROBLEM, HandoffReason.BACKEND_DOWN)
CAUSES = (
    *SAID, *(f"{HAND_OVER}{one}" for one in OFFERED), HandoffReason.ENGINE_DOWN,
    HandoffReason.ANGER, HandoffReason.TURN_LIMIT, HandoffReason.COD_UNREACHABLE,
)  # fmt: skip


@pytest.fixture
def engine_url(tmp_path: object) -> str:
    """One database is enough here; what differs between the two is under test elsewhere."""
    return f"sqlite+aiosqlite:///{tmp_path}/test.sqlite3"


@pytest.fixture
def lively(desk: Desk) -> Desk:
    """The dialogue hands off for the reason that a message names; "!" is angry, "?" is not understood."""
    plain = desk.dialogue.turn

    async def turn(*args: object, **more: object) -> Outcome:
        outcome = await plain(*args, **more)  # type: ignore[arg-type]
        text = str(args[2])
        if text in SAID:
            reason = HandoffReason(text)
            known = replace(outcome.turn, handoff=reason, decision=f"handoff:{reason}")
            return replace(outcome, turn=known)
        if text.startswith("?"):
            lost = replace(outcome.turn, decision="suggest:a,b")
            return replace(outcome, turn=lost)
        return replace(outcome, anger=0.95 if text.startswith("!") else 0.05)

    desk.dialogue.turn = turn  # type: ignore[method-assign]
    desk.inbox = type(desk.inbox)(
        desk.database, 2000, frozenset({BACK_TO_BOT, *(f"{HAND_OVER}{one}" for one in OFFERED)})
    )
    return desk


async def test_a_random_run_keeps_the_laws(lively: Desk, catalogue: Catalogue) -> None:
    desk, chance = lively, random.Random(5)
    agents = HandoffDesk(desk.database, desk.phrases, "zh", catalogue)
    board = Board(desk.database, catalogue)
    causes = itertools.cycle(chance.sample(CAUSES, len(CAUSES)))
    deeds = 0
    for step in range(STEPS):
        waiting = [row.id for row in await board.open()]
        assert len(set(waiting)) == len(waiting), "in exactly one queue"
        what = chance.random()
        if not waiting or what < 0.2:
            free = await _served_by_bot(desk)
            await _cause(desk, next(causes), chance.choice(free or USERS), step)
        elif what < 0.45:
            await _chat(desk, chance, step)
        else:
            # Now and then somebody whom the bot serves: an agent steps in.
            ids = waiting if chance.random() < 0.9 else await _ids(desk)
            deeds += await _agent(agents, chance, chance.choice(ids))
    assert deeds > STEPS / 5, "the run was no run"
    await _check(desk)


async def _cause(desk: Desk, cause: str, user: str, step: int) -> None:
    """Give the bot a cause to hand ``user`` off; who waits already or has an agent stays there."""
    name = f"m{step}"
    if cause.startswith(HAND_OVER):
        await desk.say("转人工", user, name, payload=cause)
    elif cause == HandoffReason.ENGINE_DOWN:
        await desk.say("broken", user, name)
    elif cause == HandoffReason.ANGER:
        await desk.say(f"! {step}", user, name)
    elif cause == HandoffReason.COMPLAINT:  # who complains is offered a person
        await desk.say(cause, user, name)
        await desk.say("要，请同事来", user, f"{name}.yes", payload=f"{HAND_OVER}{cause}")
    elif cause == HandoffReason.TURN_LIMIT:
        for number in range(12):  # asked after six, handed over after twelve
            await desk.say(f"? {step} {number}", user, f"{name}.{number}")
    elif cause == HandoffReason.COD_UNREACHABLE:
        order = replace(make_order(OrderState.PAID), phone=f"+86138{step:08}")
        async with desk.database.write() as session:
            await call_customer(
                session, desk.phrases, order, [], datetime.now(UTC), HandoffReason(cause)
            )
    else:
        await desk.say(cause, user, name)


async def _chat(desk: Desk, chance: random.Random, step: int) -> None:
    user = chance.choice(USERS)
    if chance.random() < 0.2:
        await desk.say("机器人", user, f"m{step}", payload=BACK_TO_BOT)
    else:
        await desk.say(f"问题{step}", user, f"m{step}")


async def _agent(agents: HandoffDesk, chance: random.Random, conversation: str) -> bool:
    agent, what = chance.choice(AGENTS), chance.random()
    try:
        if what < 0.25:
            await agents.take(conversation, agent, step_in=chance.random() < 0.3, announce=True)
        elif what < 0.45:
            await agents.answer(conversation, agent, "您好")
        elif what < 0.55:
            await agents.pass_on(conversation, agent, chance.choice([None, *AGENTS]))
        elif what < 0.65:
            await agents.give_back(conversation, agent)
        else:
            await agents.close(conversation, agent, chance.choice(["solved", "spam"]))
    except IllegalTransitionError:
        return False
    return True


async def _served_by_bot(desk: Desk) -> list[str]:
    async with desk.database.read() as session:
        held = await session.scalars(
            select(ConversationRow.user).where(ConversationRow.state != State.BOT.value)
        )
    return sorted(set(USERS) - set(held))


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
        turns = {row.message_id: row for row in await session.scalars(select(TurnRow))}
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
        if conversation.channel != PHONE_CHANNEL:
            _no_loop(its, theirs, turns)
        closed_by_agents = [
            h for h in theirs if h.resolution not in (None, "customer_left", "returned_to_bot")
        ]
        said = [m for m in its if Body.from_json(m.body).text in closing]
        assert len(said) == len(closed_by_agents), "one closing line for each close"
    assert sum(h.taken_at is not None for h in handoffs) > 5
    # Whether an agent happens to step in where the bot serves is left to chance.
    met = {h.reason for h in handoffs} | {HandoffReason.TAKEOVER}
    assert met == set(HandoffReason), "the run met every reason"


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


def _no_loop(
    messages: Sequence[MessageRow], handoffs: Sequence[HandoffRow], turns: dict[int, TurnRow]
) -> None:
    """After a hand-off has ended, an ordinary question is the bot's again: only cause begins another."""
    for before, after in itertools.pairwise(handoffs):
        assert before.closed_at is not None
        assert before.closed_at <= after.created_at
        causes = [
            m for m in messages
            if m.direction == "in" and before.closed_at <= m.created_at <= after.created_at
        ]  # fmt: skip
        if after.reason == HandoffReason.TAKEOVER:
            continue
        assert causes, f"{after.reason} came of itself after {before.reason}"
        text = Body.from_json(causes[-1].body).text
        assert not text.startswith("问题"), f"{text!r} led to {after.reason}"
    for handoff in handoffs:
        ended = handoff.closed_at
        later = [m for m in messages if m.direction == "in" and ended and m.created_at > ended]
        if later and Body.from_json(later[0].body).text.startswith("问题"):
            if any(
                one.reason == HandoffReason.TAKEOVER
                and ended <= one.created_at <= (later[0].done_at or one.created_at)
                for one in handoffs
                if ended
            ):
                continue  # an agent stepped in before the bot came to it
            assert later[0].id in turns, "the bot answers the first question after a hand-off"
