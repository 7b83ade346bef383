"""Two weeks of service before today, for the pictures of the figures: what a small shop's log holds."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from bot.conversations.model import Body, HandoffReason
from bot.storage.conversations import ConversationRow, HandoffRow, MessageRow, TurnRow
from bot.storage.desk import RatingRow, SurveyRow
from bot.storage.engine import Database

_DAYS, _A_DAY = 14, 24
_CHANNELS = ("web", "web", "wechat", "telegram")
_REASONS = (
    HandoffReason.ASKED_FOR, HandoffReason.ASKED_FOR, HandoffReason.LOW_CONFIDENCE,
    HandoffReason.ORDER_PROBLEM, HandoffReason.COMPLAINT, HandoffReason.ANGER, HandoffReason.POLICY,
)  # fmt: skip
_ENDS = ("solved", "solved", "informed", "refund", "escalated", "no_reply")


async def fill_weeks(database: Database, now: datetime | None = None) -> None:
    """Store the sessions of the two weeks before today; always the same ones."""
    chance = random.Random(7)
    today = (now or datetime.now(UTC)).replace(hour=2, minute=0, second=0, microsecond=0)
    async with database.write() as session:
        for day in range(1, _DAYS + 1):
            for number in range(_A_DAY + chance.randrange(-5, 6)):
                at = today - timedelta(days=day) + timedelta(minutes=27 * number)
                name = f"past-{day}-{number}"
                channel, language = chance.choice(_CHANNELS), chance.choice(("zh", "zh", "en"))
                session.add(
                    ConversationRow(
                        id=name, channel=channel, user=name, state="bot", language=language,
                        last_seq=3, created_at=at, updated_at=at,
                    )
                )  # fmt: skip
                await session.flush()
                asked = _line(name, channel, 1, "in", at, "在吗")
                session.add(asked)
                await session.flush()
                handed = chance.random() < 0.24
                decision = "handoff:asked_for" if handed else "answer:delivery-fee"
                session.add(
                    TurnRow(
                        message_id=asked.id, conversation_id=name, language=language, entities=[],
                        faq=[], decision=decision, latency_ms=12.0, created_at=at,
                    )
                )  # fmt: skip
                if handed:
                    await _served(session, chance, name, channel, at)


async def _served(
    session: AsyncSession, chance: random.Random, name: str, channel: str, at: datetime
) -> None:
    if chance.random() < 0.08:
        left = at + timedelta(minutes=4)
        session.add(
            HandoffRow(
                conversation_id=name, reason=chance.choice(_REASONS), created_at=at, closed_at=left,
                resolution="customer_left", seen_seq=1,
            )
        )  # fmt: skip
        return
    taken = at + timedelta(seconds=chance.lognormvariate(3.6, 0.7))
    answered = taken + timedelta(seconds=chance.uniform(8, 40))
    closed = answered + timedelta(seconds=chance.lognormvariate(5.7, 0.5))
    row = HandoffRow(
        conversation_id=name, reason=chance.choice(_REASONS), agent="xiaochen", created_at=at,
        taken_at=taken, closed_at=closed, resolution=chance.choice(_ENDS), seen_seq=2,
    )  # fmt: skip
    session.add_all([row, _line(name, channel, 2, "out", answered, "您好")])
    await session.flush()
    if chance.random() < 0.7:
        score = chance.choice((5, 5, 5, 4, 4, 3, 1))
        session.add(
            RatingRow(
                handoff_id=row.id, conversation_id=name, score=score, awaits_comment=False,
                created_at=closed,
            )
        )  # fmt: skip
        if chance.random() < 0.6:
            recommends = 2 * score - chance.randrange(2)
            session.add(
                SurveyRow(
                    conversation_id=name, asked_at=closed, score=recommends, answered_at=closed
                )
            )


def _line(name: str, channel: str, seq: int, way: str, at: datetime, text: str) -> MessageRow:
    return MessageRow(
        conversation_id=name, seq=seq, direction=way, author="customer" if way == "in" else "agent",
        body=Body(text).to_json(), state="done", channel=channel, attempts=0,
        channel_message_id=f"{name}-{seq}" if way == "in" else None, created_at=at,
    )  # fmt: skip
