"""What customers are told about an order without having asked: cards, reminders, notices."""

from __future__ import annotations

from dataclasses import replace

from bot.conversations.model import Body
from bot.conversations.phrases import Phrases
from bot.language import Language
from bot.orders import cards, wording
from bot.orders.model import Money, Order, OrderState
from bot.orders.policy import CodPolicy
from bot.orders.promise import expected_day


def card_values(order: Order, language: Language) -> dict[str, str]:
    """Return the placeholders of a confirmation card."""
    return {
        "order_number": order.number,
        "items": wording.items(order.items, language),
        "recipient": wording.masked_name(order.recipient),
        "phone": wording.masked_phone(order.phone),
        "address": wording.masked_address(order.address),
        "window": wording.window(order.window, language),
        "amount": wording.money(order.to_collect, language),
    }


def ask_card(phrases: Phrases, order: Order, language: Language) -> Body:
    """Return the card that asks a customer to confirm a cash-on-delivery order."""
    return _confirmation(phrases, "cod_ask", order, language)


def reminder_card(phrases: Phrases, order: Order, language: Language) -> Body:
    """Return the card that reminds a customer."""
    return _confirmation(phrases, "cod_reminder", order, language)


def _confirmation(phrases: Phrases, name: str, order: Order, language: Language) -> Body:
    body = phrases.say(f"utter_{name}", language, **card_values(order, language))
    lead = wording.on_card(name, language)
    return replace(body, cards=(cards.confirmation(order, language),), lead=lead)


def refusal_card(phrases: Phrases, order: Order, policy: CodPolicy, language: Language) -> Body:
    """Return the card that says why an order can't be cash on delivery, and how to pay it instead."""
    return phrases.say(
        "utter_cod_not_possible", language, **refusal_values(order, policy, language)
    )


def refusal_values(order: Order, policy: CodPolicy, language: Language) -> dict[str, str]:
    """Return the placeholders of that card."""
    limits, currency = policy.limits, order.total.currency
    return {
        "order_number": order.number,
        "items": wording.items(order.items, language),
        "amount": wording.money(order.total, language),
        "least": wording.money(Money(limits.least, currency), language),
        "most": wording.money(Money(limits.most, currency), language),
        "link": limits.pay_link.format(order_number=order.number),
    }


def notice(phrases: Phrases, what: str, order: Order, language: Language) -> Body | None:
    """Return the line for an event (``shipped``, …); ``None`` when it is no longer true."""
    amount = {"amount": wording.money(order.to_collect, language)}
    values = {"order_number": order.number, "items": wording.items(order.items, language)}
    collects = order.to_collect.minor > 0
    match what, order.state:
        case "shipped", OrderState.SHIPPED if order.parcels:
            parcel, day = order.parcels[-1], expected_day(order)
            values |= {
                "carrier": wording.carrier(parcel.carrier, language),
                "tracking_number": parcel.tracking_number,
                "expected_day": wording.day(day, language) if day else "",
            }
            name = "utter_notice_shipped_cod" if collects else "utter_notice_shipped"
            return phrases.say(name, language, **values, **amount)
        case "out_for_delivery", OrderState.OUT_FOR_DELIVERY:
            name = "utter_notice_today_cod" if collects else "utter_notice_today"
            return phrases.say(name, language, **values, **amount)
        case "delivery_failed", OrderState.DELIVERY_FAILED:
            return phrases.say("utter_notice_failed", language, **values)
        case _:
            return None
