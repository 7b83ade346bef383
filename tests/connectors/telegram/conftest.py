"""A fake Telegram, and the app connected to it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.connectors.harness import RunningApp, running_app
from tests.connectors.telegram.fake import TOKEN, FakeTelegram


@pytest.fixture
async def telegram() -> AsyncIterator[FakeTelegram]:
    async with FakeTelegram() as fake:
        yield fake


@pytest.fixture
async def app(
    telegram: FakeTelegram, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[RunningApp]:
    """The app, in a hurry; test_limits has it at Telegram's pace."""
    monkeypatch.setattr("connectors.telegram.channel._CHAT_EVERY_S", 0.02)
    telegram.enforce_floods = False
    async with running_app(
        root, tmp_path, telegram_token=TOKEN, telegram_api_url=telegram.url
    ) as app:
        yield app
