"""Opening hours: weekdays, days that differ, and the next opening that customers are told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.clock import SHOP_ZONE
from bot.desk.catalogue import Catalogue, Lines
from bot.desk.hours import Hours, HoursError, load_hours, load_team_hours
from bot.desk.rules import DeskRules
from bot.desk.teams import load_teams

WEEK = """\
week:
  mon: ["09:00-12:00", "13:00-21:00"]
  tue: ["09:00-21:00"]
  wed: ["09:00-21:00"]
  thu: ["09:00-21:00"]
  fri: ["09:00-21:00"]
  sat: []
  sun: ["10:00-24:00"]
days:
  2026-11-24: []
  2026-11-25: ["10:00-16:00"]
"""


@pytest.fixture
def hours(tmp_path: Path) -> Hours:
    file = tmp_path / "hours.yml"
    file.write_text(WEEK, "utf-8")
    return load_hours(file)


def _shanghai(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=SHOP_ZONE).astimezone(UTC)


@pytest.mark.parametrize(
    ("day", "hour", "minute", "is_open"),
    [
        (23, 8, 59, False), (23, 9, 0, True), (23, 12, 30, False), (23, 20, 59, True),
        (23, 21, 0, False),
        (24, 12, 0, False),  # a holiday
        (25, 9, 30, False), (25, 10, 0, True),  # a short day
        (28, 12, 0, False),  # Saturday
        (29, 23, 59, True),  # until midnight
    ],
)  # fmt: skip
def test_open_or_not(hours: Hours, day: int, hour: int, minute: int, is_open: bool) -> None:
    assert hours.is_open(_shanghai(day, hour, minute)) is is_open


@pytest.mark.parametrize(
    ("now", "opens"),
    [
        ((23, 7), (23, 9)), ((23, 12), (23, 13)), ((23, 22), (25, 10)),
        ((27, 22), (29, 10)), ((30, 0), (30, 9)),
    ],
)  # fmt: skip
def test_next_opening(hours: Hours, now: tuple[int, int], opens: tuple[int, int]) -> None:
    assert hours.next_opening(_shanghai(*now)) == _shanghai(*opens)


@pytest.mark.parametrize(
    ("now", "within_h", "due"),
    [
        ((26, 14, 30), 24, (27, 14, 30)),  # people are there
        ((26, 22, 0), 24, (27, 21, 0)),  # at night: while they are still there
        ((27, 0, 6), 24, (27, 21, 0)),
        ((23, 20, 59), 24, (25, 16, 0)),  # a holiday is next: the day after it, not in a minute
        ((27, 20, 40), 1, (29, 11, 0)),  # little is left of Friday, and Saturday is closed
        ((27, 20, 0), 1, (27, 21, 0)),
    ],
)  # fmt: skip
def test_a_promise_lies_in_opening_hours(
    hours: Hours, now: tuple[int, int, int], within_h: int, due: tuple[int, int, int]
) -> None:
    assert hours.due(_shanghai(*now), timedelta(hours=within_h)) == _shanghai(*due)


def test_without_a_week_it_is_always_open() -> None:
    assert Hours().is_open(_shanghai(23, 3))
    assert Hours().next_opening(_shanghai(23, 3)) is None


def test_the_words_outside_hours_name_the_next_opening(hours: Hours, root: Path) -> None:
    rules = DeskRules(Catalogue.load(root / "data" / "desk"), hours)

    def said(language: str, day: int, hour: int) -> str:
        line = rules.closed_line(language, _shanghai(day, hour))  # type: ignore[arg-type]
        assert line is not None
        assert line.buttons
        return line.text

    assert "今天09:00" in said("zh", 23, 7)
    assert "today at 09:00" in said("en", 23, 7)
    assert "明天10:00" in said("zh", 24, 12)
    assert "11月25日10:00" in said("zh", 23, 22)
    assert "on 25 November at 10:00" in said("en", 23, 22)
    assert rules.closed_line("zh", _shanghai(23, 10)) is None


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ("  sat: []\n", "", "week"),
        ("09:00-12:00", "12:00-09:00", "week.mon"),
        ("10:00-24:00", "10 bis 24", "week.sun"),
        ("08:00-12:00", "8-12", "teams.home.hours: week.mon"),
        ("{mon:", "{monday:", "teams.home.hours: week"),
        ("week:\n  mon", "zone: Europe/Berlin\nweek:\n  mon", "zone"),  # the shop has one clock
    ],
)
def test_a_bad_file_is_refused_with_the_place(
    tmp_path: Path, old: str, new: str, place: str
) -> None:
    file = tmp_path / "hours.yml"
    file.write_text((WEEK + TEAMS).replace(old, new), "utf-8")
    with pytest.raises(HoursError, match=place):
        load_team_hours(file)


TEAMS = """
teams:
  service: {zh: 客服组, en: Service}
  home:
    zh: 安装维修
    en: Repair
    hours: {week: {mon: ["08:00-12:00"], sun: []}, days: {2026-11-24: ["10:00-11:00"]}}
"""


def test_a_team_has_hours_of_its_own_and_the_shop_s_where_it_says_nothing(tmp_path: Path) -> None:
    file = tmp_path / "hours.yml"
    file.write_text(WEEK + TEAMS, "utf-8")
    assert set(load_teams(file)) == {"service", "home"}
    rules = DeskRules(
        Catalogue({}, {}, (), {}, Lines(customer={}, buttons={}, days={})),
        load_hours(file),
        team_hours=load_team_hours(file),
    )
    shop, home = rules.hours_of("service"), rules.hours_of("home")
    at = [_shanghai(23, 8, 30), _shanghai(24, 10, 30), _shanghai(25, 9), _shanghai(29, 12)]
    assert [shop.is_open(one) for one in at] == [False, False, False, True]
    assert [home.is_open(one) for one in at] == [True, True, False, False]
    assert home.is_open(_shanghai(26, 20)), "Thursday is the shop's"
    assert home.closed_since(_shanghai(23, 15)) == _shanghai(23, 12)
    assert shop.closed_since(_shanghai(24, 15)) == _shanghai(23, 21)
    assert shop.closed_since(_shanghai(23, 15)) is None, "it is open"


def test_the_shop_s_own_hours_are_the_published_ones(root: Path) -> None:
    hours = load_hours(root / "data" / "desk" / "hours.yml")
    assert [hours.is_open(_shanghai(day, hour)) for day in (23, 29) for hour in (8, 9, 20, 21)] == [
        False, True, True, False,
    ] * 2  # fmt: skip
