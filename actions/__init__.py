"""Custom actions of the engine, by topic. Thin: what they know comes from the support domain."""

from __future__ import annotations

from rasa_sdk.executor import ActionExecutor

from actions.faq import Affirm, AnswerFaq, Decline, Deny, FaqLadder
from actions.handoff import Handoff
from actions.orders import OrderAction, ValidateOrderForm
from bot.orders.desk import OrderDesk


def build_executor(ladder: FaqLadder, orders: OrderDesk) -> ActionExecutor:
    """Return an executor that knows every action of the domain."""
    executor = ActionExecutor()
    for action in (
        AnswerFaq(ladder),
        Decline(ladder),
        Affirm(ladder),
        Deny(ladder),
        Handoff(),
        ValidateOrderForm(orders),
        OrderAction(orders),
    ):
        executor.register_action(action)
    return executor


__all__ = ["FaqLadder", "build_executor"]
