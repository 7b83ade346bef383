"""Telegram's flood limits, counted by the other side; and what happens when it still says 429."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from connectors.telegram.channel import telegram_limits
from tests.connectors.clock import JumpingLoop
from tests.connectors.harness import RunningApp, running_app, until
from tests.connectors.telegram.fake import TOKEN, FakeTelegram


@pytest.fixture
async def app(telegram: FakeTelegram, root: Path, tmp_path: Path) -> AsyncIterator[RunningApp]:
    """The app at the pace that Telegram allows."""
    chosen = {"telegram_token": TOKEN, "telegram_api_url": telegram.url}
    async with running_app(root, tmp_path, **chosen) as app:
        yield app


def test_what_is_sent_stays_below_telegrams_limits_whoever_asks_for_it() -> None:
    """Counted over minutes of a clock that jumps: 30 in any second, 20 in any minute of a group."""
    passed: list[tuple[float, int]] = []

    async def burst() -> None:
        limits, loop = telegram_limits(), asyncio.get_running_loop()

        async def send(chat: int) -> None:
            async def call(*_: object, **__: object) -> bool:
                passed.append((loop.time(), chat))
                return True

            chosen = {"chat_id": chat}
            await limits.process_request(call, (), {}, "sendMessage", chosen, None)

        await limits.initialize()
        await asyncio.gather(
            *(send(chat) for chat in [*range(1, 81), *[-1001] * 30, *[-1002] * 30])
        )

    with asyncio.Runner(loop_factory=JumpingLoop) as runner:
        runner.run(burst())
    assert len(passed) == 140
    assert _most_in(1.0, [at for at, _ in passed]) <= 30
    for group in (-1001, -1002):
        assert _most_in(60.0, [at for at, chat in passed if chat == group]) <= 20
    # And not much slower than that.
    assert max(at for at, chat in passed if chat > 0) - passed[0][0] < 8
    assert passed[-1][0] - passed[0][0] < 2.5 * 60


async def test_many_chats_at_once_are_answered_within_what_telegram_counts(
    telegram: FakeTelegram, app: RunningApp
) -> None:
    for chat in range(1, 41):
        telegram.message(chat, "在吗")
    await until(lambda: len(telegram.sent) == 40)
    assert telegram.flooded == 0


async def test_one_chat_gets_one_message_a_second(telegram: FakeTelegram, app: RunningApp) -> None:
    for number in range(3):
        telegram.message(1, f"{number}")
    await until(lambda: len(telegram.sent) == 3)
    assert telegram.flooded == 0
    assert telegram.texts(1) == [f"re {n}" for n in range(3)]
    gaps = [b.at - a.at for a, b in itertools.pairwise(telegram.sent)]
    assert min(gaps) > 0.95


async def test_retry_after_is_obeyed_by_all_and_does_not_use_up_attempts(
    telegram: FakeTelegram, app: RunningApp
) -> None:
    telegram.faults.extend([1])
    telegram.message(1, "一")
    await until(lambda: not telegram.faults)
    telegram.message(2, "二")
    await until(lambda: len(telegram.sent) == 2)
    assert telegram.sent[0].at - telegram.refused_at >= 1
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


def _most_in(seconds: float, times: list[float]) -> int:
    """Return how many fall into the fullest window of that length."""
    return max(sum(start <= at < start + seconds for at in times) for start in times)
