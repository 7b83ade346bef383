"""A call instead of waiting: the customer leaves a phone number and says when it suits.

Two questions, each answered by the next message, after the button that began it; a button leaves the
form at any time. The call belongs to the conversation and stands in the queue with it.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import datetime, timedelta

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.conversations import handoff
from bot.conversations.model import Body, Button, HandoffReason, State
from bot.desk.catalogue import Catalogue
from bot.language import Language
from bot.storage.conversations import ConversationRow
from bot.storage.desk import CallbackRow

CALL_ME = "/call_me"
NO_CALL = "/call_me_not"
_WHEN = "/call_me_"
_TIMES = ("soon", "morning", "afternoon", "evening")
# The shop sells in mainland China (mobile 11 digits, landline with area code), Hong Kong and Macao (8).
_PHONE = re.compile(r"(?:\+?86)?(1[3-9]\d{9}|0\d{9,11})|(?:\+?85[23])?([2-9]\d{7})")
_OPEN_FOR = timedelta(minutes=30)
_WISH_CHARS = 200


def call_button(language: Language, catalogue: Catalogue) -> Button:
    """Return the button that begins the form."""
    return Button(catalogue.button("call_me", language), CALL_ME)


async def open_call(session: AsyncSession, conversation_id: str) -> CallbackRow | None:
    """Return the call that a customer waits for, or is asking for."""
    row: CallbackRow | None = await session.scalar(
        select(CallbackRow)
        .where(CallbackRow.conversation_id == conversation_id, CallbackRow.done_at.is_(None))
        .order_by(CallbackRow.id.desc())
        .limit(1)
    )
    return row


async def with_open_call(session: AsyncSession) -> frozenset[str]:
    """Return the ids of the conversations with such a call."""
    rows = await session.scalars(
        select(CallbackRow.conversation_id).where(CallbackRow.done_at.is_(None))
    )
    return frozenset(rows)


def is_ours(body: Body) -> bool:
    """Tell whether a message is a button of the form."""
    return (body.payload or "").startswith(CALL_ME)


def awaiting(conversation_id: str, now: datetime) -> Select[int]:
    """Return what finds a form whose next answer is typed; there is mostly none."""
    return select(CallbackRow.id).where(
        CallbackRow.conversation_id == conversation_id,
        CallbackRow.done_at.is_(None),
        CallbackRow.awaits.is_not(None),
        CallbackRow.created_at > now - _OPEN_FOR,
    )


async def receive(
    session: AsyncSession,
    conversation: ConversationRow,
    body: Body,
    language: Language,
    catalogue: Catalogue,
    now: datetime,
) -> Body | None:
    """Return the form's next line, ``None`` when the message has nothing to do with it."""
    payload = body.payload or ""
    row = await open_call(session, conversation.id)
    if payload == CALL_ME and conversation.state != State.AGENT:
        if row is None:
            row = CallbackRow(conversation_id=conversation.id, created_at=now)
            session.add(row)
        row.awaits, row.created_at = "phone", now
        return _with(catalogue.line("ask_phone", language), (_leave(language, catalogue),))
    if row is None or row.awaits is None:
        return None
    if conversation.state == State.AGENT:
        row.awaits = None  # somebody is there now; what is typed is for them
        return None
    if payload == NO_CALL:
        row.awaits, row.done_at = None, now
        return catalogue.line("no_call", language)
    if row.awaits == "phone":
        return _take_phone(row, body, language, catalogue)
    if payload and not payload.startswith(_WHEN):
        row.awaits = None if row.phone else row.awaits
        return None
    row.wish, row.awaits = body.text[:_WISH_CHARS], None
    await handoff.enqueue(session, conversation, HandoffReason.ASKED_FOR)
    return catalogue.line("call_noted", language, phone=masked(row.phone or ""), wish=row.wish)


def _take_phone(
    row: CallbackRow, body: Body, language: Language, catalogue: Catalogue
) -> Body | None:
    if body.payload:
        return None
    phone = phone_in(body.text)
    if phone is None:
        return _with(catalogue.line("bad_phone", language), (_leave(language, catalogue),))
    row.phone, row.awaits = phone, "wish"
    times = tuple(
        Button(catalogue.button(f"call_{time}", language), f"{_WHEN}{time}") for time in _TIMES
    )
    return _with(catalogue.line("ask_time", language), times)


def phone_in(text: str) -> str | None:
    """Return the one phone number of a message, digits only; ``None`` when it holds none."""
    plain = re.sub(r"(?<=\d)[\s().-]+(?=\d)", "", unicodedata.normalize("NFKC", text))
    found = [m[1] or m[2] for m in _PHONE.finditer(plain) if _alone(plain, m)]
    return found[0] if len(found) == 1 else None


def masked(phone: str) -> str:
    """Return a number with its middle hidden."""
    return f"{phone[:3]}****{phone[-4:]}" if len(phone) > 8 else f"{phone[:2]}****{phone[-2:]}"


def _alone(text: str, match: re.Match[str]) -> bool:
    before, after = text[: match.start()][-1:], text[match.end() :][:1]
    return not (before.isdigit() or after.isdigit())


def _leave(language: Language, catalogue: Catalogue) -> Button:
    return Button(catalogue.button("no_call", language), NO_CALL)


def _with(body: Body, buttons: tuple[Button, ...]) -> Body:
    return Body(body.text, buttons=buttons)
