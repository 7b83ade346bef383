"""Telegram's flood limits, counted by the other side; and what happens when it still says 429."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.connectors.harness import RunningApp, running_app, until
from tests.connectors.telegram.fake import BOT_NAME, TOKEN, FakeTelegram


@pytest.fixture
async def app(telegram: FakeTelegram, root: Path, tmp_path: Path) -> AsyncIterator[RunningApp]:
    """The app at the pace that Telegram allows."""
    chosen = {"telegram_token": TOKEN, "telegram_api_url": telegram.url}
    async with running_app(root, tmp_path, **chosen) as app:
        yield app


async def test_a_hundred_chats_at_once_are_answered_within_thirty_a_second(
    telegram: FakeTelegram, app: RunningApp
) -> None:
    for chat in range(1, 101):
        telegram.message(chat, "在吗")
    await until(lambda: len(telegram.sent) == 100, 60)
    assert telegram.flooded == 0
    took = telegram.sent[-1].at - telegram.sent[0].at
    assert took > 3  # 5 at once and 20 a second; how much longer depends on the machine


async def test_one_chat_gets_one_message_a_second(telegram: FakeTelegram, app: RunningApp) -> None:
    for number in range(4):
        telegram.message(1, f"{number}")
    await until(lambda: len(telegram.sent) == 4)
    assert telegram.flooded == 0
    assert telegram.texts(1) == [f"re {n}" for n in range(4)]
    gaps = [b.at - a.at for a, b in zip(telegram.sent, telegram.sent[1:], strict=False)]
    assert min(gaps) > 0.95


async def test_a_group_gets_at_most_twenty_in_a_minute(
    telegram: FakeTelegram, app: RunningApp
) -> None:
    for user in range(1, 12):
        telegram.message(-1001, f"@{BOT_NAME} 在吗", user=user)
    await asyncio.sleep(7)
    # Five at once, then one every four seconds.
    assert 5 <= len(telegram.sent) <= 7
    assert telegram.flooded == 0


async def test_retry_after_is_obeyed_by_all_and_does_not_use_up_attempts(
    telegram: FakeTelegram, app: RunningApp
) -> None:
    telegram.faults.extend([2])
    telegram.message(1, "一")
    await until(lambda: not telegram.faults)
    told = time.monotonic()
    telegram.message(2, "二")
    await until(lambda: len(telegram.sent) == 2)
    assert telegram.sent[0].at - told > 1.8
    sends = [method for method, _ in telegram.calls].count("sendMessage")
    assert sends == 3  # the refused one and the two that arrived: nobody tried in between
    await app.until_out(lambda row: row.state == "done")
    assert [row.attempts for row in await app.messages("out")] == [0, 0]


async def test_a_broken_connection_is_tried_again_in_order(
    telegram: FakeTelegram, app: RunningApp
) -> None:
    telegram.faults.extend(["reset", "500"])
    for text in ("一", "二"):
        telegram.message(1, text)
    await until(lambda: len(telegram.sent) == 2)
    assert telegram.texts(1) == ["re 一", "re 二"]
