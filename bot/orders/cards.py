"""Cards about orders, for channels that can show them; the message's text says the same for the others."""

from __future__ import annotations

from collections.abc import Sequence

from bot.conversations.model import Button, Card
from bot.language import Language
from bot.orders import wording
from bot.orders.model import Order, OrderState
from bot.orders.promise import expected_day

_ON_THE_WAY = frozenset({OrderState.SHIPPED, OrderState.OUT_FOR_DELIVERY})


def order_card(order: Order, language: Language, payload: str | None = None) -> Card:
    """Return an order at a glance: goods, state, number, amount and, while it travels, the day it comes.

    Args:
        payload: of the button that shows more.
    """
    facts = [("number", order.number), ("total", wording.money(order.total, language))]
    day = expected_day(order) if order.state in _ON_THE_WAY else None
    if day:
        facts.append(("expected", wording.day(day, language)))
    return Card(
        wording.items(order.items, language),
        wording.state(order.state, language),
        _labelled(facts, language),
        payload,
    )


def carousel(
    orders: Sequence[Order], language: Language
) -> tuple[tuple[Card, ...], tuple[Button, ...]]:
    """Return a card and a button for each order."""
    payloads = [f'/order_status{{"order_number": "{order.number}"}}' for order in orders]
    cards = [
        order_card(order, language, payload)
        for order, payload in zip(orders, payloads, strict=True)
    ]
    buttons = [
        Button(wording.on_card("look", language, number=order.number), payload)
        for order, payload in zip(orders, payloads, strict=True)
    ]
    return tuple(cards), tuple(buttons)


def confirmation(order: Order, language: Language) -> Card:
    """Return what a customer confirms of a cash-on-delivery order; name, address and phone are masked."""
    facts = [
        ("number", order.number),
        (
            "recipient",
            f"{wording.masked_name(order.recipient)} {wording.masked_phone(order.phone)}",
        ),
        ("address", wording.masked_address(order.address)),
        ("window", wording.window(order.window, language)),
        ("collect", wording.money(order.to_collect, language)),
    ]
    return Card(wording.items(order.items, language), facts=_labelled(facts, language))


def _labelled(facts: Sequence[tuple[str, str]], language: Language) -> tuple[tuple[str, str], ...]:
    return tuple((wording.on_card(name, language), value) for name, value in facts)
