"""What a customer may change of an order, when, and how it is taken back."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
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
    locked,
    order_of,
    whole_order,
)
from bot.orders.cod import CodState
from bot.orders.fields import ALLOWED, NOT_PACKED, Field, iso, put, values_of
from bot.orders.intents import Intent, ask, begin, doubt, end
from bot.orders.model import Address, Order, OrderState, Window
from bot.orders.policy import CodPolicy
from bot.orders.reach import history_of
from bot.orders.record import (
    CASE_PREFIX,
    CHANGE_PREFIX,
    COD_TIMER,
    CONFIRM,
    UNDO_PREFIX,
    UNDONE,
    confirmation,
    drop_timer,
    last_deed,
    move,
    pending,
    record,
)
from bot.orders.timers import start_again
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
        told = await self._tell_shop(number, draft, change_id, actor, now)
        if told is not None and not isinstance(told, Intent):
            return told
        async with self._database.write() as session:
            row = await locked(session, number)
            if told is None:
                refused = self.possible(order_of(row), draft)
                if refused:
                    return refused
                wanted = {field: _wanted(draft, field) for field in draft.fields}
                before = {field: values_of(row, field) for field in wanted}
                told = Intent(change_id, number, actor, now, before, wanted, draft.confirm)
            elif not await end(session, change_id):
                return await _written(session, row, change_id)
            for field in told.touched:
                put(row, field, told.changes[field])
            confirmed = await write_change(session, self._policy, row, told)
            await session.flush()
            return Settled(order_of(row), change_id if told.touched or confirmed else "", confirmed)

    async def undo(
        self, change_id: str, *, number: str, actor: str, now: datetime
    ) -> Settled | Refused | None:
        """Take a change back: everything it touched is as before, and is to be confirmed anew.

        Returns:
            ``None`` when there is no such change of this order, or something changed since.
        """
        told = await self._tell_shop_undo(change_id, number, actor, now)
        if told is not None and not isinstance(told, Intent):
            return told
        async with self._database.write() as session:
            row = await locked(session, number)
            if told is not None and not await end(session, told.key):
                return Settled(order_of(row), "", confirmed=False)
            if told is not None:
                # The shop has done it: what our copy said meanwhile is no reason against it.
                for field in told.touched:
                    put(row, field, told.changes[field])
                await write_undo(session, self._policy, row, told)
                await session.flush()
                return Settled(order_of(row), "", confirmed=False)
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
            back = {Field(e.kind.partition(".")[2]): e.before for e in done}
            was = {Field(e.kind.partition(".")[2]): e.after for e in done}
            for field, values in back.items():
                put(row, field, values)
            undone = Intent(f"{change_id}{UNDONE}", number, actor, now, was, back, undoes=True)
            await write_undo(session, self._policy, row, undone)
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
        self, number: str, draft: Draft, key: str, actor: str, now: datetime
    ) -> Intent | Refused | None:
        """Have the shop make the changes in its own books.

        Returns:
            What is to be written down here, ``None`` when there is no shop to ask.
        """
        if self._shop is None:
            return None
        order = await self._shop.find(number)
        if order is None:
            raise UnknownOrderError(f"expected the shop to know its order {number}, it does not")
        refused = self.possible(order, draft)
        if refused:
            return refused
        changes = {field: _wanted(draft, field) for field in draft.fields}
        async with self._database.read() as session:
            before = await _values_now(session, number, changes)
        intent = Intent(key, number, actor, now, before, changes, draft.confirm)
        return await self._ask_shop(self._shop, order, intent)

    async def _tell_shop_undo(
        self, change_id: str, number: str, actor: str, now: datetime
    ) -> Intent | Refused | None:
        if self._shop is None:
            return None
        order = await self._shop.find(number)
        if order is None:
            return None
        if order.as_of is not None:
            return ShopDown(order)
        async with self._database.read() as session:
            events = await session.scalars(
                select(OrderEventRow).where(
                    OrderEventRow.order_number == number,
                    OrderEventRow.event_id.startswith(f"{change_id}.", autoescape=True),
                    OrderEventRow.kind.startswith(CHANGE_PREFIX),
                )
            )
            done = {Field(e.kind.removeprefix(CHANGE_PREFIX)): e for e in events}
            was = {field: event.after for field, event in done.items()}
            back = {field: event.before for field, event in done.items()}
            # Something that changed since is not taken back, and a confirmation alone is ours.
            if not done or await _values_now(session, number, was) != was:
                return None
        intent = Intent(f"{change_id}{UNDONE}", number, actor, now, was, back, undoes=True)
        return await self._ask_shop(self._shop, order, intent)

    async def _ask_shop(self, shop: OrderBook, order: Order, intent: Intent) -> Intent | Refused:
        await begin(self._database, intent)
        try:
            await ask(shop, intent)
        except BookDownError:
            await doubt(self._database, intent.key)
            return ShopDown(order)
        except ChangeRefusedError as refusal:
            async with self._database.write() as session:
                await end(session, intent.key)
            return TooLate(refusal.order, refusal.field)
        return intent


async def write_change(
    session: AsyncSession, policy: CodPolicy, row: OrderRow, intent: Intent
) -> bool:
    """Write down who changed what from what, and take the confirmation along.

    Returns:
        True when the order is confirmed now and was not before.
    """
    for field in intent.touched:
        record(
            session, row.number, f"{CHANGE_PREFIX}{field}", actor=intent.actor, at=intent.asked_at,
            event_id=f"{intent.key}.{field}", before=intent.before[field],
            after=intent.changes[field],
        )  # fmt: skip
    confirmed = await _confirmation_after(session, policy, row, intent)
    if confirmed:
        record(
            session, row.number, CONFIRM, actor=intent.actor, at=intent.asked_at,
            event_id=f"{intent.key}.{CONFIRM}", after={"cod": CodState.CONFIRMED.value},
        )  # fmt: skip
    return confirmed


async def write_undo(
    session: AsyncSession, policy: CodPolicy, row: OrderRow, intent: Intent
) -> None:
    """Write down that a change was taken back; if it confirmed the order, that is asked anew."""
    for field in intent.changes:
        record(
            session, row.number, f"{UNDO_PREFIX}{field}", actor=intent.actor, at=intent.asked_at,
            event_id=f"{intent.key}.{field}", before=intent.before[field],
            after=intent.changes[field],
        )  # fmt: skip
    cod = await confirmation(session, row.number)
    if cod is None and order_of(row).awaits_confirmation:
        cod = await _first_heard_of(session, row.number, intent.asked_at)
    if cod is not None and cod.state == CodState.CONFIRMED and Field.CANCEL not in intent.changes:
        with_it = intent.key.removesuffix(UNDONE)
        confirms = OrderEventRow.event_id == f"{with_it}.{CONFIRM}"
        if await session.scalar(select(OrderEventRow.id).where(confirms)) is None:
            return  # What was confirmed before this change stands again.
    if cod is not None and row.cash_on_delivery and row.state is OrderState.PLACED:
        row.cod_confirmed_at = None
        await _judge_first(session, policy, row, cod)
        move(
            session, cod, CodState.CHANGED, actor=intent.actor, at=intent.asked_at,
            why="taken back",
        )  # fmt: skip
        await start_again(session, policy, cod, intent.asked_at)


async def _confirmation_after(
    session: AsyncSession, policy: CodPolicy, row: OrderRow, intent: Intent
) -> bool:
    """Take the confirmation along; true when the order is confirmed now and was not before."""
    actor, now = intent.actor, intent.asked_at
    cancels = Field.CANCEL in intent.changes
    cod = await confirmation(session, row.number)
    if cod is None:
        waits = row.cash_on_delivery and row.state is OrderState.PLACED
        # A copy of the shop's order may know already of the confirmation that is written down here.
        earlier = row.cod_confirmed_at is not None and row.cod_confirmed_at != now
        if not waits or earlier or cancels:
            return False
        cod = await _first_heard_of(session, row.number, now)
    state = CodState(cod.state)
    if cancels:
        if state is not CodState.CANCELLED:
            move(session, cod, CodState.CANCELLED, actor=actor, at=now)
        await drop_timer(session, row.number, COD_TIMER)
        return False
    if state is CodState.CONFIRMED or row.state is not OrderState.PLACED:
        return False
    if intent.confirms:
        move(session, cod, CodState.CONFIRMED, actor=actor, at=now)
        row.cod_confirmed_at = now
        await drop_timer(session, row.number, COD_TIMER)
        return True
    if intent.changes:
        await _judge_first(session, policy, row, cod)
        move(session, cod, CodState.CHANGED, actor=actor, at=now)
        await start_again(session, policy, cod, now)
    return False


async def _first_heard_of(session: AsyncSession, number: str, now: datetime) -> CodRow:
    """Begin the confirmation of an order that came without an event: imported, or seeded."""
    cod = pending(number, now)
    session.add(cod)
    await session.flush()
    return cod


async def _judge_first(
    session: AsyncSession, policy: CodPolicy, row: OrderRow, cod: CodRow
) -> None:
    """Say what confirming an order takes whose customer turned up before anybody asked."""
    if cod.state != CodState.PENDING:
        return
    order = order_of(row)
    judgement = policy.judge(order, await history_of(session, order))
    cod.friction, cod.reasons = judgement.friction.value, judgement.in_words


async def _values_now(
    session: AsyncSession, number: str, fields: Iterable[Field]
) -> dict[Field, dict[str, Any]]:
    row = (await session.execute(whole_order().where(OrderRow.number == number))).scalar_one()
    return {field: values_of(row, field) for field in fields}


async def _written(session: AsyncSession, row: OrderRow, change_id: str) -> Settled:
    """Return what another process has written down of the same change."""
    kinds = set(
        await session.scalars(
            select(OrderEventRow.kind).where(
                OrderEventRow.event_id.startswith(f"{change_id}.", autoescape=True)
            )
        )
    )
    return Settled(order_of(row), change_id if kinds else "", CONFIRM in kinds)


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
