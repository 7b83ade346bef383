"""Tables of what happens to orders: events, cash-on-delivery confirmations, timers, contacts, cases."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from bot.storage.base import Base


class OrderEventRow(Base):
    """One thing that happened to an order, told by the shop or done here; never changed afterwards.

    ``event_id`` is the sender's own and taken once. ``at`` is when it happened, ``received_at`` when
    we heard of it. An event of an order that is still unknown has ``applied`` = false and waits for
    ``order.created``, so ``order_number`` is no foreign key.
    """

    __tablename__ = "order_events"
    __table_args__ = (Index(None, "order_number", "at"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    event_id: Mapped[str] = mapped_column(String(100), unique=True)
    order_number: Mapped[str] = mapped_column(String(32))
    kind: Mapped[str] = mapped_column(String(32))
    actor: Mapped[str] = mapped_column(String(80))
    at: Mapped[datetime]
    received_at: Mapped[datetime]
    data: Mapped[dict[str, Any]]
    before: Mapped[dict[str, Any]]
    after: Mapped[dict[str, Any]]
    applied: Mapped[bool]


class CodRow(Base):
    """How far the confirmation of one cash-on-delivery order has come.

    ``reminders`` counts what was sent after the first card; ``reasons`` are ``{"zh", "en"}``
    sentences for the people at the desk.
    """

    __tablename__ = "cod_confirmations"

    order_number: Mapped[str] = mapped_column(
        ForeignKey("orders.number", ondelete="CASCADE"), primary_key=True
    )
    state: Mapped[str] = mapped_column(String(16), index=True)
    friction: Mapped[str] = mapped_column(String(24))
    reasons: Mapped[list[Any]]
    conversation_id: Mapped[str | None] = mapped_column(ForeignKey("conversations.id"), index=True)
    reminders: Mapped[int] = mapped_column(default=0)
    asked_at: Mapped[datetime | None]
    updated_at: Mapped[datetime]


class OrderTimerRow(Base):
    """Something to do for an order at ``due_at``; gone once it is done."""

    __tablename__ = "order_timers"
    __table_args__ = (UniqueConstraint("order_number", "what"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    order_number: Mapped[str] = mapped_column(ForeignKey("orders.number", ondelete="CASCADE"))
    what: Mapped[str] = mapped_column(String(64))
    due_at: Mapped[datetime] = mapped_column(index=True)


class ContactRow(Base):
    """A conversation in which a customer of the shop has proved who they are, and how (``level``)."""

    __tablename__ = "customer_contacts"

    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id"), primary_key=True)
    customer_id: Mapped[str] = mapped_column(String(64), primary_key=True, index=True)
    phone: Mapped[str] = mapped_column(String(16), primary_key=True)
    proved_at: Mapped[datetime]
    level: Mapped[str] = mapped_column(String(24), server_default="last_four")


class CaseRow(Base):
    """Something that people promised to look into; open until ``closed_at``.

    ``order_number`` is the case's own number where it is about no order: a complaint.
    """

    __tablename__ = "support_cases"
    __table_args__ = (
        # One open case of a kind for an order: asking again finds the first.
        Index(
            "uq_support_cases_open",
            "order_number",
            "kind",
            unique=True,
            sqlite_where=text("closed_at IS NULL"),
            postgresql_where=text("closed_at IS NULL"),
        ),
    )

    number: Mapped[str] = mapped_column(String(20), primary_key=True)
    kind: Mapped[str] = mapped_column(String(24))
    order_number: Mapped[str] = mapped_column(String(32))
    conversation_id: Mapped[str | None] = mapped_column(String(32))
    promised_for: Mapped[datetime | None]
    data: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]


class OrderIntentRow(Base):
    """A change that the shop's own system is being asked for; gone once it is written down here.

    ``key`` is the request's idempotency key, ``before`` and ``changes`` the fields as they were and
    as they shall be. ``undoes``: it takes an earlier change back. ``doubtful``: no answer came, and
    the customer heard that nothing was changed.
    """

    __tablename__ = "order_intents"

    key: Mapped[str] = mapped_column(String(32), primary_key=True)
    order_number: Mapped[str] = mapped_column(String(32))
    actor: Mapped[str] = mapped_column(String(80))
    asked_at: Mapped[datetime]
    before: Mapped[dict[str, Any]]
    changes: Mapped[dict[str, Any]]
    confirms: Mapped[bool]
    undoes: Mapped[bool]
    doubtful: Mapped[bool]


class BackendWaitRow(Base):
    """A customer who is told about an order as soon as the shop's system can be reached again."""

    __tablename__ = "backend_waits"

    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id"), primary_key=True)
    order_number: Mapped[str] = mapped_column(String(32), primary_key=True)
    since: Mapped[datetime]


class OneTimeCodeRow(Base):
    """The newest one-time code of a subject: its keyed hash, ``None`` once it is used.

    ``sends`` holds the ISO 8601 moments at which codes were sent.
    """

    __tablename__ = "one_time_codes"

    subject: Mapped[str] = mapped_column(String(100), primary_key=True)
    code_hash: Mapped[str | None] = mapped_column(String(64))
    good_until: Mapped[datetime]
    tries: Mapped[int]
    sends: Mapped[list[Any]]
