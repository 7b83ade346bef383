"""Choosing from what was offered by its place: "2", 第二个, "the second one", "the last"."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.conversations.model import Body, Button, Direction, MessageState
from bot.conversations.transcript import lines_at
from bot.storage.conversations import Address, MessageRow

_NUMBER = re.compile(
    r"(?:我?(?:要|选|选择)|第|option|no\.?|number)?\s*第?\s*(\d{1,2}|[一二两三四五六七八九])\s*(?:个|项|号|条)?(?:吧)?[.。、)）]?"
)
_ORDINAL = re.compile(
    r"(?:the )?(first|second|third|fourth|fifth|last)(?: one| option)?(?: please)?[.!]?"
    r"|(最后)(?:一)?(?:个|项|条)(?:吧)?。?"
)
_HAN_DIGITS = {digit: value for value, digit in enumerate("零一二三四五六七八九")} | {"两": 2}
_ENGLISH = {"first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5}


def chosen(text: str, offers: Sequence[Button]) -> Button | None:
    """Return the offer that ``text`` names by its place: "2", "２", "②", 第二个, "the last"; else ``None``."""
    plain = unicodedata.normalize("NFKC", text).strip().lower()
    if match := _NUMBER.fullmatch(plain):
        digits = match[1]
        number = _HAN_DIGITS[digits] if digits in _HAN_DIGITS else int(digits)
    elif match := _ORDINAL.fullmatch(plain):
        number = _ENGLISH.get(match[1] or "", len(offers))
    else:
        return None
    return offers[number - 1] if 1 <= number <= len(offers) else None


def names_a_place(text: str) -> bool:
    """Tell whether ``text`` may choose something; most messages don't."""
    plain = unicodedata.normalize("NFKC", text).strip().lower()
    return bool(_NUMBER.fullmatch(plain) or _ORDINAL.fullmatch(plain))


async def last_offers(
    session: AsyncSession,
    conversation_id: str,
    *,
    but_failed: bool = False,
    at: Address | None = None,
) -> tuple[Button, ...]:
    """Return the buttons of the last message to a customer.

    Args:
        but_failed: pass over undelivered ones.
        at: only what was said at this address: a "2" means the list that stands there.
    """
    ours = [
        MessageRow.conversation_id == conversation_id,
        MessageRow.direction == Direction.OUT.value,
    ]
    if but_failed:
        ours.append(MessageRow.state != MessageState.FAILED.value)
    if at is not None:
        ours.append(lines_at(at))
    body = await session.scalar(
        select(MessageRow.body).where(*ours).order_by(MessageRow.seq.desc()).limit(1)
    )
    return Body.from_json(body).buttons if body else ()


async def chosen_from_last(
    session: AsyncSession, conversation_id: str, text: str, at: Address
) -> Button | None:
    """Return the button that ``text`` names by its place in the last message to a customer at ``at``."""
    if not names_a_place(text):
        return None
    return chosen(text, await last_offers(session, conversation_id, but_failed=True, at=at))
