"""Service figures from the recorded log: how fast people come, how long they take, how it ends.

Every definition stands in docs/service-figures.md with its formula; the names here are the same.
All times are seconds. A figure without a single case is ``None``, never 0.
"""

from __future__ import annotations

import csv
import io
import statistics
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from sqlalchemy import func, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession

from bot.conversations.model import Author, HandoffReason
from bot.storage.conversations import ConversationRow, HandoffRow, MessageRow, TurnRow
from bot.storage.desk import RatingRow, SurveyRow

# A hand-off so soon after a conversation with the bot counts against the bot.
REOPEN = timedelta(hours=72)
RESOLVED = frozenset({"solved", "informed", "refund", "compensation"})
# Ends that nobody at the desk chose.
_NOT_BY_AGENT = frozenset({"customer_left", "joined", "returned_to_bot"})


class GroupBy(StrEnum):
    """What the lines of a report are."""

    ALL = "all"
    DAY = "day"
    CHANNEL = "channel"
    LANGUAGE = "language"
    REASON = "reason"


@dataclass(frozen=True, slots=True)
class Figures:
    """One line of the report; see docs/service-figures.md."""

    group: str
    sessions: int
    handoffs: int
    handoff_rate: float | None
    containment: float | None
    first_response_median_s: float | None
    first_response_p90_s: float | None
    time_to_human_median_s: float | None
    time_to_human_p90_s: float | None
    handling_median_s: float | None
    resolution_rate: float | None
    abandoned_rate: float | None
    csat: float | None
    csat_mean: float | None
    ratings: int
    nps: int | None
    nps_answers: int


@dataclass(frozen=True, slots=True)
class _Session:
    """A conversation on one day on which the bot answered."""

    conversation_id: str
    day: str
    channel: str
    language: str
    first: datetime
    last: datetime


@dataclass(frozen=True, slots=True)
class _Case:
    """A hand-off with its first answer and its rating."""

    handoff: HandoffRow
    channel: str
    language: str
    day: str
    answered_at: datetime | None
    score: int | None


async def service_report(
    session: AsyncSession, since: datetime, until: datetime, zone: ZoneInfo, by: GroupBy
) -> list[Figures]:
    """Return the figures of hand-offs and sessions that began in ``[since, until)``.

    Args:
        zone: whose days are counted.
        by: one line for each of these; ``ALL`` gives one line.
    """
    sessions = await _sessions(session, since, until, zone)
    cases = await _cases(session, since, until, zone)
    later = await _times_of_people(session, since, until + REOPEN)
    surveys = await _surveys(session, since, until, zone, by)
    groups: dict[str, tuple[list[_Session], list[_Case]]] = defaultdict(lambda: ([], []))
    for one in sessions if by is not GroupBy.REASON else ():
        groups[_session_key(by)(one)][0].append(one)
    for case in cases:
        groups[_case_key(by)(case)][1].append(case)
    if by is GroupBy.REASON:
        # The rate by reason is of all sessions, so each line holds them all.
        return [
            _figures(key, sessions, of_reason, later, (), contained=False)
            for key, (_, of_reason) in sorted(groups.items())
        ]
    for key in surveys:
        groups[key]  # an answer may come on a day without anything else
    return [
        _figures(key, *both, later, surveys.get(key, ())) for key, both in sorted(groups.items())
    ]


async def _sessions(
    session: AsyncSession, since: datetime, until: datetime, zone: ZoneInfo
) -> list[_Session]:
    rows = await session.execute(
        select(
            TurnRow.conversation_id, TurnRow.created_at, ConversationRow.channel,
            ConversationRow.language,
        )
        .join(ConversationRow, ConversationRow.id == TurnRow.conversation_id)
        .where(TurnRow.created_at >= since, TurnRow.created_at < until)
        .order_by(TurnRow.created_at)
    )  # fmt: skip
    spans: dict[tuple[str, str], _Session] = {}
    for conversation_id, at, channel, language in rows:
        day = f"{at.astimezone(zone):%Y-%m-%d}"
        known = spans.get((conversation_id, day))
        spans[conversation_id, day] = _Session(
            conversation_id, day, channel, language or "?", known.first if known else at, at
        )
    return list(spans.values())


async def _cases(
    session: AsyncSession, since: datetime, until: datetime, zone: ZoneInfo
) -> list[_Case]:
    answered = (
        select(func.min(MessageRow.created_at))
        .where(
            MessageRow.conversation_id == HandoffRow.conversation_id,
            MessageRow.author == Author.AGENT.value,
            MessageRow.created_at >= HandoffRow.created_at,
            HandoffRow.closed_at.is_(None) | (MessageRow.created_at <= HandoffRow.closed_at),
        )
        .correlate(HandoffRow)
        .scalar_subquery()
    )
    rows = await session.execute(
        select(
            HandoffRow, ConversationRow.channel, ConversationRow.language, answered,
            RatingRow.score,
        )
        .join(ConversationRow, ConversationRow.id == HandoffRow.conversation_id)
        .outerjoin(RatingRow, RatingRow.handoff_id == HandoffRow.id)
        .where(HandoffRow.created_at >= since, HandoffRow.created_at < until)
    )  # fmt: skip
    return [
        _Case(
            handoff, channel, language or "?", f"{handoff.created_at.astimezone(zone):%Y-%m-%d}",
            answered_at, score,
        )
        for handoff, channel, language, answered_at, score in rows
    ]  # fmt: skip


async def _times_of_people(
    session: AsyncSession, since: datetime, until: datetime
) -> dict[str, list[datetime]]:
    """Return when each conversation needed a person: handed off by the bot, or a complaint to answer."""
    handed_off = select(HandoffRow.conversation_id, HandoffRow.created_at).where(
        HandoffRow.created_at >= since,
        HandoffRow.created_at < until,
        HandoffRow.reason != HandoffReason.TAKEOVER.value,
    )
    complained = select(TurnRow.conversation_id, TurnRow.created_at).where(
        TurnRow.created_at >= since,
        TurnRow.created_at < until,
        TurnRow.decision == f"flow:{HandoffReason.COMPLAINT}",
    )
    rows = await session.execute(union_all(handed_off, complained))
    times: dict[str, list[datetime]] = defaultdict(list)
    for conversation_id, at in rows:
        times[conversation_id].append(at)
    return times


async def _surveys(
    session: AsyncSession, since: datetime, until: datetime, zone: ZoneInfo, by: GroupBy
) -> dict[str, list[int]]:
    """Return the answers 0..10 to the question about recommending, by the report's groups."""
    rows = await session.execute(
        select(
            SurveyRow.answered_at, SurveyRow.score, ConversationRow.channel,
            ConversationRow.language,
        )
        .join(ConversationRow, ConversationRow.id == SurveyRow.conversation_id)
        .where(SurveyRow.answered_at >= since, SurveyRow.answered_at < until)
    )  # fmt: skip
    found: dict[str, list[int]] = defaultdict(list)
    for at, score, channel, language in rows:
        if at is None or score is None:
            continue
        keys = {
            GroupBy.DAY: f"{at.astimezone(zone):%Y-%m-%d}",
            GroupBy.CHANNEL: channel,
            GroupBy.LANGUAGE: language or "?",
        }
        found[keys.get(by, "all")].append(score)
    return found


def _figures(
    group: str,
    sessions: Sequence[_Session],
    cases: Sequence[_Case],
    people_times: dict[str, list[datetime]],
    recommends: Sequence[int],
    *,
    contained: bool = True,
) -> Figures:
    by_bot = [case for case in cases if case.handoff.reason != HandoffReason.TAKEOVER]
    kept = sum(
        not any(
            one.first <= at <= one.last + REOPEN for at in people_times.get(one.conversation_id, ())
        )
        for one in sessions
    )
    ends = Counter(case.handoff.resolution for case in cases if case.handoff.closed_at)
    by_agent = sum(n for end, n in ends.items() if end not in _NOT_BY_AGENT)
    first = _seconds((case.handoff.created_at, case.answered_at) for case in by_bot)
    human = _seconds((case.handoff.created_at, case.handoff.taken_at) for case in by_bot)
    handling = _seconds(
        (case.handoff.taken_at, case.handoff.closed_at)
        for case in cases
        if case.handoff.resolution not in _NOT_BY_AGENT
    )
    scores = [case.score for case in cases if case.score is not None]
    return Figures(
        group=group,
        sessions=len(sessions),
        handoffs=len(by_bot),
        handoff_rate=_share(
            len({(c.handoff.conversation_id, c.day) for c in by_bot}), len(sessions)
        ),
        containment=_share(kept, len(sessions)) if contained else None,
        first_response_median_s=_median(first),
        first_response_p90_s=_p90(first),
        time_to_human_median_s=_median(human),
        time_to_human_p90_s=_p90(human),
        handling_median_s=_median(handling),
        resolution_rate=_share(sum(ends[code] for code in RESOLVED), by_agent),
        abandoned_rate=_share(ends["customer_left"], len(by_bot)),
        csat=_share(sum(score >= 4 for score in scores), len(scores)),
        csat_mean=round(statistics.fmean(scores), 2) if scores else None,
        ratings=len(scores),
        nps=_nps(recommends),
        nps_answers=len(recommends),
    )


def every_day(
    lines: Sequence[Figures], since: datetime, until: datetime, zone: ZoneInfo
) -> list[Figures]:
    """Return a report by day with an empty line for each day on which nothing happened."""
    known = {line.group: line for line in lines}
    day, last = since.astimezone(zone).date(), until.astimezone(zone).date()
    days = [f"{day + timedelta(days=n)}" for n in range((last - day).days + 1)]
    return [known.get(one) or _figures(one, (), (), {}, ()) for one in days]


def as_csv(lines: Iterable[Figures]) -> str:
    """Return a report as CSV: every figure by its name, a share as 0..1, empty where there is no case."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, [field.name for field in fields(Figures)])
    writer.writeheader()
    writer.writerows(asdict(line) for line in lines)
    return text.getvalue()


def _session_key(by: GroupBy) -> Callable[[_Session], str]:
    keys: dict[GroupBy, Callable[[_Session], str]] = {
        GroupBy.DAY: lambda one: one.day,
        GroupBy.CHANNEL: lambda one: one.channel,
        GroupBy.LANGUAGE: lambda one: one.language,
    }
    return keys.get(by, lambda _: "all")


def _case_key(by: GroupBy) -> Callable[[_Case], str]:
    keys: dict[GroupBy, Callable[[_Case], str]] = {
        GroupBy.DAY: lambda case: case.day,
        GroupBy.CHANNEL: lambda case: case.channel,
        GroupBy.LANGUAGE: lambda case: case.language,
        GroupBy.REASON: lambda case: case.handoff.reason,
    }
    return keys.get(by, lambda _: "all")


def _seconds(spans: Iterable[tuple[datetime | None, datetime | None]]) -> list[float]:
    return sorted((end - start).total_seconds() for start, end in spans if start and end)


def _nps(scores: Sequence[int]) -> int | None:
    """Return the Net Promoter Score, -100 to 100: percent of 9 and 10 minus percent of 0 to 6."""
    if not scores:
        return None
    balance = sum(score >= 9 for score in scores) - sum(score <= 6 for score in scores)
    return round(100 * balance / len(scores))


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


def _median(values: Sequence[float]) -> float | None:
    return round(statistics.median(values), 1) if values else None


def _p90(values: Sequence[float]) -> float | None:
    """Return the smallest value that at least nine tenths do not exceed (nearest rank)."""
    return round(values[-(-9 * len(values) // 10) - 1], 1) if values else None
