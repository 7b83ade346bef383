"""Order events over HTTP: signed, recent, whole, once; anything else gets a clear answer."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import select

from bot.orders.intake import OrderIntake
from bot.orders.policy import CodPolicy
from bot.storage.cod import OrderEventRow
from bot.storage.engine import Database
from bot.storage.orders import OrderRow
from connectors.orders.routes import order_events_router
from connectors.orders.signature import SIGNATURE, TIMESTAMP, sign
from tests.bot.orders.shop_events import created, event
from tests.bot.orders.test_cod_desk import NOON

KEY = "a key of the test"
NUMBER = "SO20261123001"


class Client:
    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http

    async def post(
        self, data: dict[str, Any] | bytes, *, key: str = KEY, at: int | None = None, **headers: str
    ) -> httpx.Response:
        body = data if isinstance(data, bytes) else json.dumps(data).encode()
        at = int(time.time()) if at is None else at
        signed = {TIMESTAMP: str(at), SIGNATURE: sign(key, at, body)} | headers
        return await self._http.post("/api/v1/order-events", content=body, headers=signed)


@pytest.fixture
async def client(database: Database, root: Path) -> AsyncIterator[Client]:
    app = FastAPI()
    policy = CodPolicy.load(root / "data/policy/cod.yml")
    app.include_router(order_events_router(OrderIntake(database, policy), KEY))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://shop") as http:
        yield Client(http)


def code(response: httpx.Response) -> str:
    error: dict[str, str] = response.json()["error"]
    assert error["message"]
    return error["code"]


async def test_a_new_event_is_accepted_and_a_repeated_one_known(
    client: Client, database: Database
) -> None:
    data = created(NUMBER, NOON)
    first, second = await client.post(data), await client.post(data)
    assert (first.status_code, first.json()["status"]) == (202, "accepted")
    assert (second.status_code, second.json()["status"]) == (200, "duplicate")
    async with database.read() as session:
        assert len((await session.scalars(select(OrderRow))).all()) == 1


async def test_the_signature_is_checked(client: Client) -> None:
    refused = await client.post(created(NUMBER, NOON), key="another")
    assert (refused.status_code, code(refused)) == (401, "bad_signature")


async def test_a_changed_body_is_refused(client: Client) -> None:
    body, at = json.dumps(created(NUMBER, NOON)).encode(), int(time.time())
    refused = await client.post(
        body.replace(b"129900", b"109900"), **{SIGNATURE: sign(KEY, at, body)}
    )
    assert (refused.status_code, code(refused)) == (401, "bad_signature")


@pytest.mark.parametrize("off_s", [-301 - 2, 301 + 2])
async def test_an_old_request_can_not_be_repeated(client: Client, off_s: int) -> None:
    refused = await client.post(created(NUMBER, NOON), at=int(time.time()) + off_s)
    assert (refused.status_code, code(refused)) == (401, "stale")


async def test_five_minutes_are_tolerated(client: Client) -> None:
    taken = await client.post(created(NUMBER, NOON), at=int(time.time()) - 295)
    assert taken.status_code == 202


@pytest.mark.parametrize(
    ("headers", "why"),
    [
        ({TIMESTAMP: ""}, "not_signed"),
        ({SIGNATURE: ""}, "not_signed"),
        ({TIMESTAMP: "soon"}, "bad_timestamp"),
    ],
)
async def test_missing_and_odd_headers(client: Client, headers: dict[str, str], why: str) -> None:
    refused = await client.post(created(NUMBER, NOON), **headers)
    assert (refused.status_code, code(refused)) == (401, why)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"type": "order.lost"}, "type"),
        ({"at": "2026-11-23T12:00:00"}, "at"),
        ({"order_number": "no 1"}, "order_number"),
        ({"colour": "red"}, "colour"),
        ({"order": None}, "order"),
    ],
)
async def test_what_is_wrong_is_named(client: Client, change: dict[str, Any], told: str) -> None:
    refused = await client.post(created(NUMBER, NOON) | change)
    assert (refused.status_code, code(refused)) == (422, "bad_event")
    assert told in refused.json()["error"]["message"]


@pytest.mark.parametrize("amount", [1299.0, "129900", -1, True])
async def test_an_amount_is_a_whole_number(client: Client, amount: object) -> None:
    data = created(NUMBER, NOON)
    data["order"]["amounts"]["goods"] = amount
    refused = await client.post(data)
    assert refused.status_code == 422
    assert "order.amounts.goods" in refused.json()["error"]["message"]


async def test_amounts_must_add_up(client: Client) -> None:
    data = created(NUMBER, NOON)
    data["order"]["amounts"]["total"] += 1
    refused = await client.post(data)
    assert "expected total 130400" in refused.json()["error"]["message"]


async def test_what_is_no_json_and_what_is_too_much(client: Client) -> None:
    assert (await client.post(b"{")).status_code == 422
    assert (await client.post(b" " * 300_000)).status_code == 413


async def test_an_event_before_its_order_is_kept(client: Client, database: Database) -> None:
    taken = await client.post(event("packed", NUMBER, NOON + timedelta(hours=1)))
    assert taken.status_code == 202
    async with database.read() as session:
        row = (await session.scalars(select(OrderEventRow))).one()
    assert not row.applied
