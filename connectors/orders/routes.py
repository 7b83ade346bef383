"""``POST /api/v1/order-events``: a shop tells what happened to an order."""

from __future__ import annotations

import time
from datetime import UTC, datetime

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import ValidationError

from bot.orders.intake import OrderIntake
from bot.orders.wire import EventWire
from connectors.orders.signature import SIGNATURE, TIMESTAMP, SignatureError, check

_LARGEST_BYTES = 256_000  # two hundred items need less than 60 kB


def order_events_router(intake: OrderIntake, key: str) -> APIRouter:
    """Return the route, open to who signs with ``key``."""
    router = APIRouter(prefix="/api/v1", tags=["orders"])

    @router.post("/order-events", status_code=202)
    async def order_events(request: Request) -> JSONResponse:
        """Take one event: 202 when it is new, 200 when its id was taken before."""
        body = await _body(request)
        if body is None:
            return _error(413, "too_large", f"expected at most {_LARGEST_BYTES} bytes")
        given = request.headers.get(TIMESTAMP), request.headers.get(SIGNATURE)
        try:
            check(key, *given, body, time.time())
        except SignatureError as error:
            return _error(401, error.code, str(error))
        try:
            event = EventWire.model_validate_json(body).read()
        except ValidationError as error:
            return _error(422, "bad_event", "; ".join(_problems(error)))
        new = await intake.take(event, datetime.now(UTC))
        status = "accepted" if new else "duplicate"
        return JSONResponse({"status": status, "id": event.event_id}, 202 if new else 200)

    return router


async def _body(request: Request) -> bytes | None:
    """Return the body, ``None`` as soon as it is longer than any event."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _LARGEST_BYTES:
            return None
    return bytes(body)


def _problems(error: ValidationError) -> list[str]:
    problems = []
    for problem in error.errors(include_url=False, include_input=False):
        place = ".".join(str(part) for part in problem["loc"])
        problems.append(f"{place or 'event'}: {problem['msg'].removeprefix('Value error, ')}")
    return problems


def _error(status: int, code: str, message: str) -> JSONResponse:
    return JSONResponse({"error": {"code": code, "message": message}}, status)
