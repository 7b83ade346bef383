"""How long a customer waits: from the place in the queue, real handling times and who is there."""

from __future__ import annotations

import math
import re
import statistics
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.conversations.model import HandoffReason, State
from bot.desk.catalogue import Catalogue
from bot.language import normalise
from bot.storage.conversations import ConversationRow, HandoffRow

# Nothing but the wait: 多久, 还要等多久啊, 排到我了吗, 人呢; "how much longer?", "anyone there?".
_HOW_LONG = re.compile(
    r"(?:请问|那|我|大概|大约|还|现在|到底|得|需?要|再|等|排队?|人工|客服|一般|会|有){0,6}(?:多久|多长时间|几分钟|多少分钟|多少时间)"
    r"(?:才)?(?:能)?(?:有人|轮到我?|排到我?|到我|接通?|回复?我?|来人?)?"
    r"|(?:还没|什么时候|啥时候|几时|何时)(?:才)?(?:能)?(?:轮到|排到|到|有人|接|来人)(?:我|接|来|回)?"
    r"|(?:轮到|排到|到)我了(?:吗|没有?)|(?:我)?(?:现在)?排(?:在|到)?第?几(?:位|个)?了?"
    r"|(?:我)?前面(?:还)?有?(?:多少|几)(?:个?人|位)?|(?:还)?有人(?:在|吗|没有?)|人呢?"
    r"|(?:(?:so|and|ok(?:ay)?|hi|hello|please|sorry|roughly|about|any idea) )*how (?:much )?long(?:er)?"
    r"(?: (?:is|will|do|does|must|have|the|it|i|we|this|that|to|take|be|wait|waiting|queue|for|a|person|human|agent"
    r"|somebody|someone|until|comes?|now|more|still|roughly|about|going|gonna|there|s|here|on)\b)*"
    r"|(?:what(?:'?s| is) )?my (?:place|position)(?: in (?:the )?(?:queue|line))?"
    r"|how many(?: people| others)?(?: are)?(?: there)? (?:before|ahead of|in front of) me"
    r"|(?:is )?any(?:one|body) there|when (?:will|does|is) (?:some(?:one|body)|a person|an agent)"
    r"(?: be)?(?: come| coming| answer| here| there| free)?",
    re.IGNORECASE,
)
_ENDING = re.compile(r"(?:呢|啊|呀|哦|嘛|吧|了|please|pls)+$")
_LOOK_BACK = timedelta(days=14)
_CASES = 50
# Below this many finished conversations a guess would be no better than none.
_FEWEST_CASES = 5
# Somebody has room: they still have to read before they come.
_AT_ONCE_S = 60.0


def asks_how_long(text: str) -> bool:
    """Tell whether a waiting customer asks for nothing but how long it will be."""
    plain = normalise(text).strip(" ?!。.,，~…")
    return _HOW_LONG.fullmatch(_ENDING.sub("", plain)) is not None


@dataclass
class WaitClock:
    """What an expected wait is made of; the keeper brings it up to date.

    ``handling_s`` is the median from taking to closing of the last conversations, ``slots`` how many
    conversations those who are there have at once, ``free`` how many of these are unused.
    """

    handling_s: float | None = None
    slots: int = 0
    free: int = 0

    def minutes(self, place: int) -> int | None:
        """Return the expected wait at ``place`` (from 1) in whole minutes, at least 1.

        Those who are there finish ``slots`` conversations in each handling time, so the n-th who finds
        no room waits n/slots of it. ``None`` when nobody is there or too little is known.
        """
        if not self.slots:
            return None
        if place <= self.free:
            return math.ceil(_AT_ONCE_S / 60)
        if self.handling_s is None:
            return None
        return max(1, math.ceil((place - self.free) * self.handling_s / self.slots / 60))


async def handling_time(session: AsyncSession, now: datetime) -> float | None:
    """Return the median seconds from taking to closing of the last 50 conversations of two weeks."""
    rows = await session.execute(
        select(HandoffRow.taken_at, HandoffRow.closed_at)
        .where(
            HandoffRow.taken_at.is_not(None),
            HandoffRow.closed_at > now - _LOOK_BACK,
            HandoffRow.resolution.not_in(("customer_left", "joined", "returned_to_bot")),
        )
        .order_by(HandoffRow.closed_at.desc())
        .limit(_CASES)
    )
    lengths = [(closed - taken).total_seconds() for taken, closed in rows if closed and taken]
    return statistics.median(lengths) if len(lengths) >= _FEWEST_CASES else None


async def place_of(session: AsyncSession, catalogue: Catalogue, conversation_id: str) -> int | None:
    """Return a conversation's place in the queue, from 1; ``None`` when it does not wait."""
    return (await places(session, catalogue)).get(conversation_id)


async def places(session: AsyncSession, catalogue: Catalogue) -> dict[str, int]:
    """Return the place in the queue, from 1, of every conversation that waits."""
    rows = await session.execute(
        select(HandoffRow.conversation_id, HandoffRow.reason, HandoffRow.created_at)
        .join(ConversationRow, ConversationRow.id == HandoffRow.conversation_id)
        .where(HandoffRow.closed_at.is_(None), ConversationRow.state == State.QUEUED.value)
    )
    order = sorted(
        (at - catalogue.reasons[HandoffReason(reason)].lead, waiting)
        for waiting, reason, at in rows
    )
    return {waiting: place for place, (_, waiting) in enumerate(order, start=1)}
