"""What the shop's own system is being asked for, written down before it is asked.

Between the shop's yes and our own record lies a moment in which this process may die. The intent
outlives it: ``bot.orders.unfinished`` asks again with the same key, which changes nothing twice,
and writes down what was missing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from bot.orders.book import OrderBook
from bot.orders.fields import Field
from bot.orders.model import Order
from bot.storage.cod import OrderIntentRow
from bot.storage.engine import Database

Values = Mapping[Field, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Intent:
    """One request to the shop; see ``OrderIntentRow``."""

    key: str
    order_number: str
    actor: str
    asked_at: datetime
    before: Values
    changes: Values
    confirms: bool = False
    undoes: bool = False
    doubtful: bool = False

    @property
    def touched(self) -> list[Field]:
        """The fields that become something else."""
        return [field for field in self.changes if self.changes[field] != self.before[field]]


async def begin(database: Database, intent: Intent) -> None:
    """Write an intent down, before the shop is asked."""
    async with database.write() as session:
        session.add(
            OrderIntentRow(
                key=intent.key, order_number=intent.order_number, actor=intent.actor,
                asked_at=intent.asked_at, before=_names(intent.before),
                changes=_names(intent.changes), confirms=intent.confirms, undoes=intent.undoes,
                doubtful=False,
            )
        )  # fmt: skip


async def ask(shop: OrderBook, intent: Intent) -> Order:
    """Ask the shop for it and return how the order is then; a repeated key changes nothing twice.

    Raises:
        BookDownError, ChangeRefusedError, UnknownOrderError: as ``OrderBook.change`` does.
    """
    return await shop.change(
        intent.order_number,
        intent.changes,
        confirmed_at=intent.asked_at if intent.confirms else None,
        key=intent.key,
        at=intent.asked_at,
    )


async def end(session: AsyncSession, key: str) -> bool:
    """Forget an intent in the transaction that writes down what it led to.

    Returns:
        Whether it was still there; if not, somebody else has written it down already.
    """
    gone = await session.execute(
        delete(OrderIntentRow).where(OrderIntentRow.key == key).returning(OrderIntentRow.key)
    )
    return gone.scalar_one_or_none() is not None


async def doubt(database: Database, key: str) -> None:
    """Note that the shop gave no answer, and that the customer heard that nothing was changed."""
    async with database.write() as session:
        await session.execute(
            update(OrderIntentRow).where(OrderIntentRow.key == key).values(doubtful=True)
        )


async def begun_before(database: Database, moment: datetime) -> list[Intent]:
    """Return the intents that were written down before ``moment`` and have no end, oldest first."""
    async with database.read() as session:
        rows = await session.scalars(
            select(OrderIntentRow)
            .where(OrderIntentRow.asked_at <= moment)
            .order_by(OrderIntentRow.asked_at)
        )
        return [
            Intent(
                row.key, row.order_number, row.actor, row.asked_at, _fields(row.before),
                _fields(row.changes), row.confirms, row.undoes, row.doubtful,
            )
            for row in rows
        ]  # fmt: skip


def _names(values: Values) -> dict[str, Any]:
    return {field.value: dict(value) for field, value in values.items()}


def _fields(values: Mapping[str, Any]) -> Values:
    return {Field(name): value for name, value in values.items()}
