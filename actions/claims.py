"""Returns, exchanges, reports and invoices: what the order form asks once the order is verified."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.forms import REQUESTED_SLOT
from rasa_sdk.types import DomainDict

from actions.cards import SURE
from actions.context import language_of, text_of
from actions.form import (
    DETAIL,
    DRAFT,
    ELSEWHERE,
    GO_AHEAD,
    QUESTIONS,
    STOPPED,
    confidence_of,
    intent_of,
    pictures_of,
    take_early,
)
from bot.clock import Clock, utc_now
from bot.language import normalise
from bot.orders import wording
from bot.orders.answers import Goal, Reply
from bot.orders.claims import answers
from bot.orders.claims.invoices import seems_a_tax_number, seems_an_email
from bot.orders.claims.model import KINDS, Claim, Detail
from bot.orders.claims.reading import (
    Told,
    forgets,
    gives,
    grown,
    looks_again,
    only_forgets,
    still_missing,
)
from bot.orders.claims.rules import Refusal, concerns, is_company, missing, possible
from bot.orders.model import Order
from bot.orders.reading import is_no, is_yes, only_confirms
from bot.orders.service import Orders

# An answer to a short question is short; a longer message is taken for what the classifier says.
_SHORT_CHARS = 14
_CERTAIN = 0.9
_MISTYPED: Mapping[Detail, Callable[[str], bool]] = {
    Detail.TAX_NUMBER: seems_a_tax_number,
    Detail.EMAIL: seems_an_email,
}
# A customer who hears these may still say that the goods are faulty.
_UNLESS_FAULTY = {Refusal.NEVER, Refusal.OPENED}


class ClaimTalk:
    """The part of the order form that is about claims; a claim grows until the customer says yes."""

    def __init__(self, orders: Orders) -> None:
        self._policy = orders.aftersales
        self._cases = orders.cases

    @staticmethod
    def concerns(goal: Goal, order: Order) -> bool:
        """Tell whether a goal is a claim about this order."""
        return concerns(goal, order)

    def goes_on(self, tracker: Tracker, order: Order) -> Goal | None:
        """Return the claim that a message goes on with although it looks like another task.

        "Quality", said when asked why, is easily taken for a report of broken goods.
        """
        before, asked_for = tracker.get_slot(DRAFT) or {}, tracker.get_slot(REQUESTED_SLOT)
        if asked_for not in {DETAIL, GO_AHEAD} or "claim" not in before:
            return None
        goal, told = Goal(before["goal"]), told_of(tracker)
        if asked_for == GO_AHEAD and only_confirms(told.text):
            return goal
        unsure = confidence_of(tracker) < SURE
        if only_forgets(told.text) or (forgets(told.text) and unsure):
            return goal
        if asked_for != DETAIL or "asks" not in before:
            return None
        asked = Detail(before["asks"])
        old = Claim.from_json(before.get("claim"))
        claim = grown(old, told, order, goal, asked)
        answered = gives(old, claim, asked) or claim.photo != old.photo
        if not answered or intent_of(tracker) in QUESTIONS:
            return None
        sure_value = asked in {Detail.TAX_NUMBER, Detail.EMAIL} or (
            asked is Detail.TITLE and is_company(claim.title or "")
        )
        short = len(told.text) <= _SHORT_CHARS or unsure
        return goal if told.choice or told.pictures or sure_value or short else None

    async def listen(
        self, tracker: Tracker, order: Order, goal: Goal, starts: bool, now: datetime
    ) -> tuple[list[EventType], str | None]:
        """Take what a message gives.

        Returns:
            The slots it sets, and the slot to ask for; ``None`` ends the form.
        """
        asked_for = None if starts else tracker.get_slot(REQUESTED_SLOT)
        before: dict[str, Any] = {} if starts else dict(tracker.get_slot(DRAFT) or {})
        early = take_early(before)
        asked = Detail(before["asks"]) if asked_for == DETAIL and "asks" in before else None
        old, told = Claim.from_json(before.get("claim")), told_of(tracker)
        claim = old
        for one in early:
            claim = grown(
                claim, Told(one["text"], pictures=tuple(one["pictures"])), order, goal, None
            )
        claim = grown(claim, told, order, goal, asked)
        changed = replace(claim, words=old.words) != old
        here = asked_for in {DETAIL, GO_AHEAD} and before.get("goal") == goal
        intent = intent_of(tracker)
        # "Looked everywhere, nothing" is the answer; it only sounds like a complaint.
        looked = goal is Goal.NOT_RECEIVED and still_missing(told.text)
        if here and asked_for == GO_AHEAD and looked and confidence_of(tracker) < _CERTAIN:
            return [SlotSet("order_goal", goal.value), SlotSet(GO_AHEAD, True)], None
        if here and asked_for == GO_AHEAD and goal is Goal.NOT_RECEIVED and looks_again(told.text):
            return [SlotSet("order_goal", goal.value), SlotSet(GO_AHEAD, False)], None
        if here and intent in ELSEWHERE and (intent in QUESTIONS or not changed):
            return [], asked_for
        if here and (only_forgets(told.text) or (forgets(told.text) and not changed)):
            return [SlotSet("order_goal", goal.value), SlotSet(GO_AHEAD, False)], None
        kept = before | {"goal": goal.value, "claim": claim.to_json()}
        events: list[EventType] = [SlotSet("order_goal", goal.value), SlotSet(GO_AHEAD, None)]
        refused = possible(goal, order, claim, self._policy, now)
        if refused and refused.why in _UNLESS_FAULTY:
            if here and asked is Detail.REASON and not changed:
                return [], asked_for
            return [*events, SlotSet(DRAFT, kept | {"asks": Detail.REASON.value})], DETAIL
        if refused:
            return [*events, SlotSet(DRAFT, kept)], None
        detail = missing(goal, order, claim, self._policy)
        if detail:
            again = detail is asked and not changed
            mistyped = detail in _MISTYPED and _MISTYPED[detail](normalise(told.text))
            if here and again and not mistyped:
                return [], asked_for
            kept |= {"asks": detail.value, "again": again}
            return [*events, SlotSet(DRAFT, kept)], DETAIL
        if asked_for == GO_AHEAD and here and not changed:
            answer = _answer(intent, told.text, goal)
            said = [SlotSet("order_goal", goal.value), SlotSet(GO_AHEAD, answer)]
            return ([], asked_for) if answer is None else (said, None)
        return [*events, SlotSet(DRAFT, kept)], GO_AHEAD

    def preview(self, tracker: Tracker, order: Order, goal: Goal, now: datetime) -> list[Reply]:
        """Return what will happen if the customer says yes."""
        claim = _claim_of(tracker)
        return answers.preview(goal, order, claim, self._policy, now, language_of(tracker))

    async def finish(
        self, tracker: Tracker, order: Order, goal: Goal, now: datetime
    ) -> list[Reply]:
        """Open the case that the customer said yes to, or say why there is none."""
        language, claim = language_of(tracker), _claim_of(tracker)
        refused = possible(goal, order, claim, self._policy, now)
        if refused:
            return [answers.refused(refused, goal, order, self._policy, language)]
        if tracker.get_slot(GO_AHEAD) == STOPPED:
            return []
        if tracker.get_slot(GO_AHEAD) is not True:
            return [answers.kept(order)]
        case = await self._cases.open(
            KINDS[goal], order, conversation_id=tracker.sender_id, now=now, data=claim.to_json()
        )
        return answers.done(goal, case, order, claim, self._policy, language)


class AskClaimDetail(Action):
    """Asks for the next thing that a claim needs."""

    def __init__(self, orders: Orders, clock: Clock = utc_now) -> None:
        self._desk = orders.desk
        self._policy = orders.aftersales
        self._clock = clock

    def name(self) -> str:
        """Return the name in the domain."""
        return "action_ask_claim_detail"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[EventType]:
        """Ask, with the order's goods as buttons; or say what only a fault would change."""
        number, draft = tracker.get_slot("order_number"), tracker.get_slot(DRAFT) or {}
        order = await self._desk.opened_with(number, number)
        if order is None or "asks" not in draft:
            return []
        detail, language = Detail(draft["asks"]), language_of(tracker)
        goal, claim = Goal(draft["goal"]), _claim_of(tracker)
        refused = possible(goal, order, claim, self._policy, self._clock())
        if refused:
            reply = answers.refused(refused, goal, order, self._policy, language)
        else:
            again = bool(draft.get("again"))
            reply = answers.question(detail, order, claim, self._policy, language, again=again)
        buttons = []
        if detail is Detail.ITEM:
            named = answers.item_buttons(order, language, wording.all_of_them(language))
            buttons = [{"title": b.title, "payload": b.payload} for b in named]
        dispatcher.utter_message(response=reply.response, buttons=buttons, **reply.values)
        return []


def told_of(tracker: Tracker) -> Told:
    """Return the latest message as claims read it."""
    choice = next(tracker.get_latest_entity_values("choice"), None)
    return Told(text_of(tracker), choice, tuple(pictures_of(tracker)))


def _claim_of(tracker: Tracker) -> Claim:
    return Claim.from_json((tracker.get_slot(DRAFT) or {}).get("claim"))


def _answer(intent: str, text: str, goal: Goal) -> bool | None:
    if goal is Goal.NOT_RECEIVED and text and still_missing(text):
        return True
    if intent == "affirm" or (is_yes(text) and intent != "deny"):
        return True
    return False if intent == "deny" or is_no(text) else None
