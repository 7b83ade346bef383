"""What becomes of the messages of a customer who waits for a person."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from enum import Enum, auto

import structlog
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.conversations import handoff, transcript
from bot.conversations.dialogue import Dialogue
from bot.conversations.engine_client import EngineError
from bot.conversations.model import Author, Body, Direction, HandoffReason, State
from bot.conversations.phrases import Phrases
from bot.desk.callback import open_call
from bot.desk.rules import DeskRules
from bot.desk.waiting import asks_how_long, place_of
from bot.language import Language
from bot.storage.conversations import ConversationRow, MessageRow
from bot.storage.engine import Database

_log = structlog.get_logger(__name__)

# What the bot looks up for a customer who waits for a person: it only reads.
_LOOK_UPS = frozenset({"order_status", "my_orders"})
_CODES = frozenset({"order_number", "tracking_number", "last_four"})
_SURE = 0.7


class Role(Enum):
    """What the bot does with a message."""

    ANSWERS = auto()
    LOOKS_UP = auto()  # answers where an order is, leaves the rest to people
    SILENT = auto()


def no_help(decision: str) -> bool:
    """Tell whether a turn would greet a waiting customer again, or ask them to rephrase: an odd answer."""
    return decision in ("flow:greet", "clarify")


class WaitingRoom:
    """Decides who answers a waiting customer, and says how long it will be.

    Args:
        database: where conversations are.
        dialogue: reads a message without answering it.
        phrases: the bot's lines.
        desk: when people answer, and the desk's lines.
        ack_every: least time between two acknowledgements.
    """

    def __init__(
        self,
        database: Database,
        dialogue: Dialogue,
        phrases: Phrases,
        desk: DeskRules,
        ack_every: timedelta,
    ) -> None:
        self._database = database
        self._dialogue = dialogue
        self._phrases = phrases
        self._desk = desk
        self._ack_every = ack_every

    async def role(self, session: AsyncSession, conversation: ConversationRow) -> Role:
        """Return what the bot does with the next message."""
        state = State(conversation.state)
        if state is not State.QUEUED:
            return Role.ANSWERS if state is State.BOT else Role.SILENT
        # The conversation keeps its place in the queue, and the bot goes on helping: when nobody is
        # there anyway, when the customer will be called, and when it was handed off for want of an
        # engine that may be back by now.
        waiting = await handoff.open_handoff(session, conversation.id)
        hours = self._desk.hours_of(waiting.team if waiting else None)
        if not hours.is_open(datetime.now(UTC)):
            return Role.ANSWERS
        if waiting is None or waiting.taken_at is not None:
            return Role.SILENT
        if waiting.reason == HandoffReason.ENGINE_DOWN:
            return Role.ANSWERS
        call = await open_call(session, conversation.id)
        return Role.ANSWERS if call is not None and call.phone else Role.LOOKS_UP

    def pressed(self, conversation: ConversationRow, body: Body) -> Body:
        """Return a waiting customer's words as the button that they stand for."""
        if conversation.state != State.QUEUED or body.payload:
            return body
        return replace(body, payload=self._desk.typed(body.text))

    async def asks_about_orders(self, message: MessageRow, body: Body) -> bool:
        """Tell whether a waiting customer asks where an order is; looking that up changes nothing."""
        if body.payload or not body.text:
            return False
        try:
            read = await self._dialogue.understand(
                message.conversation_id, str(message.id), body.text
            )
        except EngineError as error:
            _log.warning("engine did not read a message", error=str(error))
            return False
        if read.intent in _LOOK_UPS and read.confidence >= _SURE:
            return True
        if not read.codes & _CODES:
            return False
        async with self._database.read() as session:
            last = await transcript.last_decision(session, message.conversation_id)
        return (last or "").removeprefix("flow:") in _LOOK_UPS

    def asks_how_long(self, conversation: ConversationRow, body: Body) -> bool:
        """Tell whether a waiting customer wants to know nothing but how long it will be."""
        waits = conversation.state == State.QUEUED and not body.payload
        return waits and asks_how_long(body.text)

    async def words(
        self,
        session: AsyncSession,
        conversation: ConversationRow,
        language: Language,
        now: datetime,
        *,
        asked: bool = False,
    ) -> Body:
        """Return what to tell a waiting customer: when people are back, or their place in the queue.

        Args:
            asked: for that; else it is said beside an acknowledgement.
        """
        held = await handoff.open_handoff(session, conversation.id)
        closed = self._desk.closed_line(language, now, held.team if held else None)
        if closed is not None:
            return closed
        line = self._phrases.say("utter_queued_ack", language)
        place = await place_of(session, self._desk.catalogue, conversation.id)
        if place is None:
            return line
        waiting = self._desk.queue_line(place, language)
        if asked:
            return waiting
        return Body(f"{line.text}\n{waiting.text}", buttons=waiting.buttons)

    async def return_to_bot(self, message: MessageRow, language: Language) -> None:
        """The customer has waited enough; a promised call stays promised."""
        async with self._database.write() as session:
            conversation = await transcript.locked(session, message.conversation_id)
            call = await open_call(session, conversation.id)
            if call is not None and call.phone:
                line = self._desk.catalogue.line("call_stays", language)
            else:
                await handoff.leave_queue(session, conversation)
                line = self._phrases.say("utter_back_to_bot", language)
            transcript.append_out(session, conversation, [line], Author.SYSTEM, message)
            await transcript.mark_done(session, message)

    async def leave_to_agents(
        self, message: MessageRow, language: Language, *, asked: bool = False
    ) -> None:
        """The message is in the transcript for the agents; a waiting customer hears so now and then.

        Args:
            asked: how long it will be; that is answered each time.
        """
        async with self._database.write() as session:
            conversation = await transcript.locked(session, message.conversation_id)
            held = await handoff.open_handoff(session, conversation.id)
            if held is not None:
                held.snoozed_until = None
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
                now = datetime.now(UTC)
                if asked or last_line is None or now - last_line >= self._ack_every:
                    line = await self.words(session, conversation, language, now, asked=asked)
                    transcript.append_out(session, conversation, [line], Author.SYSTEM, message)
            await transcript.mark_done(session, message)
