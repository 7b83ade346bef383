"""The service figures, from a log made by hand, against figures worked out by hand."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from bot.desk.report import Figures, GroupBy, as_csv, every_day, service_report
from bot.storage.conversations import ConversationRow, HandoffRow, MessageRow, TurnRow
from bot.storage.desk import RatingRow, SurveyRow
from bot.storage.engine import Database

ZONE = ZoneInfo("Asia/Shanghai")
# 10:00 in Shanghai, so that a day's events stay within the day.
START = datetime(2026, 11, 2, 2, 0, tzinfo=UTC)
SINCE, UNTIL = START - timedelta(hours=2), START + timedelta(days=3)


class Log:
    """Writes conversations as minutes after ``START``."""

    def __init__(self) -> None:
        self.rows: list[Any] = []
        self.messages = 0
        self.handoffs = 0

    def conversation(self, name: str, channel: str, language: str, turns: list[float]) -> None:
        self.rows.append(
            ConversationRow(
                id=name, channel=channel, user=name, state="bot", language=language, last_seq=0,
                created_at=START, updated_at=START,
            )
        )  # fmt: skip
        for minute in turns:
            self._message(name, channel, "in", "customer", minute)
            self.rows.append(
                TurnRow(
                    message_id=self.messages, conversation_id=name, entities=[], faq=[],
                    decision="answer:x", latency_ms=1.0, created_at=_at(minute),
                )
            )  # fmt: skip

    def handoff(
        self, name: str, at: float, taken: float | None, answered: float | None,
        closed: float | None, resolution: str | None, reason: str = "asked_for",
        score: int | None = None,
    ) -> None:  # fmt: skip
        self.handoffs += 1
        self.rows.append(
            HandoffRow(
                id=self.handoffs, conversation_id=name, reason=reason, created_at=_at(at),
                taken_at=None if taken is None else _at(taken), resolution=resolution, seen_seq=0,
                closed_at=None if closed is None else _at(closed),
            )
        )  # fmt: skip
        if answered is not None:
            self._message(name, "web", "out", "agent", answered)
        if score is not None:
            self.rows.append(
                RatingRow(
                    handoff_id=self.handoffs, conversation_id=name, score=score,
                    awaits_comment=False, created_at=_at(closed or at),
                )
            )  # fmt: skip

    def _message(self, name: str, channel: str, way: str, author: str, minute: float) -> None:
        self.messages += 1
        self.rows.append(
            MessageRow(
                id=self.messages, conversation_id=name, seq=self.messages, direction=way,
                author=author, body={"text": "x"}, state="done", channel=channel, attempts=0,
                created_at=_at(minute),
            )
        )  # fmt: skip


def _at(minute: float) -> datetime:
    return START + timedelta(minutes=minute)


@pytest.fixture
async def filled(database: Database) -> Database:
    log = Log()
    log.conversation("contained", "web", "zh", [0, 1])
    log.conversation("handed", "web", "zh", [0, 2])
    log.handoff("handed", 2, 4, 5, 14, "solved", score=5)
    log.conversation("left", "telegram", "en", [0])
    log.handoff("left", 1, None, None, 9, "customer_left", reason="complaint")
    # The bot's answer held for two days only: that is no containment.
    log.conversation("back", "web", "en", [0])
    log.handoff("back", 2 * 24 * 60, 2 * 24 * 60 + 6, None, 2 * 24 * 60 + 8, "escalated", score=2)
    # An agent who stepped in is no hand-off of the bot's.
    log.conversation("stepped", "web", "zh", [0])
    log.handoff("stepped", 3, 3, 4, 9, "informed", reason="takeover")
    # Two would recommend the shop, one would not; the fourth has not answered.
    for score in (10, 9, 3, None):
        log.rows.append(
            SurveyRow(
                conversation_id="handed", asked_at=_at(20), score=score,
                answered_at=None if score is None else _at(21),
            )
        )  # fmt: skip
    order = [ConversationRow, HandoffRow, MessageRow, TurnRow, RatingRow, SurveyRow]
    async with database.write() as session:
        for kind in order:
            session.add_all([row for row in log.rows if isinstance(row, kind)])
            await session.flush()
    return database


async def _report(database: Database, by: GroupBy = GroupBy.ALL) -> dict[str, Figures]:
    async with database.read() as session:
        lines = await service_report(session, SINCE, UNTIL, ZONE, by)
    return {line.group: line for line in lines}


async def test_every_figure_is_what_its_definition_says(filled: Database) -> None:
    (line,) = (await _report(filled)).values()
    assert line == Figures(
        group="all",
        sessions=5,
        handoffs=3,
        handoff_rate=0.6,
        containment=0.4,  # "contained" and "stepped"
        first_response_median_s=180.0,
        first_response_p90_s=180.0,
        time_to_human_median_s=240.0,  # 2 and 6 minutes
        time_to_human_p90_s=360.0,
        handling_median_s=360.0,  # 10, 2 and 6 minutes
        resolution_rate=round(2 / 3, 4),
        abandoned_rate=round(1 / 3, 4),
        csat=0.5,
        csat_mean=3.5,
        ratings=2,
        nps=33,  # (2 - 1) of 3
        nps_answers=3,
    )


async def test_groups_add_up(filled: Database) -> None:
    for by in (GroupBy.DAY, GroupBy.CHANNEL, GroupBy.LANGUAGE):
        lines = await _report(filled, by)
        assert sum(line.sessions for line in lines.values()) == 5
        assert sum(line.handoffs for line in lines.values()) == 3
    assert set(await _report(filled, GroupBy.DAY)) == {"2026-11-02", "2026-11-04"}
    by_channel = await _report(filled, GroupBy.CHANNEL)
    assert by_channel["telegram"].abandoned_rate == 1.0
    assert (by_channel["web"].nps, by_channel["telegram"].nps) == (33, None)
    by_reason = await _report(filled, GroupBy.REASON)
    assert by_reason["complaint"].handoff_rate == 0.2
    assert by_reason["asked_for"].handoff_rate == 0.4


async def test_a_figure_without_cases_is_empty_and_not_nought(database: Database) -> None:
    assert await _report(database) == {}


async def test_the_days_on_which_nothing_happened_have_a_line_without_figures(
    filled: Database,
) -> None:
    lines = list((await _report(filled, GroupBy.DAY)).values())
    days = every_day(lines, SINCE, UNTIL, ZONE)
    assert [line.group for line in days] == [f"2026-11-0{n}" for n in (2, 3, 4, 5)]
    assert [line for line in days if line.group in {"2026-11-02", "2026-11-04"}] == lines
    assert (days[1].sessions, days[1].containment, days[1].csat) == (0, None, None)


async def test_the_csv_holds_every_figure(filled: Database) -> None:
    lines = await _report(filled)
    (row,) = csv.DictReader(io.StringIO(as_csv(lines.values())))
    assert row["containment"] == "0.4"
    assert row["csat_mean"] == "3.5"
    assert list(row) == list(Figures.__dataclass_fields__)


async def test_a_complaint_that_people_have_to_answer_is_not_contained(filled: Database) -> None:
    async with filled.write() as session:
        turn = await session.scalar(select(TurnRow).where(TurnRow.conversation_id == "contained"))
        assert turn is not None
        turn.decision = "flow:complaint"
    async with filled.read() as session:
        (line,) = await service_report(session, SINCE, UNTIL, ZONE, GroupBy.ALL)
    assert (line.handoff_rate, line.containment) == (0.6, 0.2)
