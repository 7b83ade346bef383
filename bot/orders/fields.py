"""What can be changed of an order, until when, and how it is written in a row and in an event."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from bot.orders.model import OrderState
from bot.storage.orders import OrderRow

_S = OrderState
NOT_PACKED = frozenset({_S.UNPAID, _S.PLACED, _S.PAID})


class Field(StrEnum):
    """What can be changed of an order; the value is also the kind of the event: ``change.address``."""

    ADDRESS = "address"
    RECIPIENT = "recipient"
    WINDOW = "window"
    PHONE = "phone"
    NOTE = "note"
    CANCEL = "cancel"


# What each field shall be, as ``values_of`` writes it.
Changes = Mapping[Field, Mapping[str, Any]]

# In which states of the order each change is possible: until the parcel is packed. After a failed
# attempt there is another delivery to arrange.
ALLOWED: Mapping[Field, frozenset[OrderState]] = {
    Field.ADDRESS: NOT_PACKED,
    Field.RECIPIENT: NOT_PACKED,
    Field.WINDOW: NOT_PACKED | {_S.DELIVERY_FAILED},
    Field.PHONE: NOT_PACKED,
    Field.NOTE: NOT_PACKED | {_S.DELIVERY_FAILED},
    Field.CANCEL: NOT_PACKED,
}


def first_forbidden(state: OrderState, changes: Changes) -> Field | None:
    """Return the first change that an order in ``state`` does not allow; taking a cancellation back is one too."""
    for field, values in changes.items():
        back = field is Field.CANCEL and values["state"] != _S.CANCELLED
        if state not in (NOT_PACKED | {_S.CANCELLED} if back else ALLOWED[field]):
            return field
    return None


def values_of(row: OrderRow, field: Field) -> dict[str, Any]:
    """Return what is written down of a field, as JSON."""
    match field:
        case Field.ADDRESS:
            return {
                "subdivision": row.subdivision,
                "province": row.province,
                "city": row.city,
                "district": row.district,
                "detail": row.detail,
            }
        case Field.WINDOW:
            return {"start": iso(row.window_start), "end": iso(row.window_end)}
        case Field.RECIPIENT:
            return {"recipient": row.recipient}
        case Field.PHONE:
            return {"phone": row.phone}
        case Field.NOTE:
            return {"note": row.courier_note}
        case Field.CANCEL:
            return {"state": row.state.value, "collect_minor": row.collect_minor}


def put(row: OrderRow, field: Field, values: Mapping[str, Any]) -> None:
    """Write values, as ``values_of`` returns them, into a row."""
    match field:
        case Field.ADDRESS:
            row.subdivision, row.province = values["subdivision"], values["province"]
            row.city, row.district = values["city"], values["district"]
            row.detail = values["detail"]
        case Field.WINDOW:
            row.window_start = _moment(values["start"])
            row.window_end = _moment(values["end"])
        case Field.RECIPIENT:
            row.recipient = values["recipient"]
        case Field.PHONE:
            row.phone = values["phone"]
        case Field.NOTE:
            row.courier_note = values["note"]
        case Field.CANCEL:
            row.state = OrderState(values["state"])
            row.collect_minor = values["collect_minor"]


def iso(moment: datetime | None) -> str | None:
    """Return a moment as text in UTC."""
    return moment.astimezone(UTC).isoformat() if moment else None


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
