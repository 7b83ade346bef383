"""Messages are answered once, in order, whatever the channel repeats and however many arrive at once."""

from __future__ import annotations

import asyncio

from sqlalchemy import func, select

from bot.conversations import transcript
from bot.conversations.model import Author, Body, Button, Direction, Inbound, MessageState
from bot.storage.conversations import ConversationRow, MessageRow, TurnRow
from tests.bot.conversations.conftest import Desk


async def test_a_repeated_delivery_does_nothing(desk: Desk) -> None:
    await desk.say("包邮吗", message_id="m1")
    await desk.say("包邮吗", message_id="m1")
    again = await desk.inbox.accept(Inbound("test", "u1", "m1", "包邮吗"))
    assert not again.new
    assert [text for _, text in desk.dialogue.seen] == ["包邮吗"]


async def test_twenty_customers_with_ten_messages_each_are_answered_in_order(desk: Desk) -> None:
    async def customer(user: str) -> None:
        for number in range(10):
            inbound = Inbound("test", user, f"{user}:{number}", f"{user} {number}")
            desk.workers.wake((await desk.inbox.accept(inbound)).conversation_id)

    users = [f"u{n}" for n in range(20)]
    await asyncio.gather(*map(customer, users))
    await desk.until(lambda: len(desk.channel.delivered) == 200)
    for user in users:
        mine = [text for who, text in desk.channel.delivered if who == user]
        assert mine == [f"re {user} {number}" for number in range(10)]
    assert not desk.dialogue.overlapped


async def test_two_first_messages_at_once_make_one_conversation(desk: Desk) -> None:
    await asyncio.gather(*(desk.say(f"第{n}条") for n in range(8)))
    async with desk.database.read() as session:
        assert await session.scalar(select(func.count()).select_from(ConversationRow)) == 1
        seqs = (await session.scalars(select(MessageRow.seq).order_by(MessageRow.seq))).all()
    assert list(seqs) == list(range(1, 17))


async def test_what_an_earlier_process_left_pending_is_answered_after_a_restart(desk: Desk) -> None:
    for number in range(3):
        await desk.inbox.accept(Inbound("test", "u1", f"m{number}", f"{number}"))
    assert not desk.dialogue.seen
    await desk.workers.recover()
    await desk.until(lambda: len(desk.channel.delivered) == 3)
    assert [text for _, text in desk.channel.delivered] == ["re 0", "re 1", "re 2"]


async def test_the_turn_is_recorded(desk: Desk) -> None:
    conversation_id = await desk.say("我的order到哪了")
    async with desk.database.read() as session:
        turn = (await session.scalars(select(TurnRow))).one()
        conversation = await session.get_one(ConversationRow, conversation_id)
    assert (turn.language, turn.intent, turn.decision) == (
        "mixed",
        "ask_faq",
        "answer:我的order到哪了",
    )
    assert conversation.language == "zh"


async def test_a_payload_counts_only_if_it_was_offered_here(desk: Desk) -> None:
    conversation_id = await desk.say("你好")
    await desk.say("转人工", message_id="m2", payload="/ask_human")
    assert desk.dialogue.seen[-1] == (conversation_id, "转人工")
    async with desk.database.write() as session:
        conversation = await transcript.locked(session, conversation_id)
        offer = Body("要转人工吗？", buttons=(Button("转人工", "/ask_human"),))
        transcript.append_out(session, conversation, [offer], Author.BOT)
    await desk.say("转人工", message_id="m3", payload="/ask_human")
    assert desk.dialogue.seen[-1] == (conversation_id, "/ask_human")
    await desk.say("转人工", user="someone else", payload="/ask_human")
    assert desk.dialogue.seen[-1][1] == "转人工"


async def test_a_message_too_long_is_cut_and_answered(desk: Desk) -> None:
    await desk.say("啊" * 5000, message_id="long")
    assert len(desk.dialogue.seen[0][1]) == 2000


async def test_every_inbound_message_ends_done(desk: Desk) -> None:
    for text in ("a", "person", "after the hand-off", "broken"):
        await desk.say(text)
    async with desk.database.read() as session:
        states = await session.scalars(
            select(MessageRow.state).where(MessageRow.direction == Direction.IN.value)
        )
        assert set(states) == {MessageState.DONE.value}
