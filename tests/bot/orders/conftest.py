"""The demo orders as of one Sunday evening, in both kinds of database."""

from __future__ import annotations

import functools
from datetime import datetime

import pytest

from bot.orders.book import SqlOrderBook
from bot.orders.demo import demo_orders, insert_shop
from bot.orders.demo_shop import DemoShop, build_shop
from bot.orders.desk import OrderDesk
from bot.orders.promise import SHOP_ZONE
from bot.storage.engine import Database

NOW = datetime(2026, 11, 22, 19, 30, tzinfo=SHOP_ZONE)


@functools.cache
def known_customers() -> DemoShop:
    """The customers of the demo orders with all that they ordered: few rows, so tests stay quick."""
    whole = build_shop(NOW)
    shop = DemoShop(customers=whole.customers[: len(demo_orders())])
    ids = {row["id"] for row in shop.customers}
    shop.orders.extend(row for row in whole.orders if row["customer_id"] in ids)
    numbers = {row["number"] for row in shop.orders}
    shop.items.extend(row for row in whole.items if row["order_number"] in numbers)
    shop.parcels.extend(row for row in whole.parcels if row["order_number"] in numbers)
    tracking = {row["tracking_number"] for row in shop.parcels}
    shop.events.extend(row for row in whole.events if row["tracking_number"] in tracking)
    return shop


@pytest.fixture
async def shop(database: Database) -> Database:
    """A database with the demo orders."""
    async with database.write() as session:
        await insert_shop(session, known_customers())
    return database


@pytest.fixture
def book(shop: Database) -> SqlOrderBook:
    return SqlOrderBook(shop)


@pytest.fixture
def desk(shop: Database) -> OrderDesk:
    return OrderDesk(SqlOrderBook(shop), shop)
