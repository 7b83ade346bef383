"""Hand-off: honest words, one queue entry, silence of the bot, one closing line, back to the bot."""

from __future__ import annotations

import pytest

from bot.conversations import transcript
from bot.conversations.handoff import BACK_TO_BOT, IllegalTransitionError
from bot.conversations.model import Author, HandoffReason, State
from bot.desk.catalogue import Catalogue
from bot.desk.service import Agent, HandoffDesk
from tests.bot.conversations.conftest import Desk

CHEN = Agent("xiaochen", "小陈")
LI = Agent("xiaoli", "小李")


@pytest.fixture
def agents(desk: Desk, catalogue: Catalogue) -> HandoffDesk:
    return HandoffDesk(desk.database, desk.phrases, "zh", catalogue)


async def _lines(desk: Desk, conversation_id: str) -> list[tuple[Author, str]]:
    async with desk.database.read() as session:
        return [
            (entry.author, entry.body.text)
            for entry in await transcript.entries(session, conversation_id)
        ]


async def test_the_bot_is_silent_after_a_hand_off_and_back_after_the_close(
    desk: Desk, agents: HandoffDesk
) -> None:
    conversation_id = await desk.say("person")
    (waiting,) = await agents.queue()
    assert (waiting.state, waiting.reason) == (State.QUEUED, HandoffReason.ASKED_FOR)
    await desk.say("还在吗")
    await agents.answer(conversation_id, CHEN, "您好，我是小陈。")
    await desk.say("订单没到")
    await agents.close(conversation_id, CHEN)
    await desk.say("谢谢")
    authors = [author for author, _ in await _lines(desk, conversation_id)]
    assert authors == [
        Author.CUSTOMER, Author.BOT,  # person -> hand-off line
        Author.CUSTOMER,  # waiting: a line came less than two minutes ago
        Author.AGENT, Author.CUSTOMER, Author.SYSTEM,  # answer, more, one closing line
        Author.CUSTOMER, Author.BOT,
    ]  # fmt: skip
    assert await agents.queue() == []


async def test_an_engine_that_is_down_gives_an_honest_line_and_a_queue_entry(
    desk: Desk, agents: HandoffDesk
) -> None:
    conversation_id = await desk.say("broken")
    zh = desk.phrases.say("utter_handoff_engine_down", "zh").text
    en = desk.phrases.say("utter_handoff_engine_down", "en").text
    assert zh != en
    assert (await _lines(desk, conversation_id))[-1] == (Author.SYSTEM, en)
    (waiting,) = await agents.queue()
    assert waiting.reason is HandoffReason.ENGINE_DOWN


async def test_once_the_engine_is_back_new_turns_go_to_it(desk: Desk, agents: HandoffDesk) -> None:
    conversation_id = await desk.say("broken")
    await desk.say("包邮吗")
    assert (await _lines(desk, conversation_id))[-1] == (Author.BOT, "re 包邮吗")
    assert len(await agents.queue()) == 1, "the failed question still waits for a person"


async def test_an_agent_who_took_an_engine_failure_has_the_word(
    desk: Desk, agents: HandoffDesk
) -> None:
    conversation_id = await desk.say("broken")
    await agents.take(conversation_id, CHEN)
    await desk.say("包邮吗")
    assert (await _lines(desk, conversation_id))[-1] == (Author.CUSTOMER, "包邮吗")


async def test_a_customer_may_leave_the_queue(desk: Desk, agents: HandoffDesk) -> None:
    conversation_id = await desk.say("person")
    inbox = type(desk.inbox)(desk.database, 2000, frozenset({BACK_TO_BOT}))
    desk.inbox = inbox
    await desk.say("继续问机器人", payload=BACK_TO_BOT)
    assert await agents.queue() == []
    await desk.say("包邮吗")
    assert (await _lines(desk, conversation_id))[-1] == (Author.BOT, "re 包邮吗")


async def test_two_agents_cannot_hold_one_conversation(desk: Desk, agents: HandoffDesk) -> None:
    conversation_id = await desk.say("person")
    await agents.take(conversation_id, CHEN)
    with pytest.raises(IllegalTransitionError, match="xiaochen"):
        await agents.answer(conversation_id, LI, "我来")


async def test_closing_twice_says_the_closing_line_once(desk: Desk, agents: HandoffDesk) -> None:
    conversation_id = await desk.say("person")
    await agents.close(conversation_id, CHEN)
    with pytest.raises(IllegalTransitionError):
        await agents.close(conversation_id, CHEN)
    closing = [a for a, _ in await _lines(desk, conversation_id) if a is Author.SYSTEM]
    assert len(closing) == 1
