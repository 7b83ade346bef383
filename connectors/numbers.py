"""Numbered answers where a channel has no buttons: "2" stands for the second line that was offered."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from sqlalchemy import select

from bot.conversations.model import Body, Button, Direction, MessageState
from bot.storage.conversations import ConversationRow, MessageRow
from bot.storage.engine import Database

_NUMBER = re.compile(
    r"(?:选|选择|第|option|no\.?|number)?\s*(\d{1,2}|[一二两三四五六七八九])\s*(?:个|项|号|条)?[.。、)）]?"
)
_HAN_DIGITS = {digit: value for value, digit in enumerate("零一二三四五六七八九")} | {"两": 2}


def chosen(text: str, offers: Sequence[Button]) -> Button | None:
    """Return the offer that ``text`` names by its number: "2", "２", "②", "第二个", "2."; else ``None``."""
    match = _NUMBER.fullmatch(unicodedata.normalize("NFKC", text).strip().lower())
    if match is None:
        return None
    digits = match[1]
    number = _HAN_DIGITS[digits] if digits in _HAN_DIGITS else int(digits)
    return offers[number - 1] if 1 <= number <= len(offers) else None


async def chosen_from_last(database: Database, channel: str, user: str, text: str) -> Button | None:
    """Return the button that ``text`` names by its number in the last message to a customer.

    For channels that send every message by itself; one that merges them keeps its own books.
    """
    async with database.read() as session:
        body = await session.scalar(
            select(MessageRow.body)
            .join(ConversationRow, ConversationRow.id == MessageRow.conversation_id)
            .where(
                ConversationRow.channel == channel,
                ConversationRow.user == user,
                MessageRow.direction == Direction.OUT.value,
                MessageRow.state != MessageState.FAILED.value,
            )
            .order_by(MessageRow.seq.desc())
            .limit(1)
        )
    return chosen(text, Body.from_json(body).buttons) if body else None
