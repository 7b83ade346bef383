"""Tables of the channels: what must outlive a process and be shared between processes."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from bot.storage.base import Base


class ChannelStateRow(Base):
    """A named value of a channel, such as an access token; worthless after ``expires_at``."""

    __tablename__ = "channel_state"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    value: Mapped[str] = mapped_column(String(2048))
    expires_at: Mapped[datetime | None]


class ChannelCustomerRow(Base):
    """What a platform still allows us to send to a customer, and which numbers they may answer with.

    After a message of theirs ``messages_left`` may be sent until ``messages_until``; after another
    step of theirs (a menu, a QR code) ``events_left`` until ``events_until``.
    """

    __tablename__ = "channel_customers"

    channel: Mapped[str] = mapped_column(String(32), primary_key=True)
    user: Mapped[str] = mapped_column(String(128), primary_key=True)
    messages_until: Mapped[datetime | None]
    messages_left: Mapped[int] = mapped_column(default=0)
    events_until: Mapped[datetime | None]
    events_left: Mapped[int] = mapped_column(default=0)
    # [[title, payload], …] of the numbered lines that were shown last.
    offers: Mapped[list[Any]]
    # [[message id, text, [row ids], unix time], …] of the answers that went into the platform's own
    # requests lately: when the response gets lost the platform asks again, and gets the same.
    answers: Mapped[list[Any]] = mapped_column(server_default="[]")
