"""For how long, and how often, a customer may still be answered where they wrote last."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from bot.storage.channels import ChannelCustomerRow
from bot.storage.conversations import ConversationRow


@dataclass(frozen=True, slots=True)
class ReplyWindow:
    """``left`` messages may be sent until ``until``; none when it is over, or nothing was ever allowed."""

    left: int
    until: datetime | None


async def window_of(
    session: AsyncSession, conversation_id: str, counted: Collection[str], now: datetime
) -> ReplyWindow | None:
    """Return what the platform still allows, ``None`` where it doesn't count.

    Args:
        counted: the channels whose platform does (``Capabilities.reply_window``).
    """
    conversation = await session.get(ConversationRow, conversation_id)
    if conversation is None or conversation.address.channel not in counted:
        return None
    row = await session.get(ChannelCustomerRow, tuple(conversation.address))
    if row is None:
        return ReplyWindow(0, None)
    # After a menu or a QR code a few messages more go out, for a minute: nothing to plan an answer by.
    still = row.messages_until is not None and row.messages_until > now
    return ReplyWindow(row.messages_left if still else 0, row.messages_until)
