"""A shop that tells what happens to one order: events as JSON, each with an id of its own."""

from __future__ import annotations

import itertools
import json
import time
from datetime import datetime
from typing import Any

from bot.orders.events import OrderEvent
from bot.orders.wire import event_from_json
from connectors.orders.signature import SIGNATURE, TIMESTAMP, sign

_ids = itertools.count(1)
CONTACT = {"channel": "web", "user": "visitor-1"}


def signed(data: dict[str, Any], key: str) -> dict[str, Any]:
    """Return content and headers of the request with an event, signed now."""
    body, at = json.dumps(data).encode(), int(time.time())
    return {"content": body, "headers": {TIMESTAMP: str(at), SIGNATURE: sign(key, at, body)}}


def created(
    number: str,
    at: datetime,
    *,
    price: int = 129900,
    cod: bool = True,
    contact: dict[str, str] | None = CONTACT,
    language: str = "zh",
    customer: str = "c-1",
    **order: Any,
) -> dict[str, Any]:
    """Return ``order.created``; prices in fen."""
    fee = 500 if cod else 0
    body: dict[str, Any] = {
        "customer": {"id": customer, "name": "周建国", "language": language},
        "cash_on_delivery": cod,
        "amounts": {"goods": price, "cod_fee": fee, "total": price + fee},
        "recipient": "周建国",
        "phone": "+8615400003321",
        "address": {
            "subdivision": "CN-SC",
            "province": "四川省",
            "city": "成都市",
            "district": "武侯区",
            "detail": "人民路18号锦绣家园3幢1201室",
        },
        "items": [
            {
                "sku": "HA-2004",
                "name": {"zh": "扫拖一体机器人", "en": "Robot vacuum and mop"},
                "quantity": 1,
                "unit_price": price,
            }
        ],
    }
    if contact:
        body["contact"] = contact
    return event("created", number, at, order=body | order)


def event(kind: str, number: str, at: datetime, **more: Any) -> dict[str, Any]:
    return {
        "id": f"evt-{next(_ids)}",
        "type": f"order.{kind}",
        "order_number": number,
        "at": at.isoformat(),
        **more,
    }


def shipped(number: str, at: datetime, tracking: str = "SF1390000000001") -> dict[str, Any]:
    return event("shipped", number, at, parcel={"carrier": "sf", "tracking_number": tracking})


def read(data: dict[str, Any]) -> OrderEvent:
    return event_from_json(data)
