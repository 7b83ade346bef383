"""Tables of the desk: internal notes, ratings, and which orders a conversation is about."""

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
