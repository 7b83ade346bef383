"""The timers of orders: the bot asks, reminds, gives up; and tells customers where their parcels are.

Everything it does is a timer that came due. A timer and what follows from it are in one transaction,
so a crash neither loses nor doubles a message.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.conversations import transcript
from bot.conversations.model import Author, Body, HandoffReason
from bot.conversations.phrases import Phrases
from bot.language import Language
from bot.orders.book import (
    BookDownError,
    ChangeRefusedError,
    OrderBook,
    UnknownOrderError,
    all_locked,
    order_of,
)
from bot.orders.cod import CodState
from bot.orders.fields import Changes, Field
from bot.orders.messages import ask_card, notice, refusal_card, reminder_card
from bot.orders.model import Order, OrderState
from bot.orders.people import call_customer
from bot.orders.policy import CodPolicy
from bot.orders.reach import history_of, language_with, reach
from bot.orders.record import (
    COD_TIMER,
    NOTICE,
    TELL_CANCELLED,
    TELL_CONFIRMED,
    move,
    record,
    set_timer,
)
from bot.storage.cod import CodRow, OrderTimerRow
from bot.storage.conversations import ConversationRow
from bot.storage.engine import Database
from bot.storage.orders import OrderRow

BOT = "bot"
_NOT_REACHED = HandoffReason.COD_UNREACHABLE
_SHOP_LATER = timedelta(minutes=1)
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Timer:
    """Something to do for an order; ``what`` as ``bot.orders.record`` names it."""

    id: int
    order_number: str
    what: str


@dataclass(frozen=True, slots=True)
class _Due:
    """A timer that came due, with its order, inside the transaction that does what it stands for."""

    session: AsyncSession
    timer: OrderTimerRow
    row: OrderRow
    order: Order
    now: datetime


class Timers:
    """Works through the timers of orders.

    Args:
        shop: the shop's own order system, where there is one; it hears what the policy decided.
    """

    def __init__(
        self,
        database: Database,
        policy: CodPolicy,
        phrases: Phrases,
        default_language: Language,
        shop: OrderBook | None = None,
    ) -> None:
        self._shop = shop
        self._database = database
        self._policy = policy
        self._phrases = phrases
        self._default_language: Language = default_language

    async def due(self, now: datetime, limit: int) -> list[Timer]:
        """Return at most ``limit`` timers that are due, the longest due first."""
        async with self._database.read() as session:
            found = await session.execute(
                select(OrderTimerRow.id, OrderTimerRow.order_number, OrderTimerRow.what)
                .where(OrderTimerRow.due_at <= now)
                .order_by(OrderTimerRow.due_at, OrderTimerRow.id)
                .limit(limit)
            )
            return [Timer(*row) for row in found]

    async def fire(self, timers: Sequence[Timer], now: datetime) -> list[str]:
        """Do what timers stand for, all in one transaction.

        Returns:
            The conversations that have a new message.
        """
        ours = []
        for timer in timers:
            if timer.what in {TELL_CANCELLED, TELL_CONFIRMED}:
                await self._tell_shop(timer, now)
            else:
                ours.append(timer)
        if not ours:
            return []
        async with self._database.write() as session:
            # Orders before timers, as everybody who changes an order does: no deadlock.
            rows = await all_locked(session, {timer.order_number for timer in ours})
            due = (
                await session.scalars(
                    select(OrderTimerRow)
                    .where(
                        OrderTimerRow.id.in_([timer.id for timer in ours]),
                        OrderTimerRow.due_at <= now,
                    )
                    .order_by(OrderTimerRow.due_at, OrderTimerRow.id)
                    .with_for_update()
                )
            ).all()
            confirmations = await session.scalars(
                select(CodRow).where(CodRow.order_number.in_(rows)).with_for_update()
            )
            cods = {cod.order_number: cod for cod in confirmations}
            told = []
            # What is written goes to the database in one piece at the end, row kind by row kind.
            with session.no_autoflush:
                for timer_row in due:
                    row = rows[timer_row.order_number]
                    one = _Due(session, timer_row, row, order_of(row), now)
                    told.append(await self._fire(one, cods.get(row.number)))
        return [conversation.id for conversation in told if conversation is not None]

    async def _fire(self, due: _Due, cod: CodRow | None) -> ConversationRow | None:
        """Do what one timer stands for; return the conversation that has a new message."""
        waking = self._policy.next_waking(due.order.address, due.now)
        if waking > due.now:
            due.timer.due_at = waking
            return None
        if due.timer.what == COD_TIMER:
            return await self._advance(due, cod)
        await due.session.delete(due.timer)
        what = due.timer.what.removeprefix(NOTICE)
        conversation = await self._say(
            due, lambda language: notice(self._phrases, what, due.order, language)
        )
        if conversation is not None:
            record(due.session, due.order.number, f"told.{what}", actor=BOT, at=due.now)
        return conversation

    async def _advance(self, due: _Due, cod: CodRow | None) -> ConversationRow | None:
        """Take the confirmation's next step: first card, reminder, or the policy for no answer."""
        if cod is None or not due.order.awaits_confirmation:
            await due.session.delete(due.timer)
            return None
        if cod.state == CodState.PENDING:
            return await self._ask_first(due, cod)
        asked_at = cod.asked_at or due.now
        next_at = self._policy.next_reminder(cod.reminders, asked_at)
        if cod.state == CodState.REFUSED:
            next_at = None  # Said once: nothing is asked that could be reminded of.
        if next_at is None or next_at > due.now:
            if due.now >= self._policy.deadline(asked_at):
                await due.session.delete(due.timer)
                await self._give_up(due, cod)
            else:
                due.timer.due_at = next_at or self._policy.deadline(asked_at)
            return None
        cod.reminders += 1
        due.timer.due_at = self._due_after(cod.reminders, asked_at)
        refused = self._policy.refuses(due.order)
        conversation = await self._say(
            due,
            lambda language: (
                refusal_card(self._phrases, due.order, self._policy, language)
                if refused
                else reminder_card(self._phrases, due.order, language)
            ),
        )
        if conversation is not None:
            move(due.session, cod, CodState.REMINDED, actor=BOT, at=due.now)
            cod.conversation_id = conversation.id
        return conversation

    async def _ask_first(self, due: _Due, cod: CodRow) -> ConversationRow | None:
        """Ask for the confirmation, or say that there can't be one; who can't be told is called."""
        if self._policy.refuses(due.order):
            return await self._refuse(due, cod)
        judgement = self._policy.judge(due.order, await history_of(due.session, due.order))
        cod.friction, cod.reasons = judgement.friction.value, judgement.in_words
        conversation = await self._say(
            due, lambda language: ask_card(self._phrases, due.order, language)
        )
        if conversation is None:
            move(due.session, cod, CodState.UNREACHABLE, actor=BOT, at=due.now, why="no channel")
            await due.session.delete(due.timer)
            await self._call(due, cod, _NOT_REACHED)
            return None
        move(due.session, cod, CodState.ASKED, actor=BOT, at=due.now)
        cod.asked_at = due.now
        cod.conversation_id = conversation.id
        due.timer.due_at = self._due_after(0, due.now)
        return conversation

    async def _refuse(self, due: _Due, cod: CodRow) -> ConversationRow | None:
        cod.reasons = [{"zh": "不符合货到付款条件", "en": "outside the limits of cash on delivery"}]
        cod.asked_at = due.now
        move(due.session, cod, CodState.REFUSED, actor=BOT, at=due.now, why="outside the limits")
        conversation = await self._say(
            due, lambda language: refusal_card(self._phrases, due.order, self._policy, language)
        )
        if conversation is None:
            await due.session.delete(due.timer)
            await self._call(due, cod)
            return None
        cod.conversation_id = conversation.id
        due.timer.due_at = self._policy.deadline(due.now)
        return conversation

    async def _give_up(self, due: _Due, cod: CodRow) -> None:
        """Nobody answered in time: do what the policy says."""
        session, row, now = due.session, due.row, due.now
        then = self._policy.no_answer.then
        if then == "ship" and self._policy.refuses(due.order):
            then = "agent"
        if then == "cancel":
            move(session, cod, CodState.CANCELLED, actor=BOT, at=now, why="no answer in time")
            record(
                session, row.number, "change.cancel", actor=BOT, at=now,
                before={"state": row.state.value}, after={"state": OrderState.CANCELLED.value},
                data={"why": "no answer in time"},
            )  # fmt: skip
            row.state, row.collect_minor = OrderState.CANCELLED, 0
            await self._shop_is_to_hear(due, TELL_CANCELLED)
            return
        move(session, cod, CodState.EXPIRED, actor=BOT, at=now, why=f"no answer: {then}")
        if then == "ship":
            row.cod_confirmed_at = now
            await self._shop_is_to_hear(due, TELL_CONFIRMED)
        elif then == "agent":
            await self._call(due, cod, _NOT_REACHED)

    async def _shop_is_to_hear(self, due: _Due, what: str) -> None:
        if self._shop is not None:
            await set_timer(due.session, due.order.number, what, due.now)

    async def _tell_shop(self, timer: Timer, now: datetime) -> None:
        """Tell the shop's own system what the policy decided; later, while it is down."""
        changes: Changes = {}
        if timer.what == TELL_CANCELLED:
            cancelled = {"state": OrderState.CANCELLED.value, "collect_minor": 0}
            changes = {Field.CANCEL: cancelled}
        confirmed = now if timer.what == TELL_CONFIRMED else None
        number, again = timer.order_number, None
        try:
            if self._shop is not None:
                await self._shop.change(
                    number, changes, confirmed_at=confirmed, key=f"{timer.id}-{number}", at=now
                )
        except BookDownError:
            again = now + _SHOP_LATER
        except (ChangeRefusedError, UnknownOrderError) as error:
            # It was sent meanwhile, or is gone: the shop knows better.
            _log.warning(
                "the shop did not take over", order=number, what=timer.what, error=str(error)
            )
        async with self._database.write() as session:
            row = await session.get(OrderTimerRow, timer.id)
            if row is not None and again:
                row.due_at = again
            elif row is not None:
                await session.delete(row)

    async def _say(
        self, due: _Due, card: Callable[[Language], Body | None]
    ) -> ConversationRow | None:
        """Say something in the customer's language.

        Returns:
            Where it was said; ``None`` if the customer can't be reached or there is nothing to say.
        """
        conversation = await reach(due.session, self._policy, due.order, due.now)
        if conversation is None:
            return None
        language = await language_with(due.session, conversation, due.order, self._default_language)
        body = card(language)
        if body is None:
            return None
        transcript.append_out(due.session, conversation, [body], Author.BOT)
        return conversation

    async def _call(
        self, due: _Due, cod: CodRow, why: HandoffReason = HandoffReason.ORDER_PROBLEM
    ) -> None:
        await call_customer(due.session, self._phrases, due.order, cod.reasons, due.now, why)

    def _due_after(self, reminders: int, asked_at: datetime) -> datetime:
        due = self._policy.next_reminder(reminders, asked_at)
        return due or self._policy.deadline(asked_at)


async def start_again(session: AsyncSession, policy: CodPolicy, cod: CodRow, now: datetime) -> None:
    """Let the reminders of a confirmation run from now on: something changed and is asked anew."""
    cod.asked_at, cod.reminders = now, 0
    due = policy.next_reminder(0, now) or policy.deadline(now)
    await set_timer(session, cod.order_number, COD_TIMER, due)
