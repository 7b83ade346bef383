"""The FAQ rungs of the decision ladder: answer, suggest, decline, clarify, hand off."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.types import DomainDict

from actions.cards import CardAnswers
from actions.context import (
    asks_what_helps,
    channel_of,
    decide,
    follows_on,
    just_said,
    language_of,
    last_refusal,
    offered_a_person,
    previous_decision,
    previous_decisions,
    text_of,
)
from actions.handoff import hand_off
from bot.clock import utc_now
from bot.conversations.model import Button, HandoffReason
from bot.conversations.phrases import Phrases
from bot.faq.errors import UnknownRecordError
from bot.faq.knowledge import Knowledge
from bot.faq.live import LiveKnowledge
from bot.faq.model import Record
from bot.language import Language
from bot.orders.reading import asks

# Questions about a topic: the FAQ answers them when it can, else the topic's own response does.
TOPIC_INTENTS = frozenset({"cod_question", "product_question", "installation_help"})
_OFF_TOPIC = "out_of_scope"
# Below this confidence it is as likely as not that the message is about the shop after all.
_HALF_SURE = 0.5
# From here on the classifier's word that it is a question for the FAQ rules out that no entry answers it.
# Chosen on the development messages: 4 of 746 more answered right, one more wrong (bench/product).
_SURELY_A_QUESTION = 0.7


@dataclass(frozen=True, slots=True)
class FaqLadder:
    """The knowledge base, and the moves that several actions share."""

    knowledge: LiveKnowledge
    phrases: Phrases

    def search(self, tracker: Tracker) -> tuple[str | None, list[str], float]:
        """Return (the entry that is the answer, the entries worth offering, the best one's probability).

        The app has searched before the turn and sent the result along; other clients of the engine
        (``rasa shell``) have not.
        """
        found = (tracker.latest_message.get("metadata") or {}).get("faq")
        if found is None:
            text = tracker.latest_message.get("text") or ""
            found = self.known(tracker).rule(text, channel_of(tracker)).as_metadata()
        intent = tracker.latest_message.get("intent") or {}
        question = intent.get("name") == "ask_faq"
        sure = question and intent.get("confidence", 0.0) >= _SURELY_A_QUESTION
        answer = found["answer"] or (found["answer_if_any"] if sure else None)
        return answer, found["suggest"], found["best"]

    def answer(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, faq_id: str
    ) -> list[EventType]:
        """Say the answer of one entry, with buttons for its task and what is often asked next.

        Raises:
            UnknownRecordError: There is no such entry, or not here and now.
        """
        language, knowledge = language_of(tracker), self.known(tracker)
        record = knowledge.shown(faq_id, channel_of(tracker))
        link, *more = record.links or (None,)
        text = knowledge.answer(faq_id, language)
        # A message carries one link that is shown as such.
        text += "".join(f"\n\n[{getattr(other, language)}]({other.url})" for other in more if other)
        buttons = self._next_steps(knowledge, record, tracker)
        if just_said(tracker, text):
            again = self.phrases.say("utter_faq_again", language)
            text = f"{again.text}\n\n{text}"
            buttons += _as_dicts(again.buttons)
        dispatcher.utter_message(
            text=text,
            image=record.picture,
            json_message=link and {"link": {"url": link.url, "title": getattr(link, language)}},
            buttons=buttons,
        )
        return [decide(f"answer:{faq_id}")]

    def known(self, tracker: Tracker) -> Knowledge:
        """Return the state of the FAQ that this turn began with."""
        metadata = tracker.latest_message.get("metadata") or {}
        return self.knowledge.version(metadata.get("knowledge"))

    def _next_steps(
        self, knowledge: Knowledge, record: Record, tracker: Tracker
    ) -> list[dict[str, str]]:
        """Return the buttons under an answer: its task, then questions that are often asked next."""
        language, channel = language_of(tracker), channel_of(tracker)
        task = knowledge.corpus.tasks.get(record.task or "")
        buttons = [{"title": getattr(task, language), "payload": f"/{record.task}"}] if task else []
        now = utc_now()
        follow_ups = (
            faq_id for faq_id in record.follow_ups if knowledge.record(faq_id).shown(channel, now)
        )
        return buttons + [_question(knowledge, faq_id, language) for faq_id in follow_ups]

    def suggest(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, faq_ids: list[str]
    ) -> list[EventType]:
        """Offer entries as buttons, with "none of these" as the last one."""
        language, knowledge = language_of(tracker), self.known(tracker)
        question = self.phrases.say("utter_faq_suggest", language)
        buttons = [_question(knowledge, faq_id, language) for faq_id in faq_ids]
        buttons += _as_dicts(question.buttons)
        dispatcher.utter_message(text=question.text, buttons=buttons)
        return [decide("suggest:" + ",".join(faq_ids))]

    def picked(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, faq_id: str
    ) -> list[EventType]:
        """Answer the entry of a pressed button, unless it went or expired after the button was shown."""
        try:
            return self.answer(dispatcher, tracker, faq_id)
        except UnknownRecordError:
            return self.miss(dispatcher, tracker)

    def ways_on(self, dispatcher: CollectingDispatcher, tracker: Tracker) -> list[EventType] | None:
        """Repeat what helps in place of what was just refused, if the customer asks for that."""
        refusal = last_refusal(tracker) if asks_what_helps(tracker) else None
        if refusal is None:
            return None
        name, values = refusal
        dispatcher.utter_message(response="utter_ways_on")
        dispatcher.utter_message(response=name, **values)
        return [decide(previous_decision(tracker) or "clarify")]

    def decline(self, dispatcher: CollectingDispatcher, tracker: Tracker) -> list[EventType]:
        """Say kindly what the bot is for; who hears that twice in a row is asked whether a person should come."""
        again = previous_decision(tracker) == "decline"
        dispatcher.utter_message(response="utter_decline_again" if again else "utter_decline")
        return [decide("decline")]

    def miss(self, dispatcher: CollectingDispatcher, tracker: Tracker) -> list[EventType]:
        """Nothing fits: ask to rephrase the first time, hand off the second time in a row.

        Suggestions in between are no progress: a customer who came here again took none of them.
        """
        decisions = (decision or "" for decision in previous_decisions(tracker))
        if next((d for d in decisions if not d.startswith("suggest:")), None) == "clarify":
            return hand_off(dispatcher, HandoffReason.LOW_CONFIDENCE)
        dispatcher.utter_message(response="utter_clarify")
        return [decide("clarify")]


class AnswerFaq(Action):
    """Answers from the FAQ as surely as the thresholds allow."""

    def __init__(self, ladder: FaqLadder, cards: CardAnswers) -> None:
        self._ladder = ladder
        self._cards = cards

    def name(self) -> str:
        """Return the name in the domain."""
        return "action_answer_faq"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[EventType]:
        """Take the highest rung that the scores allow."""
        ladder = self._ladder
        picked = next(tracker.get_latest_entity_values("faq_id"), None)
        if picked is not None:
            return ladder.picked(dispatcher, tracker, picked)
        events = ladder.ways_on(dispatcher, tracker) or await self._cards.case(dispatcher, tracker)
        if events:
            return events
        # Right after a card only a question is one for the FAQ.
        about_order = await self._cards.words(dispatcher, tracker)
        answer, suggestions, _ = ladder.search(tracker)
        if about_order is not None:
            if answer and asks(text_of(tracker)):
                # "Can you leave it with the guard?" is a question too.
                ladder.answer(dispatcher, tracker, answer)
            return about_order
        if answer:
            return ladder.answer(dispatcher, tracker, answer)
        if suggestions:
            return ladder.suggest(dispatcher, tracker, suggestions)
        intent = tracker.get_intent_of_latest_message(skip_fallback_intent=False)
        if intent in TOPIC_INTENTS:
            dispatcher.utter_message(response=f"utter_{intent}")
            return [decide(f"flow:{intent}")]
        # Who was just asked to rephrase is trying; that is no time to call it off-topic.
        trying = previous_decision(tracker) == "clarify" or follows_on(tracker)
        if not trying and _looks_off_topic(tracker):
            return ladder.decline(dispatcher, tracker)
        return await self._cards.case(dispatcher, tracker, known=False) or ladder.miss(
            dispatcher, tracker
        )


class Decline(Action):
    """Off-topic by the classifier; an FAQ entry that is surer of itself still overrules it."""

    def __init__(self, ladder: FaqLadder, cards: CardAnswers) -> None:
        self._ladder = ladder
        self._cards = cards

    def name(self) -> str:
        """Return the name in the domain."""
        return "action_decline"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[EventType]:
        """Answer or suggest when that is likelier to help, else say kindly what the bot is for."""
        ladder = self._ladder
        events = ladder.ways_on(dispatcher, tracker) or await self._cards.note(tracker)
        if events:
            return events
        answer, suggestions, best = ladder.search(tracker)
        confidence = tracker.latest_message["intent"].get("confidence", 1.0)
        if answer and best > confidence:
            return ladder.answer(dispatcher, tracker, answer)
        if suggestions and confidence < _HALF_SURE:
            return ladder.suggest(dispatcher, tracker, suggestions)
        if follows_on(tracker):
            return ladder.miss(dispatcher, tracker)
        return ladder.decline(dispatcher, tracker)


class Affirm(Action):
    """A bare "yes": takes what was offered last."""

    def __init__(self, ladder: FaqLadder, cards: CardAnswers) -> None:
        self._ladder = ladder
        self._cards = cards

    def name(self) -> str:
        """Return the name in the domain."""
        return "action_affirm"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[EventType]:
        """Confirm an order, answer the first suggestion, or hand off: whatever was offered."""
        events = await self._cards.yes(tracker)
        if events:
            return events
        previous = previous_decision(tracker) or ""
        if previous.startswith("suggest:"):
            first = previous.removeprefix("suggest:").split(",")[0]
            return self._ladder.picked(dispatcher, tracker, first)
        if offered_a_person(tracker):
            return hand_off(dispatcher, HandoffReason.ASKED_FOR)
        dispatcher.utter_message(response="utter_affirm")
        return []


class Deny(Action):
    """A bare "no": refused suggestions count as a miss."""

    def __init__(self, ladder: FaqLadder, cards: CardAnswers) -> None:
        self._ladder = ladder
        self._cards = cards

    def name(self) -> str:
        """Return the name in the domain."""
        return "action_deny"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[EventType]:
        """Ask what is wrong with an order, look further after suggestions, else accept the no.

        "What can I do then?" sounds like a no and is none.
        """
        if asks_what_helps(tracker):
            return self._ladder.ways_on(dispatcher, tracker) or self._ladder.miss(
                dispatcher, tracker
            )
        refused = await self._cards.refused(dispatcher, tracker)
        if refused is not None:
            return refused
        if (previous_decision(tracker) or "").startswith("suggest:"):
            return self._ladder.miss(dispatcher, tracker)
        dispatcher.utter_message(response="utter_deny")
        return []


def _as_dicts(buttons: Sequence[Button]) -> list[dict[str, str]]:
    return [{"title": button.title, "payload": button.payload} for button in buttons]


def _question(knowledge: Knowledge, faq_id: str, language: Language) -> dict[str, str]:
    """Return the button that asks for an entry."""
    title = knowledge.question(faq_id, language)
    return {"title": title, "payload": f'/ask_faq{{"faq_id": "{faq_id}"}}'}


def _looks_off_topic(tracker: Tracker) -> bool:
    """Tell whether the classifier, before the gate stepped in, thought the message more likely off-topic than not."""
    ranking = tracker.latest_message.get("intent_ranking") or []
    named = (choice for choice in ranking if choice["name"] != "nlu_fallback")
    first = next(named, None)
    return bool(first and first["name"] == _OFF_TOPIC and first["confidence"] >= _HALF_SURE)
