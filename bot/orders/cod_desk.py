"""The confirmation desk: asks, reminds, gives up; and tells customers what happens to their parcels.

Everything it does is a timer that came due. A timer and what follows from it are one transaction, so
a crash neither loses nor doubles a message.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.conversations import transcript
from bot.conversations.choices import last_offers
from bot.conversations.model import Author, Direction, HandoffReason
from bot.conversations.phrases import Phrases
from bot.language import Language
from bot.orders.book import (
    BookDownError,
    ChangeRefusedError,
    OrderBook,
    UnknownOrderError,
    locked,
    order_of,
)
from bot.orders.cod import OPEN, CodState
from bot.orders.contacts import remember_contact
from bot.orders.fields import Changes, Field
from bot.orders.messages import ask_card, notice, refusal_card, reminder_card
from bot.orders.model import EventKind, Order, OrderState
from bot.orders.people import call_customer
from bot.orders.policy import CodPolicy, Friction, History
from bot.orders.record import (
    COD_TIMER,
    NOTICE,
    TELL_CANCELLED,
    TELL_CONFIRMED,
    confirmation,
    move,
    record,
    set_timer,
)
from bot.storage.cod import CodRow, ContactRow, OrderTimerRow
from bot.storage.conversations import ConversationRow, MessageRow
from bot.storage.engine import Database
from bot.storage.orders import OrderRow, ParcelRow, ShopCustomerRow, TrackingEventRow

BOT = "bot"
_NOT_REACHED = HandoffReason.COD_UNREACHABLE
_SHOP_LATER = timedelta(minutes=1)
_log = structlog.get_logger(__name__)
# A button of ours that names an order; only we make buttons, so it can be trusted.
_OFFER = re.compile(r'/\w+\{"order_number": "([A-Z0-9-]+)"\}')


@dataclass(frozen=True, slots=True)
class Spoken:
    """An order that the bot itself brought up in a conversation.

    ``is_last`` says that it is the last thing the customer was told: "tomorrow" means it. ``asks``
    says that this was the card itself: "yes" means it. ``friction`` is what confirming the order
    takes, ``None`` when it waits for no confirmation.
    """

    order_number: str
    is_last: bool
    asks: bool
    friction: Friction | None


class CodDesk:
    """Works through the timers of orders."""

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

    @property
    def policy(self) -> CodPolicy:
        """The shop's policy."""
        return self._policy

    async def due(self, now: datetime, limit: int) -> list[int]:
        """Return the ids of at most ``limit`` timers that are due, the longest due first."""
        async with self._database.read() as session:
            found = await session.scalars(
                select(OrderTimerRow.id)
                .where(OrderTimerRow.due_at <= now)
                .order_by(OrderTimerRow.due_at, OrderTimerRow.id)
                .limit(limit)
            )
            return list(found)

    async def fire(self, timer_id: int, now: datetime) -> str | None:
        """Do what a timer stands for.

        Returns:
            The conversation that has a new message, or ``None``.
        """
        async with self._database.read() as session:
            number = await session.scalar(
                select(OrderTimerRow.order_number).where(OrderTimerRow.id == timer_id)
            )
            what = await session.scalar(
                select(OrderTimerRow.what).where(OrderTimerRow.id == timer_id)
            )
        if number is None:
            return None
        if what in {TELL_CANCELLED, TELL_CONFIRMED}:
            await self._tell_shop(timer_id, number, what, now)
            return None
        async with self._database.write() as session:
            # The order before the timer, as everybody who changes an order does: no deadlock.
            row = await locked(session, number)
            found = await session.execute(
                select(OrderTimerRow).where(OrderTimerRow.id == timer_id).with_for_update()
            )
            timer = found.scalar_one_or_none()
            if timer is None or timer.due_at > now:
                return None
            order = order_of(row)
            waking = self._policy.next_waking(order.address, now)
            if waking > now:
                timer.due_at = waking
                return None
            if timer.what == COD_TIMER:
                return await self._advance(session, timer, row, order, now)
            await session.delete(timer)
            return await self._tell(session, timer.what.removeprefix(NOTICE), order, now)

    async def remember(self, conversation_id: str, order: Order, now: datetime) -> None:
        """Remember that a conversation is with the customer of an order, who has proved it."""
        async with self._database.write() as session:
            if await session.get(ConversationRow, conversation_id) is not None:
                await remember_contact(
                    session, conversation_id, order.customer_id, order.phone, now
                )

    async def friction_of(self, order: Order) -> Friction | None:
        """Return what confirming an order takes, in whichever conversation; ``None`` if nothing waits."""
        if not order.awaits_confirmation:
            return None
        async with self._database.read() as session:
            cod = await session.get(CodRow, order.number)
            if cod is None or cod.state == CodState.PENDING:
                # Its customer turned up before anybody was asked.
                return self._policy.judge(order, await _history(session, order)).friction
            return Friction(cod.friction)

    async def spoken_of(self, conversation_id: str) -> Spoken | None:
        """Return the order that the last message offers something for, else the newest open card's."""
        async with self._database.read() as session:
            offers = await last_offers(session, conversation_id)
            named = next(filter(None, (_OFFER.match(b.payload) for b in offers)), None)
            if named is not None:
                cod = await session.get(CodRow, named[1])
                friction = _friction(cod)
                asks = any(b.payload.startswith("/cod_confirm{") for b in offers)
                return Spoken(named[1], True, asks and friction is not None, friction)
            found = await session.execute(
                select(CodRow)
                .where(
                    CodRow.conversation_id == conversation_id,
                    CodRow.state.in_([state.value for state in OPEN]),
                )
                .order_by(CodRow.updated_at.desc())
                .limit(1)
            )
            cod = found.scalar_one_or_none()
            return Spoken(cod.order_number, False, False, _friction(cod)) if cod else None

    async def _advance(
        self,
        session: AsyncSession,
        timer: OrderTimerRow,
        row: OrderRow,
        order: Order,
        now: datetime,
    ) -> str | None:
        """Take the confirmation's next step: first card, reminder, or the policy for no answer."""
        cod = await confirmation(session, order.number)
        if cod is None or not order.awaits_confirmation:
            await session.delete(timer)
            return None
        if cod.state == CodState.PENDING:
            if self._policy.refuses(order):
                return await self._refuse(session, timer, cod, order, now)
            return await self._ask_first(session, timer, cod, order, now)
        asked_at = cod.asked_at or now
        due = self._policy.next_reminder(cod.reminders, asked_at)
        if cod.state == CodState.REFUSED:
            due = None  # Said once: nothing is asked that could be reminded of.
        if due is None or due > now:
            if now >= self._policy.deadline(asked_at):
                await session.delete(timer)
                return await self._give_up(session, cod, row, order, now)
            timer.due_at = due or self._policy.deadline(asked_at)
            return None
        conversation = await self._reach(session, order, now)
        timer.due_at = self._due_after(cod.reminders + 1, asked_at)
        cod.reminders += 1
        if conversation is None:
            return None
        move(session, cod, CodState.REMINDED, actor=BOT, at=now)
        cod.conversation_id = conversation.id
        language = await self._language(session, conversation, order)
        if self._policy.refuses(order):
            card = refusal_card(self._phrases, order, self._policy, language)
        else:
            card = reminder_card(self._phrases, order, language)
        transcript.append_out(session, conversation, [card], Author.BOT)
        return conversation.id

    async def _refuse(
        self,
        session: AsyncSession,
        timer: OrderTimerRow,
        cod: CodRow,
        order: Order,
        now: datetime,
    ) -> str | None:
        """Say that an order can't be cash on delivery; who can't be told is called."""
        cod.reasons = [{"zh": "不符合货到付款条件", "en": "outside the limits of cash on delivery"}]
        cod.asked_at = now
        move(session, cod, CodState.REFUSED, actor=BOT, at=now, why="outside the limits")
        conversation = await self._reach(session, order, now)
        if conversation is None:
            await session.delete(timer)
            await call_customer(session, self._phrases, order, cod.reasons, now)
            return None
        cod.conversation_id = conversation.id
        timer.due_at = self._policy.deadline(now)
        language = await self._language(session, conversation, order)
        card = refusal_card(self._phrases, order, self._policy, language)
        transcript.append_out(session, conversation, [card], Author.BOT)
        return conversation.id

    async def _ask_first(
        self,
        session: AsyncSession,
        timer: OrderTimerRow,
        cod: CodRow,
        order: Order,
        now: datetime,
    ) -> str | None:
        judgement = self._policy.judge(order, await _history(session, order))
        cod.friction = judgement.friction.value
        cod.reasons = [{"zh": reason.zh, "en": reason.en} for reason in judgement.reasons]
        conversation = await self._reach(session, order, now)
        if conversation is None:
            move(session, cod, CodState.UNREACHABLE, actor=BOT, at=now, why="no channel")
            await session.delete(timer)
            await call_customer(session, self._phrases, order, cod.reasons, now, _NOT_REACHED)
            return None
        move(session, cod, CodState.ASKED, actor=BOT, at=now)
        cod.asked_at = now
        cod.conversation_id = conversation.id
        timer.due_at = self._due_after(0, now)
        language = await self._language(session, conversation, order)
        transcript.append_out(
            session, conversation, [ask_card(self._phrases, order, language)], Author.BOT
        )
        return conversation.id

    async def _give_up(
        self, session: AsyncSession, cod: CodRow, row: OrderRow, order: Order, now: datetime
    ) -> str | None:
        """Nobody answered in time: do what the policy says."""
        then = self._policy.no_answer.then
        if then == "ship" and self._policy.refuses(order):
            then = "agent"
        if then == "cancel":
            move(session, cod, CodState.CANCELLED, actor=BOT, at=now, why="no answer in time")
            record(
                session, order.number, "change.cancel", actor=BOT, at=now,
                before={"state": row.state.value}, after={"state": OrderState.CANCELLED.value},
                data={"why": "no answer in time"},
            )  # fmt: skip
            row.state, row.collect_minor = OrderState.CANCELLED, 0
            if self._shop is not None:
                await set_timer(session, order.number, TELL_CANCELLED, now)
        else:
            move(session, cod, CodState.EXPIRED, actor=BOT, at=now, why=f"no answer: {then}")
            if then == "ship":
                row.cod_confirmed_at = now
                if self._shop is not None:
                    await set_timer(session, order.number, TELL_CONFIRMED, now)
            elif then == "agent":
                await call_customer(session, self._phrases, order, cod.reasons, now, _NOT_REACHED)
        return None

    async def _tell_shop(self, timer_id: int, number: str, what: str, now: datetime) -> None:
        """Tell the shop's own system what the policy decided; later, while it is down."""
        changes: Changes = {}
        if what == TELL_CANCELLED:
            cancelled = {"state": OrderState.CANCELLED.value, "collect_minor": 0}
            changes = {Field.CANCEL: cancelled}
        confirmed = now if what == TELL_CONFIRMED else None
        again = None
        try:
            if self._shop is not None:
                await self._shop.change(
                    number, changes, confirmed_at=confirmed, key=f"{timer_id}-{number}", at=now
                )
        except BookDownError:
            again = now + _SHOP_LATER
        except (ChangeRefusedError, UnknownOrderError) as error:
            # It was sent meanwhile, or is gone: the shop knows better.
            _log.warning("the shop did not take over", order=number, what=what, error=str(error))
        async with self._database.write() as session:
            timer = await session.get(OrderTimerRow, timer_id)
            if timer is not None and again:
                timer.due_at = again
            elif timer is not None:
                await session.delete(timer)

    async def _tell(
        self, session: AsyncSession, what: str, order: Order, now: datetime
    ) -> str | None:
        conversation = await self._reach(session, order, now)
        if conversation is None:
            return None
        language = await self._language(session, conversation, order)
        body = notice(self._phrases, what, order, language)
        if body is None:
            return None
        transcript.append_out(session, conversation, [body], Author.BOT)
        record(session, order.number, f"told.{what}", actor=BOT, at=now)
        return conversation.id

    def _due_after(self, reminders: int, asked_at: datetime) -> datetime:
        due = self._policy.next_reminder(reminders, asked_at)
        return due or self._policy.deadline(asked_at)

    async def _reach(
        self, session: AsyncSession, order: Order, now: datetime
    ) -> ConversationRow | None:
        """Return the newest conversation with the customer in which the bot may speak first."""
        known = await session.scalars(
            select(ConversationRow)
            .join(ContactRow, ContactRow.conversation_id == ConversationRow.id)
            .where(
                ContactRow.customer_id == order.customer_id,
                ContactRow.phone.in_([order.phone, ""]),
                ConversationRow.joined_id.is_(None),
            )
            .order_by(ConversationRow.updated_at.desc(), ConversationRow.id)
        )
        for conversation in known.all():
            last_heard = await session.scalar(
                select(func.max(MessageRow.created_at)).where(
                    MessageRow.conversation_id == conversation.id,
                    MessageRow.direction == Direction.IN.value,
                )
            )
            if self._policy.may_speak_first(conversation.address.channel, last_heard, now):
                return await transcript.locked(session, conversation.id)
        return None

    async def _language(
        self, session: AsyncSession, conversation: ConversationRow, order: Order
    ) -> Language:
        if conversation.language:
            return conversation.language
        customer = await session.get(ShopCustomerRow, order.customer_id)
        if customer is not None and customer.language in ("zh", "en"):
            return "zh" if customer.language == "zh" else "en"
        return self._default_language


def _friction(cod: CodRow | None) -> Friction | None:
    if cod is None or CodState(cod.state) not in OPEN:
        return None
    return Friction(cod.friction)


async def _history(session: AsyncSession, order: Order) -> History:
    """Return what the customer of an order did before it."""
    others = (
        OrderRow.customer_id == order.customer_id,
        OrderRow.number != order.number,
        OrderRow.created_at <= order.created_at,
    )
    orders = await session.scalar(select(func.count()).select_from(OrderRow).where(*others))
    refusals = await session.scalar(
        select(func.count(func.distinct(OrderRow.number)))
        .join(ParcelRow, ParcelRow.order_number == OrderRow.number)
        .join(TrackingEventRow, TrackingEventRow.tracking_number == ParcelRow.tracking_number)
        .where(*others, TrackingEventRow.kind == EventKind.REFUSED)
    )
    return History(orders or 0, refusals or 0)


async def start_again(session: AsyncSession, policy: CodPolicy, cod: CodRow, now: datetime) -> None:
    """Let the reminders of a confirmation run from now on: something changed and is asked anew."""
    cod.asked_at, cod.reminders = now, 0
    due = policy.next_reminder(0, now) or policy.deadline(now)
    await set_timer(session, cod.order_number, COD_TIMER, due)
