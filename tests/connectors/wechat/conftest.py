"""A fake WeChat, and the app behind its callback."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.connectors.harness import RunningApp, running_app
from tests.connectors.wechat.fake import AES_KEY, APP_ID, SECRET, TOKEN, FakeWeChat


@pytest.fixture
async def wechat() -> AsyncIterator[FakeWeChat]:
    async with FakeWeChat() as fake:
        yield fake


def account(wechat: FakeWeChat) -> dict[str, Any]:
    """Return the settings of the account."""
    return {
        "wechat_app_id": APP_ID, "wechat_secret": SECRET, "wechat_token": TOKEN,
        "wechat_api_url": wechat.url,
    }  # fmt: skip


@pytest.fixture(params=["plain", "compatible", "safe"])
def mode(request: pytest.FixtureRequest, wechat: FakeWeChat) -> dict[str, Any]:
    """Each of the three modes of the server configuration, as settings."""
    if request.param == "plain":
        return account(wechat)
    wechat.aes_key, wechat.compatible = AES_KEY, request.param == "compatible"
    return {**account(wechat), "wechat_aes_key": AES_KEY}


@pytest.fixture
async def app(wechat: FakeWeChat, root: Path, tmp_path: Path) -> AsyncIterator[RunningApp]:
    async with running_app(root, tmp_path, **account(wechat)) as app:
        wechat.http = app.http
        yield app


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """WeChat and we wait longer for an answer than in life: no test depends on how busy its machine is."""
    monkeypatch.setattr("connectors.wechat.callback._ANSWER_WITHIN_S", 45.0)
    monkeypatch.setattr("tests.connectors.wechat.fake.PATIENCE_S", 50.0)


@pytest.fixture
def quick(patient: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Answers are late after 0.05 s at the latest; for messages that are held longer anyway."""
    monkeypatch.setattr("connectors.wechat.callback._ANSWER_WITHIN_S", 0.05)
