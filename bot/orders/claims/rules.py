"""Whether a claim is possible, and what must still be asked; plain functions of order and policy."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from bot.orders.answers import Goal
from bot.orders.claims.model import PERSONAL, Claim, Detail, Reason
from bot.orders.claims.policy import AftersalesPolicy, Category, last_day, received_at
from bot.orders.model import Order, OrderItem, OrderState
from bot.orders.promise import local_day

_S = OrderState
_NOT_SENT = frozenset({_S.UNPAID, _S.PLACED, _S.PAID, _S.PACKED})
_ON_ITS_WAY = frozenset({_S.SHIPPED, _S.OUT_FOR_DELIVERY, _S.DELIVERY_FAILED})
_GOODS = frozenset({Goal.RETURN_REQUEST, Goal.EXCHANGE_REQUEST, Goal.WRONG_OR_DAMAGED_ITEM})
# A company's name ends in one of these, as a rule; only companies have a tax number.
_COMPANY = (
    "公司", "集团", "厂", "店", "中心", "事务所", "合作社", "学校", "大学", "医院", "协会", "基金会", "银行",
    "ltd", "limited", "inc", "llc", "gmbh", "company", "corp", "trading", "studio", "university",
)  # fmt: skip


class Refusal(StrEnum):
    """Why a claim is not possible; the value is the end of the response's name."""

    NOT_SENT = "not_sent"
    NOT_HERE_YET = "not_here_yet"
    OVER = "over"  # the order was cancelled or has come back
    LATE_RETURN = "late_return"
    LATE_BOTH = "late_both"  # for a return, and for an exchange too
    LATE_EXCHANGE = "late_exchange"
    LATE_REPORT = "late_report"
    LATE_INVOICE = "late_invoice"
    NEVER = "never"  # goods that never go back without a fault
    OPENED = "opened"
    UNPAID = "unpaid"


@dataclass(frozen=True, slots=True)
class NotPossible:
    """A claim that can't be taken. ``item`` and ``category`` say for which goods, if for some."""

    why: Refusal
    item: OrderItem | None = None
    category: Category | None = None


def concerns(goal: Goal, order: Order) -> bool:
    """Tell whether a goal is a claim about this order."""
    return goal in _GOODS | {Goal.INVOICE} or (
        goal is Goal.NOT_RECEIVED and order.state is _S.DELIVERED
    )


def chosen(order: Order, claim: Claim) -> tuple[OrderItem, ...]:
    """Return the goods that a claim is about; the only one, when there is only one."""
    if len(order.items) == 1:
        return order.items
    return tuple(item for item in order.items if item.sku in claim.skus)


def possible(
    goal: Goal, order: Order, claim: Claim, policy: AftersalesPolicy, now: datetime
) -> NotPossible | None:
    """Return why a claim can't be taken as far as it is known, ``None`` if it can."""
    if goal is Goal.NOT_RECEIVED:
        return None
    if order.state in {_S.CANCELLED, _S.RETURNED}:
        return NotPossible(Refusal.OVER)
    items = chosen(order, claim)
    received = received_at(order, items)
    if goal is Goal.INVOICE:
        if order.state is _S.UNPAID:
            return NotPossible(Refusal.UNPAID)
        late = received and local_day(now) > last_day(received, policy.invoice.days)
        return NotPossible(Refusal.LATE_INVOICE) if late else None
    if received is None:
        if order.state in _NOT_SENT:
            return NotPossible(Refusal.NOT_SENT)
        if order.state in _ON_ITS_WAY:
            return NotPossible(Refusal.NOT_HERE_YET)
        return None
    today = local_day(now)
    match goal:
        case Goal.RETURN_REQUEST if today > last_day(received, policy.returns.days):
            too = today > last_day(received, policy.exchange.days)
            return NotPossible(Refusal.LATE_BOTH if too else Refusal.LATE_RETURN)
        case Goal.EXCHANGE_REQUEST if today > last_day(received, policy.exchange.days):
            return NotPossible(Refusal.LATE_EXCHANGE)
        case Goal.WRONG_OR_DAMAGED_ITEM:
            late = now - received > timedelta(hours=policy.report.hours)
            return NotPossible(Refusal.LATE_REPORT) if late else None
    if claim.reason is Reason.FAULT:
        return None
    for item in items:
        category = policy.category_of(item)
        if category is None:
            continue
        # Whether it is faulty decides: nothing is refused before that is known.
        if category.unless is None and claim.reason is Reason.UNSUITABLE:
            return NotPossible(Refusal.NEVER, item, category)
        if category.unless and claim.opened and claim.reason is Reason.UNSUITABLE:
            return NotPossible(Refusal.OPENED, item, category)
    return None


def missing(goal: Goal, order: Order, claim: Claim, policy: AftersalesPolicy) -> Detail | None:
    """Return what must be asked next, ``None`` when all is known."""
    items = chosen(order, claim)
    if goal in _GOODS and not items:
        return Detail.ITEM
    match goal:
        case Goal.RETURN_REQUEST | Goal.EXCHANGE_REQUEST:
            if claim.reason is None:
                return Detail.REASON
            asks = claim.reason is Reason.UNSUITABLE and question_of(items, policy) is not None
            if asks and claim.opened is None:
                return Detail.OPENED
            if goal is Goal.EXCHANGE_REQUEST and claim.wish is None:
                return Detail.WISH
        case Goal.WRONG_OR_DAMAGED_ITEM:
            if claim.problem is None:
                return Detail.PROBLEM
            if claim.photo is None:
                return Detail.PHOTO
        case Goal.INVOICE:
            if claim.title is None:
                return Detail.TITLE
            if is_company(claim.title) and claim.tax_number is None:
                return Detail.TAX_NUMBER
            if claim.email is None:
                return Detail.EMAIL
    return None


def question_of(items: tuple[OrderItem, ...], policy: AftersalesPolicy) -> Category | None:
    """Return the first category of the goods that has a question of its own."""
    found = (policy.category_of(item) for item in items)
    return next((category for category in found if category and category.unless), None)


def is_company(title: str) -> bool:
    """Tell whether an invoice's title names a company, which has a tax number."""
    plain = title.lower().rstrip(".)） ")
    return title != PERSONAL and any(end in plain for end in _COMPANY)
