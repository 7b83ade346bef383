"""Changing, confirming and cancelling an order: what the order form asks once the order is verified."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType, FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.forms import REQUESTED_SLOT
from rasa_sdk.types import DomainDict

from actions.context import Clock, decide, language_of, utc_now
from bot.orders import change_answers
from bot.orders.answers import Goal, Reply
from bot.orders.changes import Draft, Settled
from bot.orders.cod_desk import OpenAsk
from bot.orders.drafts import draft_from_json, draft_to_json
from bot.orders.model import Order
from bot.orders.reading import Reading, read
from bot.orders.service import Orders

DRAFT, GO_AHEAD = "draft", "go_ahead"
# What the form asks for each goal before it asks whether to go ahead, and where the draft keeps it.
_VALUES = {
    Goal.CHANGE_ADDRESS: ("new_address", "address"),
    Goal.CHANGE_DELIVERY_TIME: ("new_window", "window"),
    Goal.CHANGE_PHONE: ("new_phone", "phone"),
}
_GOALS = frozenset({*_VALUES, Goal.COD_CONFIRM, Goal.CANCEL_ORDER})
# A message of these intents is about something else, whatever words stand in it.
_ELSEWHERE = frozenset(
    {"ask_faq", "cod_question", "product_question", "ask_human", "complaint", "greet", "thanks",
     "bot_challenge", "installation_help", "out_of_scope", "goodbye"}
)  # fmt: skip


class ChangeTalk:
    """The part of the order form that is about changes; a draft grows until the customer says yes."""

    def __init__(self, orders: Orders) -> None:
        self._changes = orders.changes
        self._policy = orders.policy
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
        ask: OpenAsk | None,
        starts: bool,
        now: datetime,
    ) -> tuple[list[EventType], str | None]:
        """Take what a message gives.

        Returns:
            The slots it sets, and the slot to ask for; ``None`` ends the form.
        """
        if goal not in _GOALS:
            return [], None
        asked_for = None if starts else tracker.get_slot(REQUESTED_SLOT)
        message = tracker.latest_message
        intent = (message.get("intent") or {}).get("name") or ""
        if not starts and intent in _ELSEWHERE:
            return [], asked_for
        text = message.get("text") or ""
        reading = read(
            "" if text.startswith("/") else text,
            message.get("entities") or (),
            order,
            now,
            self._policy,
            wants_time=goal is Goal.CHANGE_DELIVERY_TIME or asked_for == "new_window",
        )
        old = Draft() if starts else draft_from_json(tracker.get_slot(DRAFT))
        draft = _grown(old, reading, goal)
        events: list[EventType] = []
        if draft != old or starts:
            events.append(SlotSet(DRAFT, draft_to_json(draft)))
        if goal is Goal.CHANGE_ADDRESS and reading.about_phone and draft.address is None:
            goal = Goal.CHANGE_PHONE
            events.append(SlotSet("order_goal", goal.value))
        if self._changes.possible(order, _with_goal(draft, goal)):
            return [*events, SlotSet(GO_AHEAD, None)], None
        if reading.problem:
            reply = change_answers.time_problem(
                reading.problem, order, now, self._policy, language_of(tracker)
            )
            dispatcher.utter_message(response=reply.response, **reply.values)
            return [*events, SlotSet(DRAFT, draft_to_json(draft))], "new_window"
        missing = _missing(goal, draft)
        if missing:
            return events, missing
        if goal is Goal.COD_CONFIRM and not order.awaits_confirmation and not draft.fields:
            return events, None
        answered = self._answered(intent, reading, order, ask, asked_for, starts)
        if answered is not None:
            return [*events, SlotSet(GO_AHEAD, answered)], None
        return events, GO_AHEAD

    async def finish(
        self, tracker: Tracker, order: Order, goal: Goal, now: datetime
    ) -> list[Reply]:
        """Do what the customer said yes to, or say why it can't be done."""
        language = language_of(tracker)
        draft = _with_goal(draft_from_json(tracker.get_slot(DRAFT)), goal)
        refused = self._changes.possible(order, draft)
        if refused:
            return change_answers.refused(refused, order, now, language)
        if goal is Goal.COD_CONFIRM and not order.awaits_confirmation and not draft.fields:
            return change_answers.nothing_to_confirm(order, now, language)
        if tracker.get_slot(GO_AHEAD) is not True:
            return change_answers.kept(order, goal, language)
        confirms = order.awaits_confirmation and not draft.cancel
        done = await self._changes.settle(
            order.number,
            replace(draft, confirm=confirms),
            actor=actor_of(tracker),
            now=now,
        )
        if not isinstance(done, Settled):
            return change_answers.refused(done, order, now, language)
        return change_answers.done(done, draft, language)

    def _answered(
        self,
        intent: str,
        reading: Reading,
        order: Order,
        ask: OpenAsk | None,
        asked_for: str | None,
        starts: bool,
    ) -> bool | None:
        """Return the customer's yes or no to going ahead, ``None`` while there is none."""
        if asked_for == GO_AHEAD:
            if intent in {"affirm", "cod_confirm"} or (reading.yes and intent != "deny"):
                return True
            return False if intent == "deny" or reading.no else None
        # The card asked the question before the form began.
        card = ask is not None and ask.order_number == order.number
        if starts and card and (intent in {"affirm", "cod_confirm"} or reading.yes):
            return True
        return None


def actor_of(tracker: Tracker) -> str:
    """Return who acts, as order events write it."""
    return f"customer:{tracker.sender_id}"


def _grown(old: Draft, reading: Reading, goal: Goal) -> Draft:
    """Return a draft with what a message adds to it."""
    return replace(
        old,
        address=reading.address or old.address,
        window=reading.window or old.window,
        phone=(reading.phone if goal is not Goal.CANCEL_ORDER else None) or old.phone,
        note=reading.note or old.note,
    )


def _with_goal(draft: Draft, goal: Goal) -> Draft:
    """Return the draft that a goal stands for; to cancel makes everything else pointless."""
    return Draft(cancel=True) if goal is Goal.CANCEL_ORDER else draft


def _missing(goal: Goal, draft: Draft) -> str | None:
    slot, field = _VALUES.get(goal, (None, None))
    return slot if field and getattr(draft, field) is None else None


class AskGoAhead(Action):
    """Repeats what will happen and asks whether to go ahead."""

    def __init__(self, orders: Orders) -> None:
        self._desk = orders.desk

    def name(self) -> str:
        """Return the name in the domain."""
        return "action_ask_go_ahead"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[EventType]:
        """Say it with the values of the draft."""
        number = tracker.get_slot("order_number")
        order = await self._desk.opened_with(number, number)
        if order is not None:
            goal = Goal(tracker.get_slot("order_goal"))
            draft = _with_goal(draft_from_json(tracker.get_slot(DRAFT)), goal)
            reply = change_answers.preview(order, draft, language_of(tracker))
            dispatcher.utter_message(response=reply.response, **reply.values)
        return []


class UndoChange(Action):
    """Takes back the last change that was made in this conversation."""

    def __init__(self, orders: Orders, clock: Clock = utc_now) -> None:
        self._changes = orders.changes
        self._clock = clock

    def name(self) -> str:
        """Return the name in the domain."""
        return "action_undo_change"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[EventType]:
        """Undo it, or say why that is not possible."""
        now, language = self._clock(), language_of(tracker)
        undone = await self._changes.undo_last(actor_of(tracker), now)
        for reply in change_answers.undone(undone, now, language):
            dispatcher.utter_message(response=reply.response, **reply.values)
        return [decide("flow:undo_change")]


class CardAnswers:
    """Leads a message that answers a confirmation card into the order form."""

    def __init__(self, orders: Orders) -> None:
        self._cod = orders.cod

    async def lead_in(self, tracker: Tracker, goal: Goal = Goal.COD_CONFIRM) -> list[EventType]:
        """Return the events that start the form about the card; none if no card was just shown."""
        ask = await self._cod.open_ask(tracker.sender_id)
        if ask is None or not ask.is_last:
            return []
        return [
            SlotSet("order_goal", goal.value),
            SlotSet("order_number", ask.order_number),
            SlotSet("verified_order", ask.order_number),
            FollowupAction("order_form"),
        ]

    async def is_waiting(self, tracker: Tracker) -> bool:
        """Tell whether a card is the last thing that the customer was told."""
        ask = await self._cod.open_ask(tracker.sender_id)
        return ask is not None and ask.is_last


class Inform(Action):
    """Details without a task: what a card asks for, if one was just shown."""

    def __init__(self, cards: CardAnswers) -> None:
        self._cards = cards

    def name(self) -> str:
        """Return the name in the domain."""
        return "action_inform"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[EventType]:
        """Take the details for the order on the card, else ask what they are for."""
        given = {entity["entity"] for entity in tracker.latest_message.get("entities") or ()}
        goal = Goal.COD_CONFIRM
        if given & {"date", "time"}:
            goal = Goal.CHANGE_DELIVERY_TIME
        elif "phone" in given:
            goal = Goal.CHANGE_PHONE
        events = await self._cards.lead_in(tracker, goal)
        if not events:
            dispatcher.utter_message(response="utter_inform")
        return events
