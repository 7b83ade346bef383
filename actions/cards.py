"""What a customer says right after a card: it is about the order on the card, whatever its intent."""

from __future__ import annotations

from itertools import islice

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType, FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.types import DomainDict

from actions.context import decide, language_of, previous_decisions, text_of
from actions.form import misnumbered
from bot.clock import Clock, utc_now
from bot.orders.answers import Goal
from bot.orders.case_news import asks_for_news, names_a_case, names_a_complaint, news
from bot.orders.cod_desk import Spoken
from bot.orders.model import OrderState
from bot.orders.reading import (
    confirms_but_changes,
    is_no,
    is_question,
    note_asked_for,
    read,
    wants_to_cancel,
)
from bot.orders.service import Orders

# A word for the courier goes with the order that was told of in one of so many turns before.
_TURNS_AGO = 3
_TOLD = {f"flow:{goal}" for goal in Goal}
_OVER = {OrderState.DELIVERED, OrderState.RETURNED, OrderState.CANCELLED}
SURE = 0.75  # From here on an intent counts, whatever a card asked; as in the FAQ's arbiter, config.yml.


class CardAnswers:
    """Leads a message that answers what the bot brought up into the order form."""

    def __init__(self, orders: Orders, clock: Clock = utc_now) -> None:
        self._cod = orders.cod
        self._desk = orders.desk
        self._policy = orders.policy
        self._cases = orders.cases
        self._clock = clock

    async def yes(self, tracker: Tracker) -> list[EventType]:
        """Take a bare "yes" for the card that was just shown; no events if none was."""
        spoken = await self._cod.spoken_of(tracker.sender_id)
        if spoken and spoken.asks:
            return _lead_in(spoken.order_number, Goal.COD_CONFIRM)
        return await self.note(tracker) or []

    async def note(self, tracker: Tracker) -> list[EventType] | None:
        """Take a word for the courier to the order it goes with; ``None`` if it is none."""
        number = None
        if not tracker.active_loop_name:
            number = await self.noted_order(tracker) or await self._looked_up(tracker)
        return _lead_in(number, Goal.COD_CONFIRM) if number else None

    async def noted_order(self, tracker: Tracker) -> str | None:
        """Return the order on the card, or settled a moment ago, if a message has a word for its courier."""
        if not note_asked_for(text_of(tracker)):
            return None
        spoken = await self._cod.spoken_of(tracker.sender_id)
        if spoken and spoken.asks:
            return spoken.order_number
        return await self._cod.settled_in(tracker.sender_id, self._clock())

    async def _looked_up(self, tracker: Tracker) -> str | None:
        """Return the order told of a moment ago, if it has not arrived and a message has a word for its courier."""
        number = tracker.get_slot("verified_order")
        if number is None or not note_asked_for(text_of(tracker)):
            return None
        recent = islice(previous_decisions(tracker), _TURNS_AGO)
        if not any(one in _TOLD for one in recent):
            return None
        order = await self._desk.opened_with(number, number)
        return number if order and order.state not in _OVER else None

    async def case(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, *, known: bool = True
    ) -> list[EventType]:
        """Answer how a complaint is going, and take another case to its order; no events if it is none.

        Args:
            known: only where a case was opened in this conversation, or the customer has proved an
                order; else whoever speaks of a case of theirs is asked for its order.
        """
        if not asks_for_news(text_of(tracker)) or tracker.active_loop_name:
            return []
        number = await self._cases.last_order(tracker.sender_id)
        if number is None or names_a_complaint(text_of(tracker)):
            events = await self.complaint(dispatcher, tracker)
            if events:
                return events
        if number is None and not names_a_case(text_of(tracker)):
            return []
        number = number or tracker.get_slot("verified_order")
        if number is None and known:
            return []
        goal = SlotSet("order_goal", Goal.ORDER_STATUS.value)
        named = [SlotSet("order_number", number)] if number else []
        return [goal, *named, FollowupAction("order_form")]

    async def complaint(
        self, dispatcher: CollectingDispatcher, tracker: Tracker
    ) -> list[EventType]:
        """Answer how the customer's complaint is going; no events if they have none, or do not ask that."""
        if not asks_for_news(text_of(tracker)):
            return []
        case = await self._cases.complaint_of(tracker.sender_id)
        if case is None:
            return []
        for reply in news([case], self._clock(), language_of(tracker)):
            dispatcher.utter_message(response=reply.response, **reply.values)
        return [decide("flow:complaint")]

    async def words(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, *, wants_time: bool = False
    ) -> list[EventType] | None:
        """Take what a message says about the order just spoken of, whatever its intent.

        Args:
            wants_time: take any moment for a delivery time, also without a word of changing.

        Returns:
            ``None`` when it says nothing about it, or asks something.
        """
        if not tracker.active_loop_name and misnumbered(text_of(tracker), asked=False):
            # The form says what is wrong with the number.
            return [SlotSet("order_goal", Goal.ORDER_STATUS.value), FollowupAction("order_form")]
        spoken = await self._cod.spoken_of(tracker.sender_id)
        goal = spoken and await self.goal_said(tracker, spoken, wants_time=wants_time)
        if spoken and goal:
            return _lead_in(spoken.order_number, goal)
        if spoken and spoken.asks and is_no(text_of(tracker)):
            return await self.refused(dispatcher, tracker)
        if not spoken and not tracker.active_loop_name and confirms_but_changes(text_of(tracker)):
            # There is no card yet; the form asks for the order, then for what is to change.
            goal = SlotSet("order_goal", Goal.COD_CONFIRM.value)
            return [goal, FollowupAction("order_form")]
        return await self.note(tracker)

    async def goal_said(
        self, tracker: Tracker, spoken: Spoken, *, wants_time: bool = False
    ) -> Goal | None:
        """Return what the values in a message want of the order just spoken of."""
        text = text_of(tracker)
        if not spoken.is_last or not text or is_question(text):
            return None
        order = await self._desk.opened_with(spoken.order_number, spoken.order_number)
        if order is None:
            return None
        entities = tracker.latest_message.get("entities") or ()
        wants_time = wants_time or not spoken.asks
        now = self._clock()
        said = read(text, entities, order, now, self._policy, wants_time=wants_time)
        if said.gives("new_window"):
            return Goal.CHANGE_DELIVERY_TIME
        if said.address:
            return Goal.CHANGE_ADDRESS
        if said.recipient:
            return Goal.CHANGE_RECIPIENT
        if said.phone:
            return Goal.CHANGE_PHONE
        return Goal.COD_CONFIRM if spoken.asks and (said.yes or said.note) else None

    async def refused(
        self, dispatcher: CollectingDispatcher, tracker: Tracker
    ) -> list[EventType] | None:
        """Take a "no" to a card: to the order or to its details; ``None`` if no card was just shown."""
        spoken = await self._cod.spoken_of(tracker.sender_id)
        if spoken is None or not spoken.asks:
            return await self.note(tracker)
        if wants_to_cancel(text_of(tracker)):
            return _lead_in(spoken.order_number, Goal.CANCEL_ORDER)
        dispatcher.utter_message(
            response="utter_cod_what_is_wrong", order_number=spoken.order_number
        )
        return []


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
        events = await self._cards.words(dispatcher, tracker, wants_time=True)
        if events is None:
            dispatcher.utter_message(response="utter_inform")
        return events or []


class SmallTalk(Action):
    """Says what answers an intent, unless a word for the courier comes with it."""

    def __init__(self, cards: CardAnswers, intent: str) -> None:
        self._cards = cards
        self._intent = intent

    def name(self) -> str:
        """Return the name in the domain."""
        return f"action_{self._intent}"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[EventType]:
        """Take "thanks, leave it with the guard" to the order, else say the intent's own line."""
        events = await self._cards.note(tracker)
        if events is None:
            dispatcher.utter_message(response=f"utter_{self._intent}")
        return events or []


def _lead_in(number: str, goal: Goal) -> list[EventType]:
    return [
        SlotSet("order_goal", goal.value),
        SlotSet("order_number", number),
        SlotSet("verified_order", number),
        FollowupAction("order_form"),
    ]
