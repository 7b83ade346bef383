"""Orders and their confirmations under random events, answers and time: what must hold always holds."""

from __future__ import annotations

import asyncio
import itertools
import tempfile
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
)
from sqlalchemy import func, select

from bot.conversations.model import Direction
from bot.conversations.phrases import Phrases
from bot.orders.changes import Draft, Field, Settled
from bot.orders.cod import LEGAL, CodState
from bot.orders.events import STATE_AFTER, ShopEvent
from bot.orders.model import Address, OrderState, Window
from bot.orders.policy import CodPolicy
from bot.orders.service import Orders
from bot.orders.ticker import Ticker
from bot.storage.cod import CodRow, OrderEventRow, OrderTimerRow
from bot.storage.conversations import MessageRow
from bot.storage.engine import Database
from bot.storage.orders import OrderRow
from tests.bot.orders.shop_events import created, event, read, shipped
from tests.bot.orders.test_cod_desk import NOON
from tests.databases import make_tables

ROOT = Path(__file__).resolve().parents[3]
_numbers = itertools.count(1)
# Said again here, and not taken from the code: until the parcel is packed, and after a failed attempt.
_OPEN = {OrderState.UNPAID, OrderState.PLACED, OrderState.PAID}
_AGAIN = {Field.WINDOW, Field.NOTE}
_KINDS = [kind for kind in ShopEvent if kind is not ShopEvent.CREATED] + [ShopEvent.PACKED] * 4


@dataclass
class Known:
    """What the test itself knows of an order, computed another way than the code does."""

    number: str
    total: int
    # (own time, order of arrival, state) of everything that sets the state.
    history: list[tuple[datetime, int, OrderState]] = field(default_factory=list)

    @property
    def state(self) -> OrderState:
        return max(self.history, key=lambda entry: entry[:2])[2]


class OrderMachine(RuleBasedStateMachine):
    """One shop for each run; every order has a customer and a conversation of its own."""

    orders = Bundle("orders")
    sent = Bundle("sent")

    @initialize(hour=st.sampled_from([10, 10, 14, 18, 20, 22, 3]))
    def open_shop(self, hour: int) -> None:
        self.runner = asyncio.Runner()
        self.folder = tempfile.TemporaryDirectory()
        url = f"sqlite+aiosqlite:///{self.folder.name}/test.sqlite3"
        self.runner.run(make_tables(url))
        self.database = Database(url)
        phrases = Phrases(ROOT / "domain.yml")
        self.policy = CodPolicy.load(ROOT / "data/policy/cod.yml")
        self.service = Orders.build(self.database, ROOT / "data/policy", phrases, "zh")
        self.now = NOON.replace(hour=hour)
        self.known: dict[str, Known] = {}
        self.arrivals = itertools.count()

    def teardown(self) -> None:
        if hasattr(self, "runner"):
            self.runner.run(self.database.close())
            self.runner.close()
            self.folder.cleanup()

    @rule(
        target=orders,
        cod=st.sampled_from([True, True, True, False]),
        fen=st.integers(2001, 299_500),  # with the fee no more than cash on delivery may be
        reachable=st.sampled_from([True, True, False]),
        waits=st.sampled_from([True, True, False]),
    )
    def order(self, cod: bool, fen: int, reachable: bool, waits: bool) -> str:
        number = f"SO20261123{next(_numbers):06d}"
        contact = {"channel": "web", "user": f"visitor-{number}"} if reachable else None
        data = created(number, self.now, price=fen, cod=cod, contact=contact, customer=number)
        self._take(data)
        state = OrderState.PLACED if cod else OrderState.UNPAID
        self.known[number] = Known(
            number, fen + (500 if cod else 0), [(self.now, next(self.arrivals), state)]
        )
        if waits:  # until the card has come, by day
            self.runner.run(self._pass(timedelta(minutes=1)))
        return number

    @rule(
        target=sent,
        number=orders,
        kind=st.sampled_from(_KINDS),
        hours_ago=st.integers(0, 5),
    )
    def tell(self, number: str, kind: ShopEvent, hours_ago: int) -> Any:
        """An event that may be older than what came before it."""
        known = self.known[number]
        at = max(known.history[0][0], self.now - timedelta(hours=hours_ago))
        name = kind.value.partition(".")[2]
        if kind is ShopEvent.SHIPPED:
            data = shipped(number, at, f"SF{number[-13:].rjust(13, '0')}".replace("SO", "00"))
        else:
            data = event(name, number, at)
        assert self._take(data)
        known.history.append((at, next(self.arrivals), STATE_AFTER[kind]))
        return data

    @rule(data=sent)
    def tell_again(self, data: dict[str, Any]) -> None:
        assert not self._take(data)

    @rule(
        number=orders,
        confirm=st.booleans(),
        cancel=st.booleans(),
        days=st.none() | st.integers(2, 10),
        moves=st.booleans(),
        note=st.none() | st.sampled_from(["放门卫", "call first"]),
    )
    def customer_settles(
        self,
        number: str,
        confirm: bool,
        cancel: bool,
        days: int | None,
        moves: bool,
        note: str | None,
    ) -> None:
        start = (self.now + timedelta(days=days or 0)).replace(hour=9)
        draft = Draft(
            address=Address("CN-ZJ", "浙江省", "杭州市", "西湖区", f"文三路{number[-3:]}号")
            if moves and not cancel
            else None,
            window=Window(start, start + timedelta(hours=3)) if days and not cancel else None,
            note=note if not cancel else None,
            cancel=cancel,
            confirm=confirm and not cancel,
        )
        state = self.known[number].state
        again = state is OrderState.DELIVERY_FAILED and set(draft.fields) <= _AGAIN
        allowed = state in _OPEN or again or not draft.fields
        done = self.runner.run(
            self.service.changes.settle(number, draft, actor=f"customer:{number}", now=self.now)
        )
        assert isinstance(done, Settled) == allowed, (state, draft, done)
        if isinstance(done, Settled) and cancel and state is not OrderState.CANCELLED:
            self._arrived(number, OrderState.CANCELLED)

    @rule(number=orders)
    def customer_undoes(self, number: str) -> None:
        before = self._row(number).state
        self.runner.run(self.service.changes.undo_last(f"customer:{number}", self.now))
        after = self._row(number).state
        if after is not before:
            assert before is OrderState.CANCELLED
            self._arrived(number, after)

    @rule(hours=st.sampled_from([0.1, 4, 13, 30]))
    def time_passes(self, hours: float) -> None:
        self.runner.run(self._pass(timedelta(hours=hours)))

    @invariant()
    def what_must_hold(self) -> None:
        if hasattr(self, "runner"):
            self.runner.run(self._check())

    def _arrived(self, number: str, state: OrderState) -> None:
        self.known[number].history.append((self.now, next(self.arrivals), state))

    def _take(self, data: dict[str, Any]) -> bool:
        return self.runner.run(self.service.intake.take(read(data), self.now))

    def _row(self, number: str) -> OrderRow:
        async def get() -> OrderRow:
            async with self.database.read() as session:
                return await session.get_one(OrderRow, number)

        return self.runner.run(get())

    async def _pass(self, time: timedelta) -> None:
        ticker = Ticker(self.service.timers, lambda _: None, lambda: self.now)
        until = self.now + time
        while True:
            async with self.database.read() as session:
                due = await session.scalar(select(func.min(OrderTimerRow.due_at)))
            if due is None or due > until:
                break
            self.now = max(self.now, due)
            before = await self._messages()
            await ticker.tick()
            if await self._messages() > before:
                local = self.now.astimezone(NOON.tzinfo).time()
                quiet = self.policy.quiet_hours
                assert quiet.end <= local < quiet.start, f"a message at {local}"
        self.now = until

    async def _messages(self) -> int:
        async with self.database.read() as session:
            count = await session.scalar(
                select(func.count())
                .select_from(MessageRow)
                .where(MessageRow.direction == Direction.OUT.value, MessageRow.channel == "web")
            )
            return count or 0

    async def _check(self) -> None:
        async with self.database.read() as session:
            rows = list(await session.scalars(select(OrderRow)))
            confirmations = {row.order_number: row for row in await session.scalars(select(CodRow))}
            events = list(await session.scalars(select(OrderEventRow).order_by(OrderEventRow.id)))
            bodies = list(
                await session.scalars(
                    select(MessageRow.body).where(
                        MessageRow.direction == Direction.OUT.value, MessageRow.channel == "web"
                    )
                )
            )
        for row in rows:
            known = self.known[row.number]
            assert row.state is known.state
            assert row.total_minor == known.total
            assert row.collect_minor in {0, known.total}
            cod = confirmations.get(row.number)
            mine = [e for e in events if e.order_number == row.number]
            if cod is None:
                continue
            assert not (cod.state == CodState.CONFIRMED and row.state is OrderState.CANCELLED)
            steps = [e for e in mine if e.kind.startswith("cod.")]
            state = CodState.PENDING
            for step in steps:
                then = CodState(step.after["cod"])
                assert step.before["cod"] == state
                assert then in LEGAL[state]
                state = then
            assert cod.state == state
            asked = [e for e in steps if e.kind in {"cod.asked", "cod.reminded"}]
            cards = [
                body
                for body in bodies
                if row.number in body["text"]
                and any(b["payload"].startswith("/cod_confirm") for b in body.get("buttons", ()))
            ]
            assert len(cards) == len(asked)
            assert sum(e.kind == "cod.asked" for e in steps) <= 1


OrderMachine.TestCase.settings = settings(
    max_examples=25,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
TestOrderMachine = OrderMachine.TestCase
