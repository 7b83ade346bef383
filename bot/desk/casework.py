"""The desk's view of cases: what was promised to whom, until when, and how it ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.orders import wording
from bot.orders.book import OrderBook
from bot.orders.cases import CLOSED, WITHDRAWN
from bot.orders.model import Bilingual, Order
from bot.storage.cod import CaseRow, OrderEventRow
from bot.storage.conversations import ConversationRow

_CLOSED_SHOWN = 50
# What the customer told besides the articles and the pictures; the page has a name for each.
_TOLD = ("problem", "reason", "opened", "wish", "photo", "title", "tax_number", "email")


class CaseState(StrEnum):
    """How far a case is."""

    OPEN = "open"
    LATE = "late"  # open, and the customer was promised to hear by now
    CLOSED = "closed"
    WITHDRAWN = "withdrawn"  # the customer took it back


@dataclass(frozen=True, slots=True)
class CaseCard:
    """A case as the desk shows it.

    ``order_number`` is ``None`` where it is about no order, ``conversation_id`` where it came from no
    conversation that still stands: then nobody hears the answer. ``told`` are details of the claim by
    name (``bot.orders.claims.model.Claim``), ``pictures`` the ids of its files.
    """

    number: str
    kind: str
    state: CaseState
    order_number: str | None
    order_state: Bilingual | None
    items: Bilingual | None
    conversation_id: str | None
    created_at: datetime
    promised_for: datetime
    closed_at: datetime | None
    told: dict[str, Any]
    words: tuple[str, ...]
    pictures: tuple[str, ...]
    answer: str | None
    closed_by: str | None


async def count_open(session: AsyncSession, now: datetime) -> tuple[int, int]:
    """Return how many cases are open, and how many of them are late."""
    late = func.coalesce(CaseRow.promised_for, CaseRow.created_at) < now
    counted = await session.execute(
        select(func.count(), func.count().filter(late)).where(CaseRow.closed_at.is_(None))
    )
    whole, overdue = counted.one()
    return whole, overdue


async def open_cases(session: AsyncSession, book: OrderBook, now: datetime) -> list[CaseCard]:
    """Return the open cases, the one promised soonest first."""
    rows = await session.scalars(
        select(CaseRow).where(CaseRow.closed_at.is_(None)).order_by(CaseRow.promised_for)
    )
    return await _cards(session, book, rows.all(), now)


async def closed_cases(session: AsyncSession, book: OrderBook, now: datetime) -> list[CaseCard]:
    """Return the cases that were closed last, the newest first."""
    rows = await session.scalars(
        select(CaseRow)
        .where(CaseRow.closed_at.is_not(None))
        .order_by(CaseRow.closed_at.desc())
        .limit(_CLOSED_SHOWN)
    )
    return await _cards(session, book, rows.all(), now)


async def cases_of(
    session: AsyncSession,
    book: OrderBook,
    conversation_id: str,
    orders: Sequence[str],
    now: datetime,
) -> list[CaseCard]:
    """Return the cases of a conversation and of ``orders``, open ones first, then the newest.

    Args:
        orders: numbers of orders that the customer has shown to be theirs.
    """
    theirs: ColumnElement[bool] = CaseRow.conversation_id == conversation_id
    rows = await session.scalars(
        select(CaseRow)
        .where(or_(theirs, CaseRow.order_number.in_(orders)))
        .order_by(CaseRow.closed_at.is_not(None), CaseRow.created_at.desc())
        .limit(_CLOSED_SHOWN)
    )
    return await _cards(session, book, rows.all(), now)


async def _cards(
    session: AsyncSession, book: OrderBook, rows: Sequence[CaseRow], now: datetime
) -> list[CaseCard]:
    orders = {number: await book.find(number) for number in {row.order_number for row in rows}}
    origins = {row.conversation_id for row in rows if row.conversation_id}
    known = set(
        await session.scalars(select(ConversationRow.id).where(ConversationRow.id.in_(origins)))
    )
    ends = await _ends(session, [row for row in rows if row.closed_at])
    return [
        _card(row, orders[row.order_number], row.conversation_id in known, ends, now)
        for row in rows
    ]


async def _ends(session: AsyncSession, rows: Sequence[CaseRow]) -> dict[str, OrderEventRow]:
    """Return the event that ended each of some cases, by the number of the case."""
    events = await session.scalars(
        select(OrderEventRow).where(
            OrderEventRow.order_number.in_({row.order_number for row in rows}),
            OrderEventRow.kind.in_([CLOSED, WITHDRAWN]),
        )
    )
    return {str((event.after or event.before).get("case")): event for event in events}


def _card(
    row: CaseRow,
    order: Order | None,
    reachable: bool,
    ends: dict[str, OrderEventRow],
    now: datetime,
) -> CaseCard:
    promised_for, end = row.promised_for or row.created_at, ends.get(row.number)
    skus = set(row.data.get("skus", ()))
    about = [item for item in order.items if item.sku in skus or not skus] if order else []
    return CaseCard(
        number=row.number,
        kind=row.kind,
        state=_state(row, promised_for, end, now),
        order_number=row.order_number if row.order_number != row.number else None,
        order_state=Bilingual(wording.state(order.state, "zh"), wording.state(order.state, "en"))
        if order
        else None,
        items=Bilingual(wording.items(about, "zh"), wording.items(about, "en")) if about else None,
        conversation_id=row.conversation_id if reachable else None,
        created_at=row.created_at,
        promised_for=promised_for,
        closed_at=row.closed_at,
        told={name: row.data[name] for name in _TOLD if name in row.data},
        words=tuple(row.data.get("words", ())),
        pictures=tuple(row.data.get("pictures", ())),
        answer=end.after.get("answer") if end else None,
        closed_by=end.actor.partition(":")[2] if end and end.kind == CLOSED else None,
    )


def _state(
    row: CaseRow, promised_for: datetime, end: OrderEventRow | None, now: datetime
) -> CaseState:
    if row.closed_at is None:
        return CaseState.LATE if promised_for < now else CaseState.OPEN
    return CaseState.WITHDRAWN if end and end.kind == WITHDRAWN else CaseState.CLOSED
