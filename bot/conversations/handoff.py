"""Hand-off: the bot steps back, a person takes the conversation, and gives it back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.conversations import transcript
from bot.conversations.model import Author, Body, HandoffReason, State
from bot.conversations.phrases import Phrases
from bot.language import Language
from bot.storage.conversations import ConversationRow, HandoffRow
from bot.storage.engine import Database

# What the customer presses to leave the queue; handled here and never sent to the engine.
BACK_TO_BOT = "/back_to_bot"


class IllegalTransitionError(Exception):
    """The conversation is not in a state that allows this step."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A conversation in the queue or with an agent."""

    conversation_id: str
    channel: str
    state: State
    reason: HandoffReason
    language: Language | None
    agent: str | None
    since: datetime


async def enqueue(
    session: AsyncSession, conversation: ConversationRow, reason: HandoffReason
) -> None:
    """Put a conversation into the queue; one that already waits keeps its place and first reason."""
    if conversation.state != State.BOT:
        return
    conversation.state = State.QUEUED
    session.add(
        HandoffRow(conversation_id=conversation.id, reason=reason, created_at=datetime.now(UTC))
    )


async def leave_queue(session: AsyncSession, conversation: ConversationRow) -> None:
    """The customer prefers the bot: end the waiting."""
    await _close(session, conversation, resolution="customer_left")


async def reason_of(session: AsyncSession, conversation_id: str) -> HandoffReason | None:
    """Return why a conversation was handed off, or ``None`` when no hand-off is open."""
    row = await _open_handoff(session, conversation_id)
    return HandoffReason(row.reason) if row else None


class HandoffDesk:
    """What agents do: see the queue, take, answer, close."""

    def __init__(self, database: Database, phrases: Phrases, default_language: Language) -> None:
        self._database = database
        self._phrases = phrases
        self._default_language: Language = default_language

    async def queue(self) -> list[Waiting]:
        """Return every open hand-off, the longest waiting first."""
        async with self._database.read() as session:
            rows = await session.execute(
                select(ConversationRow, HandoffRow)
                .join(HandoffRow, HandoffRow.conversation_id == ConversationRow.id)
                .where(HandoffRow.closed_at.is_(None))
                .order_by(HandoffRow.created_at)
            )
            return [
                Waiting(
                    conversation.id, conversation.channel, State(conversation.state),
                    HandoffReason(handoff.reason), conversation.language, handoff.agent,
                    handoff.created_at,
                )
                for conversation, handoff in rows
            ]  # fmt: skip

    async def take(self, conversation_id: str, agent: str) -> None:
        """Give a waiting conversation to ``agent``.

        Raises:
            IllegalTransitionError: when it does not wait, or another agent has it.
        """
        async with self._database.write() as session:
            conversation = await transcript.locked(session, conversation_id)
            handoff = await _open_handoff(session, conversation_id)
            if handoff is None or (handoff.agent is not None and handoff.agent != agent):
                raise IllegalTransitionError(
                    f"expected conversation {conversation_id} to wait for an agent, "
                    f"it is in state {conversation.state}"
                    + (f" with {handoff.agent}" if handoff and handoff.agent else "")
                )
            handoff.agent = agent
            handoff.taken_at = handoff.taken_at or datetime.now(UTC)
            conversation.state = State.AGENT

    async def answer(self, conversation_id: str, agent: str, text: str) -> None:
        """Send an agent's words; takes the conversation first if nobody has it."""
        await self.take(conversation_id, agent)
        async with self._database.write() as session:
            conversation = await transcript.locked(session, conversation_id)
            transcript.append_out(session, conversation, [Body(text)], Author.AGENT)

    async def close(self, conversation_id: str, agent: str, resolution: str = "solved") -> None:
        """End the hand-off with exactly one closing line; the bot answers from then on."""
        await self.take(conversation_id, agent)
        async with self._database.write() as session:
            conversation = await transcript.locked(session, conversation_id)
            await _close(session, conversation, resolution)
            line = self._phrases.say(
                "utter_agent_closed", conversation.language or self._default_language
            )
            transcript.append_out(session, conversation, [line], Author.SYSTEM)


async def _open_handoff(session: AsyncSession, conversation_id: str) -> HandoffRow | None:
    row: HandoffRow | None = await session.scalar(
        select(HandoffRow).where(
            HandoffRow.conversation_id == conversation_id, HandoffRow.closed_at.is_(None)
        )
    )
    return row


async def _close(session: AsyncSession, conversation: ConversationRow, resolution: str) -> None:
    handoff = await _open_handoff(session, conversation.id)
    if handoff is not None:
        handoff.closed_at = datetime.now(UTC)
        handoff.resolution = resolution
    conversation.state = State.BOT
