"""The identity check: what it opens, what it tells, when it locks, also under pressure."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import timedelta
from random import Random

import pytest
from sqlalchemy import select, update

from bot.orders.desk import Locked, NoMatch, OrderDesk, Verified
from bot.orders.tries import LOCK_PERIOD
from bot.storage.engine import Database
from bot.storage.orders import OrderLookupRow, OrderRow
from tests.bot.orders.conftest import NOW

ORDER, DIGITS, WRONG = "SO20261105001", "6688", "0000"
UNKNOWN = "SO20261105999"
TRACKING = "SF1390020261105"


def _number(result: Verified | NoMatch | Locked) -> str | None:
    return result.order.number if isinstance(result, Verified) else None


@pytest.mark.parametrize("reference", [ORDER, " so20261105001 ", TRACKING, "sf1390020261105"])
async def test_number_and_digits_open_the_order(desk: OrderDesk, reference: str) -> None:
    result = await desk.verify(reference, DIGITS, conversation_id="a", now=NOW)
    assert _number(result) == ORDER


async def test_wrong_digits_and_an_unknown_number_are_told_alike(desk: OrderDesk) -> None:
    wrong = await desk.verify(ORDER, WRONG, conversation_id="a", now=NOW)
    unknown = await desk.verify(UNKNOWN, DIGITS, conversation_id="b", now=NOW)
    assert wrong == unknown == NoMatch()


@pytest.mark.parametrize("digits", ["", "668", "66886", "6688 ", "林静"])
async def test_only_exactly_the_last_four_digits_fit(desk: OrderDesk, digits: str) -> None:
    assert await desk.verify(ORDER, digits, conversation_id="a", now=NOW) == NoMatch()


async def test_a_reference_of_any_length_is_just_unknown(desk: OrderDesk) -> None:
    assert await desk.verify("SO" * 5000, DIGITS, conversation_id="a", now=NOW) == NoMatch()


async def test_the_fifth_wrong_try_locks_and_right_digits_open_no_more(desk: OrderDesk) -> None:
    results = [await desk.verify(ORDER, WRONG, conversation_id="a", now=NOW) for _ in range(5)]
    assert results == [NoMatch()] * 4 + [Locked()]
    assert await desk.verify(ORDER, DIGITS, conversation_id="a", now=NOW) == Locked()


async def test_wrong_tries_over_different_orders_lock_the_customer(desk: OrderDesk) -> None:
    for k in range(2, 7):
        await desk.verify(f"SO2026110500{k}", WRONG, conversation_id="a", now=NOW)
    assert await desk.verify(ORDER, DIGITS, conversation_id="a", now=NOW) == Locked()
    # Nobody else is locked out: each order has seen only one wrong try.
    assert _number(await desk.verify(ORDER, DIGITS, conversation_id="b", now=NOW)) == ORDER
    other = await desk.verify("SO20261105002", "3321", conversation_id="b", now=NOW)
    assert _number(other) == "SO20261105002"


@pytest.mark.parametrize("reference", [ORDER, UNKNOWN])
async def test_wrong_tries_of_different_customers_lock_the_order(
    desk: OrderDesk, reference: str
) -> None:
    """An unknown number locks as an existing one does, so that the lock does not tell them apart."""
    results = [
        await desk.verify(reference, WRONG, conversation_id=f"guesser-{k}", now=NOW)
        for k in range(5)
    ]
    assert results == [NoMatch()] * 4 + [Locked()]
    assert await desk.verify(reference, DIGITS, conversation_id="owner", now=NOW) == Locked()
    # The guessers themselves may still look up orders of their own.
    own = await desk.verify("SO20261105002", "3321", conversation_id="guesser-0", now=NOW)
    assert _number(own) == "SO20261105002"


async def test_order_number_and_tracking_number_share_one_limit(desk: OrderDesk) -> None:
    for k, reference in enumerate([ORDER, TRACKING, ORDER, TRACKING, ORDER]):
        await desk.verify(reference, WRONG, conversation_id=f"guesser-{k}", now=NOW)
    assert await desk.verify(TRACKING, DIGITS, conversation_id="owner", now=NOW) == Locked()


async def test_the_lock_opens_when_the_hour_has_passed(desk: OrderDesk) -> None:
    for _ in range(5):
        await desk.verify(ORDER, WRONG, conversation_id="a", now=NOW)
    almost = NOW + LOCK_PERIOD - timedelta(seconds=1)
    assert await desk.verify(ORDER, DIGITS, conversation_id="a", now=almost) == Locked()
    result = await desk.verify(ORDER, DIGITS, conversation_id="a", now=NOW + LOCK_PERIOD)
    assert _number(result) == ORDER


async def test_asking_while_locked_does_not_prolong_the_lock(desk: OrderDesk) -> None:
    for _ in range(5):
        await desk.verify(ORDER, WRONG, conversation_id="a", now=NOW)
    for minute in range(0, 60, 6):
        later = NOW + timedelta(minutes=minute)
        assert await desk.verify(ORDER, WRONG, conversation_id="a", now=later) == Locked()
    result = await desk.verify(ORDER, DIGITS, conversation_id="a", now=NOW + LOCK_PERIOD)
    assert _number(result) == ORDER


async def test_no_hour_holds_more_than_five_wrong_tries(desk: OrderDesk) -> None:
    """Whatever the rhythm: a try every ten minutes gets five looks in any hour, not more."""
    looked = [
        await desk.verify(ORDER, WRONG, conversation_id="a", now=NOW + timedelta(minutes=10 * k))
        for k in range(18)
    ]
    # Tries at 0-40 min fill the hour; at 60 min the first has left it and the next fills it again.
    assert looked[:7] == [NoMatch()] * 4 + [Locked()] * 3
    async with desk._database.read() as session:
        row = await session.get_one(OrderLookupRow, f"order:{ORDER}")
    assert len(row.wrong_tries) == 5


async def test_a_right_try_forgives_no_wrong_one(desk: OrderDesk) -> None:
    for _ in range(4):
        await desk.verify("SO20261105002", WRONG, conversation_id="a", now=NOW)
    assert _number(await desk.verify(ORDER, DIGITS, conversation_id="a", now=NOW)) == ORDER
    assert await desk.verify("SO20261105003", WRONG, conversation_id="a", now=NOW) == Locked()


async def test_right_tries_never_lock(desk: OrderDesk) -> None:
    results = [await desk.verify(ORDER, DIGITS, conversation_id="a", now=NOW) for _ in range(12)]
    assert {_number(result) for result in results} == {ORDER}


async def test_guesses_at_the_same_moment_get_no_more_looks(desk: OrderDesk) -> None:
    """Twenty guesses at once, all by one customer: four are told no, all others are locked out."""
    results = await asyncio.gather(
        *(desk.verify(ORDER, f"{k:04}", conversation_id="a", now=NOW) for k in range(20))
    )
    assert Counter(results) == {NoMatch(): 4, Locked(): 16}


async def test_guesses_of_many_customers_at_the_same_moment_get_no_more_looks(
    desk: OrderDesk,
) -> None:
    results = await asyncio.gather(
        *(desk.verify(ORDER, WRONG, conversation_id=f"{k}", now=NOW) for k in range(20))
    )
    assert Counter(results) == {NoMatch(): 4, Locked(): 16}


async def test_two_processes_share_the_limit(
    shop: Database, engine_url: str, desk: OrderDesk
) -> None:
    """Two desks with connections of their own, as two app processes have."""
    second = Database(engine_url)
    other = OrderDesk(desk._book, second)
    results = await asyncio.gather(
        *(d.verify(ORDER, WRONG, conversation_id="a", now=NOW) for d in [desk, other] * 8)
    )
    await second.close()
    assert Counter(results) == {NoMatch(): 4, Locked(): 12}


async def test_crossing_tries_never_deadlock(shop: Database, desk: OrderDesk) -> None:
    """Customers and orders in every combination at once; whoever waits gets through."""
    pairs = [(f"c{c}", f"SO2026110500{o}") for c in range(6) for o in range(1, 7)]
    Random(7).shuffle(pairs)
    await asyncio.gather(
        *(desk.verify(order, WRONG, conversation_id=who, now=NOW) for who, order in pairs)
    )
    async with shop.read() as session:
        rows = (await session.execute(select(OrderLookupRow))).scalars().all()
    tries = {row.subject: len(row.wrong_tries) for row in rows}
    assert len(tries) == 18  # six conversations, six orders, their six phones
    assert max(tries.values()) == 5


async def test_who_is_verified_may_see_the_own_other_orders(desk: OrderDesk) -> None:
    first = await desk.verify(ORDER, DIGITS, conversation_id="a", now=NOW)
    assert isinstance(first, Verified)
    own = [o.number for o in await desk.recent_orders(first.order, limit=5)]
    assert len(own) == 4
    for number in own:
        opened = await desk.opened_with(ORDER, number.lower())
        assert opened is not None
        assert opened.number == number


@pytest.mark.parametrize("reference", ["SO20261105002", UNKNOWN])
async def test_the_orders_of_others_stay_closed(desk: OrderDesk, reference: str) -> None:
    assert await desk.opened_with(ORDER, reference) is None


async def test_an_own_order_to_another_phone_stays_closed(shop: Database, desk: OrderDesk) -> None:
    first = await desk.verify(ORDER, DIGITS, conversation_id="a", now=NOW)
    assert isinstance(first, Verified)
    other = next(o for o in await desk.recent_orders(first.order, limit=5) if o.number != ORDER)
    async with shop.write() as session:
        await session.execute(
            update(OrderRow).where(OrderRow.number == other.number).values(phone="+8615400001111")
        )
    assert await desk.opened_with(ORDER, other.number) is None
