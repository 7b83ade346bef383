"""Orders: the form's identity check, and the answer once the order is known to be the customer's."""

from __future__ import annotations

from collections.abc import Sequence

from rasa_sdk import Action, FormValidationAction, Tracker
from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.forms import REQUESTED_SLOT
from rasa_sdk.types import DomainDict

from actions.answering import ORDERS_LISTED, OrderAnswers
from actions.cards import SURE, CardAnswers
from actions.changes import ASKED, ChangeTalk
from actions.claims import ClaimTalk
from actions.context import decide, language_of, text_of
from actions.faq import FaqLadder
from actions.form import (
    DETAIL,
    DRAFT,
    GO_AHEAD,
    QUESTIONS,
    STOPPED,
    digits_beside_code,
    digits_beside_question,
    intent_of,
    misnumbered,
    with_early,
)
from actions.proof import ProofTalk
from actions.saying import say
from bot.clock import Clock, utc_now
from bot.orders import wording
from bot.orders.answers import Goal, Reply, last_known, my_orders, which_order
from bot.orders.book import BookDownError
from bot.orders.case_news import asks_for_news
from bot.orders.claims.model import Detail
from bot.orders.claims.reading import goal_in, holding
from bot.orders.cod_desk import Spoken
from bot.orders.desk import Locked, NoMatch, OrderDesk, Verified
from bot.orders.model import Order
from bot.orders.service import Orders

# Slots of the form, as in domain.yml, and the one that remembers whose proof has been seen.
_GOAL, _NUMBER, _LAST_FOUR, _VERIFIED = (
    "order_goal",
    "order_number",
    "phone_last4",
    "verified_order",
)
_ASKED = [_GOAL, _NUMBER, _LAST_FOUR]
_PROOFS = {_NUMBER, _LAST_FOUR}
_CODES = {"order_number", "tracking_number"}
_GOODS = {Goal.RETURN_REQUEST, Goal.EXCHANGE_REQUEST, Goal.WRONG_OR_DAMAGED_ITEM}
# The rules of these are told before the order is asked for: perhaps that is all the customer needs.
_INTRODUCED = _GOODS | {Goal.INVOICE}


class ValidateOrderForm(FormValidationAction):
    """Checks the proof as soon as it is there, then settles what the customer wants changed."""

    def __init__(
        self, orders: Orders, clock: Clock = utc_now, ladder: FaqLadder | None = None
    ) -> None:
        self._ladder = ladder
        self._desk: OrderDesk = orders.desk
        self._cod = orders.cod
        self._cases = orders.cases
        self._answers = OrderAnswers(orders)
        self._talk = ChangeTalk(orders)
        self._claims = ClaimTalk(orders)
        self._proof = ProofTalk(orders)
        self._identity = orders.identity
        self._cards = CardAnswers(orders, clock)
        self._clock = clock

    def name(self) -> str:
        """Return the name in the domain."""
        return "validate_order_form"

    def domain_slots(self, domain: DomainDict) -> list[str]:
        """Return the form's slots; the engine does not send the domain along."""
        return _ASKED

    async def get_validation_events(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[EventType]:
        """Verify the order, or forget what did not fit and say so; then say what to ask next.

        After a wrong answer the digits are asked for again, in words that tell nobody whether they or
        the number were wrong; a new number takes the old one's place at any time. After too many
        wrong answers the form ends. A message that gives nothing sets nothing:
        then the engine leaves it to the rules (a question, a "never mind").
        """
        try:
            return await self._validated(dispatcher, tracker)
        except BookDownError:
            # Nothing is known of this order: the form ends, and the words say why.
            dispatcher.utter_message(response="utter_backend_nothing_known")
            forgotten = [SlotSet(slot, None) for slot in (_NUMBER, _LAST_FOUR, REQUESTED_SLOT)]
            return [*forgotten, decide(f"flow:{_goal(tracker)}")]

    async def _validated(
        self, dispatcher: CollectingDispatcher, tracker: Tracker
    ) -> list[EventType]:
        starts = tracker.get_slot(REQUESTED_SLOT) is None
        given = {k: v for k, v in tracker.slots_to_validate().items() if k in _ASKED}
        events = [SlotSet(name, value) for name, value in given.items()]
        if tracker.get_slot(_GOAL) is None:
            # Nothing asks for it; a form that starts without an intent of ours shows the status.
            events.append(SlotSet(_GOAL, Goal.ORDER_STATUS.value))
        odd = None
        if starts or tracker.get_slot(REQUESTED_SLOT) in _PROOFS:
            odd = misnumbered(text_of(tracker), asked=tracker.get_slot(REQUESTED_SLOT) == _NUMBER)
        if odd:
            dispatcher.utter_message(response="utter_order_number_odd", number=odd)
            kept = SlotSet(DRAFT, with_early(tracker, starts=starts))
            again = [SlotSet(_NUMBER, None), kept, SlotSet(REQUESTED_SLOT, _NUMBER)]
            return [*events, *again, decide(f"flow:{_goal(tracker)}")]
        number, last_four = tracker.get_slot(_NUMBER), tracker.get_slot(_LAST_FOUR)
        verified = tracker.get_slot(_VERIFIED)
        beside = None
        if number and _NUMBER in given:
            # They go before the end of a whole number, which may be the one to change to.
            beside = digits_beside_code(text_of(tracker))
        elif tracker.get_slot(REQUESTED_SLOT) == _LAST_FOUR and not last_four:
            beside = digits_beside_question(text_of(tracker))
        if beside:
            last_four = given[_LAST_FOUR] = beside
            events.append(SlotSet(_LAST_FOUR, beside))
        if given and not starts:
            self._answer_beside(dispatcher, tracker)
        spoken = await self._cod.spoken_of(tracker.sender_id)
        goal = _goal(tracker)
        if starts and asks_for_news(text_of(tracker)):
            # "How is my return going" is easily taken for the wish to return something.
            goal = Goal.ORDER_STATUS
            events.append(SlotSet(_GOAL, goal.value))
            number = number or await self._cases.last_order(tracker.sender_id)
        if starts and intent_of(tracker) == "inform":
            # A sentence with codes in it is easily taken for the codes alone.
            goal = goal_in(text_of(tracker)) or goal
            events.append(SlotSet(_GOAL, goal.value))
        if spoken and starts and not number and not ChangeTalk.concerns(goal) and _unsure(tracker):
            # "Use 139… for the courier" is easily taken for a call to hurry.
            goal = await self._cards.goal_said(tracker, spoken) or goal
            if goal is not _goal(tracker):
                events.append(SlotSet(_GOAL, goal.value))
                number = verified = spoken.order_number
        if starts and _unsure(tracker) and not ChangeTalk.concerns(goal):
            noted = await self._cards.noted_order(tracker)
            if noted:
                goal, number, verified = Goal.COD_CONFIRM, noted, noted
                events.append(SlotSet(_GOAL, goal.value))
        if spoken and _means_it(tracker, starts, number, spoken.order_number):
            # We wrote to this customer about this order: nothing is left to be proved.
            number = verified = spoken.order_number
        order: Order | None = None
        if number and verified:
            order = await self._desk.opened_with(verified, number)
        if order and await self._identity.signed_out_of(tracker.sender_id, order, self._clock()):
            # Who has left the shop's account has left its orders, also the one talked about last.
            order = verified = None
            named = {e["entity"] for e in tracker.latest_message.get("entities") or ()}
            number = number if "order_number" in named else None
            events += [SlotSet(_NUMBER, number), SlotSet(_VERIFIED, None)]
        if order is None:
            order = await self._of_signed_in(dispatcher, tracker, number, goal, starts)
        asks_which = (tracker.get_slot(DRAFT) or {}).get("asks") == Detail.ITEM
        if order and goal in _GOODS and (starts or asks_which):
            meant = await self._holding(tracker, order)
            if len(meant) > 1:
                say(dispatcher, which_order(meant, goal, language_of(tracker)))
                kept = SlotSet(DRAFT, with_early(tracker, starts=starts))
                number_asked = [SlotSet(_NUMBER, None), SlotSet(REQUESTED_SLOT, _NUMBER)]
                return [*events, kept, *number_asked, decide(f"flow:{goal}")]
            order = meant[0]
        if order is None and number and last_four:
            now = self._clock()
            checked = await self._desk.verify(
                number, last_four, conversation_id=tracker.sender_id, now=now
            )
            if isinstance(checked, Verified):
                order = checked.order
                await self._cod.remember(tracker.sender_id, order, now)
            else:
                events.append(SlotSet(DRAFT, with_early(tracker, starts=starts)))
                return events + _refuse(dispatcher, checked) + _decided(given, goal)
        if order is None:
            if number and number == verified:
                # The order has left the book since; without this the form would end with nothing.
                events.append(SlotSet(_VERIFIED, None))
            missing = _NUMBER if number is None else _LAST_FOUR
            if given or starts:
                before = None if starts else (tracker.get_slot(DRAFT) or {}).get("wants")
                kept = with_early(tracker, starts=starts) | {"wants": goal.value}
                events.append(SlotSet(DRAFT, kept))
                if _GOAL in given:
                    self._acknowledge(dispatcher, tracker, goal, before, list(given))
            return [*events, SlotSet(REQUESTED_SLOT, missing), *_decided(given, goal)]
        if (number, verified) != (order.number, order.number) or starts or given:
            events += [SlotSet(_NUMBER, order.number), SlotSet(_VERIFIED, order.number)]
        now = self._clock()
        draft = tracker.get_slot(DRAFT)
        step = None if starts else await self._proof.check(dispatcher, tracker, order, now)
        if step is None:
            if not starts:
                goal = _goal(tracker)  # after the proof it is again what the proof was for
                if tracker.get_slot(DRAFT) != draft:
                    events.append(SlotSet(DRAFT, tracker.get_slot(DRAFT)))
            step = await self._listen(dispatcher, tracker, order, goal, spoken, starts)
            if not await self._proof.opens(tracker, order, goal, step[0], now):
                step = await self._proof.ask(dispatcher, tracker, order, goal, step[0], starts, now)
            if given.get(_GOAL, goal) != goal:
                events.append(SlotSet(_GOAL, goal.value))
        said, wanted = step
        return [*events, *said, SlotSet(REQUESTED_SLOT, wanted), *_decided(given or said, goal)]

    def _acknowledge(
        self,
        dispatcher: CollectingDispatcher,
        tracker: Tracker,
        goal: Goal,
        before: str | None,
        given: list[str],
    ) -> None:
        """Say that a wish was heard while its order or the proof is still missing."""
        if goal in _INTRODUCED and before != goal:
            dispatcher.utter_message(response=f"utter_{goal}")
        elif before is not None and given == [_GOAL]:
            name = "utter_proof_why" if before == goal else "utter_proof_first"
            wish = wording.wish(goal, language_of(tracker))
            dispatcher.utter_message(response=name, wish=wish)

    async def _holding(self, tracker: Tracker, order: Order) -> Sequence[Order]:
        """Return the order with what a message names in it, where it is not the open one; or several."""
        named = {entity["entity"] for entity in tracker.latest_message.get("entities") or ()}
        if named & _CODES or not text_of(tracker):
            return (order,)
        known = await self._answers.open_to(tracker, order, self._clock())
        others = [one for one in known if one.number != order.number]
        return holding(text_of(tracker), order, others)

    def _answer_beside(self, dispatcher: CollectingDispatcher, tracker: Tracker) -> None:
        """Answer the question that came along with what the form had asked for."""
        if self._ladder is None or intent_of(tracker) not in QUESTIONS:
            return
        answer, _, _ = self._ladder.search(tracker)
        if answer:
            self._ladder.answer(dispatcher, tracker, answer)

    async def _of_signed_in(
        self,
        dispatcher: CollectingDispatcher,
        tracker: Tracker,
        number: str | None,
        goal: Goal,
        starts: bool,
    ) -> Order | None:
        """Return the order that a signed-in customer means; of several, list them to choose from."""
        customer = await self._identity.customer_of(tracker.sender_id, self._clock())
        if customer is None:
            return None
        if number:
            order = await self._desk.opened_to(customer, number)
            if order or goal is not Goal.MY_ORDERS:
                return order
            # The digits of somebody else's order are not needed for a list of the own ones.
        orders = await self._desk.orders_of(customer, limit=ORDERS_LISTED)
        if starts and asks_for_news(text_of(tracker)):
            cases = await self._cases.of_orders([order.number for order in orders], limit=1)
            about = [order for order in orders if cases and order.number == cases[0].order_number]
            orders = about or orders
        if len(orders) == 1 or (orders and goal is Goal.MY_ORDERS):
            return orders[0]
        if orders and starts:
            (reply,) = my_orders(orders, language_of(tracker))
            say(dispatcher, reply)
        return None

    async def _listen(
        self,
        dispatcher: CollectingDispatcher,
        tracker: Tracker,
        order: Order,
        goal: Goal,
        spoken: Spoken | None,
        starts: bool,
    ) -> tuple[list[EventType], str | None]:
        """Let the part of the form that a goal belongs to take the message."""
        now = self._clock()
        asked_for = None if starts else tracker.get_slot(REQUESTED_SLOT)
        goal = (None if starts else self._claims.goes_on(tracker, order)) or goal
        if self._claims.concerns(goal, order):
            return await self._claims.listen(tracker, order, goal, starts, now)
        if ChangeTalk.concerns(goal):
            return await self._talk.listen(dispatcher, tracker, order, goal, spoken, starts, now)
        before = (tracker.get_slot(DRAFT) or {}).get("goal")
        if asked_for not in ASKED | {DETAIL} or before is None:
            return [], None
        # A question about the order in the middle of a task is answered, and the task goes on.
        for reply in await self._answers.replies(order, tracker, goal, now):
            say(dispatcher, reply)
        return [SlotSet(_GOAL, before)], asked_for


class OrderAction(Action):
    """Answers about the verified order what the customer wanted to know, or does what was settled."""

    def __init__(self, orders: Orders, clock: Clock = utc_now) -> None:
        self._desk = orders.desk
        self._answers = OrderAnswers(orders)
        self._outages = orders.outages
        self._talk = ChangeTalk(orders)
        self._claims = ClaimTalk(orders)
        self._proof = ProofTalk(orders)
        self._identity = orders.identity
        self._clock = clock

    def name(self) -> str:
        """Return the name in the domain."""
        return "action_order"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[EventType]:
        """Say the replies to the goal; nothing if the form ended without a verified order."""
        number, goal = tracker.get_slot(_NUMBER), _goal(tracker)
        order = None
        if number is not None and number == tracker.get_slot(_VERIFIED):
            order = await self._desk.opened_with(number, number)
        replies: list[Reply] = []
        if order and not await self._proof.opens(tracker, order, goal, [], self._clock()):
            # The form asks for the proof; whoever comes here without it gets nothing done.
            if tracker.get_slot(GO_AHEAD) != STOPPED:
                replies = [Reply("utter_change_kept", {"order_number": order.number})]
            order = None
        if order and self._claims.concerns(goal, order):
            replies = await self._claims.finish(tracker, order, goal, self._clock())
        elif order and self._talk.concerns(goal):
            replies = await self._talk.finish(tracker, order, goal, self._clock())
        elif order:
            replies = await self._answers.replies(order, tracker, goal, self._clock())
        if order and order.as_of is not None:
            await self._outages.wait(tracker.sender_id, order.number, self._clock())
            if not (self._claims.concerns(goal, order) or self._talk.concerns(goal)):
                replies.insert(0, last_known(order.as_of, language_of(tracker)))
        for reply in replies:
            say(dispatcher, reply)
        # The digits have done their work; the next order needs its own.
        done = [SlotSet(slot, None) for slot in (_LAST_FOUR, DRAFT, GO_AHEAD)]
        return [*done, decide(f"flow:{goal}")]


def _means_it(tracker: Tracker, starts: bool, number: str | None, asked: str) -> bool:
    """Tell whether a message without proof is about the order that we wrote to its customer about."""
    if number == asked:
        return True
    named = {entity["entity"] for entity in tracker.latest_message.get("entities") or ()}
    return ChangeTalk.concerns(_goal(tracker)) and not named & _CODES and (starts or number is None)


def _unsure(tracker: Tracker) -> bool:
    intent = tracker.latest_message.get("intent") or {}
    return float(intent.get("confidence", 1.0)) < SURE


def _decided(given: object, goal: Goal) -> list[EventType]:
    return [decide(f"flow:{goal}")] if given else []


def _refuse(dispatcher: CollectingDispatcher, checked: NoMatch | Locked) -> list[EventType]:
    if isinstance(checked, NoMatch):
        dispatcher.utter_message(response="utter_order_no_match")
        return [SlotSet(_LAST_FOUR, None), SlotSet(REQUESTED_SLOT, _LAST_FOUR)]
    dispatcher.utter_message(response="utter_order_locked")
    return [SlotSet(slot, None) for slot in (_NUMBER, _LAST_FOUR, REQUESTED_SLOT)]


def _goal(tracker: Tracker) -> Goal:
    return Goal(tracker.get_slot(_GOAL) or Goal.ORDER_STATUS)
