"""Custom actions of the engine, by topic. Thin: what they know comes from the support domain."""

from __future__ import annotations

from rasa_sdk.executor import ActionExecutor

from actions.cards import CardAnswers, Inform, SmallTalk
from actions.change_actions import AskGoAhead, AskNewWindow, UndoChange
from actions.claims import AskClaimDetail
from actions.faq import Affirm, AnswerFaq, Decline, Deny, FaqLadder
from actions.handoff import Handoff
from actions.linking import ContinueElsewhere
from actions.orders import OrderAction, ValidateOrderForm
from bot.clock import Clock, utc_now
from bot.linking.service import Links
from bot.orders.service import Orders


def build_executor(
    ladder: FaqLadder, orders: Orders, links: Links, clock: Clock = utc_now
) -> ActionExecutor:
    """Return an executor that knows every action of the domain; ``clock`` tells them the time."""
    executor, cards = ActionExecutor(), CardAnswers(orders, clock)
    for action in (
        AnswerFaq(ladder, cards),
        Decline(ladder, cards),
        Affirm(ladder, cards),
        Deny(ladder, cards),
        Handoff(cards),
        ValidateOrderForm(orders, clock, ladder),
        OrderAction(orders, clock),
        AskGoAhead(orders, clock),
        AskClaimDetail(orders, clock),
        AskNewWindow(orders, clock),
        UndoChange(orders, clock),
        Inform(cards),
        SmallTalk(cards, "thanks"),
        SmallTalk(cards, "suggestion"),
        ContinueElsewhere(links, ladder.phrases, clock),
    ):
        executor.register_action(action)
    return executor


__all__ = ["FaqLadder", "build_executor"]
