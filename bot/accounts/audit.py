"""The audit log: who did or looked at what, written in the transaction of the deed itself."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from bot.storage.accounts import AuditRow


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
