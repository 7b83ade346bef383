"""Where a hand-off goes: to a team, and to the agent who had this customer within a day."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.desk.teams import Team, team_for
from bot.storage.conversations import ConversationRow, HandoffRow, TurnRow

_SAME_AGENT = timedelta(days=1)
_TOPIC_TURNS = 5


async def route(
    session: AsyncSession,
    teams: Mapping[str, Team],
    conversation: ConversationRow,
    row: HandoffRow,
    now: datetime,
) -> None:
    """Find the team of an open hand-off, by its reason and the customer's last wishes."""
    intents = await session.scalars(
        select(TurnRow.intent)
        .where(TurnRow.conversation_id == conversation.id)
        .order_by(TurnRow.created_at.desc())
        .limit(_TOPIC_TURNS)
    )
    topics = {row.reason, *filter(None, intents)}
    row.team = team_for(teams, conversation.language, topics) or ""
    row.preferred = row.preferred or await session.scalar(
        select(HandoffRow.agent)
        .where(
            HandoffRow.conversation_id == conversation.id,
            HandoffRow.closed_at > now - _SAME_AGENT,
            HandoffRow.taken_at.is_not(None),
            HandoffRow.agent.is_not(None),
        )
        .order_by(HandoffRow.closed_at.desc())
        .limit(1)
    )
