"""The transcript: one ordered list of messages for each conversation, written inside a transaction."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from bot.conversations.model import Author, Body, Direction, MessageState, State
from bot.storage.conversations import Address, ConversationRow, MessageRow, TurnRow


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
    """Return the conversation of a user on a channel, locked for this transaction; made if new.

    Of a customer who is known on several channels it is the one in which all of them go on.
    """
    theirs = (
        select(ConversationRow)
        .where(ConversationRow.channel == channel, ConversationRow.user == user)
        .with_for_update()
    )
    known = (await session.execute(theirs)).scalar_one_or_none()
    if known is not None:
        return await _where_it_goes_on(session, known)
    now = datetime.now(UTC)
    values = {
        "id": uuid.uuid4().hex, "channel": channel, "user": user, "state": State.BOT.value,
        "last_seq": 0, "created_at": now, "updated_at": now,
    }  # fmt: skip
    # Two first messages may arrive at once: the unique key lets one of them make the row.
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    await session.execute(dialect.insert(ConversationRow).values(values).on_conflict_do_nothing())
    return (await session.execute(theirs)).scalar_one()


async def _where_it_goes_on(session: AsyncSession, own: ConversationRow) -> ConversationRow:
    if own.joined_id is None:
        return own
    found = await session.execute(
        select(ConversationRow).where(ConversationRow.id == own.joined_id).with_for_update()
    )
    whole = found.scalar_one_or_none()
    if whole is None:  # it was deleted: its customer goes on here
        own.joined_id = own.joined_at = None
    return whole or own


async def locked(session: AsyncSession, conversation_id: str) -> ConversationRow:
    """Return a conversation locked for this transaction; raises ``NoResultFound`` for an unknown id."""
    found = await session.execute(
        select(ConversationRow).where(ConversationRow.id == conversation_id).with_for_update()
    )
    return found.scalar_one()


def append_in(
    session: AsyncSession,
    conversation: ConversationRow,
    body: Body,
    message_id: str,
    at: datetime,
    address: Address,
) -> MessageRow:
    """Add a customer's message as pending; from now on ``address`` is where they are spoken to."""
    own = address == (conversation.channel, conversation.user)
    conversation.at_channel, conversation.at_user = (None, None) if own else address
    return _append(
        session, conversation, body, address, direction=Direction.IN.value,
        author=Author.CUSTOMER.value, channel_message_id=message_id, created_at=at,
    )  # fmt: skip


def append_out(
    session: AsyncSession,
    conversation: ConversationRow,
    bodies: Sequence[Body],
    author: Author,
    answers: MessageRow | None = None,
    author_name: str | None = None,
    message_id: str | None = None,
    to: Address | None = None,
) -> list[MessageRow]:
    """Add messages to the customer; the outbox delivers them after the commit.

    They go to the address of the message that they answer, else where the customer wrote last.

    Args:
        author_name: which agent speaks.
        message_id: ours, unique within the channel: one that is repeated breaks the unique key.
        to: the address, where it is another one.
    """
    now = datetime.now(UTC)
    if to is None and answers is not None:
        to = Address(answers.channel, answers.user or conversation.user)
    return [
        _append(
            session, conversation, body, to or conversation.address, direction=Direction.OUT.value,
            author=author.value, answers_id=answers.id if answers else None, author_name=author_name, channel_message_id=message_id,
            created_at=now, next_attempt_at=now,
        )
        for body in bodies
    ]  # fmt: skip


async def mark_done(session: AsyncSession, message: MessageRow) -> None:
    """Record that a customer's message has been dealt with."""
    await session.execute(
        update(MessageRow)
        .where(MessageRow.id == message.id)
        .values(state=MessageState.DONE.value, done_at=datetime.now(UTC))
    )


async def last_decision(session: AsyncSession, conversation_id: str) -> str | None:
    """Return the decision of the bot's last turn, ``None`` before its first."""
    decision: str | None = await session.scalar(
        select(TurnRow.decision)
        .where(TurnRow.conversation_id == conversation_id)
        .order_by(TurnRow.message_id.desc())
        .limit(1)
    )
    return decision


async def entries(session: AsyncSession, conversation_id: str, after_seq: int = 0) -> list[Entry]:
    """Return the transcript with ``seq > after_seq``, in order."""
    return await _entries(
        session,
        (MessageRow.conversation_id == conversation_id) & (MessageRow.seq > after_seq),
    )


async def entries_at(session: AsyncSession, address: Address, after_seq: int = 0) -> list[Entry]:
    """Return what was said at an address with ``seq > after_seq``, in order.

    A customer who is known on several channels finds on each what was said there: the widget on a
    shared computer does not show what its owner wrote on their telephone.
    """
    return await _entries(session, lines_at(address) & (MessageRow.seq > after_seq))


async def _entries(session: AsyncSession, which: ColumnElement[bool]) -> list[Entry]:
    rows = await session.execute(
        select(MessageRow, TurnRow.helpful)
        .outerjoin(TurnRow, TurnRow.message_id == MessageRow.answers_id)
        .where(which)
        .order_by(MessageRow.seq)
    )
    return [Entry.of(row, helpful) for row, helpful in rows]


def lines_at(address: Address) -> ColumnElement[bool]:
    """Return the condition for messages that came from an address or go there.

    They stand in its own conversation and in the one that it belongs to; no two have the same ``seq``.
    """
    at = ConversationRow.channel == address.channel, ConversationRow.user == address.user
    own = select(ConversationRow.id).where(*at).scalar_subquery()
    whole = select(ConversationRow.joined_id).where(*at).scalar_subquery()
    return or_(
        and_(MessageRow.conversation_id == own, MessageRow.user.is_(None)),
        and_(
            MessageRow.conversation_id == whole,
            MessageRow.channel == address.channel,
            MessageRow.user == address.user,
        ),
    )


def _append(
    session: AsyncSession,
    conversation: ConversationRow,
    body: Body,
    address: Address,
    **columns: Any,
) -> MessageRow:
    conversation.last_seq += 1
    conversation.updated_at = columns["created_at"]
    row = MessageRow(
        conversation_id=conversation.id,
        channel=address.channel,
        user=None if address == (conversation.channel, conversation.user) else address.user,
        seq=conversation.last_seq,
        body=body.to_json(),
        state=MessageState.PENDING.value,
        **columns,
    )
    session.add(row)
    return row
