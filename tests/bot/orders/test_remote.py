"""A shop's order API: the client and our copy keep the contract, and bear with a shop that fails."""

from __future__ import annotations

import asyncio
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from ruamel.yaml import YAML
from sqlalchemy import delete, select

from bot.conversations import transcript
from bot.conversations.phrases import Phrases
from bot.orders.book import BookDownError, OrderBook, SqlOrderBook
from bot.orders.changes import Draft, Settled, ShopDown, TooLate
from bot.orders.demo import insert_shop
from bot.orders.fields import Field
from bot.orders.outages import Outages
from bot.orders.record import TELL_CANCELLED, set_timer
from bot.orders.remote.client import HttpOrderBook
from bot.orders.remote.mirror import MirroredOrderBook
from bot.orders.service import Orders
from bot.storage.base import Base
from bot.storage.cod import OrderEventRow, OrderIntentRow
from bot.storage.conversations import MessageRow
from bot.storage.engine import Database
from tests.bot.orders.conftest import NOW, known_customers
from tests.bot.orders.contract import WAITING, OrderBookContract
from tests.bot.orders.cut_off import ACTOR
from tests.bot.orders.reference_shop import TOKEN, create_shop
from tests.databases import make_tables

# Far above what an answer takes on a busy machine, far below how long a hanging shop hangs.
TIMEOUT_S = 5.0
LATER = NOW + timedelta(hours=1)


@dataclass
class ReferenceShop:
    """The shop's process and its database, which the tests fill anew."""

    url: str
    database_url: str

    async def refill(self) -> None:
        database = Database(self.database_url)
        async with database.write() as session:
            for table in reversed(Base.metadata.sorted_tables):
                await session.execute(delete(table))
            await insert_shop(session, known_customers())
        await database.close()

    def fails(self, count: int, kind: str = "error") -> None:
        faults = {"count": count, "kind": kind}
        httpx.post(f"{self.url}/faults", json=faults).raise_for_status()


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory, root: Path) -> Iterator[ReferenceShop]:
    """One reference server for all tests."""
    database_url = f"sqlite+aiosqlite:///{tmp_path_factory.mktemp('shop') / 'shop.sqlite3'}"
    asyncio.run(make_tables(database_url))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "tests.bot.orders.reference_shop", database_url, str(port)]
    shop = ReferenceShop(f"http://127.0.0.1:{port}", database_url)
    with subprocess.Popen(command, cwd=root) as server:
        try:
            _until_ready(shop.url, server)
            yield shop
        finally:
            server.kill()  # a request that hangs would be waited for


def _until_ready(url: str, server: subprocess.Popen[bytes]) -> None:
    give_up = time.monotonic() + 120
    while time.monotonic() < give_up and server.poll() is None:
        try:
            httpx.get(f"{url}/openapi.json")
        except httpx.TransportError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError("expected the reference shop to answer")


@pytest.fixture
async def shop(process: ReferenceShop) -> ReferenceShop:
    process.fails(0)
    await process.refill()
    return process


@pytest.fixture
async def client(shop: ReferenceShop) -> AsyncIterator[HttpOrderBook]:
    client = HttpOrderBook(shop.url, TOKEN, TIMEOUT_S)
    yield client
    await client.close()


@pytest.fixture
def engine_url(tmp_path: Path) -> str:
    """One kind of database for our copy; its statements are those of the SQL order book."""
    return f"sqlite+aiosqlite:///{tmp_path / 'copy.sqlite3'}"


@pytest.fixture
def mirror(client: HttpOrderBook, database: Database) -> MirroredOrderBook:
    return MirroredOrderBook(client, database, lambda: LATER)


class TestHttpOrderBook(OrderBookContract):
    @pytest.fixture
    def book(self, client: HttpOrderBook) -> OrderBook:
        return client


class TestMirroredOrderBook(OrderBookContract):
    @pytest.fixture
    def book(self, mirror: MirroredOrderBook) -> OrderBook:
        return mirror


async def test_the_copy_is_the_order(mirror: MirroredOrderBook, database: Database) -> None:
    for number in ("SO20261105001", WAITING, "SO20261105006"):
        order = await mirror.find(number)
        assert order == await SqlOrderBook(database).find(number)
        assert await mirror.find(number) == order


async def test_the_document_is_what_the_reference_shop_does(root: Path, database: Database) -> None:
    """Regenerate with ``python -m tests.bot.orders.order_api``."""
    written = YAML(typ="safe").load((root / "docs/order-api.yml").read_text("utf-8"))
    assert written == create_shop(SqlOrderBook(database)).openapi()


@pytest.mark.parametrize("kind", ["error", "cut"])
async def test_a_change_is_tried_again_and_made_once(
    shop: ReferenceShop, client: HttpOrderBook, kind: str
) -> None:
    """Twice the shop fails: before it did anything, or after, when only the answer is lost."""
    shop.fails(2, kind)
    changes = {Field.RECIPIENT: {"recipient": "王芳"}}
    changed = await client.change(WAITING, changes, key="once", at=NOW)
    assert changed.recipient == "王芳"
    theirs = Database(shop.database_url)
    async with theirs.read() as session:
        kinds = list(await session.scalars(select(OrderEventRow.kind)))
    await theirs.close()
    assert kinds == ["change.recipient"]


async def test_a_shop_that_hangs_is_down(shop: ReferenceShop) -> None:
    impatient = HttpOrderBook(shop.url, TOKEN, timeout_s=0.2)
    shop.fails(3, "hang")
    with pytest.raises(BookDownError):
        await impatient.find(WAITING)
    await impatient.close()


async def test_after_failures_no_request_is_sent_for_a_while(shop: ReferenceShop) -> None:
    client = HttpOrderBook(shop.url, TOKEN, TIMEOUT_S, rest_s=600)
    shop.fails(9)
    for _ in range(3):
        with pytest.raises(BookDownError, match="503"):
            await client.find(WAITING)
    # The shop would answer again by now, but it is left in peace.
    with pytest.raises(BookDownError, match="rests"):
        await client.find(WAITING)
    await client.close()


async def test_a_refused_token_is_no_missing_order(shop: ReferenceShop) -> None:
    stranger = HttpOrderBook(shop.url, "wrong", TIMEOUT_S)
    with pytest.raises(BookDownError, match="401"):
        await stranger.find(WAITING)
    await stranger.close()


async def test_the_last_known_state_helps_out_while_the_shop_is_down(
    shop: ReferenceShop, mirror: MirroredOrderBook
) -> None:
    fresh = await mirror.find(WAITING)
    assert fresh is not None
    assert fresh.as_of is None
    shop.fails(3)
    known = await mirror.find(WAITING)
    assert known is not None
    assert (known.number, known.as_of) == (WAITING, LATER)
    shop.fails(3)
    with pytest.raises(BookDownError):
        await mirror.find("SO20261105001")


@pytest.fixture
def orders(client: HttpOrderBook, database: Database, root: Path) -> Orders:
    phrases = Phrases(root / "domain.yml")
    return Orders.build(database, root / "data/policy", phrases, "zh", shop=client)


async def theirs(shop: ReferenceShop, number: str = WAITING) -> tuple[str, str | None]:
    book = Database(shop.database_url)
    order = await SqlOrderBook(book).find(number)
    await book.close()
    assert order is not None
    return order.state, order.recipient


async def test_changes_and_their_undoing_go_back_to_the_shop(
    shop: ReferenceShop, orders: Orders
) -> None:
    draft = Draft(recipient="王芳", cancel=False)
    done = await orders.changes.settle(WAITING, draft, actor="customer:c", now=NOW)
    assert isinstance(done, Settled)
    assert await theirs(shop) == ("placed", "王芳")
    cancelled = await orders.changes.settle(
        WAITING, Draft(cancel=True), actor="customer:c", now=NOW
    )
    assert isinstance(cancelled, Settled)
    assert await theirs(shop) == ("cancelled", "王芳")
    undone = await orders.changes.undo_last("customer:c", NOW)
    assert isinstance(undone, Settled)
    assert await theirs(shop) == ("placed", "王芳")


async def test_the_shop_has_the_last_word(shop: ReferenceShop, orders: Orders) -> None:
    """It was packed a moment ago, and nobody told us yet."""
    draft = Draft(recipient="王芳")
    order = await orders.book.find("SO20261105001")
    assert order is not None
    done = await orders.changes.settle(order.number, draft, actor="customer:c", now=NOW)
    assert isinstance(done, TooLate)


async def test_nothing_is_changed_while_the_shop_is_down_and_its_return_is_told(
    shop: ReferenceShop, orders: Orders, database: Database, root: Path
) -> None:
    async with database.write() as session:
        conversation = await transcript.open_conversation(session, "web", "visitor")
    await orders.book.find(WAITING)
    shop.fails(3)
    done = await orders.changes.settle(
        WAITING, Draft(recipient="王芳"), actor="customer:c", now=NOW
    )
    assert isinstance(done, ShopDown)
    assert (await theirs(shop))[1] != "王芳"
    outages: Outages = orders.outages
    for _ in range(2):
        await outages.wait(conversation.id, WAITING, NOW)
    shop.fails(3)
    assert await outages.look() == []
    shop.fails(0)
    assert await outages.look() == [conversation.id]
    assert await outages.look() == []
    async with database.read() as session:
        (message,) = (await session.scalars(select(MessageRow))).all()
    assert "恢复" in message.body["text"]
    assert "货到付款待发货" in message.body["text"]


async def test_the_shop_hears_what_the_policy_cancelled_once_it_is_back(
    shop: ReferenceShop, orders: Orders, database: Database
) -> None:
    await orders.book.find(WAITING)
    async with database.write() as session:
        await set_timer(session, WAITING, TELL_CANCELLED, NOW)
    (timer,) = await orders.timers.due(NOW, 5)
    shop.fails(3)
    await orders.timers.fire([timer], NOW)
    assert (await theirs(shop))[0] == "placed"
    assert await orders.timers.due(NOW, 5) == []
    shop.fails(0)
    later = NOW + timedelta(minutes=2)
    assert await orders.timers.due(later, 5) == [timer]
    await orders.timers.fire([timer], later)
    assert (await theirs(shop))[0] == "cancelled"
    assert await orders.timers.due(later + timedelta(days=1), 5) == []


async def test_a_process_killed_after_the_shop_s_yes_has_lost_nothing_at_the_next_start(
    shop: ReferenceShop, root: Path, tmp_path: Path
) -> None:
    """Two real processes and a real SIGKILL; test_unfinished.py has the other moments, without them."""
    ours = f"sqlite+aiosqlite:///{tmp_path / 'ours.sqlite3'}"
    await make_tables(ours)
    phone = "+8613900001111"
    command = [sys.executable, "-m", "tests.bot.orders.cut_off", ours, shop.url, WAITING, phone]
    child = await asyncio.create_subprocess_exec(*command, cwd=root)
    assert await child.wait() == -signal.SIGKILL
    made = OrderEventRow.kind == "change.phone"
    theirs, database = Database(shop.database_url), Database(ours)
    try:
        async with database.read() as session:
            assert len((await session.scalars(select(OrderIntentRow))).all()) == 1
            assert (await session.scalars(select(OrderEventRow).where(made))).all() == []
        again = Orders.build(
            database, root / "data/policy", Phrases(root / "domain.yml"), "zh",
            shop=HttpOrderBook(shop.url, TOKEN, TIMEOUT_S), clock=lambda: LATER,
        )  # fmt: skip
        # What the app does when it starts, twice.
        assert [await again.unfinished.finish(LATER, timedelta()) for _ in range(2)] == [1, 0]
        await again.close()
        for book in (theirs, database):
            async with book.read() as session:
                (change,) = (await session.scalars(select(OrderEventRow).where(made))).all()
            assert change.after == {"phone": phone}
            order = await SqlOrderBook(book).find(WAITING)
            assert order is not None
            assert order.phone == phone
        assert change.actor == ACTOR
        async with database.read() as session:
            assert (await session.scalars(select(OrderIntentRow))).all() == []
    finally:
        await theirs.close()
        await database.close()
