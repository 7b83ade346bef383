"""The confirmation desk asks once, reminds, gives up, and never writes at night."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, func, select

from bot.conversations.model import Body, Direction
from bot.conversations.phrases import Phrases
from bot.orders.changes import Draft, NotAsCod, Settled, TooLate
from bot.orders.cod import CodState
from bot.orders.model import OrderState
from bot.orders.promise import SHOP_ZONE
from bot.orders.service import Orders
from bot.orders.ticker import Ticker
from bot.storage.cod import CodRow, OrderTimerRow
from bot.storage.conversations import ConversationRow, HandoffRow, MessageRow
from bot.storage.engine import Database
from tests.bot.orders.shop_events import created, event, read, shipped

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=SHOP_ZONE)
NUMBER = "SO20261123001"


@dataclass
class Shop:
    """Orders, a clock that the test moves, and what customers were told."""

    database: Database
    orders: Orders
    now: datetime = NOON

    async def tells(self, data: dict[str, object]) -> bool:
        return await self.orders.intake.take(read(data), self.now)

    async def passes(self, **time: float) -> None:
        """Let time pass, from one due timer to the next."""
        ticker = Ticker(self.orders.timers, lambda _: None, lambda: self.now)
        until = self.now + timedelta(**time)
        while True:
            async with self.database.read() as session:
                due = await session.scalar(select(func.min(OrderTimerRow.due_at)))
            if due is None or due > until:
                break
            self.now = max(self.now, due)
            await ticker.tick()
        self.now = until

    async def told(self, channel: str = "web") -> list[Body]:
        async with self.database.read() as session:
            rows = await session.scalars(
                select(MessageRow)
                .where(MessageRow.direction == Direction.OUT.value, MessageRow.channel == channel)
                .order_by(MessageRow.id)
            )
            return [Body.from_json(row.body) for row in rows]

    async def cod(self) -> CodRow:
        async with self.database.read() as session:
            return await session.get_one(CodRow, NUMBER)

    async def state(self) -> OrderState:
        order = await self.orders.desk.opened_with(NUMBER, NUMBER)
        assert order is not None
        return order.state


@pytest.fixture
def shop(database: Database, root: Path) -> Shop:
    phrases = Phrases(root / "domain.yml")
    return Shop(database, Orders.build(database, root / "data/policy", phrases, "zh"))


async def test_a_new_order_is_asked_about_within_a_minute(shop: Shop) -> None:
    await shop.tells(created(NUMBER, NOON))
    await shop.passes(minutes=1)
    (card,) = await shop.told()
    for part in (
        NUMBER,
        "扫拖一体机器人",
        "周•••",
        "•••3321",
        "四川省成都市武侯区人民路•••",
        "¥1304",
    ):
        assert part in card.text
    assert [b.payload for b in card.buttons] == [
        f'/cod_confirm{{"order_number": "{NUMBER}"}}',
        f'/change_address{{"order_number": "{NUMBER}"}}',
        f'/change_delivery_time{{"order_number": "{NUMBER}"}}',
        f'/cancel_order{{"order_number": "{NUMBER}"}}',
        "/ask_human",
    ]
    assert (await shop.cod()).state == CodState.ASKED


async def test_an_english_customer_is_asked_in_english(shop: Shop) -> None:
    await shop.tells(created(NUMBER, NOON, language="en"))
    await shop.passes(minutes=1)
    (card,) = await shop.told()
    assert "Please have ready: ¥1,304.00" in card.text


async def test_the_conversation_knows_which_order_a_yes_means(shop: Shop) -> None:
    await shop.tells(created(NUMBER, NOON))
    await shop.passes(minutes=1)
    async with shop.database.read() as session:
        conversation = (await session.scalars(select(ConversationRow))).one()
    ask = await shop.orders.cod.spoken_of(conversation.id)
    assert ask is not None
    assert (ask.order_number, ask.is_last) == (NUMBER, True)


async def test_a_yes_confirms_and_ends_the_asking(shop: Shop) -> None:
    await shop.tells(created(NUMBER, NOON))
    await shop.passes(minutes=1)
    done = await shop.orders.changes.settle(
        NUMBER, Draft(confirm=True), actor="customer:x", now=shop.now
    )
    assert isinstance(done, Settled)
    assert done.confirmed
    assert done.order.cod_confirmed_at == shop.now
    await shop.passes(days=3)
    assert (await shop.cod()).state == CodState.CONFIRMED
    assert len(await shop.told()) == 1


async def test_no_answer_is_reminded_twice_and_then_goes_to_people(shop: Shop) -> None:
    await shop.tells(created(NUMBER, NOON))
    await shop.passes(hours=2.9)
    assert len(await shop.told()) == 1
    await shop.passes(hours=0.5)
    assert len(await shop.told()) == 2
    assert (await shop.cod()).state == CodState.REMINDED
    await shop.passes(days=2)
    assert len(await shop.told()) == 3
    assert (await shop.cod()).state == CodState.EXPIRED
    (call,) = await shop.told("phone")
    assert "+8615400003321" in call.text
    async with shop.database.read() as session:
        assert list(await session.scalars(select(HandoffRow.reason))) == ["cod_unreachable"]


async def test_nobody_is_asked_at_night(shop: Shop) -> None:
    shop.now = NOON.replace(hour=22)
    await shop.tells(created(NUMBER, shop.now))
    await shop.passes(hours=10.4)
    assert await shop.told() == []
    await shop.passes(hours=0.3)
    assert len(await shop.told()) == 1


async def test_who_can_not_be_reached_is_called_by_people(shop: Shop) -> None:
    await shop.tells(created(NUMBER, NOON, contact=None))
    await shop.passes(minutes=1)
    assert await shop.told() == []
    assert (await shop.cod()).state == CodState.UNREACHABLE
    (call,) = await shop.told("phone")
    assert "首次在本店下单" in call.text
    async with shop.database.read() as session:
        assert list(await session.scalars(select(HandoffRow.reason))) == ["cod_unreachable"]


async def test_an_event_counts_once(shop: Shop) -> None:
    data = created(NUMBER, NOON)
    assert await shop.tells(data)
    assert not await shop.tells(data)
    await shop.passes(minutes=1)
    assert len(await shop.told()) == 1


async def test_events_before_their_order_wait_for_it(shop: Shop) -> None:
    later = NOON + timedelta(hours=1)
    assert await shop.tells(event("out_for_delivery", NUMBER, later + timedelta(hours=30)))
    assert await shop.tells(shipped(NUMBER, later))
    await shop.tells(created(NUMBER, NOON))
    assert await shop.state() is OrderState.OUT_FOR_DELIVERY


async def test_an_older_event_that_comes_late_does_not_turn_time_back(shop: Shop) -> None:
    await shop.tells(created(NUMBER, NOON))
    await shop.tells(event("cancelled", NUMBER, NOON + timedelta(hours=2)))
    await shop.tells(event("packed", NUMBER, NOON + timedelta(hours=1)))
    assert await shop.state() is OrderState.CANCELLED
    assert (await shop.cod()).state == CodState.CANCELLED


async def test_the_tracking_number_and_the_amount_are_told_unasked(shop: Shop) -> None:
    await shop.tells(created(NUMBER, NOON))
    await shop.orders.changes.settle(NUMBER, Draft(confirm=True), actor="customer:x", now=shop.now)
    await shop.tells(shipped(NUMBER, shop.now))
    await shop.passes(minutes=10)
    await shop.tells(event("out_for_delivery", NUMBER, shop.now))
    await shop.passes(minutes=10)
    await shop.tells(event("delivery_failed", NUMBER, shop.now))
    await shop.passes(minutes=10)
    sent, today, failed = await shop.told()
    assert "SF1390000000001" in sent.text
    assert "¥1304" in today.text
    assert failed.buttons[0].payload == f'/change_delivery_time{{"order_number": "{NUMBER}"}}'


async def test_an_order_nobody_asked_about_can_be_confirmed_and_undone(shop: Shop) -> None:
    await shop.tells(created(NUMBER, NOON))
    async with shop.database.write() as session:
        await session.execute(delete(CodRow))  # as an order that was imported and never told of
    settle = shop.orders.changes.settle
    done = await settle(NUMBER, Draft(confirm=True), actor="customer:x", now=shop.now)
    assert isinstance(done, Settled)
    assert done.confirmed
    undone = await shop.orders.changes.undo_last("customer:x", shop.now)
    assert isinstance(undone, Settled)
    assert undone.order.awaits_confirmation
    assert (await shop.cod()).state == CodState.CHANGED


async def test_a_change_of_an_order_nobody_asked_about_keeps_its_friction(shop: Shop) -> None:
    await shop.tells(created(NUMBER, NOON, price=160000))
    async with shop.database.write() as session:
        await session.execute(delete(CodRow))
    draft = Draft(note="放门卫")
    await shop.orders.changes.settle(NUMBER, draft, actor="customer:x", now=shop.now)
    cod = await shop.cod()
    assert (cod.state, cod.friction) == (CodState.CHANGED, "check_address")
    assert any("1500" in reason["zh"] for reason in cod.reasons)


async def test_one_change_after_the_other_is_undone(shop: Shop) -> None:
    await shop.tells(created(NUMBER, NOON))
    settle, undo = shop.orders.changes.settle, shop.orders.changes.undo_last
    await settle(NUMBER, Draft(note="放门卫"), actor="customer:x", now=shop.now)
    await settle(NUMBER, Draft(phone="+8613800000000"), actor="customer:x", now=shop.now)
    assert isinstance(await undo("customer:x", shop.now), Settled)
    undone = await undo("customer:x", shop.now)
    assert isinstance(undone, Settled)
    assert (undone.order.courier_note, undone.order.phone) == (None, "+8615400003321")
    assert await undo("customer:x", shop.now) is None


async def test_undo_brings_back_what_was_before(shop: Shop) -> None:
    await shop.tells(created(NUMBER, NOON))
    before = await shop.orders.desk.opened_with(NUMBER, NUMBER)
    draft = Draft(phone="+8613800000000", note="放门卫", confirm=True)
    done = await shop.orders.changes.settle(NUMBER, draft, actor="customer:x", now=shop.now)
    assert isinstance(done, Settled)
    assert (done.order.phone, done.order.courier_note) == ("+8613800000000", "放门卫")
    undone = await shop.orders.changes.undo_last("customer:x", shop.now)
    assert isinstance(undone, Settled)
    assert undone.order == before
    assert await shop.orders.changes.undo_last("customer:x", shop.now) is None
    assert await shop.orders.changes.undo_last("customer:y", shop.now) is None


async def test_what_was_changed_since_is_not_undone(shop: Shop) -> None:
    await shop.tells(created(NUMBER, NOON))
    settle = shop.orders.changes.settle
    await settle(NUMBER, Draft(note="放门卫"), actor="customer:x", now=shop.now)
    await settle(NUMBER, Draft(note="放前台"), actor="agent:chen", now=shop.now)
    assert await shop.orders.changes.undo_last("customer:x", shop.now) is None


async def test_nothing_changes_after_packing(shop: Shop) -> None:
    await shop.tells(created(NUMBER, NOON))
    await shop.orders.changes.settle(NUMBER, Draft(note="放门卫"), actor="customer:x", now=shop.now)
    await shop.tells(event("packed", NUMBER, NOON + timedelta(hours=1)))
    for draft in (Draft(cancel=True), Draft(note="x"), Draft(phone="+8613800000000")):
        refused = await shop.orders.changes.settle(NUMBER, draft, actor="x", now=shop.now)
        assert isinstance(refused, TooLate)
    assert isinstance(await shop.orders.changes.undo_last("customer:x", shop.now), TooLate)


@pytest.mark.parametrize("price", [1000, 350000])
async def test_an_order_outside_the_limits_is_not_taken_as_cash_on_delivery(
    shop: Shop, price: int
) -> None:
    await shop.tells(created(NUMBER, NOON, price=price))
    await shop.passes(hours=20)
    (card,) = await shop.told()
    assert "没法货到付款" in card.text
    assert "¥20到¥3000" in card.text
    assert f"/pay/{NUMBER}" in card.text
    assert (await shop.cod()).state == CodState.REFUSED
    refused = await shop.orders.changes.settle(
        NUMBER, Draft(confirm=True), actor="customer:x", now=shop.now
    )
    assert isinstance(refused, NotAsCod)
    cancelled = await shop.orders.changes.settle(
        NUMBER, Draft(cancel=True), actor="customer:x", now=shop.now
    )
    assert isinstance(cancelled, Settled)
    assert (await shop.cod()).state == CodState.CANCELLED


async def test_an_order_outside_the_limits_goes_out_once_it_is_paid(shop: Shop) -> None:
    await shop.tells(created(NUMBER, NOON, price=350000))
    await shop.passes(hours=1)
    await shop.tells(event("paid", NUMBER, shop.now))
    assert (await shop.cod()).state == CodState.CONFIRMED
    assert await shop.state() is OrderState.PAID


async def test_nobody_ships_an_order_outside_the_limits_without_payment(shop: Shop) -> None:
    await shop.tells(created(NUMBER, NOON, price=350000, contact=None))
    await shop.passes(hours=1)
    (note,) = await shop.told("phone")
    assert "不符合货到付款条件" in note.text
    assert (await shop.cod()).state == CodState.REFUSED


async def test_the_cancelling_of_an_order_nobody_asked_about_is_undone(shop: Shop) -> None:
    await shop.tells(created(NUMBER, NOON))
    async with shop.database.write() as session:
        await session.execute(delete(CodRow))  # as an order that was imported and never told of
    settle, undo = shop.orders.changes.settle, shop.orders.changes.undo_last
    assert isinstance(
        await settle(NUMBER, Draft(cancel=True), actor="customer:x", now=shop.now), Settled
    )
    assert await shop.state() is OrderState.CANCELLED
    undone = await undo("customer:x", shop.now)
    assert isinstance(undone, Settled)
    assert undone.order.awaits_confirmation
    assert undone.order.to_collect.minor == 130400
    assert (await shop.cod()).state == CodState.CHANGED
    assert await undo("customer:x", shop.now) is None
