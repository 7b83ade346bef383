"""A flood of one does not touch another; a body that breaks off is no fault of ours."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, MutableMapping
from pathlib import Path
from typing import Any

import pytest
from fastapi import Request
from prometheus_client import REGISTRY
from starlette.exceptions import HTTPException

from connectors.guards import Rates, read_body
from tests.connectors.harness import running_app
from tests.connectors.web.line import Lines


async def test_each_key_has_its_own_bucket() -> None:
    rates = Rates(per_minute=3)
    assert [await rates.allow("a") for _ in range(5)] == [True, True, True, False, False]
    assert await rates.allow("b")


async def test_zero_is_no_limit() -> None:
    rates = Rates(per_minute=0)
    assert all([await rates.allow("a") for _ in range(1000)])


async def test_figures_are_kept_for_each_channel_and_bodies_and_addresses_are_limited(
    root: Path, tmp_path: Path
) -> None:
    def figure(name: str, **labels: str) -> float:
        return REGISTRY.get_sample_value(name, {"channel": "rest", **labels}) or 0.0

    before = [figure("yingda_received_total", outcome=o) for o in ("new", "duplicate")]
    answered = figure("yingda_deliveries_total", outcome="delivered")
    timed = figure("yingda_answer_seconds_count")
    async with running_app(root, tmp_path) as app:
        message = {"sender": "s", "message": "hello", "message_id": "1"}
        for _ in range(2):
            await app.http.post("/webhooks/rest/webhook", json=message)
        shown = (await app.http.get("/metrics")).text
        for path in ("/webhooks/rest/webhook", "/account/sign-in", "/files"):
            limit = 11_000_000 if path == "/files" else 1_000_000
            too_long = await app.http.post(path, content=b"x" * (limit + 1))
            assert too_long.status_code == 413, path

        async def stream() -> AsyncIterator[bytes]:
            for _ in range(11):
                yield b"x" * 100_000

        # Without a stated length the body is counted as it comes.
        chunked = await app.http.post(
            "/account/sign-in", content=stream(), headers={"x-yingda": "1"}
        )
        assert chunked.status_code == 413
        # No engine runs here, so the app is alive and not ready.
        assert (await app.http.get("/healthz")).status_code == 200
        ready = await app.http.get("/readyz")
        assert (ready.status_code, ready.json()) == (
            503, {"status": "not ready", "database": True, "engine": False},
        )  # fmt: skip
    after = [figure("yingda_received_total", outcome=o) for o in ("new", "duplicate")]
    assert [now - then for then, now in zip(before, after, strict=True)] == [1, 1]
    assert figure("yingda_deliveries_total", outcome="delivered") == answered + 1
    assert figure("yingda_answer_seconds_count") == timed + 1
    assert 'yingda_answer_seconds_bucket{channel="rest"' in shown


async def test_one_address_cannot_flood_under_many_names(root: Path, tmp_path: Path) -> None:
    async with running_app(root, tmp_path, address_requests_per_minute=2) as app:
        lines = Lines(app.socket)
        widgets = [await lines.connect({"lang": "zh"}, "203.0.113.9") for _ in range(3)]
        for number, widget in enumerate(widgets):
            await widget.until(lambda widget=widget: bool(widget.got("ready")))
            await widget.emit("say", {"client_id": f"client-{number}", "text": "你好"})
        async with asyncio.timeout(60):
            while len(await app.messages("out")) < len(widgets):  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        assert app.dialogue.seen == ["你好", "你好"]


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
