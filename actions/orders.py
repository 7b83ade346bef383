"""Orders: the form's identity check, and the answer once the order is known to be the customer's."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from rasa_sdk import Action, FormValidationAction, Tracker
from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.forms import REQUESTED_SLOT
from rasa_sdk.types import DomainDict

from actions.context import decide, language_of
from bot.orders.answers import Goal, Reply, answer, my_orders
from bot.orders.desk import Locked, NoMatch, OrderDesk, Verified
from bot.orders.model import Order

# Slots of the form, as in domain.yml, and the one that remembers whose proof has been seen.
_GOAL, _NUMBER, _LAST_FOUR, _VERIFIED = (
    "order_goal",
    "order_number",
    "phone_last4",
    "verified_order",
)
_ASKED = [_GOAL, _NUMBER, _LAST_FOUR]
_ORDERS_LISTED = 5

Clock = Callable[[], datetime]


def _utc_now() -> datetime:
    return datetime.now(UTC)


class ValidateOrderForm(FormValidationAction):
    """Checks the proof as soon as order number and last four digits are both there."""

    def __init__(self, desk: OrderDesk, clock: Clock = _utc_now) -> None:
        self._desk = desk
        self._clock = clock

    def name(self) -> str:
        """Return the name in the domain."""
        return "validate_order_form"

    def domain_slots(self, domain: DomainDict) -> list[str]:
        """Return the form's slots; the engine does not send the domain along."""
        return _ASKED

    async def required_slots(
        self,
        domain_slots: list[str],
        dispatcher: CollectingDispatcher,
        tracker: Tracker,
        domain: DomainDict,
    ) -> list[str]:
        """Ask nothing more once the order is verified; the form then ends."""
        number = tracker.get_slot(_NUMBER)
        verified = number is not None and number == tracker.get_slot(_VERIFIED)
        return [_NUMBER] if verified else domain_slots

    async def get_validation_events(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[EventType]:
        """Verify the order, or forget what did not fit and say so.

        A wrong answer clears both values, so that the form asks for both again and tells nobody
        which was wrong. After too many the form ends.
        """
        given = {k: v for k, v in tracker.slots_to_validate().items() if k in _ASKED}
        events = [SlotSet(name, value) for name, value in given.items()]
        if tracker.get_slot(_GOAL) is None:
            # Nothing asks for it; a form that starts without an intent of ours shows the status.
            events.append(SlotSet(_GOAL, Goal.ORDER_STATUS.value))
        number, last_four = tracker.get_slot(_NUMBER), tracker.get_slot(_LAST_FOUR)
        verified = tracker.get_slot(_VERIFIED)
        order: Order | None = None
        if number and verified:
            order = await self._desk.opened_with(verified, number)
        if order is None and number and last_four:
            checked = await self._desk.verify(
                number, last_four, conversation_id=tracker.sender_id, now=self._clock()
            )
            if isinstance(checked, Verified):
                order = checked.order
            else:
                events += _refuse(dispatcher, checked)
        if order:
            events += [SlotSet(_NUMBER, order.number), SlotSet(_VERIFIED, order.number)]
        elif number and number == verified:
            # The order has left the book since; without this the form would end with nothing.
            events.append(SlotSet(_VERIFIED, None))
        if given:
            events.append(decide(f"flow:{_goal(tracker)}"))
        return events


class OrderAction(Action):
    """Answers about the verified order what the customer wanted to know."""

    def __init__(self, desk: OrderDesk, clock: Clock = _utc_now) -> None:
        self._desk = desk
        self._clock = clock

    def name(self) -> str:
        """Return the name in the domain."""
        return "action_order"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[EventType]:
        """Say the replies to the goal; nothing if the form ended without a verified order."""
        number = tracker.get_slot(_NUMBER)
        order = None
        if number is not None and number == tracker.get_slot(_VERIFIED):
            order = await self._desk.opened_with(number, number)
        for reply in await self._replies(order, tracker) if order else ():
            dispatcher.utter_message(response=reply.response, **reply.values)
        # The digits have done their work; the next order needs its own.
        return [SlotSet(_LAST_FOUR, None), decide(f"flow:{_goal(tracker)}")]

    async def _replies(self, order: Order, tracker: Tracker) -> list[Reply]:
        language, goal = language_of(tracker), _goal(tracker)
        if goal is Goal.MY_ORDERS:
            orders = await self._desk.recent_orders(order, limit=_ORDERS_LISTED)
            return my_orders(orders, language)
        return answer(goal, order, self._clock(), language)


def _refuse(dispatcher: CollectingDispatcher, checked: NoMatch | Locked) -> list[EventType]:
    forgotten = [SlotSet(_NUMBER, None), SlotSet(_LAST_FOUR, None)]
    if isinstance(checked, NoMatch):
        dispatcher.utter_message(response="utter_order_no_match")
        return forgotten
    dispatcher.utter_message(response="utter_order_locked")
    return [*forgotten, SlotSet(REQUESTED_SLOT, None)]


def _goal(tracker: Tracker) -> Goal:
    return Goal(tracker.get_slot(_GOAL) or Goal.ORDER_STATUS)
