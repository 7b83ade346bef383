"""Asking for a stronger proof where the table of levels wants one: a code sent to the order's phone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.forms import REQUESTED_SLOT

from actions.answering import OrderAnswers
from actions.context import text_of
from actions.form import (
    CODE,
    DRAFT,
    GO_AHEAD,
    QUESTIONS,
    STOPPED,
    code_refused,
    intent_of,
    with_early,
)
from actions.saying import say
from bot.orders.answers import Goal
from bot.orders.claims.reading import goal_in
from bot.orders.codes import Checked, asks_why, code_in, mistyped, wants_another
from bot.orders.identity import Level
from bot.orders.model import Order
from bot.orders.reading import read
from bot.orders.service import Orders

# What the draft of a change takes up by itself.
_CHANGES = {Goal.CHANGE_ADDRESS, Goal.CHANGE_DELIVERY_TIME, Goal.CHANGE_PHONE}
# The parts of a draft that are actions of their own, whatever the customer came for.
_PARTS = {
    "address": Goal.CHANGE_ADDRESS,
    "window": Goal.CHANGE_DELIVERY_TIME,
    "recipient": Goal.CHANGE_RECIPIENT,
    "phone": Goal.CHANGE_PHONE,
}
# Only told, so it is answered at once.
_TOLD = {Goal.ORDER_STATUS, Goal.MY_ORDERS, Goal.URGE_DELIVERY}
_Step = tuple[list[EventType], str | None]


class ProofTalk:
    """The part of the order form that asks for one-time codes before an action they open."""

    def __init__(self, orders: Orders) -> None:
        self._identity = orders.identity
        self._codes = orders.codes
        self._policy = orders.policy
        self._answers = OrderAnswers(orders)

    async def opens(
        self, tracker: Tracker, order: Order, goal: Goal, said: Sequence[EventType], now: datetime
    ) -> bool:
        """Tell whether the customer's proof opens all that the draft, with ``said``, wants."""
        level = await self._identity.level_of(tracker.sender_id, order, now)
        draft: dict[str, Any] = _last(said, DRAFT, tracker.get_slot(DRAFT)) or {}
        wanted = {Goal(_last(said, "order_goal", goal))}
        wanted |= {part for name, part in _PARTS.items() if draft.get(name)}
        return all(self._identity.policy.allows(level, one) for one in wanted)

    async def ask(
        self,
        dispatcher: CollectingDispatcher,
        tracker: Tracker,
        order: Order,
        goal: Goal,
        said: Sequence[EventType],
        starts: bool,
        now: datetime,
    ) -> _Step:
        """Send a code and ask for it; what the message says, and ``said`` meant, is kept for afterwards."""
        goal = Goal(_last(said, "order_goal", goal))
        kept = with_early(tracker, starts=starts) | {"proof": True, "goal": goal.value}
        events: list[EventType] = [SlotSet(DRAFT, kept), SlotSet("order_goal", goal.value)]
        if await self._codes.send(order.number, order.phone, now):
            return events, CODE
        dispatcher.utter_message(response="utter_code_not_sent")
        return [*events, SlotSet(GO_AHEAD, STOPPED)], None

    async def check(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, order: Order, now: datetime
    ) -> _Step | None:
        """Take a typed code, if one was asked for.

        Returns:
            What to do next, ``None`` when the proof is given, or none was asked for.
        """
        draft = tracker.get_slot(DRAFT) or {}
        if tracker.get_slot(REQUESTED_SLOT) != CODE:
            return None
        typed = code_in(text_of(tracker))
        if typed is None:
            return await self._meanwhile(dispatcher, tracker, draft, order, now)
        if not draft.get("proof"):
            return None
        match await self._codes.check(order.number, typed, now):
            case Checked.RIGHT:
                await self._identity.prove(tracker.sender_id, order, Level.ONE_TIME_CODE, now)
                # Six digits mean nothing else, whatever the classifier made of them.
                tracker.latest_message["intent"] = {"name": "inform"}
                # The rest of the form goes on as if the order had just been opened.
                _go_on(tracker, draft, draft.get("goal"))
                return None
            case refused:
                return code_refused(dispatcher, refused)

    async def _meanwhile(
        self,
        dispatcher: CollectingDispatcher,
        tracker: Tracker,
        draft: dict[str, Any],
        order: Order,
        now: datetime,
    ) -> _Step | None:
        """Take what is said in place of the code; nothing of it is lost while the code is awaited.

        Returns:
            ``None`` where the talk about changes takes the message.
        """
        text, intent = text_of(tracker), intent_of(tracker)
        if wants_another(text):
            return await self._send_again(dispatcher, draft, order, now)
        goal = Goal(draft.get("goal") or tracker.get_slot("order_goal"))
        waits: _Step = ([SlotSet(DRAFT, draft), SlotSet("order_goal", goal.value)], CODE)
        gives = self._gives(tracker, order, now)
        beside = "utter_code_digits" if mistyped(text) else None
        if asks_why(text):
            beside = "utter_code_why"
        elif intent == "affirm":
            beside = "utter_code_no_hurry"
        if beside is None and intent in set(Goal):
            wanted = Goal(intent)
            if wanted is Goal.CHANGE_ADDRESS:  # the one intent for whatever changes of the delivery
                wanted = goal_in(text) or wanted
            level = await self._identity.level_of(tracker.sender_id, order, now)
            opened = self._identity.policy.allows(level, wanted)
            if wanted in _TOLD and opened:
                for reply in await self._answers.replies(order, tracker, wanted, now):
                    say(dispatcher, reply)
                return waits
            if wanted is Goal.CANCEL_ORDER and opened:
                _go_on(tracker, {}, wanted)  # which makes the rest pointless
                return None
            if wanted in _CHANGES and not draft.get("proof"):
                return None
            if wanted is not goal and not (wanted in _CHANGES and gives):
                return [*waits[0], SlotSet("kept_request", True)], CODE
            beside = "utter_code_why"
        if gives and intent not in QUESTIONS | {"deny"}:
            if not draft.get("proof"):
                return None
            # A new phone or time, said while we wait for the code, is not asked for again after it.
            dispatcher.utter_message(response="utter_code_noted")
            waits[0][0] = SlotSet(DRAFT, with_early(tracker, starts=False))
            return waits
        if beside is None:
            return [], CODE
        dispatcher.utter_message(response=beside, last_four=order.last_four)
        return waits

    def _gives(self, tracker: Tracker, order: Order, now: datetime) -> bool:
        """Tell whether a message says something that the order could be changed to."""
        entities = tracker.latest_message.get("entities") or ()
        said = read(text_of(tracker), entities, order, now, self._policy, wants_time=True)
        return said.values or said.left_alone or said.note is not None

    async def _send_again(
        self, dispatcher: CollectingDispatcher, draft: dict[str, Any], order: Order, now: datetime
    ) -> _Step:
        sent = await self._codes.send(order.number, order.phone, now)
        dispatcher.utter_message(response="utter_code_again" if sent else "utter_code_not_sent")
        if sent:
            return [SlotSet(DRAFT, draft)], CODE
        return [SlotSet(GO_AHEAD, STOPPED)], None


def _go_on(tracker: Tracker, draft: dict[str, Any], goal: str | None) -> None:
    """Have the rest of the form read this turn as the first one about ``goal``."""
    tracker.slots[REQUESTED_SLOT] = None
    tracker.slots[DRAFT] = {k: v for k, v in draft.items() if k != "proof"}
    if goal is not None:
        tracker.slots["order_goal"] = goal


def _last(events: Sequence[EventType], slot: str, otherwise: Any) -> Any:
    """Return what events set a slot to last."""
    values = [e["value"] for e in events if e["event"] == "slot" and e["name"] == slot]
    return values[-1] if values else otherwise
