"""From a turn to what is really said: the bot may step back, or ask whether it should."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from bot.conversations.choices import last_offers
from bot.conversations.dialogue import Outcome
from bot.conversations.handoff import ASK_HUMAN, HAND_OVER
from bot.conversations.model import Body, HandoffReason
from bot.conversations.phrases import Phrases
from bot.conversations.turn import Turn
from bot.desk.complaints import note_complaint, open_complaint
from bot.desk.rules import DeskRules
from bot.desk.triggers import Trigger, watch

_COMPLAINT, _NO = "flow:complaint", "flow:deny"
_BARE_YES = frozenset({"flow:affirm", f"handoff:{HandoffReason.ASKED_FOR}"})
# What tells the people no more than the anger does, and stands behind it in the queue.
_SAID_IN_ANGER = frozenset({HandoffReason.ASKED_FOR, HandoffReason.COMPLAINT})
# Replies that help nobody who is about to get a person.
_EMPTY_RUNGS = frozenset({"clarify", "decline", "suggest"})


@dataclass(frozen=True, slots=True)
class Step:
    """A turn as it is carried out, and what the desk adds to the bot's words.

    ``queued_for`` is the reason in the queue, where it is another one than the turn's.
    """

    turn: Turn
    lines: tuple[Body, ...] = ()
    queued_for: HandoffReason | None = None


async def next_step(
    session: AsyncSession,
    rules: DeskRules,
    phrases: Phrases,
    conversation_id: str,
    outcome: Outcome,
    message: Body,
    now: datetime,
) -> Step:
    """Return what becomes of a turn in a conversation that the bot has.

    Args:
        message: the customer's.
    """
    turn, language = outcome.turn, outcome.reply_language
    offered = await _offered(session, conversation_id) if _may_answer_offer(turn) else None
    # In a form "yes" answers the form's question, not the offer beside it.
    says_yes = turn.intent == "affirm" and turn.decision in _BARE_YES
    if says_yes and offered is not None:
        line = phrases.say(f"utter_handoff_{offered}", language)
        agreed = replace(turn, replies=(), handoff=offered, decision=f"handoff:{offered}")
        return Step(agreed, (line,))
    complains = offered is HandoffReason.COMPLAINT
    if complains and turn.decision == _NO:
        case = await open_complaint(session, conversation_id)
        if case is not None:
            return Step(replace(turn, replies=(rules.complaint_kept_line(case, language),)))
    trigger: Trigger | None = await watch(session, conversation_id, turn, outcome.anger, now)
    angry = trigger is not None and trigger.reason is HandoffReason.ANGER
    pressed = (message.payload or "").startswith(HAND_OVER)
    told = complains and _not_understood(turn)
    if not (angry or pressed) and (told or turn.handoff is HandoffReason.COMPLAINT):
        # Never argued with: it is on record with a promise, and a person is offered.
        case = await note_complaint(session, rules, conversation_id, message.text, now)
        name = "complaint_more" if complains else "ask_complaint"
        dropped = phrases.say(f"utter_handoff_{HandoffReason.COMPLAINT}", language).text
        kept = () if told else tuple(one for one in turn.replies if one.text != dropped)
        replies = (*kept, rules.complaint_line(name, case, language, now))
        return Step(replace(turn, replies=replies, handoff=None, decision=_COMPLAINT))
    if turn.handoff is not None:
        if angry and turn.handoff in _SAID_IN_ANGER:
            return Step(turn, queued_for=HandoffReason.ANGER)
        asks = complains and turn.handoff is HandoffReason.ASKED_FOR
        return Step(turn, queued_for=offered if asks else None)
    if trigger is None:
        return Step(turn)
    if trigger.ask:
        offers = {button.payload for reply in turn.replies for button in reply.buttons}
        asked = () if ASK_HUMAN in offers else (rules.ask_line(trigger.reason, language, now),)
        return Step(turn, asked)
    line = phrases.say(f"utter_handoff_{trigger.reason}", language)
    kept = () if _rung(turn) in _EMPTY_RUNGS else turn.replies
    decision = f"handoff:{trigger.reason}"
    return Step(replace(turn, replies=kept, handoff=trigger.reason, decision=decision), (line,))


def _may_answer_offer(turn: Turn) -> bool:
    answers = turn.intent == "affirm" or turn.decision == _NO or turn.handoff is not None
    return answers or _rung(turn) in _EMPTY_RUNGS


def _not_understood(turn: Turn) -> bool:
    """Tell whether the bot would ask to rephrase: who has just complained is telling what happened."""
    return _rung(turn) in _EMPTY_RUNGS or turn.handoff is HandoffReason.LOW_CONFIDENCE


def _rung(turn: Turn) -> str:
    return turn.decision.partition(":")[0]


async def _offered(session: AsyncSession, conversation_id: str) -> HandoffReason | None:
    """Return the reason for which the last line offered a person, if it did."""
    for button in await last_offers(session, conversation_id):
        if button.payload.startswith(HAND_OVER):
            return HandoffReason(button.payload.removeprefix(HAND_OVER))
    return None
