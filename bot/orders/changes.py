"""What a customer may change of an order, when, and how it is taken back."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.orders.book import (
    BookDownError,
    ChangeRefusedError,
    OrderBook,
    UnknownOrderError,
    order_of,
    whole_order,
)
from bot.orders.cod import CodState
from bot.orders.cod_desk import start_again
from bot.orders.fields import ALLOWED, NOT_PACKED, Changes, Field, iso, put, values_of
from bot.orders.model import Address, Order, OrderState, Window
from bot.orders.policy import CodPolicy
from bot.orders.record import (
    CASE_PREFIX,
    CHANGE_PREFIX,
    COD_TIMER,
    confirmation,
    drop_timer,
    last_deed,
    move,
    pending,
    record,
)
from bot.storage.cod import CodRow, OrderEventRow
from bot.storage.engine import Database
from bot.storage.orders import OrderRow

_NOTE_LIMIT_CHARS = 200


@dataclass(frozen=True, slots=True)
class Draft:
    """What a customer wants of an order, all in one go; ``None`` leaves a thing as it is."""

    address: Address | None = None
    window: Window | None = None
    recipient: str | None = None
    phone: str | None = None
    note: str | None = None
    cancel: bool = False
    confirm: bool = False

    @property
    def fields(self) -> tuple[Field, ...]:
        """What would change."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return tuple(field for field in Field if values[field.value])


@dataclass(frozen=True, slots=True)
class Settled:
    """It is done. ``change_id`` takes it back; empty when there was nothing to do."""

    order: Order
    change_id: str
    confirmed: bool


@dataclass(frozen=True, slots=True)
class TooLate:
    """The order's state does not allow ``field`` any more."""

    order: Order
    field: Field


@dataclass(frozen=True, slots=True)
class NotHere:
    """Cash on delivery is not possible at the new address."""

    order: Order


@dataclass(frozen=True, slots=True)
class NotAsCod:
    """The order can't be cash on delivery at all: it is paid online or cancelled."""

    order: Order


@dataclass(frozen=True, slots=True)
class ShopDown:
    """The shop's own system can't be reached, so nothing was changed."""

    order: Order


Refused = TooLate | NotHere | NotAsCod | ShopDown


class ChangeDesk:
    """Changes orders for their customers. Whoever calls has checked that the order is theirs.

    Args:
        shop: the shop's own order system, where there is one. It has the last word: it is told first,
            and only what it accepts is written down here.
    """

    def __init__(
        self, database: Database, policy: CodPolicy, shop: OrderBook | None = None
    ) -> None:
        self._database = database
        self._policy = policy
        self._shop = shop

    def possible(self, order: Order, draft: Draft, *wanted: Field) -> Refused | None:
        """Return why a draft can't be carried out, ``None`` if it can.

        Args:
            wanted: what the customer wants to change besides and has not said to what yet.
        """
        if order.as_of is not None:
            return ShopDown(order)
        for field in (*draft.fields, *wanted):
            if order.state not in ALLOWED[field]:
                return TooLate(order, field)
        if draft.address and order.cash_on_delivery and not self._policy.takes(draft.address):
            return NotHere(order)
        there = replace(order, address=draft.address or order.address)
        if order.awaits_confirmation and not draft.cancel and self._policy.refuses(there):
            return NotAsCod(order)
        return None

    async def settle(
        self, number: str, draft: Draft, *, actor: str, now: datetime
    ) -> Settled | Refused:
        """Carry out all of a draft or nothing, and write down who changed what from what."""
        change_id = uuid.uuid4().hex[:12]
        refused = await self._tell_shop(number, draft, change_id, now)
        if refused:
            return refused
        async with self._database.write() as session:
            row = await _locked(session, number)
            order = order_of(row)
            refused = self.possible(order, draft)
            if refused:
                return refused
            cod = await confirmation(session, number)
            changed = False
            for field in draft.fields:
                before, after = values_of(row, field), _wanted(draft, field)
                if before == after:
                    continue
                changed = True
                put(row, field, after)
                record(
                    session, number, f"change.{field}", actor=actor, at=now,
                    event_id=f"{change_id}.{field}", before=before, after=after,
                )  # fmt: skip
            confirmed = await self._after(session, row, cod, draft, actor, now)
            if confirmed:
                record(
                    session, number, "confirm", actor=actor, at=now,
                    event_id=f"{change_id}.confirm", after={"cod": CodState.CONFIRMED.value},
                )  # fmt: skip
            await session.flush()
            return Settled(order_of(row), change_id if changed or confirmed else "", confirmed)

    async def undo(
        self, change_id: str, *, number: str, actor: str, now: datetime
    ) -> Settled | Refused | None:
        """Take a change back: everything it touched is as before, and is to be confirmed anew.

        Returns:
            ``None`` when there is no such change of this order, or something changed since.
        """
        refused = await self._tell_shop_undo(change_id, number, now)
        if refused:
            return refused
        async with self._database.write() as session:
            row = await _locked(session, number)
            events = list(
                await session.scalars(
                    select(OrderEventRow)
                    .where(
                        OrderEventRow.order_number == number,
                        OrderEventRow.event_id.startswith(f"{change_id}.", autoescape=True),
                    )
                    .order_by(OrderEventRow.id)
                )
            )
            order = order_of(row)
            done = [event for event in events if event.kind.startswith("change.")]
            confirmed = any(event.kind == "confirm" for event in events)
            if not events:
                return None
            if order.state not in NOT_PACKED | {OrderState.CANCELLED}:
                return TooLate(
                    order, Field(done[0].kind.partition(".")[2]) if done else Field.CANCEL
                )
            for event in done:
                field = Field(event.kind.partition(".")[2])
                if values_of(row, field) != event.after:
                    return None
            cod = await confirmation(session, number)
            if confirmed and (cod is None or cod.state != CodState.CONFIRMED):
                return None
            for event in done:
                field = Field(event.kind.partition(".")[2])
                put(row, field, event.before)
                record(
                    session, number, f"undo.{field}", actor=actor, at=now,
                    before=event.after, after=event.before,
                )  # fmt: skip
            if cod is not None and order.cash_on_delivery and row.state is OrderState.PLACED:
                row.cod_confirmed_at = None
                move(session, cod, CodState.CHANGED, actor=actor, at=now, why="taken back")
                await start_again(session, self._policy, cod, now)
            await session.flush()
            return Settled(order_of(row), "", confirmed=False)

    async def undo_last(self, actor: str, now: datetime) -> Settled | Refused | None:
        """Take back the last change that ``actor`` made; ``None`` if there is nothing to take back."""
        async with self._database.read() as session:
            last = await last_deed(session, actor)
        if last is None or last.kind.startswith(CASE_PREFIX):
            return None
        change_id = last.event_id.partition(".")[0]
        return await self.undo(change_id, number=last.order_number, actor=actor, now=now)

    async def _tell_shop(
        self, number: str, draft: Draft, key: str, now: datetime
    ) -> Refused | None:
        """Have the shop make the changes in its own books; ``None`` when they are made, or it has none."""
        if self._shop is None:
            return None
        order = await self._shop.find(number)
        if order is None:
            raise UnknownOrderError(f"expected the shop to know its order {number}, it does not")
        refused = self.possible(order, draft)
        if refused:
            return refused
        changes = {field: _wanted(draft, field) for field in draft.fields}
        return await self._ask_shop(order, changes, key, now, confirms=draft.confirm)

    async def _tell_shop_undo(self, change_id: str, number: str, now: datetime) -> Refused | None:
        if self._shop is None:
            return None
        order = await self._shop.find(number)
        if order is None or order.as_of is not None:
            return ShopDown(order) if order else None
        async with self._database.read() as session:
            events = await session.scalars(
                select(OrderEventRow).where(
                    OrderEventRow.order_number == number,
                    OrderEventRow.event_id.startswith(f"{change_id}.", autoescape=True),
                    OrderEventRow.kind.startswith(CHANGE_PREFIX),
                )
            )
            before = {Field(e.kind.removeprefix(CHANGE_PREFIX)): e.before for e in events}
        key = f"{change_id}-undo"
        return await self._ask_shop(order, before, key, now, confirms=False)

    async def _ask_shop(
        self, order: Order, changes: Changes, key: str, now: datetime, *, confirms: bool
    ) -> Refused | None:
        assert self._shop is not None  # noqa: S101 - both callers have looked
        confirmed = now if confirms else None
        try:
            await self._shop.change(order.number, changes, confirmed_at=confirmed, key=key, at=now)
        except BookDownError:
            return ShopDown(order)
        except ChangeRefusedError as refusal:
            return TooLate(refusal.order, refusal.field)
        return None

    async def _after(
        self,
        session: AsyncSession,
        row: OrderRow,
        cod: CodRow | None,
        draft: Draft,
        actor: str,
        now: datetime,
    ) -> bool:
        """Take the confirmation along; true when the order is confirmed now and was not before."""
        if cod is None:
            waits = row.cash_on_delivery and row.state is OrderState.PLACED
            if not waits or row.cod_confirmed_at or draft.cancel:
                return False
            # An order that came without an event: its customer turned up before anybody asked.
            cod = pending(row.number, now)
            session.add(cod)
            await session.flush()
        state = CodState(cod.state)
        if draft.cancel:
            if state is not CodState.CANCELLED:
                move(session, cod, CodState.CANCELLED, actor=actor, at=now)
            await drop_timer(session, row.number, COD_TIMER)
            return False
        if state is CodState.CONFIRMED or row.state is not OrderState.PLACED:
            return False
        if draft.confirm:
            move(session, cod, CodState.CONFIRMED, actor=actor, at=now)
            row.cod_confirmed_at = now
            await drop_timer(session, row.number, COD_TIMER)
            return True
        if draft.fields:
            move(session, cod, CodState.CHANGED, actor=actor, at=now)
            await start_again(session, self._policy, cod, now)
        return False


async def _locked(session: AsyncSession, number: str) -> OrderRow:
    query = whole_order().where(OrderRow.number == number).with_for_update()
    return (await session.execute(query)).scalar_one()


def _wanted(draft: Draft, field: Field) -> dict[str, Any]:
    match field:
        case Field.ADDRESS:
            assert draft.address is not None  # noqa: S101 - `fields` names what is there
            address = draft.address
            return {
                "subdivision": address.subdivision,
                "province": address.province,
                "city": address.city,
                "district": address.district,
                "detail": address.detail,
            }
        case Field.WINDOW:
            window = draft.window
            return {
                "start": iso(window.start if window else None),
                "end": iso(window.end if window else None),
            }
        case Field.RECIPIENT:
            return {"recipient": draft.recipient}
        case Field.PHONE:
            return {"phone": draft.phone}
        case Field.NOTE:
            return {"note": (draft.note or "")[:_NOTE_LIMIT_CHARS]}
        case Field.CANCEL:
            return {"state": OrderState.CANCELLED.value, "collect_minor": 0}
