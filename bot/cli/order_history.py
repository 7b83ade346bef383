"""What happened to an order, printed for people: who did what, when, and what it waits for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from rich.console import Console
from rich.table import Table
from sqlalchemy import select

from bot.language import Language
from bot.orders import wording
from bot.orders.book import order_of, whole_order
from bot.orders.cod import CodState
from bot.orders.model import Money, Order, OrderState, Window
from bot.orders.policy import CodPolicy
from bot.orders.record import COD_TIMER
from bot.storage.cod import CodRow, OrderEventRow, OrderTimerRow
from bot.storage.engine import Database
from bot.storage.orders import OrderRow

_COLUMNS = ("when", "what", "who", "before", "after")
_LEFT_OUT = {"subdivision", "words"}


async def print_history(
    database: Database,
    policy: CodPolicy,
    number: str,
    language: Language,
    now: datetime | None = None,
) -> bool:
    """Print the events of an order as a table, how far its confirmation is, and what it waits for.

    Args:
        now: what time it is, where time is played.

    Returns:
        Whether there is such an order.
    """
    say = wording.in_history
    async with database.read() as session:
        found = await session.execute(whole_order().where(OrderRow.number == number))
        row = found.scalar_one_or_none()
        if row is None:
            return False
        order = order_of(row)
        cod = await session.get(CodRow, number)
        due_at = await session.scalar(
            select(OrderTimerRow.due_at).where(
                OrderTimerRow.order_number == number, OrderTimerRow.what == COD_TIMER
            )
        )
        events = (
            await session.scalars(
                select(OrderEventRow)
                .where(OrderEventRow.order_number == number)
                .order_by(OrderEventRow.at, OrderEventRow.id)
            )
        ).all()
    console = Console()
    if events:
        console.print(_table(order, events, language))
    else:
        console.print(say("nothing", language, number=number))
    console.print(say("state", language, state=wording.state(order.state, language)))
    if cod is None:
        return True
    state = say(f"cod.{cod.state}", language)
    console.print(say("confirmation", language, state=state, friction=say(cod.friction, language)))
    for reason in cod.reasons:
        console.print(f"  · {reason[language]}")
    waits = _waits_for(
        order, CodState(cod.state), due_at, policy, now or datetime.now(UTC), language
    )
    if waits:
        console.print(f"  · {waits}")
    return True


def _waits_for(
    order: Order,
    state: CodState,
    due_at: datetime | None,
    policy: CodPolicy,
    now: datetime,
    language: Language,
) -> str | None:
    """Say why a confirmation does not go on by itself just now; ``None`` when nothing is open."""
    if state is CodState.UNREACHABLE:
        return wording.in_history("waits_people", language)
    if due_at is None or not order.awaits_confirmation:
        return None
    due_at = max(due_at, now)
    wakes = policy.next_waking(order.address, due_at)
    name = "waits_quiet" if wakes > due_at else "waits_until"
    return wording.in_history(name, language, at=wording.moment(wakes, language))


def _table(order: Order, events: Sequence[OrderEventRow], language: Language) -> Table:
    table = Table(title=order.number)
    for name in _COLUMNS:
        table.add_column(wording.in_history(f"column.{name}", language), overflow="fold")
    for event in events:
        sides = (_side(side, order, language) for side in (event.before, event.after))
        what = wording.in_history(event.kind, language)
        role, _, name = event.actor.partition(":")
        who = wording.in_history(role, language) + (f" {name}" if role == "agent" else "")
        table.add_row(wording.moment(event.at, language), what, who, *sides)
    return table


def _side(values: Mapping[str, Any], order: Order, language: Language) -> str:
    """Return what an event changed, as people read it; what nobody needs is left out."""
    if "start" in values:
        return wording.window(_window(values["start"], values["end"]), language)
    said = (_value(name, value, order, language) for name, value in values.items())
    return ", ".join(word for word in said if word)


def _window(start: str | None, end: str | None) -> Window | None:
    if not start or not end:
        return None
    return Window(datetime.fromisoformat(start), datetime.fromisoformat(end))


def _value(name: str, value: Any, order: Order, language: Language) -> str:
    if value in (None, "", []) or name in _LEFT_OUT:
        return ""
    match name:
        case "state":
            return wording.state(OrderState(value), language)
        case "cod":
            return wording.in_history(f"cod.{value}", language)
        case "collect_minor":
            return wording.money(Money(value, order.total.currency), language)
    return str(value)
