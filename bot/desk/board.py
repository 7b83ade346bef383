"""What the desk shows of many conversations: one row each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from sqlalchemy import Row, Select, and_, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from bot.conversations.model import Body, Direction, HandoffReason, State
from bot.desk.catalogue import Catalogue
from bot.language import Language
from bot.storage.accounts import AccountRow
from bot.storage.conversations import ConversationRow, HandoffRow, MessageRow
from bot.storage.engine import Database

_PREVIEW_CHARS = 120
_RECENT = timedelta(days=1)
_RECENT_ROWS = 100

# A conversation with its hand-off, the customer's last line, the agent's name, and the lines not seen.
_Found = tuple[ConversationRow, HandoffRow | None, MessageRow | None, str | None, int]


@dataclass(frozen=True, slots=True)
class BoardRow:
    """One conversation in a list.

    ``preview`` is the customer's last line. ``reason`` and what follows it are of the open or last hand-off. ``agent`` is a login, or the
    name given in a terminal. ``unread`` counts the customer's lines that nobody at the desk has
    seen. ``position`` counts the waiting from 1 in the order in which they should be taken.
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
    position: int | None


class Board:
    """Lists of conversations."""

    def __init__(self, database: Database, catalogue: Catalogue) -> None:
        self._database = database
        self._catalogue = catalogue

    async def open(self) -> list[BoardRow]:
        """Return every conversation that waits or is with an agent, the next to be taken first."""
        async with self._database.read() as session:
            return await self.open_in(session)

    async def open_in(self, session: AsyncSession) -> list[BoardRow]:
        """``open`` inside the caller's transaction."""
        query = _rows(HandoffRow.closed_at.is_(None)).where(HandoffRow.id.is_not(None))
        rows = [self._row(found) for found in (await session.execute(query)).all()]
        rows.sort(key=self._turn)
        return _numbered(rows)

    async def recent(self, state: State) -> list[BoardRow]:
        """Return recent conversations with the bot: ones nobody was called to, or closed ones.

        Args:
            state: ``BOT`` for those the bot serves; the newest first.
        """
        newest = select(func.max(HandoffRow.id)).group_by(HandoffRow.conversation_id)
        query = (
            _rows(HandoffRow.id.in_(newest))
            .where(
                ConversationRow.state == state.value,
                ConversationRow.updated_at > datetime.now(UTC) - _RECENT,
                ConversationRow.last_seq > 0,
            )
            .order_by(ConversationRow.updated_at.desc())
            .limit(_RECENT_ROWS)
        )
        async with self._database.read() as session:
            return [self._row(found) for found in (await session.execute(query)).all()]

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

    def _turn(self, row: BoardRow) -> datetime:
        since = row.since or row.last_at
        return since - self._catalogue.reasons[row.reason].lead if row.reason else since

    def _row(self, found: Row[*_Found]) -> BoardRow:
        conversation, handoff, last, agent_name, unread = found
        reason = HandoffReason(handoff.reason) if handoff else None
        open_ = handoff is not None and handoff.closed_at is None
        text = Body.from_json(last.body).text if last else ""
        return BoardRow(
            id=conversation.id,
            channel=conversation.channel,
            state=State(conversation.state),
            language=conversation.language,
            last_seq=conversation.last_seq,
            last_at=conversation.updated_at,
            preview=" ".join(text.split())[:_PREVIEW_CHARS],
            reason=reason,
            priority=self._catalogue.reasons[reason].priority.value if reason else None,
            agent=handoff.agent if handoff else None,
            agent_name=agent_name or (handoff.agent if handoff else None),
            since=handoff.created_at if handoff else None,
            taken_at=handoff.taken_at if handoff else None,
            closed_at=handoff.closed_at if handoff else None,
            resolution=handoff.resolution if handoff else None,
            unread=unread if open_ else 0,
            position=None,
        )


def _rows(handoff: object) -> Select[*_Found]:
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
    theirs_last = aliased(MessageRow)
    newest = (
        select(func.max(theirs_last.seq))
        .where(
            theirs_last.conversation_id == ConversationRow.id,
            theirs_last.direction == Direction.IN.value,
        )
        .correlate(ConversationRow)
        .scalar_subquery()
    )
    last = and_(MessageRow.conversation_id == ConversationRow.id, MessageRow.seq == newest)
    theirs = and_(HandoffRow.conversation_id == ConversationRow.id, handoff)  # type: ignore[arg-type]
    return (
        select(ConversationRow, HandoffRow, MessageRow, AccountRow.name, unread)
        .outerjoin(HandoffRow, theirs)
        .outerjoin(MessageRow, last)
        .outerjoin(AccountRow, AccountRow.login == HandoffRow.agent)
    )


def _numbered(rows: Sequence[BoardRow]) -> list[BoardRow]:
    """Number those who wait, in the given order."""
    numbered, position = [], 0
    for row in rows:
        if row.state is State.QUEUED:
            position += 1
            numbered.append(replace(row, position=position))
        else:
            numbered.append(row)
    return numbered
