"""Tables of the FAQ's editors: drafts, what was published, and what became of questions asked in vain."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from bot.storage.base import Base


class FaqDraftRow(Base):
    """What editors are about to change in one record.

    ``record`` is what is meant to stand in the file, empty for a record that is to go. ``base`` is
    what stood there when the draft was begun, empty for a new record. ``version`` grows with every
    save: who saves an older one has not seen the newest. ``category_title`` is what a new category is to
    be called, {"zh", "en"}.
    """

    __tablename__ = "faq_drafts"

    record_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    category: Mapped[str] = mapped_column(String(64))
    category_title: Mapped[dict[str, Any] | None]
    record: Mapped[dict[str, Any]]
    base: Mapped[dict[str, Any]]
    state: Mapped[str] = mapped_column(String(8))
    version: Mapped[int]
    author: Mapped[str] = mapped_column(String(64))
    note: Mapped[str] = mapped_column(String(400))
    updated_at: Mapped[datetime]


class FaqChangeRow(Base):
    """One record's change that went live; empty ``before`` made it, empty ``after`` removed it.

    Changes of one press of "publish" share ``publish_id``. ``undoes`` names the publish that this
    one took back.
    """

    __tablename__ = "faq_changes"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    publish_id: Mapped[str] = mapped_column(String(32), index=True)
    record_id: Mapped[str] = mapped_column(String(64), index=True)
    category: Mapped[str] = mapped_column(String(64))
    before: Mapped[dict[str, Any]]
    after: Mapped[dict[str, Any]]
    author: Mapped[str] = mapped_column(String(64))
    publisher: Mapped[str] = mapped_column(String(64))
    note: Mapped[str] = mapped_column(String(400))
    undoes: Mapped[str | None] = mapped_column(String(32))
    at: Mapped[datetime] = mapped_column(index=True)


class GapMarkRow(Base):
    """What an editor did about one question: dismissed it, or found or wrote its record."""

    __tablename__ = "faq_gap_marks"

    message_id: Mapped[int] = mapped_column(
        ForeignKey("messages.id"), primary_key=True, autoincrement=False
    )
    verdict: Mapped[str] = mapped_column(String(16))
    record_id: Mapped[str | None] = mapped_column(String(64))
    editor: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime]
