"""Tables of the conversation log: conversations, messages (inbox and outbox in one), turns, hand-offs."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column

from bot.language import Language
from bot.storage.base import Base


class Address(NamedTuple):
    """Where a customer writes: the channel, and who they are there."""

    channel: str
    user: str


class ConversationRow(Base):
    """One customer on one channel. ``id`` is also the engine's sender id.

    ``origin`` is the network address of the last message, where the channel knows it. ``later`` are
    requests, as the customer wrote them, that wait until the task at hand is done; ``asking`` tells
    whether a task waits for the customer.

    One customer may be known on several channels (``bot.linking``): since ``joined_at`` what arrives at
    ``channel`` and ``user`` belongs to the conversation ``joined_id``. There ``at_channel`` and
    ``at_user`` say where the customer wrote last, when that was not at its own address.
    """

    __tablename__ = "conversations"
    __table_args__ = (UniqueConstraint("channel", "user"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    channel: Mapped[str] = mapped_column(String(32))
    user: Mapped[str] = mapped_column(String(128))
    state: Mapped[str] = mapped_column(String(16))
    language: Mapped[Language | None] = mapped_column(String(2))
    last_seq: Mapped[int] = mapped_column(default=0)
    origin: Mapped[str | None] = mapped_column(String(64))
    later: Mapped[list[Any]] = mapped_column(default=list, server_default="[]")
    asking: Mapped[bool] = mapped_column(default=False, server_default=false())
    # No foreign key: a conversation that is gone leaves its customer where they write.
    joined_id: Mapped[str | None] = mapped_column(String(32), index=True)
    joined_at: Mapped[datetime | None]
    at_channel: Mapped[str | None] = mapped_column(String(32))
    at_user: Mapped[str | None] = mapped_column(String(128))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    @property
    def address(self) -> Address:
        """Where the customer wrote last."""
        if self.at_channel is None or self.at_user is None:
            return Address(self.channel, self.user)
        return Address(self.at_channel, self.at_user)


class LinkRow(Base):
    """A link code (``bot.linking``): the keyed hash by which it is found, and until when it is good.

    The code itself is nowhere: it is derived from ``nonce`` and the installation's key. ``taken_by`` is
    the conversation in which it was typed, which uses it up.
    """

    __tablename__ = "channel_links"

    nonce: Mapped[str] = mapped_column(String(32), primary_key=True)
    conversation_id: Mapped[str] = mapped_column(
        ForeignKey("conversations.id", ondelete="CASCADE"), index=True
    )
    code_hash: Mapped[str] = mapped_column(String(64), unique=True)
    good_until: Mapped[datetime]
    taken_by: Mapped[str | None] = mapped_column(String(32), index=True)


class MessageRow(Base):
    """A message in either direction; ``seq`` orders the transcript of its conversation from 1 on.

    An inbound message is pending until its turn is committed, an outbound one until it is delivered.
    """

    __tablename__ = "messages"
    __table_args__ = (
        UniqueConstraint("conversation_id", "seq"),
        UniqueConstraint("channel", "channel_message_id"),
        Index(
            "ix_messages_pending",
            "direction",
            "next_attempt_at",
            sqlite_where=text("state = 'pending'"),
            postgresql_where=text("state = 'pending'"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id"))
    seq: Mapped[int]
    direction: Mapped[str] = mapped_column(String(3))
    author: Mapped[str] = mapped_column(String(16))
    author_name: Mapped[str | None] = mapped_column(String(64))
    body: Mapped[dict[str, Any]]
    state: Mapped[str] = mapped_column(String(8))
    channel: Mapped[str] = mapped_column(String(32))
    # Who on the channel, when it is not the conversation's own ``user``.
    user: Mapped[str | None] = mapped_column(String(128))
    channel_message_id: Mapped[str | None] = mapped_column(String(256))
    answers_id: Mapped[int | None] = mapped_column(ForeignKey("messages.id"), index=True)
    attempts: Mapped[int] = mapped_column(default=0)
    # A long message goes out in parts; those that arrived are not sent again.
    parts_done: Mapped[int] = mapped_column(default=0, server_default="0")
    next_attempt_at: Mapped[datetime | None]
    error: Mapped[str | None] = mapped_column(String(500))
    created_at: Mapped[datetime]
    done_at: Mapped[datetime | None]


class TurnRow(Base):
    """What the bot understood and decided for one customer message; reports read these rows."""

    __tablename__ = "turns"

    message_id: Mapped[int] = mapped_column(
        ForeignKey("messages.id"), primary_key=True, autoincrement=False
    )
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id"), index=True)
    language: Mapped[str | None] = mapped_column(String(5))
    intent: Mapped[str | None] = mapped_column(String(64))
    confidence: Mapped[float | None]
    entities: Mapped[list[Any]]
    faq: Mapped[list[Any]]
    decision: Mapped[str] = mapped_column(String(400), index=True)
    latency_ms: Mapped[float]
    # How angry the message is, 0..1; see bot.mood.
    anger: Mapped[float | None]
    # What the customer said of the answer; None: nothing.
    helpful: Mapped[bool | None]
    created_at: Mapped[datetime] = mapped_column(index=True)


class HandoffRow(Base):
    """One hand-off from the bot to people: waiting, then taken, then closed.

    ``agent`` is a login of the desk, or the name given in the terminal. ``seen_seq`` is the last
    line of the transcript that somebody at the desk has read. ``preferred`` is who had this customer
    last, within a day. ``assigned_at`` is set while nobody but the assignment has moved. ``late_at`` is
    when the customer heard that it takes longer than promised. Until ``snoozed_until``, or the
    customer's next line, the agent does not want to see it.
    """

    __tablename__ = "handoffs"
    __table_args__ = (
        # At most one open hand-off for a conversation: a conversation stands in exactly one queue.
        Index(
            "uq_handoffs_open",
            "conversation_id",
            unique=True,
            sqlite_where=text("closed_at IS NULL"),
            postgresql_where=text("closed_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id"), index=True)
    reason: Mapped[str] = mapped_column(String(32))
    agent: Mapped[str | None] = mapped_column(String(64))
    resolution: Mapped[str | None] = mapped_column(String(32))
    seen_seq: Mapped[int] = mapped_column(default=0, server_default="0")
    created_at: Mapped[datetime] = mapped_column(index=True)
    taken_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    team: Mapped[str | None] = mapped_column(String(32))
    preferred: Mapped[str | None] = mapped_column(String(64))
    assigned_at: Mapped[datetime | None]
    late_at: Mapped[datetime | None]
    snoozed_until: Mapped[datetime | None]
    # When the customer last heard their place in the queue, and which.
    told_at: Mapped[datetime | None]
    told_place: Mapped[int | None]
