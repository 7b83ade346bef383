"""The transcript: one ordered list of messages for each conversation, written inside a transaction."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from bot.conversations.model import Author, Body, Direction, MessageState, State
from bot.storage.conversations import ConversationRow, MessageRow, TurnRow


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a transcript, as faces show it."""

    seq: int
    author: Author
    body: Body
    at: datetime
    channel_message_id: str | None
    author_name: str | None = None
    helpful: bool | None = None

    @classmethod
    def of(cls, row: MessageRow, helpful: bool | None = None) -> Entry:
        """Return the entry of a stored message; ``helpful`` is what the customer said of it."""
        return cls(
            row.seq,
            Author(row.author),
            Body.from_json(row.body),
            row.created_at,
            row.channel_message_id,
            row.author_name,
            helpful,
        )


async def open_conversation(session: AsyncSession, channel: str, user: str) -> ConversationRow:
    """Return the conversation of a user on a channel, locked for this transaction; made if new."""
    theirs = (
        select(ConversationRow)
        .where(ConversationRow.channel == channel, ConversationRow.user == user)
        .with_for_update()
    )
    known = (await session.execute(theirs)).scalar_one_or_none()
    if known is not None:
        return known
    now = datetime.now(UTC)
    values = {
        "id": uuid.uuid4().hex, "channel": channel, "user": user, "state": State.BOT.value,
        "last_seq": 0, "created_at": now, "updated_at": now,
    }  # fmt: skip
    # Two first messages may arrive at once: the unique key lets one of them make the row.
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    await session.execute(dialect.insert(ConversationRow).values(values).on_conflict_do_nothing())
    return (await session.execute(theirs)).scalar_one()


async def locked(session: AsyncSession, conversation_id: str) -> ConversationRow:
    """Return a conversation locked for this transaction; raises ``NoResultFound`` for an unknown id."""
    found = await session.execute(
        select(ConversationRow).where(ConversationRow.id == conversation_id).with_for_update()
    )
    return found.scalar_one()


def append_in(
    session: AsyncSession, conversation: ConversationRow, body: Body, message_id: str, at: datetime
) -> MessageRow:
    """Add a customer's message as pending."""
    return _append(
        session, conversation, body, direction=Direction.IN.value, author=Author.CUSTOMER.value,
        channel_message_id=message_id, created_at=at,
    )  # fmt: skip


def append_out(
    session: AsyncSession,
    conversation: ConversationRow,
    bodies: Sequence[Body],
    author: Author,
    answers_id: int | None = None,
    author_name: str | None = None,
    message_id: str | None = None,
) -> list[MessageRow]:
    """Add messages to the customer; the outbox delivers them after the commit.

    Args:
        author_name: which agent speaks.
        message_id: ours, unique within the channel: one that is repeated breaks the unique key.
    """
    now = datetime.now(UTC)
    return [
        _append(
            session, conversation, body, direction=Direction.OUT.value, author=author.value,
            answers_id=answers_id, author_name=author_name, channel_message_id=message_id,
            created_at=now, next_attempt_at=now,
        )
        for body in bodies
    ]  # fmt: skip


async def entries(session: AsyncSession, conversation_id: str, after_seq: int = 0) -> list[Entry]:
    """Return the transcript with ``seq > after_seq``, in order."""
    rows = await session.execute(
        select(MessageRow, TurnRow.helpful)
        .outerjoin(TurnRow, TurnRow.message_id == MessageRow.answers_id)
        .where(MessageRow.conversation_id == conversation_id, MessageRow.seq > after_seq)
        .order_by(MessageRow.seq)
    )
    return [Entry.of(row, helpful) for row, helpful in rows]


def _append(
    session: AsyncSession, conversation: ConversationRow, body: Body, **columns: Any
) -> MessageRow:
    conversation.last_seq += 1
    conversation.updated_at = columns["created_at"]
    row = MessageRow(
        conversation_id=conversation.id,
        channel=conversation.channel,
        seq=conversation.last_seq,
        body=body.to_json(),
        state=MessageState.PENDING.value,
        **columns,
    )
    session.add(row)
    return row
