"""What to say around changes of an order: what will happen, what was done, why it can't be done."""

from __future__ import annotations

from datetime import datetime

from bot.language import Language
from bot.orders import answers, wording
from bot.orders.answers import Goal, Reply
from bot.orders.changes import Draft, NotAsCod, NotHere, Refused, Settled, ShopDown
from bot.orders.fields import NOT_PACKED, Field
from bot.orders.messages import card_values, refusal_values
from bot.orders.model import Address, Order, OrderState
from bot.orders.policy import CodPolicy
from bot.orders.reading import TimeProblem, earliest_day, latest_day

_SENT = {OrderState.SHIPPED, OrderState.OUT_FOR_DELIVERY}


def preview(order: Order, draft: Draft, language: Language, *, checks: bool = False) -> Reply:
    """Say what will happen if the customer says yes; ``checks`` asks to look at the address again."""
    values = card_values(order, language)
    if checks and not draft.fields:
        values["address"] = full_address(order.address)
        return Reply("utter_cod_check_address", values)
    if draft.cancel:
        name = "utter_preview_cancel_paid" if order.paid_at else "utter_preview_cancel"
        return Reply(name, values)
    if not draft.fields:
        return Reply("utter_cod_ask", values)
    values["changes"] = changes(draft, language)
    name = "utter_preview_change_cod" if order.awaits_confirmation else "utter_preview_change"
    return Reply(name, values)


def changes(draft: Draft, language: Language) -> str:
    """Return what a draft changes, one line each, with what it will be."""
    new = {
        Field.ADDRESS: full_address(draft.address) if draft.address else "",
        Field.WINDOW: wording.window(draft.window, language),
        Field.RECIPIENT: draft.recipient or "",
        Field.PHONE: wording.phone(draft.phone or ""),
        Field.NOTE: draft.note or "",
    }
    return "\n".join(
        wording.change_line(field, new[field], language) for field in draft.fields if field in new
    )


def full_address(address: Address) -> str:
    """Return an address with everything that its customer has just written."""
    if wording.is_chinese(address.detail):
        city = "" if address.city == address.province else address.city
        return f"{address.province}{city}{address.district}{address.detail}"
    parts = (address.detail, address.district, address.city, address.province)
    return ", ".join(dict.fromkeys(part for part in parts if part))


def done(settled: Settled, draft: Draft, language: Language) -> list[Reply]:
    """Say what was done, and how it is taken back."""
    order = settled.order
    values = card_values(order, language)
    if draft.cancel:
        name = "utter_done_cancel_paid" if order.paid_at else "utter_done_cancel"
        return [Reply(name, values)]
    if not draft.fields:
        return [Reply("utter_cod_confirmed", values)]
    if draft.fields == (Field.NOTE,) and order.state in NOT_PACKED and not settled.confirmed:
        return [Reply("utter_done_note", values | {"note": draft.note or ""})]
    values["changes"] = changes(draft, language)
    if settled.confirmed:
        return [Reply("utter_cod_confirmed_changed", values)]
    if order.state is OrderState.DELIVERY_FAILED:
        return [Reply("utter_done_again", values)]
    return [Reply("utter_done_change", values)]


def prepay(order: Order, policy: CodPolicy, language: Language) -> Reply:
    """Ask for the part that the shop wants before it sends this order, with the link to pay it."""
    part = wording.money(policy.prepayment_of(order), language)
    link = policy.prepayment.link.format(order_number=order.number)
    return Reply("utter_cod_prepay", card_values(order, language) | {"part": part, "link": link})


def must_be_paid(order: Order, language: Language) -> Reply:
    """Say that somebody has to be there to pay, and what else helps."""
    return Reply("utter_note_must_be_paid", card_values(order, language))


def kept(order: Order, goal: Goal, language: Language) -> list[Reply]:
    """Say that nothing was changed."""
    values = card_values(order, language)
    if order.awaits_confirmation and goal is not Goal.CANCEL_ORDER:
        return [Reply("utter_cod_what_else", values)]
    return [Reply("utter_change_kept", values)]


def refused(why: Refused, order: Order, policy: CodPolicy, language: Language) -> list[Reply]:
    """Say why something can't be done (any more), and what else helps."""
    if isinstance(why, NotAsCod):
        return [Reply("utter_cod_not_possible", refusal_values(order, policy, language))]
    values = {"order_number": order.number}
    if isinstance(why, ShopDown):
        return [Reply("utter_backend_no_change", values)]
    if isinstance(why, NotHere):
        return [Reply("utter_refused_not_here", values)]
    if order.state in {OrderState.CANCELLED, OrderState.RETURNED, OrderState.DELIVERED}:
        return [Reply(f"utter_refused_{order.state}", values)]
    stage = "packed" if order.state is OrderState.PACKED else "sent"
    what = "cancel" if why.field is Field.CANCEL else "change"
    return [Reply(f"utter_refused_{what}_{stage}", values)]


def undone(result: Settled | Refused | None, policy: CodPolicy, language: Language) -> list[Reply]:
    """Say that a change was taken back, and ask for the confirmation anew where it is needed."""
    if result is None:
        return [Reply("utter_undo_nothing", {})]
    if not isinstance(result, Settled):
        return refused(result, result.order, policy, language)
    order = result.order
    values = card_values(order, language)
    if order.awaits_confirmation:
        return [Reply("utter_undone_ask", values)]
    return [Reply("utter_undone", values)]


def nothing_to_confirm(order: Order, now: datetime, language: Language) -> list[Reply]:
    """Answer a customer who confirms what needs no confirmation."""
    values = card_values(order, language)
    over = {OrderState.DELIVERED, OrderState.RETURNED, OrderState.CANCELLED}
    if order.state in over:
        return answers.status(order, now, language)
    name = "utter_cod_already" if order.cash_on_delivery else "utter_cod_not_cod"
    return [Reply(name, values), *answers.status(order, now, language)]


def time_problem(
    problem: TimeProblem, order: Order, now: datetime, policy: CodPolicy, language: Language
) -> Reply:
    """Say politely why a delivery time is not possible, and which one is."""
    return Reply(
        f"utter_time_{problem}",
        {
            "earliest": wording.day(earliest_day(order, now, policy), language),
            "latest": wording.day(latest_day(now, policy), language),
            "opens": f"{policy.delivery.start:%H:%M}",
            "closes": f"{policy.delivery.end:%H:%M}",
        },
    )
