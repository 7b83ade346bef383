"""The shop's rules for what happens after the delivery, read from ``data/policy/aftersales.yml``."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, PositiveFloat, PositiveInt
from ruamel.yaml import YAML

from bot.orders.model import Bilingual, Money, Order, OrderItem
from bot.orders.policy import Yuan
from bot.orders.promise import local_day


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Words(_Part):
    """One text in both languages."""

    zh: str
    en: str

    def read(self) -> Bilingual:
        """Return it as the domain knows it."""
        return Bilingual(self.zh, self.en)


class _Days(_Part):
    days: PositiveInt


class _Hours(_Part):
    hours: PositiveFloat


class Category(_Part):
    """Goods with a rule of their own.

    Args:
        unless: a question; a "no" lets them go back after all. ``None``: they never can.
        after: what they are called once the answer was "yes".
        fault_note: what to know when they are faulty.
    """

    name: Words
    skus: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    unless: Words | None = None
    after: Words | None = None
    fault_note: Words | None = None

    def holds(self, item: OrderItem) -> bool:
        """Tell whether an item is of this category."""
        names = f"{item.name.zh} {item.name.en}".lower()
        return any(fnmatchcase(item.sku, sku) for sku in self.skus) or any(
            word.lower() in names for word in self.words
        )


class AftersalesPolicy(_Part):
    """Until when and for what a customer may return, exchange, report and be invoiced."""

    returns: _Days = Field(alias="return")
    exchange: _Days
    report: _Hours
    invoice: _Days
    return_postage: Yuan
    refund_within_days: PositiveInt
    categories: tuple[Category, ...]

    @classmethod
    def load(cls, file: Path) -> Self:
        """Read the policy.

        Raises:
            ValueError: the file is not as this class describes it; the text says where and why.
        """
        try:
            return cls.model_validate(YAML(typ="safe").load(file.read_text("utf-8")))
        except ValueError as error:
            raise ValueError(f"{file}: {error}") from error

    def category_of(self, item: OrderItem) -> Category | None:
        """Return the first category that an item is of."""
        return next((one for one in self.categories if one.holds(item)), None)

    def postage(self, order: Order) -> Money:
        """Return what sending goods back costs a customer."""
        return Money(self.return_postage, order.total.currency)


def received_at(order: Order, items: tuple[OrderItem, ...] = ()) -> datetime | None:
    """Return when the last parcel with any of ``items`` (of all, when empty) was delivered."""
    times = [
        parcel.delivered.at
        for parcel in order.parcels
        if parcel.delivered and (not items or set(items) & set(parcel.items) or not parcel.items)
    ]
    return max(times, default=None)


def last_day(received: datetime, days: int) -> date:
    """Return the last day of a period that begins on the day after the delivery."""
    return local_day(received) + timedelta(days=days)
