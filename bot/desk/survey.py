"""Would the customer recommend the shop? Asked after a rating, at set intervals, answered with a number.

The question is plain text and the answer a number 0 to 10, so every channel has it. Net Promoter
Score: share of 9 and 10 minus share of 0 to 6 (Reichheld, "The One Number You Need to Grow", 2003).
"""

from __future__ import annotations

import re
import unicodedata
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.conversations.model import Body
from bot.desk.catalogue import Catalogue
from bot.language import Language
from bot.storage.desk import SurveyRow

_SCORE = re.compile(r"(10|\d)\s*分?[。.!！]?")
# What a number means an hour later nobody knows.
_OPEN_FOR = timedelta(hours=1)


async def question(
    session: AsyncSession,
    conversation_id: str,
    language: Language,
    catalogue: Catalogue,
    every: timedelta,
    now: datetime,
) -> str | None:
    """Return the question if this customer is due, and note that it was asked; ``every`` 0 is never."""
    if not every:
        return None
    asked = await session.scalar(
        select(SurveyRow.id).where(
            SurveyRow.conversation_id == conversation_id, SurveyRow.asked_at > now - every
        )
    )
    if asked is not None:
        return None
    session.add(SurveyRow(conversation_id=conversation_id, asked_at=now))
    return catalogue.line("ask_recommend", language).text


async def concerns(session: AsyncSession, conversation_id: str, body: Body, now: datetime) -> bool:
    """Tell whether a message is the answer to an open question."""
    return _score(body) is not None and await _open(session, conversation_id, now) is not None


async def receive(
    session: AsyncSession,
    conversation_id: str,
    body: Body,
    language: Language,
    catalogue: Catalogue,
    now: datetime,
) -> Body | None:
    """Return the thanks for a score, ``None`` when the message is none."""
    score = _score(body)
    row = await _open(session, conversation_id, now) if score is not None else None
    if row is None:
        return None
    row.score, row.answered_at = score, now
    return catalogue.line("recommended", language)


def _score(body: Body) -> int | None:
    match = _SCORE.fullmatch(unicodedata.normalize("NFKC", body.text).strip())
    return int(match[1]) if match and not body.payload else None


async def _open(session: AsyncSession, conversation_id: str, now: datetime) -> SurveyRow | None:
    row: SurveyRow | None = await session.scalar(
        select(SurveyRow)
        .where(
            SurveyRow.conversation_id == conversation_id,
            SurveyRow.answered_at.is_(None),
            SurveyRow.asked_at > now - _OPEN_FOR,
        )
        .order_by(SurveyRow.id.desc())
        .limit(1)
    )
    return row
