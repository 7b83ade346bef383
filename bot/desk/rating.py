"""Ratings: after an agent has closed, the customer rates 1 to 5 and may add a comment.

Both go through buttons, so every channel has them: the closing line carries five, the thanks carry
one for a comment. Only after that button is the next message taken as the comment, so nobody's
question is swallowed.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.conversations.model import Body, Button, State
from bot.desk.catalogue import Catalogue
from bot.language import Language
from bot.storage.conversations import ConversationRow, HandoffRow
from bot.storage.desk import RatingRow

_RATE = re.compile(r"/rate_(\d{1,18})_([1-5])")
_COMMENT = re.compile(r"/comment_(\d{1,18})")


def rating_buttons(handoff_id: int, language: Language, catalogue: Catalogue) -> tuple[Button, ...]:
    """Return the five buttons, from one star: where buttons become numbered lines, "5" is five stars."""
    return tuple(
        Button(catalogue.button(f"rate_{score}", language), f"/rate_{handoff_id}_{score}")
        for score in (1, 2, 3, 4, 5)
    )


def is_score(body: Body) -> bool:
    """Tell whether a message is the stars, not the comment."""
    return _RATE.fullmatch(body.payload or "") is not None


def is_ours(body: Body) -> bool:
    """Tell whether a message is a button of a rating."""
    return is_score(body) or _COMMENT.fullmatch(body.payload or "") is not None


def awaiting(conversation_id: str) -> Select[int]:
    """Return what finds a rating whose comment comes next; there is mostly none."""
    return select(RatingRow.handoff_id).where(
        RatingRow.conversation_id == conversation_id, RatingRow.awaits_comment
    )


async def receive(
    session: AsyncSession,
    conversation: ConversationRow,
    body: Body,
    language: Language,
    catalogue: Catalogue,
) -> Body | None:
    """Return the answer to a rating, or ``None`` when the message is none."""
    payload = body.payload or ""
    if match := _RATE.fullmatch(payload):
        handoff_id, score = int(match[1]), int(match[2])
        return await _rate(session, conversation, handoff_id, score, language, catalogue)
    if match := _COMMENT.fullmatch(payload):
        row = await session.get(RatingRow, int(match[1]))
        if row is None or row.conversation_id != conversation.id:
            return None
        row.awaits_comment = True
        return catalogue.line("ask_comment", language)
    row = await _awaiting(session, conversation.id)
    if row is None:
        return None
    row.awaits_comment = False
    if payload or conversation.state != State.BOT:
        return None  # they changed their mind
    row.comment = body.text[:4000]
    return catalogue.line("commented", language)


async def _rate(
    session: AsyncSession,
    conversation: ConversationRow,
    handoff_id: int,
    score: int,
    language: Language,
    catalogue: Catalogue,
) -> Body | None:
    handoff = await session.get(HandoffRow, handoff_id)
    if handoff is None or handoff.conversation_id != conversation.id:
        return None
    row = await session.get(RatingRow, handoff_id)
    if row is None:
        row = RatingRow(
            handoff_id=handoff_id, conversation_id=conversation.id, score=score,
            awaits_comment=False, created_at=datetime.now(UTC),
        )  # fmt: skip
        session.add(row)
    row.score = score
    thanks = catalogue.line("rated", language)
    if row.comment:
        return thanks
    button = Button(catalogue.button("comment", language), f"/comment_{handoff_id}")
    return Body(thanks.text, buttons=(button,))


async def comment_button(
    session: AsyncSession, conversation_id: str, language: Language, catalogue: Catalogue
) -> tuple[Button, ...]:
    """Return the button to comment on the newest rating; none when there is a comment, or no rating."""
    row: RatingRow | None = await session.scalar(
        select(RatingRow)
        .where(RatingRow.conversation_id == conversation_id)
        .order_by(RatingRow.handoff_id.desc())
        .limit(1)
    )
    if row is None or row.comment:
        return ()
    return (Button(catalogue.button("comment", language), f"/comment_{row.handoff_id}"),)


async def _awaiting(session: AsyncSession, conversation_id: str) -> RatingRow | None:
    row: RatingRow | None = await session.scalar(
        select(RatingRow).where(
            RatingRow.conversation_id == conversation_id, RatingRow.awaits_comment
        )
    )
    return row
