"""The demo shop in the order book: which orders to try, and how they get there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.orders.demo_shop import CUSTOMER_PREFIX, DemoShop, build_shop, demo_data
from bot.orders.model import Bilingual
from bot.storage.cod import OrderEventRow
from bot.storage.engine import Database
from bot.storage.orders import (
    OrderItemRow,
    OrderRow,
    ParcelRow,
    ShopCustomerRow,
    TrackingEventRow,
)

_STAYS_FRESH = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class DemoOrder:
    """An order to try things with: it exists in every demo shop, under this number."""

    number: str
    last_four: str
    shows: Bilingual


def demo_orders() -> tuple[DemoOrder, ...]:
    """Return the demo orders that start-up table and documentation name."""
    return tuple(
        DemoOrder(entry["number"], entry["last_four"], Bilingual(**entry["shows"]))
        for entry in demo_data()["showcase"]
    )


async def seed_demo(database: Database, now: datetime) -> bool:
    """Fill an empty order book with the demo shop as of ``now``; say whether anything was written.

    A demo shop more than a day old is replaced, or every parcel would be late and nothing out for
    delivery. An order book with any other customer's orders is left alone.
    """
    ours = OrderRow.customer_id.startswith(CUSTOMER_PREFIX)
    async with database.write() as session:
        if await session.scalar(select(OrderRow.number).where(~ours).limit(1)):
            return False
        newest = await session.scalar(select(func.max(OrderRow.created_at)))
        if newest and now - newest < _STAYS_FRESH:
            return False
        await _remove(session)
        await insert_shop(session, build_shop(now))
    return True


async def insert_shop(session: AsyncSession, shop: DemoShop) -> None:
    """Write the rows of a demo shop into an order book that holds none of them."""
    await session.execute(insert(ShopCustomerRow), shop.customers)
    await session.execute(insert(OrderRow), shop.orders)
    await session.execute(insert(ParcelRow), shop.parcels)
    await session.execute(insert(OrderItemRow), shop.items)
    await session.execute(insert(TrackingEventRow), shop.events)


async def _remove(session: AsyncSession) -> None:
    # Only demo orders are left in the book at this point. What is kept about one goes with it.
    await session.execute(
        delete(OrderEventRow).where(OrderEventRow.order_number.in_(select(OrderRow.number)))
    )
    for table in (OrderItemRow, TrackingEventRow, ParcelRow, OrderRow):
        await session.execute(delete(table))
    demo = ShopCustomerRow.id.startswith(CUSTOMER_PREFIX)
    await session.execute(delete(ShopCustomerRow).where(demo))
