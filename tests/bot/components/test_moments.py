"""Dates and times of day in both languages, as seen on Sunday 22 November 2026, 15:00 in Shanghai."""

from __future__ import annotations

import datetime

import pytest

from bot.components.moment_extractor import MomentExtractor
from bot.components.moments import SHANGHAI, MomentReader

EXTRACTOR = MomentExtractor()
NOW = datetime.datetime(2026, 11, 22, 15, 0, tzinfo=SHANGHAI)


def read(text: str) -> list[tuple[str | None, str | None]]:
    return [(m.date, m.time) for m in EXTRACTOR._reader.read(text, NOW)]


@pytest.mark.parametrize(
    ("text", "date", "time"),
    [
        ("明天下午三点", "2026-11-23", "15:00"),
        ("后天上午", "2026-11-24", "08:00/12:00"),
        ("11月25号", "2026-11-25", None),
        ("25号送", "2026-11-25", None),
        ("下周三", "2026-11-25", None),
        ("大后天", "2026-11-25", None),
        ("明早9点", "2026-11-23", "09:00"),
        ("今晚八点", "2026-11-22", "20:00"),
        ("晚上7点以后送", None, "19:00/.."),
        ("后天早上10点前", "2026-11-24", "../10:00"),
        ("11月25日下午3点到5点", "2026-11-25", "15:00/17:00"),
        ("明天下午三点到五点之间", "2026-11-23", "15:00/17:00"),
        ("两点到四点", None, "14:00/16:00"),
        ("明天3点", "2026-11-23", "15:00"),
        ("凌晨2点", None, "02:00"),
        ("上午十点半", None, "10:30"),
        ("周末", "2026-11-21/2026-11-22", None),
        ("周一到周五", "2026-11-23/2026-11-27", None),
        ("周五买的", "2026-11-20", None),
        ("周五送", "2026-11-27", None),
        ("3天后", "2026-11-25", None),
        ("2026-12-01 14:00送", "2026-12-01", "14:00"),
        ("next Friday after 5pm", "2026-11-27", "17:00/.."),
        ("after 5pm next friday", "2026-11-27", "17:00/.."),
        ("tomorrow afternoon", "2026-11-23", "12:00/18:00"),
        ("the day after tomorrow at 10am", "2026-11-24", "10:00"),
        ("November 25th in the morning", "2026-11-25", "08:00/12:00"),
        ("before noon tomorrow", "2026-11-23", "../12:00"),
        ("Monday between 2 and 4 pm", "2026-11-23", "14:00/16:00"),
        ("no later than 10am on monday", "2026-11-23", "../10:00"),
        ("can you deliver after 8 tonight", "2026-11-22", "20:00/.."),
        ("around 3pm", None, "15:00"),
        ("I bought it on Friday", "2026-11-20", None),
        ("in 3 days", "2026-11-25", None),
        ("SO20261105002 3321 周六下午", "2026-11-28", "12:00/18:00"),
        ("改到春熙路5号 周六下午", "2026-11-28", "12:00/18:00"),
        ("to Room 1201, deliver Saturday afternoon", "2026-11-28", "12:00/18:00"),
        ("next week", "2026-11-23/2026-11-29", None),
    ],
)
def test_moments(text: str, date: str | None, time: str | None) -> None:
    assert read(text) == [(date, time)]


@pytest.mark.parametrize(
    "text",
    [
        "便宜一点",
        "大一点有吗",
        "我有三点建议",
        "一点问题都没有",
        "3号楼",
        "买了三个月了",
        "尾号1234",
        "I may return it",
        "it broke after 2 months",
        "what a day",
        "what is my order status",
    ],
)
def test_what_is_no_moment(text: str) -> None:
    assert read(text) == []


def test_a_day_and_a_time_are_two_entities_over_the_same_words() -> None:
    text = "能不能明天下午三点送"
    found = list(EXTRACTOR.find_at(text, NOW))
    assert [(f.entity, f.value) for f in found] == [("date", "2026-11-23"), ("time", "15:00")]
    assert {text[f.start : f.end] for f in found} == {"明天下午三点"}


def test_today_is_the_day_in_shanghai_wherever_the_server_stands() -> None:
    """20:00 in London is already tomorrow in the shop."""
    london = datetime.datetime(2026, 11, 22, 20, 0, tzinfo=datetime.timezone.utc)
    assert EXTRACTOR._reader.read("今天", london)[0].date == "2026-11-23"


def test_a_time_without_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time with its zone"):
        MomentReader().read("今天", datetime.datetime(2026, 11, 22))  # noqa: DTZ001
