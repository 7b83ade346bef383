"""Dates and times of day in Chinese and English, with their values.

Microsoft's recognizers-text reads the expressions; measured against dateparser, jionlp and
timefhuman it was the only one that reads both languages, knows ranges and takes a reference time.
This module is the thin layer over it that a shop needs: the next Friday rather than the last,
three in the afternoon rather than at night, "after 5pm" as an open interval, and no time of day in
便宜一点 ("a bit cheaper").
"""

from __future__ import annotations

import datetime
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

# China has had one time zone and no summer time since 1991.
SHANGHAI = datetime.timezone(datetime.timedelta(hours=8), "Asia/Shanghai")

_CLOCK = r"(?:[0-9]{1,2}(?::[0-9]{2})?\s*(?:am|pm|a\.m\.|p\.m\.|o'?clock)?|noon|midnight)"
_NUMBER = "[0-9零〇一二两三四五六七八九十]"
# Only a text that may hold a moment is given to the library, which needs 5 to 25 ms for it.
_MAY_HOLD_ZH = re.compile(
    rf"[今明昨][天日早晚]|今儿|明儿|[前后]天|周|星期|礼拜|[上下中]午|早上|早晨|清晨|傍晚|晚上|夜里|凌晨|"
    rf"{_NUMBER}\s*(?:[点时号日月年:]|天[后前]|个?小时|分)|[0-9]\s*[/-]\s*[0-9]|晚{_NUMBER}"
)
_MAY_HOLD_EN = re.compile(
    r"\b(?:today|tonight|tomorrow|tmrw?|yesterday|(?:mon|tues?|wednes|thurs?|fri|satur|sun)(?:day)?"
    r"|wed|sat|jan(?:uary)?|feb(?:ruary)?|march|april|june?|july?|aug(?:ust)?|sept?(?:ember)?"
    r"|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?|week(?:end)?|mornings?|afternoons?|evenings?|nights?"
    r"|noon|midnight|ago|am|pm|o'?clock|[0-9]{1,2}(?:st|nd|rd|th|am|pm)|in\s+\w+\s+(?:days?|hours?|weeks?)"
    rf"|(?:at|after|before|by|until|till)\s+{_CLOCK})\b|[0-9]:[0-9]|[0-9]\s*[/-]\s*[0-9]",
    re.IGNORECASE,
)
_HAN = re.compile(r"[\u4e00-\u9fff]")

_WEEKDAY = r"(?:mon|tues?|wednes|thurs?|fri|satur|sun)(?:day)?|wed|sat"
# "after 5pm" reaches the library as "   at 5pm": its own reading of it fails next to a weekday.
_BOUND_EN = re.compile(
    rf"\b(?P<word>not before|no earlier than|no later than|after|from|before|by|until|till)"
    rf"(?=\s+{_CLOCK}\s*(?:$|[^\w\s]|(?:on|in|at|or|and|if|tomorrow|tmrw?|today|tonight|next|this"
    rf"|please|onwards?|every|{_WEEKDAY})\b))",
    re.IGNORECASE,
)
_BOUND_ZH = re.compile(r"(?:点钟?|[半整分]|[0-9])\s*(?P<word>以后|之后|过后|后|以前|之前|前)")
_ROUGHLY_EN = re.compile(r"\b(?:around|about|approximately)(?=\s+[0-9])", re.IGNORECASE)
# The library knows 25日 and not 25号, which is what people say; behind a street it is a house.
_DAY_OF_MONTH_ZH = re.compile(
    r"(?<![路街道巷弄0-9])(?<![路街道巷弄] )([0-9]{1,2})号(?!\s*[楼栋院门店线仓馆位])"
)
# "尾号3321 周六" is no span of 3321 weeks.
_DIGITS_BEFORE_WEEKDAY = re.compile(r"[0-9]{3,}(?=[0-9\s]*(?:周|星期|礼拜))")
_UNTIL = {"no later than", "before", "by", "until", "till", "以前", "之前", "前"}

# 一点 is "a bit" and 三点建议 "three suggestions": a bare hour counts only before one of these.
_BARE_HOUR = re.compile(rf"{_NUMBER}+点")
_AFTER_BARE_HOUR = re.compile(r"\s*(?:$|[钟半整前后以之到至左多送来取见过\-~,，.。!！?？;；])")
_BIT = re.compile(r"(?:一|几|两|有)点")
_HOUSE_NUMBER = re.compile(r"\s*[楼栋院门店线仓馆位]")

# What the shop's couriers mean by a part of the day, by the library's code for it.
_PARTS_OF_DAY = {
    "TMO": "08:00/12:00",
    "TMI": "11:00/13:00",
    "TAF": "12:00/18:00",
    "TEV": "18:00/21:00",
    "TNI": "18:00/22:00",
}
_EARLY = re.compile(r"凌晨|早|上午|半夜|夜里|am|a\.m|morning|night", re.IGNORECASE)
_FIRST_SERVICE_HOUR = 7  # a bare "3点" is 15:00; nobody asks for a parcel at night
_HALF_DAY = 12
_HOURS_OF_DAY = 24
_PAST = re.compile(
    r"买|下单|下的单|收到|签收|付[了款]|拍的|到的|上[周个]|\b(?:bought|ordered|paid|received|delivered|arrived|got|was|placed|last)\b",
    re.IGNORECASE,
)
_GLUE = re.compile(r"[\s,，的、]*(?:on|at|in the|around|about)?[\s,，的、]*", re.IGNORECASE)
_MOST_PASSES = 3


@dataclass(frozen=True)
class Moment:
    """An expression ``text[start:end]`` with its day and its time of day, where it names them.

    ``date`` is ``2026-11-25`` or an interval ``2026-11-28/2026-11-29`` with both days included;
    ``time`` is ``15:00``, an interval ``14:00/16:00``, or an open one, ``17:00/..`` and ``../10:00``
    (ISO 8601-2).
    """

    start: int
    end: int
    date: str | None = None
    time: str | None = None


class MomentReader:
    """Reads moments; construction compiles the library's grammars (1.5 s), so make one and keep it."""

    def __init__(self) -> None:
        with warnings.catch_warnings():
            # Two slips in the library's code that Python 3.8 and newer warn of when compiling it.
            warnings.simplefilter("ignore", SyntaxWarning)
            from recognizers_date_time import (  # type: ignore[import-not-found]
                Culture,
                DateTimeRecognizer,
            )
        self._zh = DateTimeRecognizer(Culture.Chinese).get_datetime_model()
        self._en = DateTimeRecognizer(Culture.English).get_datetime_model()

    def read(self, text: str, now: datetime.datetime) -> list[Moment]:
        """Return the moments in ``text``, in its order, as seen at ``now`` in Shanghai.

        Raises:
            ValueError: ``now`` has no time zone.
        """
        if now.tzinfo is None:
            raise ValueError(f"expected a time with its zone, got {now!r}: use moments.SHANGHAI")
        reference = now.astimezone(SHANGHAI).replace(tzinfo=None)
        has_han = _HAN.search(text) is not None
        moments: list[Moment] = []
        if has_han:
            plain = _DIGITS_BEFORE_WEEKDAY.sub(lambda match: " " * len(match.group()), text)
            moments += _read(
                self._zh, _MAY_HOLD_ZH, _DAY_OF_MONTH_ZH.sub(r"\1日", plain), reference
            )
        rest = _BOUND_EN.sub(lambda match: "at".rjust(len(match["word"])), _blank(text, moments))
        rest = _ROUGHLY_EN.sub(lambda match: " " * len(match.group()), rest)
        moments += _read(self._en, _MAY_HOLD_EN, rest, reference)
        joined = _join(text, sorted(moments, key=lambda moment: moment.start))
        return [_bound(text, moment) for moment in joined]


def _read(
    model: Any, may_hold: re.Pattern[str], text: str, reference: datetime.datetime
) -> list[Moment]:
    """Return what the library finds, asking again while the rest of the text may hold more."""
    moments: list[Moment] = []
    for _ in range(_MOST_PASSES):
        if not may_hold.search(text):
            break
        found = [m for result in model.parse(text, reference) for m in _resolve(text, result)]
        if not found:
            break
        moments += found
        text = _blank(text, found)
    return moments


def _resolve(text: str, result: Any) -> Iterator[Moment]:
    """Yield the library's result as a moment, unless it is a duration or no moment at all."""
    start, end = result.start, result.end + 1
    words, rest = text[start:end], text[end:]
    if _BARE_HOUR.fullmatch(words) and (
        not _AFTER_BARE_HOUR.match(rest) or (_BIT.fullmatch(words) and not rest.strip())
    ):
        return
    if words.endswith("号") and _HOUSE_NUMBER.match(rest):
        return
    if words.isdecimal():  # "Room 1201" is no year, and a year alone no day
        return
    kind = result.type_name.rpartition(".")[2]
    candidates = (result.resolution or {}).get("values", [])
    # 春熙路 holds a season to which the library knows no days.
    candidates = [c for c in candidates if c["timex"] and not c["timex"].endswith("_REF")]
    if not candidates or kind not in {
        "date",
        "daterange",
        "datetime",
        "datetimerange",
        "time",
        "timerange",
    }:
        return
    # For 周五 the library offers the last Friday and the next one, in this order.
    is_dated = kind.startswith("date")
    chosen = candidates[0 if is_dated and _PAST.search(text) else -1]
    if kind == "time":
        chosen = min(candidates, key=lambda c: _distance_from_service(c["value"]))
    first = chosen.get("value") or chosen.get("start") or chosen.get("end")
    last = chosen.get("end") or first
    part = _PARTS_OF_DAY.get(chosen["timex"][-3:])
    date = time = None
    if is_dated:
        date = first[:10]
        if kind == "daterange":
            # The library's end is the first day after the range, except for ranges between two named days.
            days = datetime.timedelta(days=0 if chosen["timex"].startswith("(") else 1)
            date += f"/{datetime.date.fromisoformat(last[:10]) - days}"
    if "time" in kind:
        clocks = [_by_day(value[-8:-3], words) for value in (first, last)]
        if any(int(clock[:2]) >= _HOURS_OF_DAY for clock in clocks):
            return
        time = part or (clocks[0] if first == last else "/".join(clocks))
    yield Moment(start, end, date, time)


def _by_day(clock: str, words: str) -> str:
    hour = int(clock[:2])
    if 0 < hour < _FIRST_SERVICE_HOUR and not _EARLY.search(words):
        return f"{hour + _HALF_DAY}{clock[2:]}"
    return clock


def _distance_from_service(value: str) -> int:
    """Return how far a time of day lies outside 08:00-21:00, in hours."""
    hour = int(value[:2])
    return max(8 - hour, hour - 20, 0)


def _blank(text: str, moments: list[Moment]) -> str:
    for moment in moments:
        text = text[: moment.start] + " " * (moment.end - moment.start) + text[moment.end :]
    return text


def _join(text: str, moments: list[Moment]) -> list[Moment]:
    """Return the moments with a day and a time of day that stand side by side made one."""
    joined: list[Moment] = []
    for moment in moments:
        last = joined[-1] if joined else None
        if (
            last
            and _GLUE.fullmatch(text[last.end : moment.start])
            and not (last.date and moment.date)
            and (not (last.time and moment.time) or "/" in last.time)
        ):
            joined[-1] = Moment(
                last.start, moment.end, last.date or moment.date, moment.time or last.time
            )
        else:
            joined.append(moment)
    return joined


def _bound(text: str, moment: Moment) -> Moment:
    """Return the moment with its time as an open interval where the words say before or after."""
    if not moment.time or "/" in moment.time:
        return moment
    lead = _BOUND_EN.search(text, max(0, moment.start - 20), len(text))
    word = None
    if lead and lead.start() < moment.end:
        word, moment = lead["word"].lower(), replace(moment, start=min(lead.start(), moment.start))
    else:
        trail = _BOUND_ZH.search(text, moment.start, moment.end + 3)
        if trail:
            word, moment = trail["word"], replace(moment, end=max(trail.end(), moment.end))
    if word is None:
        return moment
    return replace(moment, time=f"../{moment.time}" if word in _UNTIL else f"{moment.time}/..")
