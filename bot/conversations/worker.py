"""The workers: every conversation's messages one after the other, many conversations at once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import structlog
from sqlalchemy import select, update
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
from bot.language import Language
from bot.storage.conversations import ConversationRow, MessageRow, TurnRow
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
    """

    def __init__(
        self,
        database: Database,
        dialogue: Dialogue,
        phrases: Phrases,
        on_reply: Callable[[str], None],
        on_typing: Callable[[str, bool], Awaitable[None]],
        queue_ack_every: timedelta,
    ) -> None:
        self._database = database
        self._dialogue = dialogue
        self._phrases = phrases
        self._on_reply = on_reply
        self._on_typing = on_typing
        self._queue_ack_every = queue_ack_every
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
            bot_answers = await _bot_answers(session, conversation)
        body = Body.from_json(message.body)
        language = self._dialogue.language_for(body.text, conversation.language)
        if body.payload == handoff.BACK_TO_BOT:
            await self._return_to_bot(message, language)
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
                conversation.id, str(message.id), body.text, body.payload, conversation.language
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
        async with self._database.write() as session:
            conversation = await transcript.locked(session, message.conversation_id)
            if conversation.state != State.AGENT:  # an agent who came in meanwhile has the word
                transcript.append_out(session, conversation, turn.replies, Author.BOT, message.id)
            conversation.language = outcome.reply_language
            if turn.handoff is not None:
                await handoff.enqueue(session, conversation, turn.handoff)
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
                    created_at=datetime.now(UTC),
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
        async with self._database.write() as session:
            locked = await transcript.locked(session, conversation.id)
            line = self._phrases.say(f"utter_handoff_{reason}", language)
            transcript.append_out(session, locked, [line], Author.SYSTEM, message.id)
            locked.language = language
            await handoff.enqueue(session, locked, reason)
            session.add(
                TurnRow(
                    message_id=message.id, conversation_id=conversation.id, language=language,
                    entities=[], faq=[], decision=f"handoff:{reason}", latency_ms=0.0,
                    created_at=datetime.now(UTC),
                )
            )  # fmt: skip
            await _mark_done(session, message)

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


async def _bot_answers(session: AsyncSession, conversation: ConversationRow) -> bool:
    # A hand-off for want of an engine must not silence the bot once the engine is back;
    # the conversation keeps its place in the queue.
    state = State(conversation.state)
    if state is State.QUEUED:
        return await handoff.reason_of(session, conversation.id) is HandoffReason.ENGINE_DOWN
    return state is State.BOT


async def _mark_done(session: AsyncSession, message: MessageRow) -> None:
    await session.execute(
        update(MessageRow)
        .where(MessageRow.id == message.id)
        .values(state=MessageState.DONE.value, done_at=datetime.now(UTC))
    )
