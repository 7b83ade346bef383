"""What the desk shows of many conversations: one row each."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from bot.conversations.model import Direction, HandoffReason, State
from bot.desk.catalogue import Catalogue
from bot.language import Language
from bot.orders.people import PHONE_CHANNEL
from bot.storage.accounts import AccountRow
from bot.storage.cod import ContactRow
from bot.storage.conversations import ConversationRow, HandoffRow, MessageRow
from bot.storage.desk import CallbackRow, ConversationOrderRow
from bot.storage.engine import Database
from bot.storage.orders import OrderRow, ShopCustomerRow

_PREVIEW_CHARS = 120
_RECENT = timedelta(days=1)
_RECENT_ROWS = 100


@dataclass(frozen=True, slots=True)
class Call:
    """A call that the customer asked for: the number, and when, in their words."""

    phone: str
    wish: str | None


@dataclass(frozen=True, slots=True)
class BoardRow:
    """One conversation in a list.

    ``name`` is the shop's name of a customer who has proved who they are, here or on a linked channel, or
    the recipient whom to call; ``phone`` is the number of somebody who can only be called.
    ``preview`` is the customer's last line, ``preview_file`` the kind of a file alone. ``reason`` and what follows it are of the open or last
    hand-off. ``agent`` is a login, or the name given in a terminal. ``unread`` counts the customer's
    lines that nobody at the desk has seen. ``turn`` orders the waiting: the moment of the hand-off,
    earlier by the head start of its reason. ``late`` is true from the moment the customer heard that
    it takes longer than promised; ``preferred`` is who had this customer within a day.
    """

    id: str
    channel: str
    state: State
    language: Language | None
    last_seq: int
    last_at: datetime
    preview: str
    reason: HandoffReason | None
    priority: str | None
    agent: str | None
    agent_name: str | None
    since: datetime | None
    taken_at: datetime | None
    closed_at: datetime | None
    resolution: str | None
    unread: int
    turn: datetime
    team: str | None = None
    preferred: str | None = None
    late: bool = False
    snoozed_until: datetime | None = None
    callback: Call | None = None
    preview_file: str | None = None
    name: str | None = None
    phone: str | None = None


class Board:
    """Lists of conversations."""

    def __init__(self, database: Database, catalogue: Catalogue) -> None:
        self._database = database
        self._catalogue = catalogue

    async def open(self, ids: Collection[str] | None = None) -> list[BoardRow]:
        """Return every conversation that waits or is with an agent, the next to be taken first.

        Args:
            ids: only those among these.
        """
        query = _open_rows()
        if ids is not None:
            query = query.where(ConversationRow.id.in_(ids))
        async with self._database.read() as session:
            rows = [self._row(found) for found in await session.execute(query)]
        return sorted(rows, key=lambda row: row.turn)

    async def with_bot(self) -> list[BoardRow]:
        """Return the conversations of the last day that the bot serves now, the newest first."""
        newest = select(func.max(HandoffRow.id)).group_by(HandoffRow.conversation_id)
        query = (
            _rows(HandoffRow.id.in_(newest))
            .where(
                ConversationRow.state == State.BOT.value,
                ConversationRow.updated_at > datetime.now(UTC) - _RECENT,
                ConversationRow.last_seq > 0,
                ConversationRow.joined_id.is_(None),
            )
            .order_by(ConversationRow.updated_at.desc())
            .limit(_RECENT_ROWS)
        )
        async with self._database.read() as session:
            return [self._row(found) for found in await session.execute(query)]

    async def one(self, session: AsyncSession, conversation_id: str) -> BoardRow | None:
        """Return one conversation with its newest hand-off, ``None`` for an unknown id."""
        newest = select(func.max(HandoffRow.id)).where(
            HandoffRow.conversation_id == conversation_id
        )
        query = _rows(HandoffRow.id.in_(newest)).where(ConversationRow.id == conversation_id)
        found = (await session.execute(query)).one_or_none()
        return self._row(found) if found else None

    async def holds(self, conversation_id: str, login: str) -> bool:
        """Tell whether an agent has this conversation now."""
        async with self._database.read() as session:
            held = await session.scalar(
                select(HandoffRow.agent).where(
                    HandoffRow.conversation_id == conversation_id, HandoffRow.closed_at.is_(None)
                )
            )
        return held == login

    def _row(self, found: Row[*tuple[Any, ...]]) -> BoardRow:
        (
            conversation_id, channel, state, language, last_seq, last_at, body, reason_code, agent,
            since, taken_at, closed_at, resolution, team, preferred, late_at, snoozed_until,
            agent_name, unread, phone, wish, name, user, recipient,
        ) = found  # fmt: skip
        reason = HandoffReason(reason_code) if reason_code else None
        known = self._catalogue.reasons[reason] if reason else None
        begun = since or last_at
        return BoardRow(
            id=conversation_id,
            channel=channel,
            state=State(state),
            language=language,
            last_seq=last_seq,
            last_at=last_at,
            preview=" ".join(str((body or {}).get("text", "")).split())[:_PREVIEW_CHARS],
            reason=reason,
            priority=known.priority.value if known else None,
            agent=agent,
            agent_name=agent_name or agent,
            since=since,
            taken_at=taken_at,
            closed_at=closed_at,
            resolution=resolution,
            unread=unread if since and not closed_at else 0,
            turn=begun - known.lead if known else begun,
            team=team or None,
            preferred=preferred,
            late=late_at is not None and agent is None and closed_at is None,
            snoozed_until=snoozed_until,
            callback=Call(phone, wish) if phone else None,
            preview_file=next((one["kind"] for one in (body or {}).get("attachments", ())), None),
            name=name or recipient,
            phone=user if channel == PHONE_CHANNEL else None,
        )


def positions(rows: Sequence[BoardRow]) -> dict[str, int]:
    """Return the place of each waiting conversation, from 1; ``rows`` in the order of their turn."""
    waiting = (row.id for row in rows if row.state is State.QUEUED)
    return {row_id: place for place, row_id in enumerate(waiting, start=1)}


@cache
def _open_rows() -> Select[*tuple[Any, ...]]:
    """Built once: SQLAlchemy takes longer to build this query than SQLite to answer it."""
    return _rows(HandoffRow.closed_at.is_(None)).where(HandoffRow.id.is_not(None))


def _rows(handoff: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    # Columns, not objects: the list of a full desk is read again and again.
    unread = (
        select(func.count())
        .where(
            MessageRow.conversation_id == ConversationRow.id,
            MessageRow.seq > HandoffRow.seen_seq,
            MessageRow.direction == Direction.IN.value,
        )
        .correlate(ConversationRow, HandoffRow)
        .scalar_subquery()
    )
    line, last = aliased(MessageRow), aliased(MessageRow)
    newest = (
        select(func.max(line.seq))
        .where(line.conversation_id == ConversationRow.id, line.direction == Direction.IN.value)
        .correlate(ConversationRow)
        .scalar_subquery()
    )
    call = (
        select(func.max(CallbackRow.id))
        .where(CallbackRow.conversation_id == ConversationRow.id, CallbackRow.done_at.is_(None))
        .correlate(ConversationRow)
        .scalar_subquery()
    )
    name = (
        select(ShopCustomerRow.name)
        .join(ContactRow, ContactRow.customer_id == ShopCustomerRow.id)
        .where(ContactRow.conversation_id == ConversationRow.id)
        .order_by(ContactRow.proved_at.desc())
        .limit(1)
        .correlate(ConversationRow)
        .scalar_subquery()
    )
    recipient = (
        select(OrderRow.recipient)
        .join(ConversationOrderRow, ConversationOrderRow.order_number == OrderRow.number)
        .where(
            ConversationOrderRow.conversation_id == ConversationRow.id,
            ConversationRow.channel == PHONE_CHANNEL,
        )
        .order_by(OrderRow.created_at.desc())
        .limit(1)
        .correlate(ConversationRow)
        .scalar_subquery()
    )
    return (
        select(
            ConversationRow.id,
            func.coalesce(ConversationRow.at_channel, ConversationRow.channel), ConversationRow.state,
            ConversationRow.language, ConversationRow.last_seq, ConversationRow.updated_at,
            last.body, HandoffRow.reason, HandoffRow.agent, HandoffRow.created_at,
            HandoffRow.taken_at, HandoffRow.closed_at, HandoffRow.resolution, HandoffRow.team,
            HandoffRow.preferred, HandoffRow.late_at, HandoffRow.snoozed_until, AccountRow.name,
            unread, CallbackRow.phone, CallbackRow.wish, name, ConversationRow.user, recipient,
        )
        .outerjoin(HandoffRow, and_(HandoffRow.conversation_id == ConversationRow.id, handoff))
        .outerjoin(last, and_(last.conversation_id == ConversationRow.id, last.seq == newest))
        .outerjoin(AccountRow, AccountRow.login == HandoffRow.agent)
        .outerjoin(CallbackRow, CallbackRow.id == call)
    )  # fmt: skip
