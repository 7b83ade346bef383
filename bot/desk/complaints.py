"""Complaints: each becomes a case with a promise at once, whether the customer wants a person or not.

The case stays open until somebody has dealt with it: with an answer, or in the conversation that they
close. Everything here works inside the caller's transaction, on a locked conversation.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from bot.desk.rules import DeskRules
from bot.orders.cases import CLOSED, CaseKind, new_number, open_complaints
from bot.orders.record import CASE_PREFIX, record
from bot.storage.cod import CaseRow

_KIND = CaseKind.COMPLAINT
# What the people read of it without opening the conversation.
_WORDS, _WORD_CHARS = 8, 300


async def open_complaint(session: AsyncSession, conversation_id: str) -> CaseRow | None:
    """Return the complaint of a conversation that nobody has dealt with yet."""
    return next(iter(await open_complaints(session, conversation_id)), None)


async def note_complaint(
    session: AsyncSession,
    rules: DeskRules,
    conversation_id: str,
    words: str,
    now: datetime,
    pictures: Sequence[str] = (),
) -> CaseRow:
    """Put down what a customer complains of: as a case, or beside what the open one says already.

    Args:
        pictures: ids of files.
    """
    row = await open_complaint(session, conversation_id)
    if row is None:
        number = new_number(now)
        promised_for = rules.hours.due(now, rules.complaint_within)
        row = CaseRow(
            number=number, kind=_KIND.value, order_number=number, conversation_id=conversation_id,
            promised_for=promised_for, data={"words": []}, created_at=now,
        )  # fmt: skip
        session.add(row)
        record(
            session, number, f"{CASE_PREFIX}{_KIND}", actor=f"customer:{conversation_id}", at=now,
            after={"case": number},
        )  # fmt: skip
    if words:
        said = [*row.data.get("words", ()), words[:_WORD_CHARS]]
        row.data = {**row.data, "words": said[-_WORDS:]}
    if pictures:
        row.data = {**row.data, "pictures": [*row.data.get("pictures", ()), *pictures]}
    return row


async def settle(session: AsyncSession, conversation_id: str, agent: str, now: datetime) -> None:
    """Close the complaints of a conversation in which a person has dealt with them."""
    for row in await open_complaints(session, conversation_id):
        row.closed_at = now
        record(
            session, row.order_number, CLOSED, actor=f"agent:{agent}", at=now,
            after={"case": row.number},
        )  # fmt: skip
