"""What a conversation needs to know of a confirmation: which order the bot spoke of, what a yes takes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from bot.conversations.choices import last_offers
from bot.orders.cod import OPEN, CodState
from bot.orders.contacts import remember_contact
from bot.orders.model import Order
from bot.orders.policy import CodPolicy, Friction
from bot.orders.reach import history_of
from bot.orders.record import CASE_PREFIX, last_deed
from bot.storage.cod import CodRow
from bot.storage.conversations import ConversationRow
from bot.storage.engine import Database

# A button of ours that names an order; only we make buttons, so it can be trusted.
_OFFER = re.compile(r'/\w+\{"order_number": "([A-Z0-9-]+)"\}')
# So long after a confirmation or a change a word for the courier goes with that order.
_JUST_SETTLED = timedelta(hours=2)


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
    """Answers what is asked about confirmations while a customer is being talked to."""

    def __init__(self, database: Database, policy: CodPolicy) -> None:
        self._database = database
        self._policy = policy

    @property
    def policy(self) -> CodPolicy:
        """The shop's policy."""
        return self._policy

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
                return self._policy.judge(order, await history_of(session, order)).friction
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

    async def settled_in(self, conversation_id: str, now: datetime) -> str | None:
        """Return the order that the customer of a conversation confirmed or changed a moment ago."""
        async with self._database.read() as session:
            deed = await last_deed(session, f"customer:{conversation_id}")
        if deed is None or deed.kind == "change.cancel" or deed.kind.startswith(CASE_PREFIX):
            return None
        return deed.order_number if now - deed.at <= _JUST_SETTLED else None


def _friction(cod: CodRow | None) -> Friction | None:
    if cod is None or CodState(cod.state) not in OPEN:
        return None
    return Friction(cod.friction)
