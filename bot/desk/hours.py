"""When people answer: a week, days that differ, and when the desk opens next."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from bot.clock import SHOP_ZONE

_SPAN = re.compile(r"(\d\d):(\d\d)-(\d\d):(\d\d)")
_WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
# Far enough for the longest holiday; a desk that stays closed longer has no next opening.
_LOOK_AHEAD_DAYS = 30


class HoursError(ValueError):
    """The opening hours are not in form; the message says where."""


@dataclass(frozen=True, slots=True)
class Span:
    """Open from ``start`` to ``end``, in minutes since midnight by the shop's clock."""

    start: int
    end: int


@dataclass(frozen=True)
class Hours:
    """Opening hours. Without any arguments the desk is always open.

    Args:
        week: spans of each weekday, Monday first; empty means always open.
        days: days that differ from their weekday.
    """

    week: Sequence[Sequence[Span]] = ()
    days: Mapping[date, Sequence[Span]] = field(default_factory=dict)

    def is_open(self, now: datetime) -> bool:
        """Tell whether people answer at ``now``."""
        if not self.week:
            return True
        local = now.astimezone(SHOP_ZONE)
        minute = local.hour * 60 + local.minute
        return any(span.start <= minute < span.end for span in self._spans(local.date()))

    def opened(self, now: datetime) -> datetime | None:
        """Return when the present opening began; ``None`` when the desk never closes or is closed."""
        if not self.week:
            return None
        local = now.astimezone(SHOP_ZONE)
        minute = local.hour * 60 + local.minute
        for span in self._spans(local.date()):
            if span.start <= minute < span.end:
                begun = time(span.start // 60, span.start % 60)
                return datetime.combine(local.date(), begun, SHOP_ZONE).astimezone(UTC)
        return None

    def closed_since(self, now: datetime) -> datetime | None:
        """Return when the desk closed last before ``now``; ``None`` when it is open or never was."""
        if not self.week or self.is_open(now):
            return None
        today = now.astimezone(SHOP_ZONE).date()
        for back in range(_LOOK_AHEAD_DAYS):
            day = today - timedelta(days=back)
            midnight = datetime.combine(day, time(), SHOP_ZONE)
            for span in sorted(self._spans(day), key=lambda span: span.end, reverse=True):
                at = midnight + timedelta(minutes=span.end)
                if at <= now:
                    return at.astimezone(UTC)
        return None

    def next_opening(self, now: datetime) -> datetime | None:
        """Return when the desk opens next after ``now``; ``None`` when not within a month.

        While it is open, that is the opening after the next closing.
        """
        today = now.astimezone(SHOP_ZONE).date()
        for ahead in range(_LOOK_AHEAD_DAYS if self.week else 0):
            day = today + timedelta(days=ahead)
            for span in sorted(self._spans(day), key=lambda span: span.start):
                at = datetime.combine(day, time(span.start // 60, span.start % 60), SHOP_ZONE)
                if at > now:
                    return at.astimezone(UTC)
        return None

    def due(self, now: datetime, within: timedelta) -> datetime:
        """Return until when something that takes ``within`` may be promised: a moment when people are there.

        That is the last such one in the time, unless too little of it is left then; else one in the
        next opening.
        """
        at = now + within
        if self.is_open(at):
            return at
        closed = self.closed_since(at)
        if closed is not None and closed - now >= within / 2:
            return closed
        opening = self.next_opening(at)
        if opening is None:
            return at
        return min(opening + within, self._end(opening))

    def _end(self, at: datetime) -> datetime:
        """Return when the opening of a moment ends."""
        local = at.astimezone(SHOP_ZONE)
        midnight = datetime.combine(local.date(), time(), SHOP_ZONE)
        minute = local.hour * 60 + local.minute
        end = max(s.end for s in self._spans(local.date()) if s.start <= minute < s.end)
        return (midnight + timedelta(minutes=end)).astimezone(UTC)

    def _spans(self, day: date) -> Sequence[Span]:
        return self.days[day] if day in self.days else self.week[day.weekday()]


def load_hours(path: Path) -> Hours:
    """Read opening hours.

    Raises:
        HoursError: for a missing weekday, a bad time, a span that ends before it begins, or a zone
            that is not the shop's.
    """
    data = YAML(typ="safe").load(path.read_text("utf-8")) or {}
    week = data.get("week") or {}
    if set(week) != set(_WEEK):
        raise HoursError(
            f"{path}: week: expected the keys {', '.join(_WEEK)}, got {', '.join(week)}"
        )
    zone = data.get("zone", SHOP_ZONE.key)
    if zone != SHOP_ZONE.key:
        raise HoursError(f"{path}: zone: expected {SHOP_ZONE.key} (bot/clock.py), got {zone}")
    return _differing(Hours(), data, str(path))


def load_team_hours(path: Path) -> dict[str, Hours]:
    """Return the hours of teams that have their own; what they don't say is as the shop does it.

    A team's day counts before the shop's, and that before the team's week: who is away on weekends
    is away on the shop's holidays too.

    Raises:
        HoursError: for the shop's hours or a team's.
    """
    shop = load_hours(path)
    data = YAML(typ="safe").load(path.read_text("utf-8")) or {}
    return {
        name: _differing(shop, team["hours"], f"{path}: teams.{name}.hours")
        for name, team in (data.get("teams") or {}).items()
        if "hours" in team
    }


def _differing(base: Hours, data: Mapping[str, Any], place: str) -> Hours:
    """Return ``base`` with the days that ``data`` names."""
    week, days = data.get("week") or {}, data.get("days") or {}
    if unknown := set(week) - set(_WEEK):
        raise HoursError(f"{place}: week: expected days like mon, got {', '.join(unknown)}")
    known = dict(zip(_WEEK, base.week, strict=False))
    named = {day: _spans(spans, f"{place}: week.{day}") for day, spans in week.items()}
    return Hours(
        week=[(known | named)[day] for day in _WEEK],
        days={
            **base.days,
            **{
                day if isinstance(day, date) else date.fromisoformat(day): _spans(
                    spans, f"{place}: days.{day}"
                )
                for day, spans in days.items()
            },
        },
    )


def _spans(texts: Sequence[str], place: str) -> list[Span]:
    spans = []
    for text in texts:
        match = _SPAN.fullmatch(text)
        if match is None:
            raise HoursError(f"{place}: expected a span such as 09:00-21:00, got {text!r}")
        hour, minute, to_hour, to_minute = map(int, match.groups())
        span = Span(hour * 60 + minute, to_hour * 60 + to_minute)
        if not 0 <= span.start < span.end <= 24 * 60:
            raise HoursError(f"{place}: expected a span within one day, got {text!r}")
        spans.append(span)
    return spans
