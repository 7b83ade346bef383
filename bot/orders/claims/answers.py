"""What to say around a claim: the next question, what will happen, what was done, why not."""

from __future__ import annotations

from datetime import datetime

from bot.conversations.model import Button
from bot.language import Language
from bot.orders import wording
from bot.orders.answers import Goal, Reply, not_received
from bot.orders.cases import Case
from bot.orders.claims.model import PERSONAL, Claim, Detail, Photo, Reason
from bot.orders.claims.policy import AftersalesPolicy, last_day, received_at
from bot.orders.claims.rules import NotPossible, Refusal, chosen, question_of
from bot.orders.model import Order, OrderItem
from bot.orders.promise import local_day

# The name that a goal has in the names of responses.
NAMES = {
    Goal.RETURN_REQUEST: "return",
    Goal.EXCHANGE_REQUEST: "exchange",
    Goal.WRONG_OR_DAMAGED_ITEM: "problem",
    Goal.INVOICE: "invoice",
    Goal.NOT_RECEIVED: "not_received",
}


def question(
    detail: Detail, order: Order, claim: Claim, policy: AftersalesPolicy, language: Language,
    *, again: bool = False,
) -> Reply:  # fmt: skip
    """Return the question for a detail; ``again`` when what was typed could not be read."""
    values = {"order_number": order.number}
    if detail is Detail.OPENED:
        category = question_of(chosen(order, claim), policy)
        unless = category.unless.read().in_(language) if category and category.unless else ""
        return Reply("utter_ask_claim_opened", values | {"question": unless})
    if again and detail in {Detail.TAX_NUMBER, Detail.EMAIL}:
        return Reply(f"utter_ask_claim_{detail}_again", values)
    return Reply(f"utter_ask_claim_{detail}", values)


def item_buttons(order: Order, language: Language, all_of_them: str) -> list[Button]:
    """Return a button for each of an order's goods and one for all."""
    named = [
        Button(item.name.in_(language), f'/inform{{"choice": "{item.sku}"}}')
        for item in order.items
    ]
    return [*named, Button(all_of_them, '/inform{"choice": "all"}')]


def preview(
    goal: Goal, order: Order, claim: Claim, policy: AftersalesPolicy, now: datetime, language: Language
) -> list[Reply]:  # fmt: skip
    """Say what will happen if the customer says yes."""
    if goal is Goal.NOT_RECEIVED:
        return not_received(order, now, language)
    name = NAMES[goal]
    if goal is Goal.RETURN_REQUEST and claim.reason is Reason.FAULT:
        name = "return_fault"
    if goal is Goal.INVOICE and claim.tax_number:
        name = "invoice_company"
    return [Reply(f"utter_preview_{name}", _values(order, claim, policy, language))]


def done(
    goal: Goal, case: Case, order: Order, claim: Claim, policy: AftersalesPolicy, language: Language
) -> list[Reply]:  # fmt: skip
    """Give the case's number, what happens next and until when; or the number it has already."""
    values = _values(order, claim, policy, language) | {
        "case": case.number,
        "promised_for": wording.promise(case.promised_for, language),
    }
    if not case.new:
        return [Reply("utter_claim_known", values)]
    name = NAMES[goal]
    if goal is Goal.WRONG_OR_DAMAGED_ITEM and claim.photo is not Photo.SENT:
        name = "problem_photo_later"
    if goal is Goal.RETURN_REQUEST and claim.reason is Reason.FAULT:
        name = "return_fault"
    replies = [Reply(f"utter_done_{name}", values)]
    if claim.reason is Reason.FAULT:
        categories = (policy.category_of(item) for item in chosen(order, claim))
        notes = (c.fault_note.read().in_(language) for c in categories if c and c.fault_note)
        replies += [Reply("utter_claim_note", {"note": note}) for note in dict.fromkeys(notes)]
    return replies


def kept(order: Order) -> Reply:
    """Say that nothing was registered."""
    return Reply("utter_claim_kept", {"order_number": order.number})


def refused(
    why: NotPossible, goal: Goal, order: Order, policy: AftersalesPolicy, language: Language
) -> Reply:
    """Say why a claim is not possible, and what else helps."""
    received = received_at(order, (why.item,) if why.item else ())
    days = {
        Refusal.LATE_RETURN: policy.returns.days,
        Refusal.LATE_EXCHANGE: policy.exchange.days,
        Refusal.LATE_INVOICE: policy.invoice.days,
    }.get(why.why, policy.returns.days)
    category = why.category
    words = category and ((why.why is Refusal.OPENED and category.after) or category.name)
    values = {
        "order_number": order.number,
        "received": wording.day(local_day(received), language) if received else "",
        "last_day": wording.day(last_day(received, days), language) if received else "",
        "hours": f"{policy.report.hours:g}",
        "item": why.item.name.in_(language) if why.item else "",
        "category": words.read().in_(language) if words else "",
    }
    if why.why is Refusal.NOT_SENT and goal is Goal.WRONG_OR_DAMAGED_ITEM:
        return Reply("utter_claim_not_here_yet", values)
    return Reply(f"utter_claim_{why.why}", values)


def withdrawn(case: Case) -> Reply:
    """Say that a case was taken back."""
    return Reply("utter_claim_withdrawn", {"case": case.number})


def _values(
    order: Order, claim: Claim, policy: AftersalesPolicy, language: Language
) -> dict[str, str]:
    goods: tuple[OrderItem, ...] = chosen(order, claim) or order.items
    title = claim.title or ""
    return {
        "order_number": order.number,
        "items": wording.items(goods, language),
        "postage": wording.money(policy.postage(order), language),
        "refund_days": str(policy.refund_within_days),
        "wish": claim.wish or "",
        "problem": wording.problem(claim.problem, language) if claim.problem else "",
        "title": wording.personal(language) if title == PERSONAL else title,
        "tax_number": claim.tax_number or "",
        "email": claim.email or "",
        "total": wording.money(order.total, language),
    }
