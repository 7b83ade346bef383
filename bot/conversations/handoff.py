"""Hand-off states: the bot steps back, a person takes the conversation, and gives it back.

Everything here works inside the caller's transaction, on a conversation the caller has locked. What
people do with it is in ``bot.desk``.
"""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from bot.conversations.model import HandoffReason, State
from bot.storage.conversations import ConversationRow, HandoffRow
from bot.storage.desk import CallbackRow

# What the customer presses to leave the queue; handled here and never sent to the engine.
BACK_TO_BOT = "/back_to_bot"
# What the customer presses when they are asked whether a person should come; the reason follows.
HAND_OVER = "/hand_over_"
# What the engine is told then: it leaves the form that it is in.
ASK_HUMAN = "/ask_human"
# A no by button, to whatever was offered.
DENY = "/deny"


class IllegalTransitionError(Exception):
    """The conversation is not in a state that allows this step."""


async def enqueue(
    session: AsyncSession, conversation: ConversationRow, reason: HandoffReason
) -> bool:
    """Put a conversation into the queue; one that already waits keeps its place and first reason.

    Returns whether it was put there now.
    """
    if conversation.state != State.BOT:
        return False
    conversation.state = State.QUEUED
    session.add(
        HandoffRow(
            conversation_id=conversation.id,
            reason=reason,
            created_at=datetime.now(UTC),
            seen_seq=conversation.last_seq,
        )
    )
    return True


async def leave_queue(session: AsyncSession, conversation: ConversationRow) -> None:
    """The customer prefers the bot: end the waiting."""
    await close(session, conversation, resolution="customer_left")


async def open_handoff(session: AsyncSession, conversation_id: str) -> HandoffRow | None:
    """Return the hand-off that is not closed yet, if there is one."""
    row: HandoffRow | None = await session.scalar(
        select(HandoffRow).where(
            HandoffRow.conversation_id == conversation_id, HandoffRow.closed_at.is_(None)
        )
    )
    return row


async def close(
    session: AsyncSession, conversation: ConversationRow, resolution: str
) -> HandoffRow | None:
    """End the open hand-off, if any; the bot has the word again."""
    handoff = await open_handoff(session, conversation.id)
    if handoff is not None:
        handoff.closed_at = datetime.now(UTC)
        handoff.resolution = resolution
        # Whoever ends the conversation has called, or the call is no longer wished for.
        await session.execute(
            update(CallbackRow)
            .where(CallbackRow.conversation_id == conversation.id, CallbackRow.done_at.is_(None))
            .values(done_at=handoff.closed_at, awaits=None)
        )
    conversation.state = State.BOT
    return handoff
