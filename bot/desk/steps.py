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
from bot.desk.rules import DeskRules
from bot.desk.triggers import Trigger, watch

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
    now: datetime,
) -> Step:
    """Return what becomes of a turn in a conversation that the bot has."""
    turn, language = outcome.turn, outcome.reply_language
    # In a form "yes" answers the form's question, not the offer beside it.
    says_yes = turn.intent == "affirm" and turn.decision in _BARE_YES
    reason = await _offered(session, conversation_id) if says_yes else None
    if turn.handoff is not None and reason is None:
        return Step(turn, queued_for=await _pressing(session, conversation_id, outcome, now))
    if reason is not None:
        said = phrases.say(f"utter_handoff_{reason}", language)
        decision = f"handoff:{reason}"
        return Step(replace(turn, replies=(), handoff=reason, decision=decision), (said,))
    trigger: Trigger | None = await watch(session, conversation_id, turn, outcome.anger, now)
    if trigger is None:
        return Step(turn)
    if trigger.ask:
        offers = {button.payload for reply in turn.replies for button in reply.buttons}
        asked = () if ASK_HUMAN in offers else (rules.ask_line(trigger.reason, language),)
        return Step(turn, asked)
    kept = () if turn.decision.partition(":")[0] in _EMPTY_RUNGS else turn.replies
    said = phrases.say(f"utter_handoff_{trigger.reason}", language)
    return Step(
        replace(turn, replies=kept, handoff=trigger.reason, decision=f"handoff:{trigger.reason}"),
        (said,),
    )


async def _pressing(
    session: AsyncSession, conversation_id: str, outcome: Outcome, now: datetime
) -> HandoffReason | None:
    """Return anger as the reason where somebody calls for a person, or complains, in anger."""
    if outcome.turn.handoff not in _SAID_IN_ANGER:
        return None
    trigger = await watch(session, conversation_id, outcome.turn, outcome.anger, now)
    return trigger.reason if trigger and trigger.reason is HandoffReason.ANGER else None


async def _offered(session: AsyncSession, conversation_id: str) -> HandoffReason | None:
    """Return the reason for which the last line offered a person, if it did."""
    for button in await last_offers(session, conversation_id):
        if button.payload.startswith(HAND_OVER):
            return HandoffReason(button.payload.removeprefix(HAND_OVER))
    return None
