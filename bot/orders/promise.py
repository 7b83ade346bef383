"""When an order should arrive: the shop's published shipping times, and the carrier's own date.

Source of the numbers: the shop's FAQ on delivery. Dispatched within 48 hours; 2-4 days to most
cities, 5-7 to remote regions, 4-7 to Hong Kong and Macao. We promise the last day, not the first.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

from bot.clock import SHOP_ZONE
from bot.orders.model import Order, OrderState

PAYMENT_PERIOD = timedelta(minutes=30)  # An unpaid order closes by itself then.
DISPATCH_PERIOD = timedelta(hours=48)

_LATEST_DAYS = 4
# Xinjiang, Tibet, Inner Mongolia, Hong Kong, Macao.
_LATEST_DAYS_FAR = dict.fromkeys(("CN-XJ", "CN-XZ", "CN-NM", "CN-HK", "CN-MO"), 7)

# Nothing is promised for an order that is not settled yet, or that is over.
_NOT_PROMISED = {
    OrderState.UNPAID,
    OrderState.DELIVERED,
    OrderState.RETURNED,
    OrderState.CANCELLED,
}


def transit_days(subdivision: str) -> int:
    """Return the most days that a parcel takes to a province (ISO 3166-2 code) once it is sent."""
    return _LATEST_DAYS_FAR.get(subdivision, _LATEST_DAYS)


def local_day(moment: datetime) -> date:
    """Return the calendar day of ``moment`` where the shop and its customers live."""
    return moment.astimezone(SHOP_ZONE).date()


def dispatch_by(order: Order) -> datetime | None:
    """Return until when the order was promised to leave the warehouse; ``None`` without a promise.

    The 48 hours run from the payment, for cash on delivery from the customer's confirmation.
    """
    if order.state in _NOT_PROMISED or order.awaits_confirmation:
        return None
    settled_at = order.cod_confirmed_at if order.cash_on_delivery else order.paid_at
    return (settled_at or order.created_at) + DISPATCH_PERIOD


def expected_day(order: Order) -> date | None:
    """Return the day by which everything should have arrived; ``None`` without a promise.

    The carrier's date counts where there is one. An order in several parcels arrives with the last.
    """
    sent_by = dispatch_by(order)
    if sent_by is None:
        return None
    transit = timedelta(days=transit_days(order.address.subdivision))
    days = [
        parcel.expected_on or local_day(parcel.shipped_at) + transit
        for parcel in order.parcels
        if not parcel.delivered
    ]
    return max(days, default=local_day(sent_by) + transit)


def days_late(order: Order, now: datetime) -> int:
    """Return by how many days the order has missed its expected day; 0 while it has not."""
    day = expected_day(order)
    return max(0, (local_day(now) - day).days) if day else 0
