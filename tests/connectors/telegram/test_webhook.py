"""The webhook: set, guarded by its secret, in order, repaired when it changed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from connectors.telegram.sequence import Sequence
from connectors.telegram.webhook import PATH
from tests.connectors.harness import RunningApp, running_app, until
from tests.connectors.telegram.fake import TOKEN, FakeTelegram


@pytest.fixture
async def app(telegram: FakeTelegram, root: Path, tmp_path: Path) -> AsyncIterator[RunningApp]:
    async with running_app(
        root,
        tmp_path,
        telegram_token=TOKEN,
        telegram_api_url=telegram.url,
        public_url="https://bot.example/",
    ) as app:
        await until(lambda: bool(telegram.webhook))
        async with asyncio.timeout(20):
            while (await _push(telegram, app, {"update_id": telegram.last_update_id})).is_error:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        yield app


async def _push(
    telegram: FakeTelegram, app: RunningApp, update: object, **headers: str
) -> httpx.Response:
    secret = {"x-telegram-bot-api-secret-token": telegram.webhook["secret_token"]}
    return await app.http.post(PATH, json=update, headers=secret | headers)


async def test_an_update_with_the_secret_is_answered_once(
    telegram: FakeTelegram, app: RunningApp
) -> None:
    assert telegram.webhook["url"] == "https://bot.example/webhooks/telegram"
    update = telegram.message(1, "包邮吗")
    for _ in range(3):  # Telegram repeats what it believes lost
        assert (await _push(telegram, app, update)).status_code == 200
    await _push(telegram, app, telegram.message(1, "谢谢"))
    await until(lambda: "re 谢谢" in telegram.texts(1))
    assert telegram.texts(1) == ["re 包邮吗", "re 谢谢"]
    assert app.dialogue.seen == ["包邮吗", "谢谢"]


async def test_without_the_secret_nothing_gets_in(telegram: FakeTelegram, app: RunningApp) -> None:
    for secret in ("", "wrong", "密", None):
        header = {} if secret is None else {"x-telegram-bot-api-secret-token": secret.encode()}
        answer = await app.http.post(PATH, json=telegram.message(1, "在吗"), headers=header)
        assert answer.status_code == 403, secret
    assert await app.messages() == []


async def test_what_is_no_update_is_refused(telegram: FakeTelegram, app: RunningApp) -> None:
    secret = {"x-telegram-bot-api-secret-token": telegram.webhook["secret_token"]}
    for body in (b"", b"{", b"[]", b"null", b'{"update_id": "x"}', b"{}", b"\xff"):
        answer = await app.http.post(PATH, content=body, headers=secret)
        assert answer.status_code == 400, body


async def test_an_oversized_body_is_not_read(telegram: FakeTelegram, app: RunningApp) -> None:
    secret = {"x-telegram-bot-api-secret-token": telegram.webhook["secret_token"]}
    answer = await app.http.post(PATH, content=b"x" * 1_100_000, headers=secret)
    assert answer.status_code == 413


async def test_updates_that_come_in_the_wrong_order_are_answered_in_the_right_one(
    telegram: FakeTelegram, app: RunningApp
) -> None:
    telegram.enforce_floods = False
    updates = [telegram.message(1, f"{n}") for n in range(8)]
    await _push(telegram, app, updates[0])
    await asyncio.gather(*(_push(telegram, app, update) for update in reversed(updates[1:])))
    await until(lambda: len(app.dialogue.seen) == 8)
    assert app.dialogue.seen == [f"{n}" for n in range(8)]


async def test_a_gap_holds_nobody_up_for_long() -> None:
    sequence, order = Sequence(patience_s=0.05), []

    async def take(update_id: int) -> None:
        async with sequence.turn_of(update_id):
            order.append(update_id)

    await take(1)
    async with asyncio.timeout(60):
        await asyncio.gather(take(9), take(5), take(4), take(6))  # 2 and 3 never come
    assert order == [1, 4, 5, 6, 9]
    await take(2)  # or much later
    assert order[-1] == 2


async def test_a_webhook_that_somebody_changed_is_set_again(
    telegram: FakeTelegram, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connectors.telegram.webhook._CHECK_EVERY_S", 0.1)
    chosen = {"telegram_token": TOKEN, "telegram_api_url": telegram.url}
    async with running_app(root, tmp_path, **chosen, public_url="https://bot.example"):
        await until(lambda: bool(telegram.webhook))
        telegram.webhook = telegram.webhook | {"url": "https://elsewhere.example"}
        await until(lambda: telegram.webhook["url"].startswith("https://bot.example/"))
    sets = [method for method, _ in telegram.calls].count("setWebhook")
    assert sets == 2  # once at the start, once to mend it; never because of an outgoing call
