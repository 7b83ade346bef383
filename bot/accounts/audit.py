"""The audit log: who did or looked at what, written in the transaction of the deed itself."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.storage.accounts import AuditRow

# An open page asks again after every message; that is one look, not many.
_ONE_LOOK = timedelta(minutes=5)


def note(
    session: AsyncSession,
    actor: str,
    action: str,
    conversation_id: str | None = None,
    **detail: Any,
) -> None:
    """Add one line; ``detail`` never holds what a customer wrote."""
    session.add(
        AuditRow(
            at=datetime.now(UTC), actor=actor[:64], action=action,
            conversation_id=conversation_id, detail=detail,
        )
    )  # fmt: skip


async def note_view(
    session: AsyncSession, actor: str, conversation_id: str | None, action: str = "view"
) -> None:
    """Add that somebody looked at a conversation, once for each five minutes of looking.

    Args:
        conversation_id: ``None`` where ``action`` names a list that was looked at.
    """
    now = datetime.now(UTC)
    known = await session.scalar(
        select(AuditRow.id)
        .where(
            AuditRow.conversation_id == conversation_id,
            AuditRow.actor == actor[:64],
            AuditRow.action == action,
            AuditRow.at > now - _ONE_LOOK,
        )
        .limit(1)
    )
    if known is None:
        note(session, actor, action, conversation_id)
