"""A flood of one does not touch another; a body that breaks off is no fault of ours."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

import pytest
from fastapi import Request
from starlette.exceptions import HTTPException

from connectors.guards import Rates, read_body


async def test_each_key_has_its_own_bucket() -> None:
    rates = Rates(per_minute=3)
    assert [await rates.allow("a") for _ in range(5)] == [True, True, True, False, False]
    assert await rates.allow("b")


async def test_zero_is_no_limit() -> None:
    rates = Rates(per_minute=0)
    assert all([await rates.allow("a") for _ in range(1000)])


async def test_who_hangs_up_in_the_middle_of_a_body_is_answered_like_any_bad_request() -> None:
    parts: list[MutableMapping[str, Any]] = [
        {"type": "http.request", "body": b"<xml>", "more_body": True},
        {"type": "http.disconnect"},
    ]

    async def receive() -> MutableMapping[str, Any]:
        return parts.pop(0)

    with pytest.raises(HTTPException) as refused:
        await read_body(Request({"type": "http", "headers": []}, receive), 100)
    assert refused.value.status_code == 400
