"""What to say about an order: which responses of domain.yml, with which values.

Plain functions from an order and a moment to replies, so that every case can be read and tested
without an engine. The customer has been verified before anything here is called.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from bot.conversations.model import Button, Card
from bot.language import Language, normalise
from bot.orders import cards, wording
from bot.orders.cases import Case
from bot.orders.model import Order, OrderState
from bot.orders.promise import PAYMENT_PERIOD, days_late, dispatch_by, expected_day

_NOT_SENT = {OrderState.PLACED, OrderState.PAID, OrderState.PACKED}
_CLOSED = {OrderState.DELIVERED, OrderState.RETURNED, OrderState.CANCELLED}
_TRACE = re.compile(
    r"轨迹|物流(?:信息|详情|记录|明细|动态|单)|全程|每一?[步站]|走到哪|路线"
    r"|(?<![a-z])(?:trac(?:e|ing history|king (?:history|details|events?|record))|(?:parcel|delivery|shipping) history|all (?:the )?scans|every (?:scan|stop))(?![a-z])",
    re.IGNORECASE,
)


class Goal(StrEnum):
    """What the customer wants to know about the order."""

    ORDER_STATUS = "order_status"
    MY_ORDERS = "my_orders"
    URGE_DELIVERY = "urge_delivery"
    NOT_RECEIVED = "not_received"
    COD_CONFIRM = "cod_confirm"
    CHANGE_ADDRESS = "change_address"
    CHANGE_DELIVERY_TIME = "change_delivery_time"
    CHANGE_PHONE = "change_phone"
    CHANGE_RECIPIENT = "change_recipient"
    CANCEL_ORDER = "cancel_order"
    RETURN_REQUEST = "return_request"
    EXCHANGE_REQUEST = "exchange_request"
    WRONG_OR_DAMAGED_ITEM = "wrong_or_damaged_item"
    INVOICE = "invoice"


@dataclass(frozen=True, slots=True)
class Reply:
    """A response of domain.yml and the values of its placeholders; cards and their buttons, if any.

    ``lead`` stands for the text where cards can be shown; without one the text is shown too.
    """

    response: str
    values: dict[str, str]
    cards: tuple[Card, ...] = ()
    buttons: tuple[Button, ...] = ()
    lead: str | None = None


def answer(goal: Goal, order: Order, now: datetime, language: Language) -> list[Reply]:
    """Answer one question about one order; ``MY_ORDERS`` is about several, see ``my_orders``."""
    about = {
        Goal.URGE_DELIVERY: urge,
        Goal.NOT_RECEIVED: not_received,
    }
    return about.get(goal, status)(order, now, language)


def status(order: Order, now: datetime, language: Language) -> list[Reply]:
    """Say how far an order is, where its parcels are, and what the courier will collect."""
    headline = replace(_headline(order, now, language), cards=(cards.order_card(order, language),))
    return [headline, *_details(order, language)]


def asks_for_trace(text: str) -> bool:
    """Tell whether a message asks for the whole way of a parcel, not only for where it is."""
    return _TRACE.search(normalise(text)) is not None


def trace(order: Order, now: datetime, language: Language) -> list[Reply]:
    """Say the status with every scan of each parcel, the newest first."""
    replies: list[Reply] = []
    for reply in status(order, now, language):
        position = len(replies) - 1  # the parcels come right after the headline
        if 0 <= position < len(order.parcels) and order.parcels[position].events:
            scans = sorted(order.parcels[position].events, key=lambda scan: scan.at, reverse=True)
            lines = (
                f"- {wording.moment(scan.at, language)} {wording.event(scan, language)}"
                for scan in scans
            )
            values = reply.values | {"scans": "\n".join(lines)}
            reply = Reply("utter_order_parcel_trace", values)  # noqa: PLW2901
        replies.append(reply)
    return replies


def urge(order: Order, now: datetime, language: Language) -> list[Reply]:
    """Answer somebody who cannot wait: what happens next and by when; who is late gets a case as well."""
    headline = _headline(order, now, language)
    calm = {
        "utter_order_placed": "utter_urge_not_sent",
        "utter_order_paid": "utter_urge_not_sent",
        "utter_order_packed": "utter_urge_not_sent",
        "utter_order_shipped": "utter_urge_on_the_way",
        "utter_order_out_for_delivery": "utter_urge_today",
        "utter_order_dispatch_late": "utter_urge_dispatch_late",
        "utter_order_shipped_late": "utter_urge_shipped_late",
    }
    promise = Reply(calm.get(headline.response, headline.response), headline.values)
    return [promise, *_details(order, language)]


def is_late(order: Order, now: datetime) -> bool:
    """Tell whether we have missed a promise about an order: to send it, or to deliver it."""
    late = {"utter_order_dispatch_late", "utter_order_shipped_late"}
    return _headline(order, now, "zh").response in late


def promised(case: Case, language: Language) -> Reply:
    """Say that people look into it, and until when the customer hears of it."""
    name = "utter_case_opened" if case.new else "utter_case_known"
    values = {"case": case.number, "promised_for": wording.promise(case.promised_for, language)}
    return Reply(name, values)


def last_known(as_of: datetime, language: Language) -> Reply:
    """Say that the shop's system can't be reached, and of when what follows is."""
    return Reply("utter_backend_last_known", {"as_of": wording.moment(as_of, language)})


def not_received(order: Order, now: datetime, language: Language) -> list[Reply]:
    """Answer "it did not come": where a delivered order was left and what to do, else its status."""
    if order.state is not OrderState.DELIVERED:
        return status(order, now, language)
    return [*_parcels(order, language), Reply("utter_not_received_help", _basics(order, language))]


def my_orders(orders: Sequence[Order], language: Language) -> list[Reply]:
    """List orders in the given sequence: one line each, and one card with a button each."""
    lines = "\n".join(wording.order_line(order, language) for order in orders)
    count = str(len(orders))
    shown, buttons = cards.carousel(orders, language)
    lead = wording.on_card("my_orders", language, count=count)
    return [Reply("utter_my_orders", {"orders": lines, "count": count}, shown, buttons, lead)]


def which_order(orders: Sequence[Order], goal: Goal, language: Language) -> Reply:
    """Ask which of several orders with the same thing in it a customer means."""
    lines = "\n".join(wording.order_line(order, language) for order in orders)
    buttons = tuple(
        Button(order.number, f'/{goal}{{"order_number": "{order.number}"}}') for order in orders
    )
    return Reply("utter_which_order", {"orders": lines}, buttons=buttons)


def _headline(order: Order, now: datetime, language: Language) -> Reply:
    """Return the sentence on the state of an order, honest where a promise was missed."""
    values = _basics(order, language)
    if order.state is OrderState.UNPAID:
        pay_by = order.created_at + PAYMENT_PERIOD
        name = "utter_order_unpaid" if now < pay_by else "utter_order_unpaid_closed"
        return Reply(name, values | {"pay_by": wording.moment(pay_by, language)})
    if order.awaits_confirmation:
        amount = wording.money(order.to_collect, language)
        return Reply("utter_order_cod_waiting", values | {"amount": amount})
    day, sent_by = expected_day(order), dispatch_by(order)
    if day is None or sent_by is None:
        return Reply(f"utter_order_{order.state}", values)

    late = days_late(order, now)
    values |= {
        "expected_day": wording.day(day, language),
        "dispatch_by": wording.moment(sent_by, language),
        "delay": wording.days(late, language),
    }
    if order.state in _NOT_SENT and now > sent_by:
        return Reply("utter_order_dispatch_late", values)
    if order.state is OrderState.SHIPPED and late:
        return Reply("utter_order_shipped_late", values)
    return Reply(f"utter_order_{order.state}", values)


def _details(order: Order, language: Language) -> list[Reply]:
    replies = _parcels(order, language)
    to_come = order.state not in _CLOSED and not order.awaits_confirmation
    if order.to_collect.minor and to_come:
        amount = wording.money(order.to_collect, language)
        replies.append(Reply("utter_order_collect", {"amount": amount}))
    return replies


def _parcels(order: Order, language: Language) -> list[Reply]:
    replies = []
    for position, parcel in enumerate(order.parcels):
        values = {
            "parcel": wording.parcel(order, position, language),
            "carrier": wording.carrier(parcel.carrier, language),
            "tracking_number": parcel.tracking_number,
        }
        if not parcel.last_event:
            replies.append(Reply("utter_order_parcel_new", values))
            continue
        seen = parcel.delivered or parcel.last_event
        values |= {
            "event_time": wording.moment(seen.at, language),
            "event": wording.event(seen, language),
            "place": seen.place.in_(language),
        }
        if parcel.delivered:
            values["received_by"] = wording.receiver(parcel.received_by, language)
        name = "utter_order_parcel_delivered" if parcel.delivered else "utter_order_parcel"
        replies.append(Reply(name, values))
    return replies


def _basics(order: Order, language: Language) -> dict[str, str]:
    return {
        "order_number": order.number,
        "items": wording.items(order.items, language),
        "total": wording.money(order.total, language),
    }
