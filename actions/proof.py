"""Asking for a stronger proof where the table of levels wants one: a code sent to the order's phone."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.forms import REQUESTED_SLOT

from actions.context import language_of, text_of
from actions.form import (
    CODE,
    DRAFT,
    ELSEWHERE,
    GO_AHEAD,
    STOPPED,
    code_refused,
    intent_of,
    with_early,
)
from actions.saying import say
from bot.language import normalise
from bot.orders.answers import Goal, answer
from bot.orders.codes import Checked, CodeNotSentError, wants_another
from bot.orders.identity import Level
from bot.orders.model import Order
from bot.orders.service import Orders

_VALUES = {"phone", "date", "time"}
_SIX_DIGITS = re.compile(r"(?<![0-9])[0-9]{6}(?![0-9])")
# The parts of a draft that are actions of their own, whatever the customer came for.
_PARTS = {
    "address": Goal.CHANGE_ADDRESS,
    "window": Goal.CHANGE_DELIVERY_TIME,
    "recipient": Goal.CHANGE_RECIPIENT,
    "phone": Goal.CHANGE_PHONE,
}
# What is told to everybody for whom the order is open.
_TOLD = {Goal.ORDER_STATUS, Goal.URGE_DELIVERY}
_Step = tuple[list[EventType], str | None]


class ProofTalk:
    """The part of the order form that asks for one-time codes before an action they open."""

    def __init__(self, orders: Orders) -> None:
        self._identity = orders.identity
        self._codes = orders.codes

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
        starts: bool,
        now: datetime,
    ) -> _Step:
        """Send a code and ask for it; what the message says is kept for afterwards."""
        kept = with_early(tracker, starts=starts) | {"proof": goal.value}
        events: list[EventType] = [SlotSet(DRAFT, kept), SlotSet("order_goal", goal.value)]
        try:
            sent = await self._codes.send(order.number, order.phone, now)
        except CodeNotSentError:
            sent = False
        if sent:
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
        typed = _SIX_DIGITS.search(normalise(text_of(tracker)))
        if typed is None and wants_another(text_of(tracker)):
            return await self._send_again(dispatcher, draft, order, now)
        if not draft.get("proof"):
            return None
        if typed is None:
            asked = Goal(tracker.get_slot("order_goal"))
            if asked in _TOLD and asked != draft["proof"]:
                # How the parcel is doing needs no code; what does is still wanted after the answer.
                for reply in answer(asked, order, now, language_of(tracker)):
                    say(dispatcher, reply)
                return [SlotSet("order_goal", draft["proof"])], CODE
            # A new phone or time, said while we wait for the code, is not asked for again after it.
            kept = with_early(tracker, starts=False) if _says_more(tracker) else None
            return [SlotSet(DRAFT, kept)] if kept else [], CODE
        match await self._codes.check(order.number, typed[0], now):
            case Checked.RIGHT:
                await self._identity.prove(tracker.sender_id, order, Level.ONE_TIME_CODE, now)
                # The rest of the form goes on as if the order had just been opened.
                tracker.slots[REQUESTED_SLOT] = None
                tracker.slots[DRAFT] = {k: v for k, v in draft.items() if k != "proof"}
                return None
            case refused:
                return code_refused(dispatcher, refused)

    async def _send_again(
        self, dispatcher: CollectingDispatcher, draft: dict[str, Any], order: Order, now: datetime
    ) -> _Step:
        try:
            sent = await self._codes.send(order.number, order.phone, now)
        except CodeNotSentError:
            sent = False
        dispatcher.utter_message(response="utter_code_again" if sent else "utter_code_not_sent")
        if sent:
            return [SlotSet(DRAFT, draft)], CODE
        return [SlotSet(GO_AHEAD, STOPPED)], None


def _says_more(tracker: Tracker) -> bool:
    """Tell whether a message says something about the order: neither a question nor a bare yes or no."""
    values = {one["entity"] for one in tracker.latest_message.get("entities") or ()}
    silent = ELSEWHERE | {"affirm", "deny", "undo_change", "nlu_fallback"}
    return bool(values & _VALUES) or intent_of(tracker) not in silent


def _last(events: Sequence[EventType], slot: str, otherwise: Any) -> Any:
    """Return what events set a slot to last."""
    values = [e["value"] for e in events if e["event"] == "slot" and e["name"] == slot]
    return values[-1] if values else otherwise
