"""Tables of the people who work here: accounts, their sessions, wrong log-ins, what they looked at."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from bot.language import Language
from bot.storage.base import Base


class AccountRow(Base):
    """A person who may sign in. ``login`` is lower case; ``name`` is what customers see."""

    __tablename__ = "accounts"

    login: Mapped[str] = mapped_column(String(64), primary_key=True)
    name: Mapped[str] = mapped_column(String(64))
    role: Mapped[str] = mapped_column(String(16))
    language: Mapped[Language] = mapped_column(String(2))
    password_hash: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None]


class AccountSessionRow(Base):
    """A signed-in browser. Only the token's SHA-256 is kept: a stolen table opens no door."""

    __tablename__ = "account_sessions"

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    login: Mapped[str] = mapped_column(ForeignKey("accounts.login", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]


class LoginTriesRow(Base):
    """The wrong log-ins of one subject (``login:<login>`` or ``address:<ip>``), as ISO 8601 moments."""

    __tablename__ = "login_tries"

    subject: Mapped[str] = mapped_column(String(128), primary_key=True)
    wrong_tries: Mapped[list[Any]]


class AuditRow(Base):
    """One thing that a person did or looked at."""

    __tablename__ = "audit_log"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    at: Mapped[datetime] = mapped_column(index=True)
    actor: Mapped[str] = mapped_column(String(64), index=True)
    action: Mapped[str] = mapped_column(String(32))
    conversation_id: Mapped[str | None] = mapped_column(ForeignKey("conversations.id"), index=True)
    detail: Mapped[dict[str, Any]]
