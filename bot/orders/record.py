"""Writing down what happens to an order: events, timers and steps of the confirmation.

Every function works inside the caller's transaction.
"""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import delete, or_, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from bot.orders.cod import CodState, step
from bot.orders.policy import Friction
from bot.storage.cod import CodRow, OrderEventRow, OrderTimerRow

# What a timer is for: the confirmation's next step, or a line to the customer ("notice:shipped:SF…").
COD_TIMER = "cod"
NOTICE = "notice:"
# What the shop's own order system is to be told, done by the policy while nobody was talking to us.
TELL_CANCELLED, TELL_CONFIRMED = "shop:cancelled", "shop:confirmed"
# Kinds of events that a customer's deeds are: what was changed, confirmed, and had looked into.
CHANGE_PREFIX, CONFIRM, CASE_PREFIX = "change.", "confirm", "case."
# Taking a change back is an event of this kind; its id is the change's with this end.
UNDO_PREFIX, UNDONE = "undo.", "-undo"
_DEEDS_LOOKED_AT = 30


def record(
    session: AsyncSession,
    order_number: str,
    kind: str,
    *,
    actor: str,
    at: datetime,
    event_id: str | None = None,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    data: dict[str, Any] | None = None,
) -> None:
    """Write an event that was done here: ``actor`` is ``bot``, ``customer:<conversation>``, …"""
    session.add(
        OrderEventRow(
            event_id=event_id or uuid.uuid4().hex,
            order_number=order_number,
            kind=kind,
            actor=actor,
            at=at,
            received_at=at,
            data=data or {},
            before=before or {},
            after=after or {},
            applied=True,
        )
    )


def move(
    session: AsyncSession, cod: CodRow, then: CodState, *, actor: str, at: datetime, why: str = ""
) -> None:
    """Take a confirmation to its next state and write that down.

    Raises:
        IllegalStepError: the state does not lead there.
    """
    before = CodState(cod.state)
    cod.state = step(before, then)
    cod.updated_at = at
    record(
        session,
        cod.order_number,
        f"cod.{then}",
        actor=actor,
        at=at,
        before={"cod": before.value},
        after={"cod": then.value},
        data={"why": why} if why else None,
    )


async def last_deed(session: AsyncSession, actor: str) -> OrderEventRow | None:
    """Return the last thing that ``actor`` did and has not taken back; ``None`` if there is nothing."""
    kind = OrderEventRow.kind
    deeds = or_(kind.startswith(CHANGE_PREFIX), kind == CONFIRM, kind.startswith(CASE_PREFIX))
    events = await session.scalars(
        select(OrderEventRow)
        .where(OrderEventRow.actor == actor, or_(deeds, kind.startswith(UNDO_PREFIX)))
        .order_by(OrderEventRow.id.desc())
        .limit(_DEEDS_LOOKED_AT)
    )
    undone = set()
    for event in events:
        change_id = event.event_id.partition(".")[0]
        if event.kind.startswith(UNDO_PREFIX):
            undone.add(change_id.removesuffix(UNDONE))
        elif change_id not in undone:
            return event
    return None


async def set_timer(session: AsyncSession, order_number: str, what: str, due_at: datetime) -> None:
    """See to it that ``what`` is done at ``due_at``, and not at another time set before."""
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    statement = dialect.insert(OrderTimerRow).values(
        order_number=order_number, what=what, due_at=due_at
    )
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=["order_number", "what"], set_={"due_at": due_at}
        )
    )


async def drop_timer(session: AsyncSession, order_number: str, what: str) -> None:
    """Forget about ``what``."""
    await session.execute(
        delete(OrderTimerRow).where(
            OrderTimerRow.order_number == order_number, OrderTimerRow.what == what
        )
    )


async def confirmation(session: AsyncSession, order_number: str) -> CodRow | None:
    """Return the confirmation of an order, locked for this transaction."""
    found = await session.execute(
        select(CodRow).where(CodRow.order_number == order_number).with_for_update()
    )
    return found.scalar_one_or_none()


def pending(order_number: str, now: datetime) -> CodRow:
    """Return a confirmation about which nobody has been asked yet."""
    return CodRow(
        order_number=order_number,
        state=CodState.PENDING.value,
        friction=Friction.ONE_TAP.value,
        reasons=[],
        conversation_id=None,
        reminders=0,
        asked_at=None,
        updated_at=now,
    )
