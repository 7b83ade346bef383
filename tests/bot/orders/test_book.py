"""The SQL order book keeps the contract, and hides orders to other phones of the same customer."""

from __future__ import annotations

import pytest
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError

from bot.orders.book import OrderBook, SqlOrderBook
from bot.storage.engine import Database
from bot.storage.orders import OrderRow
from tests.bot.orders.contract import OrderBookContract


class TestSqlOrderBook(OrderBookContract):
    @pytest.fixture
    def book(self, shop: Database) -> OrderBook:
        return SqlOrderBook(shop)


async def test_orders_to_another_phone_are_not_listed(shop: Database, book: SqlOrderBook) -> None:
    order = await book.find("SO20261105001")
    assert order is not None
    other = next(o for o in await book.of_same_customer(order, limit=5) if o.number != order.number)
    async with shop.write() as session:
        await session.execute(
            update(OrderRow).where(OrderRow.number == other.number).values(phone="+8615400001111")
        )
    listed = [o.number for o in await book.of_same_customer(order, limit=5)]
    assert order.number in listed
    assert other.number not in listed


async def test_the_database_refuses_a_total_that_is_not_the_sum(shop: Database) -> None:
    with pytest.raises(IntegrityError):
        async with shop.write() as session:
            await session.execute(update(OrderRow).values(total_minor=OrderRow.total_minor + 1))
