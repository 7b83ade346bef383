"""The workers: every conversation's messages one after the other, many conversations at once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from bot.conversations import handoff, transcript
from bot.conversations.dialogue import Dialogue, Outcome
from bot.conversations.engine_client import EngineError
from bot.conversations.hearing import hear_out
from bot.conversations.metrics import TURN_SECONDS, TURNS
from bot.conversations.model import (
    Author,
    Body,
    Direction,
    FileKind,
    HandoffReason,
    MessageState,
    State,
)
from bot.conversations.phrases import Phrases
from bot.conversations.serial import Serial
from bot.conversations.waiting_room import Role, WaitingRoom, no_help
from bot.desk.routing import route
from bot.desk.rules import DeskRules
from bot.desk.steps import Step, next_step
from bot.language import Language
from bot.linking.codes import without_code
from bot.linking.talk import LinkTalk
from bot.storage.conversations import Address, ConversationRow, MessageRow, TurnRow
from bot.storage.desk import ConversationOrderRow
from bot.storage.engine import Database

_log = structlog.get_logger(__name__)

# The engine works on one turn at a time; more than a few waiting requests only fill its memory.
_CONVERSATIONS_AT_ONCE = 16
_PAUSE_AFTER_STORAGE_ERROR_S = 1.0


class Workers:
    """Answers pending messages.

    Args:
        database: where messages wait.
        dialogue: runs turns.
        phrases: lines that must not depend on the engine.
        on_reply: called with the conversation id after each commit that may have left replies.
        on_typing: called with (where the customer wrote, True or False) around the bot's work.
        queue_ack_every: least time between two acknowledgements to a waiting customer.
        desk: when people answer, and how customers rate them.
        unread: what to say to a file that nobody asked for; without it the dialogue answers that too.
        links: answers link codes, which the engine never sees.
    """

    def __init__(
        self,
        database: Database,
        dialogue: Dialogue,
        phrases: Phrases,
        on_reply: Callable[[str], None],
        on_typing: Callable[[Address, bool], Awaitable[None]],
        queue_ack_every: timedelta,
        desk: DeskRules,
        unread: Callable[[FileKind, Language], Body] | None = None,
        links: LinkTalk | None = None,
    ) -> None:
        self._database = database
        self._dialogue = dialogue
        self._phrases = phrases
        self._on_reply = on_reply
        self._on_typing = on_typing
        self._desk = desk
        self._unread = unread
        self._links = links
        self._waiting_room = WaitingRoom(database, dialogue, phrases, desk, queue_ack_every)
        self._serial = Serial(self._drain, _CONVERSATIONS_AT_ONCE)

    async def recover(self) -> None:
        """Take up what an earlier process left pending."""
        async with self._database.read() as session:
            waiting = await session.scalars(
                select(MessageRow.conversation_id)
                .where(
                    MessageRow.direction == Direction.IN.value,
                    MessageRow.state == MessageState.PENDING.value,
                )
                .distinct()
            )
            for conversation_id in waiting:
                self.wake(conversation_id)

    def wake(self, conversation_id: str) -> None:
        """See to it that a worker looks at this conversation after now."""
        self._serial.wake(conversation_id)

    async def idle(self, conversation_id: str) -> None:
        """Wait until no message of the conversation is being worked on."""
        await self._serial.idle(conversation_id)

    async def alone(
        self, conversation_id: str, job: Callable[[], Coroutine[None, None, None]]
    ) -> None:
        """Do ``job`` between two messages of the conversation."""
        await self._serial.alone(conversation_id, job)

    async def close(self) -> None:
        """Stop at once; pending messages stay pending for the next start."""
        await self._serial.close()

    async def _drain(self, conversation_id: str) -> None:
        """Answer what is pending, the oldest first; what arrives meanwhile wakes this again."""
        try:
            for message in await self._pending(conversation_id):
                await self._answer(message)
                self._on_reply(conversation_id)
        except Exception:
            # Nothing is lost: the message is still pending. Storage may be back in a moment.
            _log.exception("message not processed, will retry", conversation=conversation_id)
            await asyncio.sleep(_PAUSE_AFTER_STORAGE_ERROR_S)
            self.wake(conversation_id)

    async def _pending(self, conversation_id: str) -> list[MessageRow]:
        async with self._database.read() as session:
            rows = await session.scalars(
                select(MessageRow)
                .where(
                    MessageRow.conversation_id == conversation_id,
                    MessageRow.direction == Direction.IN.value,
                    MessageRow.state == MessageState.PENDING.value,
                )
                .order_by(MessageRow.seq)
            )
            return list(rows)

    async def _answer(self, message: MessageRow) -> None:
        async with self._database.read() as session:
            conversation = await session.get_one(ConversationRow, message.conversation_id)
            role = await self._waiting_room.role(session, conversation)
            body = self._waiting_room.pressed(conversation, Body.from_json(message.body))
            for_desk = await self._desk.concerns(session, conversation.id, body, datetime.now(UTC))
        words = without_code(body.text)
        language = self._dialogue.language_for(words, conversation.language)
        if self._links and await self._links.answers(message, body, language):
            return
        if body.payload == handoff.BACK_TO_BOT and conversation.state != State.AGENT:
            await self._waiting_room.return_to_bot(message, language)
        elif for_desk and await self._was_for_desk(message, body, language):
            _log.info("answered a question of the desk", conversation=conversation.id)
        elif self._waiting_room.asks_how_long(conversation, body):
            await self._waiting_room.leave_to_agents(message, language, asked=True)
        elif (body.payload or "").startswith(handoff.HAND_OVER):
            if conversation.state == State.BOT:
                await self._run_turn(message, body, conversation)
            else:  # pressed twice, or too late
                await self._pass_over(message)
        elif conversation.state == State.BOT and await hear_out(
            self._database, self._dialogue, self._desk, message, body, language
        ):
            TURNS.labels("flow").inc()
        elif role is Role.ANSWERS and await self._is_unasked_file(message, body):
            await self._say_unread(message, self._line_for(body, conversation.language or language))
        elif role is Role.ANSWERS or (
            role is Role.LOOKS_UP and await self._waiting_room.asks_about_orders(message, body)
        ):
            await self._run_turn(message, body, conversation)
        else:
            await self._waiting_room.leave_to_agents(message, language)

    async def _is_unasked_file(self, message: MessageRow, body: Body) -> bool:
        """Tell whether this is a file alone while the bot is at no task that may have asked for it."""
        if body.text or not body.attachments or self._unread is None:
            return False
        async with self._database.read() as session:
            decision = await transcript.last_decision(session, message.conversation_id)
        return decision is None or not decision.startswith("flow:")

    def _line_for(self, body: Body, language: Language) -> Body:
        if self._unread is None:
            raise RuntimeError("expected lines for files that nobody asked for, got none")
        return self._unread(body.attachments[0].kind, language)

    async def _say_unread(self, message: MessageRow, line: Body) -> None:
        async with self._database.write() as session:
            conversation = await transcript.locked(session, message.conversation_id)
            transcript.append_out(session, conversation, [line], Author.BOT, message)
            await transcript.mark_done(session, message)

    async def _run_turn(
        self, message: MessageRow, body: Body, conversation: ConversationRow
    ) -> None:
        asked_at = Address(message.channel, message.user or conversation.user)
        await self._on_typing(asked_at, True)
        try:
            outcome = await self._dialogue.turn(
                conversation.id,
                str(message.id),
                body.text,
                _for_engine(body.payload),
                conversation.language,
                body.attachments,
                message.channel,
                conversation.later,
            )
            if (body.payload or "").startswith(handoff.HAND_OVER):
                outcome = self._handed_over(outcome, body)
            if body.attachments and not body.text and self._unread is not None:
                outcome = self._understood(outcome, body)
        except EngineError as error:
            _log.warning("engine failed a turn", conversation=conversation.id, error=str(error))
            await self._apologise(message, body, conversation)
        except Exception:
            _log.exception("turn failed", conversation=conversation.id)
            await self._apologise(message, body, conversation)
        else:
            await self._commit(message, body, outcome)
        finally:
            await self._on_typing(asked_at, False)

    def _understood(self, outcome: Outcome, body: Body) -> Outcome:
        """Return the outcome for a file alone: what no task asked for is taken as what it is."""
        if outcome.turn.decision.startswith(("flow:", "handoff:")):
            return outcome
        line = self._line_for(body, outcome.reply_language)
        return replace(outcome, turn=replace(outcome.turn, replies=(line,)))

    async def _commit(self, message: MessageRow, body: Body, outcome: Outcome) -> None:
        """Store the replies, the record of the turn and its effects in one transaction."""
        # Before the hand-off's own moment: a hand-off belongs to the turn that led to it.
        now, language = datetime.now(UTC), outcome.reply_language
        async with self._database.write() as session:
            conversation = await transcript.locked(session, message.conversation_id)
            stepped = Step(outcome.turn)
            if conversation.state == State.BOT:
                stepped = await next_step(
                    session, self._desk, self._phrases, conversation.id, outcome, body, now
                )
            turn = stepped.turn
            conversation.language = language
            conversation.later = list(outcome.later)
            if turn.asks is not None:
                conversation.asking = turn.asks
            await _note_orders(session, conversation.id, turn.entities)
            session.add(
                TurnRow(
                    message_id=message.id,
                    conversation_id=conversation.id,
                    language=outcome.language,
                    intent=turn.intent,
                    confidence=turn.confidence,
                    entities=turn.entities,
                    faq=[[hit.faq_id, round(hit.score, 4)] for hit in outcome.faq],
                    decision=turn.decision,
                    latency_ms=round(outcome.latency_ms, 2),
                    anger=None if outcome.anger is None else round(outcome.anger, 4),
                    created_at=now,
                )
            )
            replies, lines = turn.replies, stepped.lines
            if conversation.state == State.QUEUED and no_help(turn.decision):
                replies = ()
                lines = (await self._waiting_room.words(session, conversation, language, now),)
            elif turn.handoff is not None and conversation.state != State.AGENT:
                reason = stepped.queued_for or turn.handoff
                closed = await self._hand_off(session, conversation, reason, now, language)
                if closed is not None:
                    # Nobody comes in a moment: what promises that gives way to when they are there.
                    promise = self._phrases.say(f"utter_handoff_{turn.handoff}", language)
                    replies = tuple(one for one in replies if one.text != promise.text)
                    lines = closed
            if conversation.state != State.AGENT:  # an agent who came in meanwhile has the word
                transcript.append_out(session, conversation, replies, Author.BOT, message)
                transcript.append_out(session, conversation, lines, Author.SYSTEM, message)
            await transcript.mark_done(session, message)
        TURNS.labels(turn.decision.partition(":")[0]).inc()
        TURN_SECONDS.observe(outcome.latency_ms / 1000)

    async def _apologise(
        self, message: MessageRow, body: Body, conversation: ConversationRow
    ) -> None:
        """The engine failed: an honest line, and a person."""
        reason = HandoffReason.ENGINE_DOWN
        language = self._dialogue.language_for(body.text, conversation.language)
        now = datetime.now(UTC)
        async with self._database.write() as session:
            locked = await transcript.locked(session, conversation.id)
            locked.language = language
            if locked.state != State.AGENT:  # an agent who came in meanwhile has the word
                closed = await self._hand_off(session, locked, reason, now, language)
                lines = closed or [self._phrases.say(f"utter_handoff_{reason}", language)]
                transcript.append_out(session, locked, lines, Author.SYSTEM, message)
            session.add(
                TurnRow(
                    message_id=message.id, conversation_id=conversation.id, language=language,
                    entities=[], faq=[], decision=f"handoff:{reason}", latency_ms=0.0,
                    created_at=now,
                )
            )  # fmt: skip
            await transcript.mark_done(session, message)

    async def _hand_off(
        self,
        session: AsyncSession,
        conversation: ConversationRow,
        reason: HandoffReason,
        now: datetime,
        language: Language,
    ) -> tuple[Body, ...] | None:
        """Put the conversation into the queue; return what is said when nobody is there."""
        new = await handoff.enqueue(session, conversation, reason)
        row = await handoff.open_handoff(session, conversation.id)
        if row is None:
            raise RuntimeError(f"expected {conversation.id} to wait, it does not")
        if not new:
            line = self._desk.still_closed_line(language, now, row.team)
            return None if line is None else (line,)
        await route(session, self._desk.teams, conversation, row, now)
        line = self._desk.closed_line(language, now, row.team, reason)
        if line is None:
            return None
        row.told_at = now
        return (line,)

    def _handed_over(self, outcome: Outcome, body: Body) -> Outcome:
        """Return the outcome for a yes to a person: the reason is the offer's."""
        reason = HandoffReason((body.payload or "").removeprefix(handoff.HAND_OVER))
        said = self._phrases.say(f"utter_handoff_{reason}", outcome.reply_language)
        turn = replace(outcome.turn, handoff=reason, decision=f"handoff:{reason}", replies=(said,))
        return replace(outcome, turn=turn)

    async def _pass_over(self, message: MessageRow) -> None:
        async with self._database.write() as session:
            await transcript.mark_done(session, message)

    async def _was_for_desk(self, message: MessageRow, body: Body, language: Language) -> bool:
        """Answer a rating, or a line of the call form; false when the message is neither."""
        async with self._database.write() as session:
            conversation = await transcript.locked(session, message.conversation_id)
            answer = await self._desk.receive(
                session, conversation, body, language, datetime.now(UTC)
            )
            if answer is None:
                return False
            transcript.append_out(session, conversation, [answer], Author.SYSTEM, message)
            await transcript.mark_done(session, message)
        return True


def _for_engine(payload: str | None) -> str | None:
    """Return what the engine is to read in place of a payload that it does not know."""
    return handoff.ASK_HUMAN if (payload or "").startswith(handoff.HAND_OVER) else payload


async def _note_orders(
    session: AsyncSession, conversation_id: str, entities: Sequence[dict[str, Any]]
) -> None:
    """Remember which orders came up, so that the desk finds a customer's other conversations."""
    numbers = {str(e["value"])[:32] for e in entities if e.get("entity") == "order_number"}
    if not numbers:
        return
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    rows = [{"conversation_id": conversation_id, "order_number": number} for number in numbers]
    await session.execute(
        dialect.insert(ConversationOrderRow).values(rows).on_conflict_do_nothing()
    )
