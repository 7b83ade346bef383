"""What a customer is told about an order of theirs, in the form's answer and in the middle of a task."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from rasa_sdk import Tracker

from actions.context import language_of, text_of
from actions.form import DRAFT
from bot.orders.answers import (
    Goal,
    Reply,
    answer,
    asks_for_trace,
    is_late,
    my_orders,
    promised,
    trace,
)
from bot.orders.case_news import asks_for_news, news
from bot.orders.cases import CaseKind
from bot.orders.model import Order
from bot.orders.service import Orders

ORDERS_LISTED = 5


class OrderAnswers:
    """Answers questions about orders; opens a case for a parcel that is late."""

    def __init__(self, orders: Orders) -> None:
        self._desk = orders.desk
        self._cases = orders.cases
        self._identity = orders.identity

    async def replies(
        self, order: Order, tracker: Tracker, goal: Goal, now: datetime
    ) -> list[Reply]:
        """Return the answer to ``goal`` about an order that is open to the customer."""
        language = language_of(tracker)
        if goal is Goal.MY_ORDERS:
            return my_orders(await self.open_to(tracker, order, now), language)
        said = [one["text"] for one in (tracker.get_slot(DRAFT) or {}).get("early", ())]
        said.append(text_of(tracker))
        if goal is Goal.ORDER_STATUS and any(map(asks_for_news, said)):
            cases = await self._cases.of_orders([order.number])
            if not cases:
                others = await self.open_to(tracker, order, now)
                cases = await self._cases.of_orders([other.number for other in others])
            nothing = Reply("utter_case_none", {"order_number": order.number})
            return news(cases, now, language) or [nothing, *answer(goal, order, now, language)]
        if goal is Goal.ORDER_STATUS and any(map(asks_for_trace, said)):
            return trace(order, now, language)
        replies = answer(goal, order, now, language)
        if goal is Goal.URGE_DELIVERY and is_late(order, now):
            case = await self._cases.open(
                CaseKind.URGE, order, conversation_id=tracker.sender_id, now=now
            )
            replies.append(promised(case, language))
        return replies

    async def open_to(self, tracker: Tracker, order: Order, now: datetime) -> Sequence[Order]:
        """Return the newest orders of the customer that the proof for ``order`` opens."""
        customer = await self._identity.customer_of(tracker.sender_id, now)
        if customer == order.customer_id:
            return await self._desk.orders_of(customer, limit=ORDERS_LISTED)
        return await self._desk.recent_orders(order, limit=ORDERS_LISTED)
