"""What the order form says before it goes ahead, and taking the last deed back."""

from __future__ import annotations

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.types import DomainDict

from actions.changes import ChangeTalk, actor_of, with_goal
from actions.claims import ClaimTalk
from actions.context import decide, language_of
from actions.form import DRAFT
from bot.clock import Clock, utc_now
from bot.orders import change_answers
from bot.orders.answers import Goal
from bot.orders.claims import answers as claim_answers
from bot.orders.drafts import draft_from_json
from bot.orders.identity import Shown
from bot.orders.service import Orders


class AskGoAhead(Action):
    """Repeats what will happen and asks whether to go ahead."""

    def __init__(self, orders: Orders, clock: Clock = utc_now) -> None:
        self._desk = orders.desk
        self._claims = ClaimTalk(orders)
        self._identity = orders.identity
        self._clock = clock

    def name(self) -> str:
        """Return the name in the domain."""
        return "action_ask_go_ahead"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[EventType]:
        """Say it with the values of the draft."""
        number = tracker.get_slot("order_number")
        order = await self._desk.opened_with(number, number)
        if order is None:
            return []
        goal = Goal(tracker.get_slot("order_goal"))
        if self._claims.concerns(goal, order):
            replies = self._claims.preview(tracker, order, goal, self._clock())
        else:
            draft = with_goal(draft_from_json(tracker.get_slot(DRAFT)), goal)
            level = await self._identity.level_of(tracker.sender_id, order, self._clock())
            shows = self._identity.policy.shows(level, Shown.FULL_ADDRESS)
            checks = shows and bool((tracker.get_slot(DRAFT) or {}).get("check"))
            replies = [change_answers.preview(order, draft, language_of(tracker), checks=checks)]
        for reply in replies:
            dispatcher.utter_message(response=reply.response, **reply.values)
        return []


class AskNewWindow(Action):
    """Asks for a delivery time; says first why the one just named is not possible."""

    def __init__(self, orders: Orders, clock: Clock = utc_now) -> None:
        self._desk = orders.desk
        self._policy = orders.policy
        self._talk = ChangeTalk(orders)
        self._clock = clock

    def name(self) -> str:
        """Return the name in the domain."""
        return "action_ask_new_window"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[EventType]:
        """Ask."""
        number, now = tracker.get_slot("order_number"), self._clock()
        order = await self._desk.opened_with(number, number)
        goal = Goal(tracker.get_slot("order_goal"))
        reading = order and self._talk.reading(tracker, order, goal, "new_window", now)
        if order and reading and reading.problem:
            reply = change_answers.time_problem(
                reading.problem, order, now, self._policy, language_of(tracker)
            )
            dispatcher.utter_message(response=reply.response, **reply.values)
        else:
            dispatcher.utter_message(response="utter_ask_new_window")
        return []


class UndoChange(Action):
    """Takes back the last change or case that was made in this conversation."""

    def __init__(self, orders: Orders, clock: Clock = utc_now) -> None:
        self._changes = orders.changes
        self._policy = orders.policy
        self._cases = orders.cases
        self._clock = clock

    def name(self) -> str:
        """Return the name in the domain."""
        return "action_undo_change"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[EventType]:
        """Undo it, or say why that is not possible."""
        now, language = self._clock(), language_of(tracker)
        case = await self._cases.withdraw_last(actor_of(tracker), now)
        if case is not None:
            replies = [claim_answers.withdrawn(case)]
        else:
            undone = await self._changes.undo_last(actor_of(tracker), now)
            replies = change_answers.undone(undone, self._policy, language)
        for reply in replies:
            dispatcher.utter_message(response=reply.response, **reply.values)
        return [decide("flow:undo_change")]
