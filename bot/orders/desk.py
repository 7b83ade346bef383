"""The order desk: nothing is said about an order before its customer has shown that it is theirs.

An order number alone shows nothing: it is printed on the parcel, couriers and neighbours see it. The
last four digits of the phone on the order must come with it, one of ten thousand, so what has to be
stopped is guessing. An unknown number and wrong digits give the same result. Wrong tries are counted
for the conversation, which stops one guesser trying many orders, for the order and its phone, which
stops many conversations trying one customer, and for the address that a conversation comes from, of
which many people may share one. Unknown numbers are counted alike, or the count would tell which exist.
The price: whoever knows your order number can close it to the bot for an hour. People still answer.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.orders.book import OrderBook
from bot.orders.model import Order
from bot.orders.tries import Tries
from bot.storage.conversations import ConversationRow
from bot.storage.engine import Database


@dataclass(frozen=True, slots=True)
class Verified:
    """The digits fit: the order may be talked about."""

    order: Order


@dataclass(frozen=True, slots=True)
class NoMatch:
    """No order has this number and these digits; which of the two is wrong is not said."""


@dataclass(frozen=True, slots=True)
class Locked:
    """Too many wrong tries within ``LOCK_PERIOD``: nothing was checked, or this was the last."""


class OrderDesk:
    """Opens orders to customers who prove that they are theirs."""

    def __init__(self, book: OrderBook, database: Database) -> None:
        self._book = book
        self._database = database

    async def verify(
        self, reference: str, last_four: str, *, conversation_id: str, now: datetime
    ) -> Verified | NoMatch | Locked:
        """Check ``last_four`` against the order with this order or tracking number.

        Tries that run at the same time, in one process or several, are put in order by row locks:
        never are more than ``WRONG_TRIES`` looked at in an hour (of one address: ``WRONG_TRIES_OF_ADDRESS``). A right try forgives no wrong one,
        or a customer could guess four times, open an own order, and go on.
        """
        reference = _normal(reference)
        order = await self._book.find(reference)
        # A parcel's number counts as the order's: one order, one limit.
        subjects = [
            f"conversation:{conversation_id}",
            f"order:{order.number if order else reference}",
        ]
        if order:
            subjects.append(f"phone:{order.phone}")
        async with self._database.write() as session:
            conversation = await session.get(ConversationRow, conversation_id)
            if conversation is not None and conversation.origin:
                subjects.append(f"address:{conversation.origin}")
            tries = await Tries.of(session, subjects, now)
            if tries.full:
                return Locked()
            if order and hmac.compare_digest(order.last_four.encode(), last_four.encode()):
                return Verified(order)
            tries.add()
        return Locked() if tries.full else NoMatch()

    async def opened_with(self, verified: str, reference: str) -> Order | None:
        """Return the order ``reference`` if it is open to the customer verified for ``verified``.

        That order itself, and every other one of the same customer to the same phone, is open.
        """
        other = await self._book.find(_normal(reference))
        if other is None or verified == other.number:
            return other
        first = await self._book.find(_normal(verified))
        same = first and (first.customer_id, first.phone) == (other.customer_id, other.phone)
        return other if same else None

    async def opened_to(self, customer_id: str, reference: str) -> Order | None:
        """Return the order ``reference`` if it belongs to a customer whom the shop has signed in."""
        order = await self._book.find(_normal(reference))
        return order if order and order.customer_id == customer_id else None

    async def orders_of(self, customer_id: str, *, limit: int) -> Sequence[Order]:
        """Return the newest orders of a customer whom the shop has signed in, newest first."""
        return await self._book.of_customer(customer_id, limit=limit)

    async def recent_orders(self, order: Order, *, limit: int) -> Sequence[Order]:
        """Return the newest orders of the customer of a verified ``order``, newest first."""
        return await self._book.of_same_customer(order, limit=limit)


def _normal(reference: str) -> str:
    # No real number is longer than a tracking number; what is longer is cut to fit its column.
    return reference.strip().upper()[:64]
