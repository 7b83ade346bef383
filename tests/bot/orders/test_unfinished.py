"""A process that dies between the shop's yes and our record loses no change and makes none twice."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from bot.orders.book import BookDownError, SqlOrderBook
from bot.orders.changes import Draft, Settled, ShopDown
from bot.orders.cod import CodState
from bot.orders.demo import insert_shop
from bot.orders.fields import Changes
from bot.orders.model import Order
from bot.orders.service import Orders
from bot.storage.cod import CodRow, OrderEventRow, OrderIntentRow
from bot.storage.engine import Database
from tests.apps import read_phrases
from tests.bot.orders.conftest import NOW, known_customers
from tests.bot.orders.contract import WAITING
from tests.databases import make_tables

_LATER = NOW + timedelta(hours=1)
_ACTOR = "customer:c1"


class Killed(BaseException):
    """What SIGKILL looks like from inside: nothing after it runs."""


class ShopWithFaults(SqlOrderBook):
    """The shop's book; ``fault`` strikes once, before or after the shop has made a change."""

    fault: tuple[str, type[BaseException]] | None = None

    async def change(
        self,
        number: str,
        changes: Changes,
        *,
        confirmed_at: datetime | None = None,
        key: str,
        at: datetime,
    ) -> Order:
        self._strike("before")
        order = await super().change(number, changes, confirmed_at=confirmed_at, key=key, at=at)
        self._strike("after")
        return order

    async def close(self) -> None:
        await self._database.close()

    def _strike(self, when: str) -> None:
        if self.fault and self.fault[0] == when:
            kind, self.fault = self.fault[1], None
            raise kind("fault")


@pytest.fixture
async def books(tmp_path: Path) -> AsyncIterator[tuple[Database, ShopWithFaults]]:
    """Our database, and the shop with its own."""
    made = []
    for name in ("ours", "shop"):
        url = f"sqlite+aiosqlite:///{tmp_path / name}.sqlite3"
        await make_tables(url)
        made.append(Database(url))
    ours, theirs = made
    async with theirs.write() as session:
        await insert_shop(session, known_customers())
    yield ours, ShopWithFaults(theirs)
    await ours.close()
    await theirs.close()


def _orders(ours: Database, shop: Any, root: Path) -> Orders:
    """Put everything together as a process does when it starts."""
    return Orders.build(
        ours, root / "data/policy", read_phrases(root), "zh", shop=shop, clock=lambda: NOW
    )


async def _history(ours: Database) -> list[tuple[str, str, Any, Any]]:
    async with ours.read() as session:
        rows = await session.scalars(select(OrderEventRow).order_by(OrderEventRow.id))
        return [(row.kind, row.actor, row.before, row.after) for row in rows if row.actor == _ACTOR]


async def _open_intents(ours: Database) -> int:
    async with ours.read() as session:
        return len((await session.scalars(select(OrderIntentRow))).all())


@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_change_cut_off_by_a_kill_is_finished_once(
    books: tuple[Database, ShopWithFaults], root: Path, when: str
) -> None:
    ours, shop = books
    was = await shop.find(WAITING)
    assert was is not None
    shop.fault = (when, Killed)
    draft = Draft(phone="13900001111", note="放门卫", confirm=True)
    with pytest.raises(Killed):
        await _orders(ours, shop, root).changes.settle(WAITING, draft, actor=_ACTOR, now=NOW)
    assert await _history(ours) == []

    orders = _orders(ours, shop, root)
    # Our copy learns of the new phone before anybody has written down that it changed.
    await orders.book.find(WAITING)
    assert await orders.unfinished.finish(NOW) == 0  # it might be under way in another process
    assert await orders.unfinished.finish(NOW, timedelta()) == 1
    expected = [
        ("change.phone", _ACTOR, {"phone": was.phone}, {"phone": "13900001111"}),
        ("change.note", _ACTOR, {"note": was.courier_note}, {"note": "放门卫"}),
        ("confirm", _ACTOR, {}, {"cod": "confirmed"}),
    ]
    assert [
        event for event in await _history(ours) if event[0] in {e[0] for e in expected}
    ] == expected
    assert await _open_intents(ours) == 0
    assert await orders.unfinished.finish(_LATER) == 0
    for book in (shop, orders.copy):
        order = await book.find(WAITING)
        assert order is not None
        assert (order.phone, order.courier_note) == ("13900001111", "放门卫")
        assert order.cod_confirmed_at == NOW
    async with ours.read() as session:
        cod = await session.get(CodRow, WAITING)
    assert cod is not None
    assert cod.state == CodState.CONFIRMED

    # The turn that was cut off is played again, and what was finished can be taken back.
    again = await orders.changes.settle(WAITING, draft, actor=_ACTOR, now=_LATER)
    assert isinstance(again, Settled)
    assert [event[0] for event in await _history(ours)].count("change.phone") == 1
    assert isinstance(await orders.changes.undo_last(_ACTOR, _LATER), Settled)
    order = await shop.find(WAITING)
    assert order is not None
    assert order.phone == was.phone


async def test_an_undo_cut_off_by_a_kill_is_finished_once(
    books: tuple[Database, ShopWithFaults], root: Path
) -> None:
    ours, shop = books
    orders = _orders(ours, shop, root)
    was = await shop.find(WAITING)
    assert was is not None
    done = await orders.changes.settle(WAITING, Draft(cancel=True), actor=_ACTOR, now=NOW)
    assert isinstance(done, Settled)
    shop.fault = ("after", Killed)
    with pytest.raises(Killed):
        await orders.changes.undo_last(_ACTOR, NOW)

    orders = _orders(ours, shop, root)
    assert await orders.unfinished.finish(_LATER) == 1
    assert [event[0] for event in await _history(ours)].count("undo.cancel") == 1
    for book in (shop, orders.copy):
        order = await book.find(WAITING)
        assert order is not None
        assert (order.state, order.to_collect) == (was.state, was.to_collect)
    assert await _open_intents(ours) == 0


@pytest.mark.parametrize(("when", "made"), [("before", False), ("after", True)])
async def test_after_we_said_that_nothing_was_changed_nothing_more_is_changed(
    books: tuple[Database, ShopWithFaults], root: Path, when: str, made: bool
) -> None:
    """What the shop did before its answer was lost is written down; what it did not stays undone."""
    ours, shop = books
    orders = _orders(ours, shop, root)
    shop.fault = (when, BookDownError)
    told = await orders.changes.settle(WAITING, Draft(phone="13900001111"), actor=_ACTOR, now=NOW)
    assert isinstance(told, ShopDown)
    assert await orders.unfinished.finish(_LATER) == 1
    assert ("change.phone" in [event[0] for event in await _history(ours)]) is made
    order = await shop.find(WAITING)
    assert order is not None
    assert (order.phone == "13900001111") is made
    assert await _open_intents(ours) == 0


async def test_what_the_shop_can_not_be_asked_for_yet_is_kept(
    books: tuple[Database, ShopWithFaults], root: Path
) -> None:
    ours, shop = books
    orders = _orders(ours, shop, root)
    shop.fault = ("after", Killed)
    with pytest.raises(Killed):
        await orders.changes.settle(WAITING, Draft(cancel=True), actor=_ACTOR, now=NOW)
    shop.fault = ("before", BookDownError)
    assert await orders.unfinished.finish(_LATER) == 0
    assert await _open_intents(ours) == 1
    assert await orders.unfinished.finish(_LATER) == 1
    assert [event[0] for event in await _history(ours)].count("change.cancel") == 1
