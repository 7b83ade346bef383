"""Tables of the desk: notes, ratings, marks, callbacks, surveys, who takes how much."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from bot.storage.base import Base


class NoteRow(Base):
    """What one agent tells the others about a conversation; the customer never sees it.

    ``after_seq`` is the transcript's last line when it was written, which places it among them.
    """

    __tablename__ = "notes"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id"), index=True)
    after_seq: Mapped[int]
    agent: Mapped[str] = mapped_column(String(64))
    text: Mapped[str] = mapped_column(String(4000))
    created_at: Mapped[datetime]


class RatingRow(Base):
    """How a customer rated one hand-off: 1 (very bad) to 5 (very good), and what they added."""

    __tablename__ = "ratings"
    __table_args__ = (CheckConstraint("score BETWEEN 1 AND 5", "score"),)

    handoff_id: Mapped[int] = mapped_column(
        ForeignKey("handoffs.id"), primary_key=True, autoincrement=False
    )
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id"), index=True)
    score: Mapped[int]
    comment: Mapped[str | None] = mapped_column(String(4000))
    # The next thing the customer types is the comment.
    awaits_comment: Mapped[bool]
    created_at: Mapped[datetime]


class ConversationOrderRow(Base):
    """A conversation in which an order number came up; the link between channels of one customer."""

    __tablename__ = "conversation_orders"

    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id"), primary_key=True)
    order_number: Mapped[str] = mapped_column(String(32), primary_key=True, index=True)


class MarkRow(Base):
    """An agent's word that the bot's answer to one customer message was wrong, or missing."""

    __tablename__ = "marks"

    message_id: Mapped[int] = mapped_column(
        ForeignKey("messages.id"), primary_key=True, autoincrement=False
    )
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id"), index=True)
    kind: Mapped[str] = mapped_column(String(8))
    comment: Mapped[str] = mapped_column(String(1000))
    agent: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(index=True)


class CallbackRow(Base):
    """A call that a customer asked for, or is just asking for: ``awaits`` is what they type next.

    ``phone`` and ``wish`` (when to call, in the customer's words) are filled one after the other.
    """

    __tablename__ = "callbacks"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id"), index=True)
    phone: Mapped[str | None] = mapped_column(String(20))
    wish: Mapped[str | None] = mapped_column(String(200))
    awaits: Mapped[str | None] = mapped_column(String(8))
    created_at: Mapped[datetime]
    done_at: Mapped[datetime | None]


class SurveyRow(Base):
    """The question whether a customer would recommend the shop, and their answer 0..10."""

    __tablename__ = "surveys"
    __table_args__ = (CheckConstraint("score BETWEEN 0 AND 10", "score"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id"), index=True)
    asked_at: Mapped[datetime] = mapped_column(index=True)
    score: Mapped[int | None]
    answered_at: Mapped[datetime | None]


class AgentSettingsRow(Base):
    """What an agent can take on: ``capacity`` conversations at once, and whether any come now."""

    __tablename__ = "agent_settings"

    login: Mapped[str] = mapped_column(
        ForeignKey("accounts.login", ondelete="CASCADE"), primary_key=True
    )
    capacity: Mapped[int | None]
    accepting: Mapped[bool]


class DeskSwitchRow(Base):
    """A switch of the desk that supervisors turn while it runs."""

    __tablename__ = "desk_switches"

    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    on: Mapped[bool]


class OutsideRow(Base):
    """Where a conversation stands in another help desk, and how much of it has arrived there.

    ``source_id`` and ``remote_id`` are the other side's names of customer and conversation;
    ``sent_seq`` is the last line of ours that it has; ``handoff_id`` the hand-off that is open there.
    """

    __tablename__ = "outside_conversations"

    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id"), primary_key=True)
    source_id: Mapped[str] = mapped_column(String(128))
    remote_id: Mapped[int | None] = mapped_column(index=True)
    sent_seq: Mapped[int]
    handoff_id: Mapped[int | None]
