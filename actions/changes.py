"""Changing, confirming and cancelling an order: what the order form asks once the order is verified."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
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
    QUESTIONS,
    STOPPED,
    code_refused,
    confidence_of,
    intent_of,
    take_early,
)
from actions.saying import say
from bot.orders import change_answers
from bot.orders.answers import Goal, Reply
from bot.orders.changes import Draft, Settled
from bot.orders.cod_desk import Spoken
from bot.orders.codes import Checked, code_in
from bot.orders.drafts import draft_from_json, draft_to_json
from bot.orders.fields import NOT_PACKED, Field
from bot.orders.model import Order
from bot.orders.policy import Friction
from bot.orders.reading import Reading, note_asked_for, only_confirms, read, with_note
from bot.orders.recipients import corrects_name
from bot.orders.service import Orders

# Instead of a yes or no: the policy answers the yes with a payment link; all is said already.
_PREPAY = "prepay"
_PEOPLE = {"ask_human", "complaint"}
_SURE = 0.6  # confidence from which an intent is a yes or no
# What the form asks for each goal before it asks whether to go ahead, and where the draft keeps it.
_VALUES = {
    Goal.CHANGE_ADDRESS: ("new_address", "address"),
    Goal.CHANGE_DELIVERY_TIME: ("new_window", "window"),
    Goal.CHANGE_RECIPIENT: ("new_recipient", "recipient"),
    Goal.CHANGE_PHONE: ("new_phone", "phone"),
}
ASKED = frozenset({GO_AHEAD, CODE, *(slot for slot, _ in _VALUES.values())})
_GOALS = frozenset({*_VALUES, Goal.COD_CONFIRM, Goal.CANCEL_ORDER})


class ChangeTalk:
    """The part of the order form that is about changes; a draft grows until the customer says yes."""

    def __init__(self, orders: Orders) -> None:
        self._changes = orders.changes
        self._policy = orders.policy
        self._codes = orders.codes
        self._cod = orders.cod

    @staticmethod
    def concerns(goal: Goal) -> bool:
        """Tell whether a goal changes something."""
        return goal in _GOALS

    async def listen(
        self,
        dispatcher: CollectingDispatcher,
        tracker: Tracker,
        order: Order,
        goal: Goal,
        spoken: Spoken | None,
        starts: bool,
        now: datetime,
    ) -> tuple[list[EventType], str | None]:
        """Take what a message gives.

        Returns:
            The slots it sets, and the slot to ask for; ``None`` ends the form.
        """
        asked_for = None if starts else tracker.get_slot(REQUESTED_SLOT)
        before = {} if starts else dict(tracker.get_slot(DRAFT) or {})
        early = take_early(before)
        intent = intent_of(tracker)
        if asked_for == CODE:
            typed = code_in(text_of(tracker))
            if typed:
                return await self._check_code(dispatcher, order, typed, now)
            if intent in ELSEWHERE:
                return [], CODE
        if asked_for == GO_AHEAD and "goal" in before and only_confirms(text_of(tracker)):
            # "Confirm", said to "shall I cancel it?", is easily taken for confirming the order.
            goal = Goal(before["goal"])
        reading = self.reading(tracker, order, goal, asked_for, now)
        for one in reversed(early):
            said = self._read(one["text"], one["entities"], order, goal, None, now)
            reading = reading.after(said)
        if not starts and intent in ELSEWHERE:
            gives = reading.gives(asked_for) and intent not in QUESTIONS
            # "Yes, leave it with the guard" is easily taken for a question.
            noted = asked_for == GO_AHEAD and intent not in _PEOPLE
            if not gives and not (noted and note_asked_for(text_of(tracker))):
                return [], asked_for
        goal = _meant(goal, reading, starts, asked_for)
        old = draft_from_json(before)
        draft = _grown(old, reading, goal, order)
        events: list[EventType] = []
        was = {before.get("goal"), tracker.get_slot("order_goal")}
        if draft != old or starts or was != {goal.value}:
            events.append(SlotSet(DRAFT, {**before, **draft_to_json(draft), "goal": goal.value}))
            events.append(SlotSet("order_goal", goal.value))
        if self._changes.possible(order, with_goal(draft, goal), *_wanted(goal)):
            return [*events, SlotSet(GO_AHEAD, None)], None
        if reading.left_alone:
            # Heard, so that the engine does not look further.
            events.append(SlotSet(GO_AHEAD, None))
            say(dispatcher, change_answers.must_be_paid(order, language_of(tracker)))
        if reading.problem:
            return [*events, SlotSet(GO_AHEAD, None)], "new_window"
        missing = _missing(goal, draft)
        if missing:
            return events, missing
        if goal is Goal.COD_CONFIRM and not order.awaits_confirmation and not draft.fields:
            return [*events, SlotSet(GO_AHEAD, STOPPED)] if reading.left_alone else events, None
        if starts and _only_noted(draft, order) and not reading.to_change:
            return [*events, SlotSet(GO_AHEAD, True)], None
        # A parcel is not sent, or stopped, on a yes or no that was half heard.
        heard = intent if confidence_of(tracker) >= _SURE else ""
        answered = _answered(heard, reading, order, spoken, asked_for, starts)
        if (answered is False and draft != old) or reading.left_alone:
            # "No, 13912340988" corrects, it does not give up; who wants it left alone has not agreed to pay.
            answered = None
        confirms = answered and goal is not Goal.CANCEL_ORDER
        match await self._cod.friction_of(order) if confirms else None:
            case Friction.CHECK_ADDRESS if not (draft.address or before.get("check")):
                checked = {**before, **draft_to_json(draft), "goal": goal.value, "check": True}
                return [SlotSet("order_goal", goal.value), SlotSet(DRAFT, checked)], GO_AHEAD
            case Friction.ONE_TIME_CODE:
                return await self._send_code(dispatcher, order, events, now)
            case Friction.PART_PREPAYMENT:
                return [*events, SlotSet(GO_AHEAD, _PREPAY)], None
        if answered is not None:
            return [*events, SlotSet(GO_AHEAD, answered)], None
        return events, GO_AHEAD

    async def _send_code(
        self,
        dispatcher: CollectingDispatcher,
        order: Order,
        events: list[EventType],
        now: datetime,
    ) -> tuple[list[EventType], str | None]:
        """Send a code to the telephone on the order, and ask for it."""
        if not await self._codes.send(order.number, order.phone, now):
            dispatcher.utter_message(response="utter_code_not_sent")
            return [*events, SlotSet(GO_AHEAD, STOPPED)], None
        return events, CODE

    async def _check_code(
        self, dispatcher: CollectingDispatcher, order: Order, code: str, now: datetime
    ) -> tuple[list[EventType], str | None]:
        match await self._codes.check(order.number, code, now):
            case Checked.RIGHT:
                return [SlotSet(GO_AHEAD, True)], None
            case refused:
                return code_refused(dispatcher, refused)

    def reading(
        self, tracker: Tracker, order: Order, goal: Goal, asked_for: str | None, now: datetime
    ) -> Reading:
        """Return what the latest message says about the order."""
        entities = tracker.latest_message.get("entities") or ()
        return self._read(text_of(tracker), entities, order, goal, asked_for, now)

    def _read(
        self,
        text: str,
        entities: Iterable[Mapping[str, Any]],
        order: Order,
        goal: Goal,
        asked_for: str | None,
        now: datetime,
    ) -> Reading:
        return read(
            text,
            entities,
            order,
            now,
            self._policy,
            wants_time=goal is Goal.CHANGE_DELIVERY_TIME or asked_for == "new_window",
            wants_name=asked_for == "new_recipient"
            or (goal is Goal.CHANGE_RECIPIENT and asked_for == GO_AHEAD and corrects_name(text)),
        )

    async def finish(
        self, tracker: Tracker, order: Order, goal: Goal, now: datetime
    ) -> list[Reply]:
        """Do what the customer said yes to, or say why it can't be done."""
        language = language_of(tracker)
        draft = with_goal(draft_from_json(tracker.get_slot(DRAFT)), goal)
        refused = self._changes.possible(order, draft, *_wanted(goal))
        if refused:
            return change_answers.refused(refused, order, self._policy, language)
        go_ahead = tracker.get_slot(GO_AHEAD)
        if go_ahead == STOPPED:
            return []
        if goal is Goal.COD_CONFIRM and not order.awaits_confirmation and not draft.fields:
            return change_answers.nothing_to_confirm(order, now, language)
        if go_ahead not in {True, _PREPAY}:
            return change_answers.kept(order, goal, language)
        confirms = order.awaits_confirmation and not draft.cancel and go_ahead is True
        done = await self._changes.settle(
            order.number,
            replace(draft, confirm=confirms),
            actor=actor_of(tracker),
            now=now,
        )
        if not isinstance(done, Settled):
            return change_answers.refused(done, order, self._policy, language)
        if go_ahead == _PREPAY:
            return [change_answers.prepay(done.order, self._policy, language)]
        return change_answers.done(done, draft, language)


def _answered(
    intent: str,
    reading: Reading,
    order: Order,
    spoken: Spoken | None,
    asked_for: str | None,
    starts: bool,
) -> bool | None:
    """Return the customer's yes or no to going ahead, ``None`` while there is none."""
    if asked_for == GO_AHEAD:
        if intent in {"affirm", "cod_confirm"} or (reading.yes and intent != "deny"):
            return True
        return False if intent == "deny" or reading.no else None
    # The card asked the question before the form began.
    on_card = spoken is not None and spoken.order_number == order.number and spoken.friction
    if starts and on_card and (intent in {"affirm", "cod_confirm"} or reading.yes):
        return True
    return None


def _meant(goal: Goal, reading: Reading, starts: bool, asked_for: str | None) -> Goal:
    """Return the goal that the values in a message speak for.

    The classifier knows one intent for whatever changes about where a parcel goes; and "leave it at
    the front desk" is no new address but something the courier should know.
    """
    if goal is Goal.COD_CONFIRM and reading.to_change and not reading.values:
        # "Confirm but change the phone": to which one is asked before anything is confirmed.
        return next(one for one, (_, name) in _VALUES.items() if name == reading.to_change)
    where = {Goal.CHANGE_ADDRESS, Goal.CHANGE_PHONE, Goal.COD_CONFIRM}
    if goal in where and reading.address is None and reading.phone is None:
        if reading.recipient and not (goal is Goal.COD_CONFIRM and reading.yes):
            return Goal.CHANGE_RECIPIENT
        if goal is not Goal.COD_CONFIRM and reading.about_recipient:
            return Goal.CHANGE_RECIPIENT
    told = reading.note or reading.left_alone
    if goal is Goal.CHANGE_ADDRESS and reading.address is None:
        if reading.about_phone:
            return Goal.CHANGE_PHONE
        if told and (starts or (asked_for == GO_AHEAD and reading.to_change is None)):
            return Goal.COD_CONFIRM
    if goal is Goal.CHANGE_DELIVERY_TIME and starts and told and not reading.gives("new_window"):
        return Goal.COD_CONFIRM
    return goal


def actor_of(tracker: Tracker) -> str:
    """Return who acts, as order events write it."""
    return f"customer:{tracker.sender_id}"


def _grown(old: Draft, reading: Reading, goal: Goal, order: Order) -> Draft:
    """Return a draft with what a message adds to it."""
    return replace(
        old,
        address=reading.address or old.address,
        window=reading.window or old.window,
        recipient=reading.recipient or old.recipient,
        phone=(reading.phone if goal is not Goal.CANCEL_ORDER else None) or old.phone,
        note=with_note(old.note or order.courier_note, reading) or old.note,
    )


def _only_noted(draft: Draft, order: Order) -> bool:
    """Tell whether all is agreed, and a word more for the courier changes nothing of that."""
    agreed = order.state in NOT_PACKED and not order.awaits_confirmation
    return agreed and draft.fields == (Field.NOTE,)


def with_goal(draft: Draft, goal: Goal) -> Draft:
    """Return the draft that a goal stands for; to cancel makes everything else pointless."""
    return Draft(cancel=True) if goal is Goal.CANCEL_ORDER else draft


def _wanted(goal: Goal) -> tuple[Field, ...]:
    """Return what a goal changes, as soon as it is known and before its value is."""
    return (Field(_VALUES[goal][1]),) if goal in _VALUES else ()


def _missing(goal: Goal, draft: Draft) -> str | None:
    slot, field = _VALUES.get(goal, (None, None))
    return slot if field and getattr(draft, field) is None else None
