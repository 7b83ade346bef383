"""A shop's order API as docs/order-api.yml describes it, over an order book of its own.

Runs as a process: ``python -m tests.bot.orders.reference_shop DATABASE_URL PORT``. ``POST /faults``
makes the next requests fail: it is no part of the API.
"""

from __future__ import annotations

import asyncio
import sys
from typing import Annotated, Literal

import uvicorn
from fastapi import APIRouter, Depends, FastAPI, Header, HTTPException, Query, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from bot.orders.book import ChangeRefusedError, SqlOrderBook, UnknownOrderError
from bot.orders.remote.wire import ChangeBody, OrderBody, RefusalBody
from bot.storage.engine import Database

TOKEN = "reference"


class Faults(BaseModel):
    """What happens to the next ``count`` requests; ``cut`` carries them out and loses the answer."""

    count: int
    kind: Literal["error", "hang", "cut"] = "error"


def create_shop(book: SqlOrderBook) -> FastAPI:
    async def known(authorization: Annotated[str, Header()]) -> None:
        if authorization != f"Bearer {TOKEN}":
            raise HTTPException(401, "expected the token in Authorization: Bearer")

    shop = FastAPI(
        title="Order API of a shop",
        version="1",
        description="What Yingda asks of a shop's own order system. "
        "Answer within 1.5 seconds; 429 and 5xx are tried again.",
    )
    api = APIRouter(dependencies=[Depends(known)])

    @api.get("/orders/{reference}", operation_id="find", responses={404: {"description": "None."}})
    async def find(reference: str) -> OrderBody:
        """The order with this order or tracking number, in capital letters."""
        order = await book.find(reference)
        if order is None:
            raise HTTPException(404, "no such order")
        return OrderBody.of(order)

    @api.get("/orders", operation_id="of_same_customer")
    async def of_same_customer(
        customer_id: str, phone: str | None = None, limit: Annotated[int, Query(ge=1, le=100)] = 5
    ) -> list[OrderBody]:
        """A customer's orders, newest first; to one phone, if named."""
        rows = await book.of_customer(customer_id, phone=phone, limit=limit)
        return [OrderBody.of(order) for order in rows]

    @api.patch(
        "/orders/{number}",
        operation_id="change",
        responses={
            404: {"description": "No such order."},
            409: {"description": "The order's state does not allow it.", "model": RefusalBody},
        },
    )
    async def change(
        number: str,
        body: ChangeBody,
        idempotency_key: Annotated[str, Header(description="A repeated key changes nothing.")],
    ) -> OrderBody:
        """Make changes to an order, all of them or none. Only the keys that are sent change."""
        try:
            order = await book.change(
                number, body.read(), confirmed_at=body.confirmed_at, key=idempotency_key, at=body.at
            )
        except UnknownOrderError as error:
            raise HTTPException(404, "no such order") from error
        except ChangeRefusedError as refusal:
            raise _RefusedError(refusal) from refusal
        return OrderBody.of(order)

    @shop.exception_handler(_RefusedError)
    async def refused(_: Request, error: _RefusedError) -> JSONResponse:
        body = RefusalBody(field=error.refusal.field, order=OrderBody.of(error.refusal.order))
        return JSONResponse(body.model_dump(mode="json"), 409)

    shop.include_router(api)
    return shop


class _RefusedError(Exception):
    def __init__(self, refusal: ChangeRefusedError) -> None:
        self.refusal = refusal


def with_faults(shop: FastAPI) -> FastAPI:
    """Return the shop with a switch that makes it fail."""
    faults = Faults(count=0)

    @shop.post("/faults", include_in_schema=False)
    async def set_faults(wanted: Faults) -> None:
        faults.count, faults.kind = wanted.count, wanted.kind

    @shop.middleware("http")
    async def fail(request: Request, call_next):  # type: ignore[no-untyped-def]
        if request.url.path == "/faults" or not faults.count:
            return await call_next(request)
        faults.count -= 1
        if faults.kind == "hang":
            await asyncio.sleep(60)
        if faults.kind == "cut":
            await call_next(request)
        return JSONResponse({"detail": "out of order"}, 503)

    return shop


if __name__ == "__main__":
    url, port = sys.argv[1:]
    uvicorn.run(
        with_faults(create_shop(SqlOrderBook(Database(url)))),
        host="127.0.0.1",
        port=int(port),
        log_level="warning",
    )
