"""Nobody takes a customer within the promised time: what the customer hears and what the desk sees.

The clock is the test's own: it begins at the hand-off and stands still unless the test moves it. The
promise is ten minutes.
"""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

from sqlalchemy import select

from bot.conversations import transcript
from bot.conversations.model import Body, State
from bot.desk.board import BoardRow
from bot.desk.callback import CALL_ME
from bot.storage.accounts import AuditRow
from bot.storage.conversations import HandoffRow
from tests.bot.conversations.conftest import *  # noqa: F403 - its fixtures
from tests.bot.desk.shop import *  # noqa: F403 - its fixtures
from tests.bot.desk.shop import CHEN, Shop


class Waiting:
    """One customer in the queue and the clock since the hand-off."""

    def __init__(self, shop: Shop, conversation_id: str, since: datetime) -> None:
        self.shop = shop
        self.id = conversation_id
        self.since = since

    @classmethod
    async def begin(cls, shop: Shop, text: str = "person", user: str = "u1") -> Waiting:
        conversation_id = await shop.desk.say(text, user)
        (row,) = await shop.board.open([conversation_id])
        assert row.since is not None
        waiting = cls(shop, conversation_id, row.since)
        await waiting.at()  # the keeper finds the team
        return waiting

    async def at(self, **after: float) -> None:
        """Set the clock to so long after the hand-off and let the keeper look."""
        await self.shop.keeper.look(self.since + timedelta(**after))

    async def row(self) -> BoardRow:
        (row,) = await self.shop.board.open([self.id])
        return row

    async def apologies(self) -> list[Body]:
        late = self.shop.rules.catalogue.lines.customer["late"]
        return [line for line in await self.shop.said(self.id) if line.text in (late.zh, late.en)]

    async def escalations(self) -> int:
        async with self.shop.desk.database.read() as session:
            found = await session.scalars(
                select(AuditRow.id).where(
                    AuditRow.action == "late", AuditRow.conversation_id == self.id
                )
            )
            return len(list(found))


async def test_the_promise_broken_brings_apology_call_offer_and_escalation(shop: Shop) -> None:
    waiting = await Waiting.begin(shop)
    await waiting.at(minutes=9, seconds=59)
    assert await waiting.apologies() == []
    assert not (await waiting.row()).late
    await waiting.at(minutes=10)
    (apology,) = await waiting.apologies()
    assert "sorry" in apology.text
    assert CALL_ME in [button.payload for button in apology.buttons]
    row = await waiting.row()
    assert row.late, "the queue and the supervisor's board show it"
    assert row.state is State.QUEUED, "it still waits, in the same queue"
    assert await waiting.escalations() == 1


async def test_it_happens_once_however_long_the_customer_waits(shop: Shop) -> None:
    waiting = await Waiting.begin(shop)
    for minutes in (10, 10.1, 13, 20, 45, 120):
        await waiting.at(minutes=minutes)
    assert len(await waiting.apologies()) == 1
    assert await waiting.escalations() == 1
    assert (await waiting.row()).late, "it stays escalated while nobody comes"


async def test_two_app_processes_that_look_at_once_apologise_once(shop: Shop) -> None:
    waiting = await Waiting.begin(shop)
    other = Waiting(Shop(shop.desk, shop.rules.catalogue), waiting.id, waiting.since)
    await asyncio.gather(waiting.at(minutes=11), other.at(minutes=11))
    assert len(await waiting.apologies()) == 1
    assert await waiting.escalations() == 1


async def test_an_agent_who_comes_in_time_leaves_nothing_to_apologise_for(shop: Shop) -> None:
    waiting = await Waiting.begin(shop)
    await waiting.at(minutes=9)
    await shop.agents.take(waiting.id, CHEN)
    await waiting.at(minutes=30)
    assert await waiting.apologies() == []
    assert not (await waiting.row()).late


async def test_who_takes_it_ends_the_escalation(shop: Shop) -> None:
    waiting = await Waiting.begin(shop)
    await waiting.at(minutes=11)
    await shop.agents.take(waiting.id, CHEN)
    row = await waiting.row()
    assert (row.late, row.agent) == (False, CHEN.login)


async def test_a_second_wait_another_day_is_promised_anew(shop: Shop) -> None:
    first = await Waiting.begin(shop)
    await first.at(minutes=11)
    await shop.agents.close(first.id, CHEN)
    await shop.desk.say("person", message_id="again")
    async with shop.desk.database.read() as session:
        held = await session.scalar(select(HandoffRow).where(HandoffRow.closed_at.is_(None)))
    assert held is not None
    second = Waiting(shop, first.id, held.created_at)
    await second.at()
    assert not (await second.row()).late
    await second.at(minutes=10)
    assert len(await second.apologies()) == 2
    assert await second.escalations() == 2


async def test_the_apology_is_in_the_language_in_use(shop: Shop) -> None:
    waiting = await Waiting.begin(shop)
    async with shop.desk.database.write() as session:
        (await transcript.locked(session, waiting.id)).language = "zh"
    await waiting.at(minutes=10)
    (apology,) = await waiting.apologies()
    assert "对不起" in apology.text
    assert [button.title for button in apology.buttons]
