"""A claim: what a customer wants done about an order once it is theirs, while it is being told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from bot.orders.answers import Goal
from bot.orders.cases import CaseKind


class Detail(StrEnum):
    """What may be asked about a claim, in the order of asking."""

    ITEM = "item"  # which of the order's goods
    REASON = "reason"  # does not please, or is faulty
    OPENED = "opened"  # the question of the goods' category
    WISH = "wish"  # what to have instead
    PROBLEM = "problem"  # wrong, missing or damaged
    PHOTO = "photo"
    TITLE = "title"  # 抬头: in whose name the invoice is
    TAX_NUMBER = "tax_number"
    EMAIL = "email"


class Reason(StrEnum):
    """Why goods go back."""

    UNSUITABLE = "unsuitable"
    FAULT = "fault"


class Problem(StrEnum):
    """What is wrong with what came."""

    WRONG = "wrong"
    MISSING = "missing"
    DAMAGED = "damaged"


class Photo(StrEnum):
    """Where the photos are."""

    SENT = "sent"
    LATER = "later"


# In whose name an invoice is that no company gets.
PERSONAL = "个人"

# Which case a claim ends in. `NOT_RECEIVED` is one only for an order that counts as delivered.
KINDS: Mapping[Goal, CaseKind] = {
    Goal.RETURN_REQUEST: CaseKind.RETURN,
    Goal.EXCHANGE_REQUEST: CaseKind.EXCHANGE,
    Goal.WRONG_OR_DAMAGED_ITEM: CaseKind.PROBLEM,
    Goal.INVOICE: CaseKind.INVOICE,
    Goal.NOT_RECEIVED: CaseKind.NOT_RECEIVED,
}


@dataclass(frozen=True, slots=True)
class Claim:
    """What is known of a claim; ``None`` was not said yet.

    ``skus`` are the articles it is about, ``opened`` the answer to the question of their category,
    ``pictures`` the ids of the files that came along, ``words`` what the customer wrote about it.
    """

    skus: tuple[str, ...] = ()
    reason: Reason | None = None
    opened: bool | None = None
    wish: str | None = None
    problem: Problem | None = None
    photo: Photo | None = None
    pictures: tuple[str, ...] = ()
    title: str | None = None
    tax_number: str | None = None
    email: str | None = None
    words: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the claim as JSON data without its empty parts."""
        data = {key: value for key, value in asdict(self).items() if value not in (None, ())}
        return data | {key: list(data[key]) for key in ("skus", "pictures", "words") if key in data}

    @classmethod
    def from_json(cls, data: Mapping[str, Any] | None) -> Claim:
        """Return the claim that ``to_json`` wrote; an empty one of nothing."""
        data = data or {}
        return cls(
            skus=tuple(data.get("skus", ())),
            reason=Reason(data["reason"]) if "reason" in data else None,
            opened=data.get("opened"),
            wish=data.get("wish"),
            problem=Problem(data["problem"]) if "problem" in data else None,
            photo=Photo(data["photo"]) if "photo" in data else None,
            pictures=tuple(data.get("pictures", ())),
            title=data.get("title"),
            tax_number=data.get("tax_number"),
            email=data.get("email"),
            words=tuple(data.get("words", ())),
        )
