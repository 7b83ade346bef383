"""The shop's policy for cash on delivery, read from ``data/policy/cod.yml``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator
from ruamel.yaml import YAML

from bot.orders.model import Address, Bilingual, Money, Order

_MINOR_PER_YUAN = 100
# A house needs a number; 号, 栋 and the like after a Chinese numeral count too.
_HOUSE = re.compile(r"[0-9０-９]|[一二三四五六七八九十百]+(?=[号栋幢座单室楼])")
_ABROAD = frozenset({"CN-HK", "CN-MO", "CN-TW"})


def _yuan(value: object) -> int:
    """Return an amount written in yuan as minor units; a float is refused, it may not be exact."""
    if isinstance(value, float):
        raise ValueError(f'expected an amount in quotes, got the number {value}: write "{value}"')  # noqa: TRY004
    return int(Decimal(str(value)) * _MINOR_PER_YUAN)


Yuan = Annotated[int, BeforeValidator(_yuan)]


class Friction(StrEnum):
    """What a customer has to do to confirm, from the lightest to the heaviest."""

    ONE_TAP = "one_tap"
    CHECK_ADDRESS = "check_address"
    ONE_TIME_CODE = "one_time_code"
    PART_PREPAYMENT = "part_prepayment"


_WEIGHT = {friction: weight for weight, friction in enumerate(Friction)}


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class _Ask(_Part):
    from_amount: Yuan = 0
    delay_seconds: float = Field(5, ge=0, le=60)


class _Limits(_Part):
    least: Yuan
    most: Yuan
    mainland_only: bool = True
    pay_link: str


class _NoAnswer(_Part):
    after_hours: float = Field(gt=0)
    then: Literal["agent", "hold", "ship", "cancel"]


class _Clock(_Part):
    start: time = Field(alias="from")
    end: time = Field(alias="to")


class _Channel(_Part):
    speak_first: bool
    within_hours: float | None = None


class _Delivery(_Clock):
    earliest_days: int = Field(ge=0)
    earliest_days_again: int = Field(ge=0)
    latest_days: int = Field(ge=1)


class _Words(_Part):
    zh: str
    en: str


class _Rule(_Part):
    when: Literal["first_order", "amount_from", "address_incomplete", "refusals_from"]
    value: str | None = None
    friction: Friction
    reason: _Words

    def fits(self, order: Order, history: History) -> bool:
        match self.when:
            case "first_order":
                return history.orders == 0
            case "amount_from":
                return order.total.minor >= _yuan(self.value or "0")
            case "address_incomplete":
                return not _HOUSE.search(order.address.detail)
            case "refusals_from":
                return history.refusals >= int(self.value or "1")


class _Prepayment(_Part):
    share_percent: int = Field(gt=0, lt=100)
    link: str


@dataclass(frozen=True, slots=True)
class History:
    """What a customer did before: how many other orders, how many parcels were refused."""

    orders: int
    refusals: int


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the risk rules made of an order, with the reasons for the people at the desk."""

    friction: Friction
    reasons: tuple[Bilingual, ...]

    @property
    def in_words(self) -> list[dict[str, str]]:
        """The reasons as a confirmation keeps them."""
        return [{"zh": reason.zh, "en": reason.en} for reason in self.reasons]


class CodPolicy(_Part):
    """Everything a shop decides about confirming cash-on-delivery orders."""

    ask: _Ask
    limits: _Limits
    reminders_after_hours: list[float]
    no_answer: _NoAnswer
    quiet_hours: _Clock
    time_zones: dict[str, str]
    channels: dict[str, _Channel]
    delivery: _Delivery
    risk: list[_Rule]
    prepayment: _Prepayment

    @field_validator("reminders_after_hours")
    @classmethod
    def _in_order(cls, hours: list[float]) -> list[float]:
        if hours != sorted(set(hours)) or any(hour <= 0 for hour in hours):
            raise ValueError(f"expected hours after the first message in rising order, got {hours}")
        return hours

    @classmethod
    def load(cls, file: Path) -> Self:
        """Read the policy.

        Raises:
            ValueError: the file is not as this class describes it; the text says where and why.
        """
        content = YAML(typ="safe").load(file.read_text("utf-8"))
        try:
            return cls.model_validate(content)
        except ValueError as error:
            raise ValueError(f"{file}: {error}") from error

    def needs_confirmation(self, order: Order) -> bool:
        """Tell whether the customer is asked before this order is sent."""
        return order.awaits_confirmation and order.total.minor >= self.ask.from_amount

    def judge(self, order: Order, history: History) -> Judgement:
        """Return the friction for an order, the strongest of all rules that fit, with all reasons."""
        fitting = [rule for rule in self.risk if rule.fits(order, history)]
        friction = max(
            (rule.friction for rule in fitting), key=_WEIGHT.__getitem__, default=Friction.ONE_TAP
        )
        reasons = (
            Bilingual(*(text.format(value=rule.value) for text in (rule.reason.zh, rule.reason.en)))
            for rule in fitting
        )
        return Judgement(friction, tuple(reasons))

    def takes(self, address: Address) -> bool:
        """Tell whether cash on delivery is possible at an address."""
        return not self.limits.mainland_only or address.subdivision not in _ABROAD

    def refuses(self, order: Order) -> bool:
        """Tell whether an order can't be cash on delivery: its amount or where it goes."""
        return order.cash_on_delivery and not self._within(order.total.minor, order.address)

    def asks_about(self, total_minor: int, address: Address) -> bool:
        """Tell whether the customer hears of a new cash-on-delivery order before it is sent."""
        return total_minor >= self.ask.from_amount or not self._within(total_minor, address)

    def _within(self, total_minor: int, address: Address) -> bool:
        return self.limits.least <= total_minor <= self.limits.most and self.takes(address)

    def may_speak_first(self, channel: str, last_heard: datetime | None, now: datetime) -> bool:
        """Tell whether the bot may write to a customer on a channel who was last heard then."""
        rule = self.channels.get(channel)
        if rule is None or not rule.speak_first:
            return False
        if rule.within_hours is None:
            return True
        return last_heard is not None and now - last_heard <= timedelta(hours=rule.within_hours)

    def zone(self, address: Address) -> ZoneInfo:
        """Return the time zone in which a customer lives."""
        zones: Mapping[str, str] = self.time_zones
        return ZoneInfo(zones.get(address.subdivision, zones["default"]))

    def next_waking(self, address: Address, moment: datetime) -> datetime:
        """Return ``moment``, or the end of the quiet hours that it falls into."""
        local = moment.astimezone(self.zone(address))
        start, end = self.quiet_hours.start, self.quiet_hours.end
        clock = local.time()
        over_midnight = start > end
        quiet = (clock >= start or clock < end) if over_midnight else start <= clock < end
        if not quiet:
            return moment
        day = local.date() + timedelta(days=1 if over_midnight and clock >= start else 0)
        return datetime.combine(day, end, local.tzinfo)

    def next_reminder(self, sent: int, asked_at: datetime) -> datetime | None:
        """Return when the reminder after ``sent`` of them is due, ``None`` when there is no more."""
        if sent >= len(self.reminders_after_hours):
            return None
        return asked_at + timedelta(hours=self.reminders_after_hours[sent])

    def deadline(self, asked_at: datetime) -> datetime:
        """Return when the policy for no answer takes over."""
        return asked_at + timedelta(hours=self.no_answer.after_hours)

    def prepayment_of(self, order: Order) -> Money:
        """Return the part that is to be paid before sending, rounded up to a whole minor unit."""
        minor = -(-order.total.minor * self.prepayment.share_percent // 100)
        return Money(minor, order.total.currency)
