"""The workers: every conversation's messages one after the other, many conversations at once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from bot.conversations import handoff, transcript
from bot.conversations.dialogue import Dialogue, Outcome
from bot.conversations.engine_client import EngineError
from bot.conversations.metrics import TURN_SECONDS, TURNS
from bot.conversations.model import (
    Author,
    Body,
    Direction,
    HandoffReason,
    MessageState,
    State,
)
from bot.conversations.phrases import Phrases
from bot.conversations.serial import Serial
from bot.desk.rules import DeskRules
from bot.language import Language
from bot.storage.conversations import ConversationRow, MessageRow, TurnRow
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
        on_typing: called with (conversation id, True or False) around the bot's work.
        queue_ack_every: least time between two acknowledgements to a waiting customer.
        desk: when people answer, and how customers rate them.
    """

    def __init__(
        self,
        database: Database,
        dialogue: Dialogue,
        phrases: Phrases,
        on_reply: Callable[[str], None],
        on_typing: Callable[[str, bool], Awaitable[None]],
        queue_ack_every: timedelta,
        desk: DeskRules,
    ) -> None:
        self._database = database
        self._dialogue = dialogue
        self._phrases = phrases
        self._on_reply = on_reply
        self._on_typing = on_typing
        self._queue_ack_every = queue_ack_every
        self._desk = desk
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
            bot_answers = await self._bot_answers(session, conversation)
            body = Body.from_json(message.body)
            may_rate = await self._desk.may_be_rating(session, conversation.id, body)
        language = self._dialogue.language_for(body.text, conversation.language)
        if body.payload == handoff.BACK_TO_BOT and conversation.state != State.AGENT:
            await self._return_to_bot(message, language)
        elif may_rate and await self._was_rating(message, body, conversation.language or language):
            _log.info("rating received", conversation=conversation.id)
        elif bot_answers:
            await self._run_turn(message, body, conversation)
        else:
            await self._leave_to_agents(message, language)

    async def _run_turn(
        self, message: MessageRow, body: Body, conversation: ConversationRow
    ) -> None:
        await self._on_typing(conversation.id, True)
        try:
            outcome = await self._dialogue.turn(
                conversation.id,
                str(message.id),
                body.text,
                body.payload,
                conversation.language,
                conversation.channel,
            )
        except EngineError as error:
            _log.warning("engine failed a turn", conversation=conversation.id, error=str(error))
            await self._apologise(message, body, conversation)
        except Exception:
            _log.exception("turn failed", conversation=conversation.id)
            await self._apologise(message, body, conversation)
        else:
            await self._commit(message, outcome)
        finally:
            await self._on_typing(conversation.id, False)

    async def _commit(self, message: MessageRow, outcome: Outcome) -> None:
        """Store the replies, the record of the turn and its effects in one transaction."""
        turn = outcome.turn
        # Before the hand-off's own moment: a hand-off belongs to the turn that led to it.
        now = datetime.now(UTC)
        async with self._database.write() as session:
            conversation = await transcript.locked(session, message.conversation_id)
            if conversation.state != State.AGENT:  # an agent who came in meanwhile has the word
                transcript.append_out(session, conversation, turn.replies, Author.BOT, message.id)
            conversation.language = outcome.reply_language
            if turn.handoff is not None:
                await self._hand_off(session, conversation, turn.handoff, message)
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
                    created_at=now,
                )
            )
            await _mark_done(session, message)
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
                line = self._phrases.say(f"utter_handoff_{reason}", language)
                transcript.append_out(session, locked, [line], Author.SYSTEM, message.id)
            await self._hand_off(session, locked, reason, message)
            session.add(
                TurnRow(
                    message_id=message.id, conversation_id=conversation.id, language=language,
                    entities=[], faq=[], decision=f"handoff:{reason}", latency_ms=0.0,
                    created_at=now,
                )
            )  # fmt: skip
            await _mark_done(session, message)

    async def _hand_off(
        self,
        session: AsyncSession,
        conversation: ConversationRow,
        reason: HandoffReason,
        message: MessageRow,
    ) -> None:
        """Put the conversation into the queue; when nobody is there, say so and when they are."""
        if not await handoff.enqueue(session, conversation, reason):
            return
        language = conversation.language or self._dialogue.language_for("", None)
        line = self._desk.closed_line(language, datetime.now(UTC))
        if line is not None:
            transcript.append_out(session, conversation, [line], Author.SYSTEM, message.id)

    async def _was_rating(self, message: MessageRow, body: Body, language: Language) -> bool:
        """Answer a rating or its comment; false when the message is neither."""
        async with self._database.write() as session:
            conversation = await transcript.locked(session, message.conversation_id)
            answer = await self._desk.receive(session, conversation, body, language)
            if answer is None:
                return False
            transcript.append_out(session, conversation, [answer], Author.SYSTEM, message.id)
            await _mark_done(session, message)
        return True

    async def _bot_answers(self, session: AsyncSession, conversation: ConversationRow) -> bool:
        state = State(conversation.state)
        if state is not State.QUEUED:
            return state is State.BOT
        # The conversation keeps its place in the queue, and the bot goes on helping: when nobody is
        # there anyway, and when it was handed off for want of an engine that may be back by now.
        if not self._desk.hours.is_open(datetime.now(UTC)):
            return True
        waiting = await handoff.open_handoff(session, conversation.id)
        if waiting is None or waiting.taken_at is not None:
            return False
        return waiting.reason == HandoffReason.ENGINE_DOWN

    async def _return_to_bot(self, message: MessageRow, language: Language) -> None:
        async with self._database.write() as session:
            conversation = await transcript.locked(session, message.conversation_id)
            await handoff.leave_queue(session, conversation)
            line = self._phrases.say("utter_back_to_bot", language)
            transcript.append_out(session, conversation, [line], Author.SYSTEM, message.id)
            await _mark_done(session, message)

    async def _leave_to_agents(self, message: MessageRow, language: Language) -> None:
        """The message is in the transcript for the agents; a waiting customer hears so now and then."""
        async with self._database.write() as session:
            conversation = await transcript.locked(session, message.conversation_id)
            if conversation.state == State.QUEUED:
                last_line = await session.scalar(
                    select(MessageRow.created_at)
                    .where(
                        MessageRow.conversation_id == conversation.id,
                        MessageRow.direction == Direction.OUT.value,
                    )
                    .order_by(MessageRow.seq.desc())
                    .limit(1)
                )
                if last_line is None or datetime.now(UTC) - last_line >= self._queue_ack_every:
                    line = self._phrases.say("utter_queued_ack", language)
                    transcript.append_out(session, conversation, [line], Author.SYSTEM, message.id)
            await _mark_done(session, message)


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


async def _mark_done(session: AsyncSession, message: MessageRow) -> None:
    await session.execute(
        update(MessageRow)
        .where(MessageRow.id == message.id)
        .values(state=MessageState.DONE.value, done_at=datetime.now(UTC))
    )
