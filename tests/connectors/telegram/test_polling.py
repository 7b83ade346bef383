"""A customer on Telegram, with long polling: what they send is answered once, whatever the network does."""

from __future__ import annotations

from pathlib import Path

from tests.connectors.harness import RunningApp, running_app, until
from tests.connectors.telegram.fake import TOKEN, FakeTelegram


async def test_a_question_is_answered(telegram: FakeTelegram, app: RunningApp) -> None:
    telegram.message(42, "包邮吗")
    await until(lambda: telegram.texts(42) == ["re 包邮吗"])
    assert app.dialogue.seen == ["包邮吗"]


async def test_a_button_carries_its_payload_and_not_what_a_client_invents(
    telegram: FakeTelegram, app: RunningApp
) -> None:
    telegram.message(42, "buttons")
    await until(lambda: len(telegram.sent) == 1)
    telegram.press(telegram.sent[0], 1)
    await until(lambda: len(telegram.sent) == 2)
    assert app.dialogue.seen == ["buttons", "/faq_b"]
    genuine = telegram.sent[0].keyboard[1][0]["callback_data"]
    assert len(genuine.encode()) <= 64
    for forged in (
        "/ask_human",
        genuine[:-1] + "x",
        genuine.replace(".1.", ".0."),
        "9.9",
        "²." * 2 + "a",
    ):
        telegram.press_data(42, forged)
    telegram.press_data(43, genuine)  # the button of somebody else's chat
    await until(lambda: len(telegram.answered_queries) == 7)
    assert app.dialogue.seen == ["buttons", "/faq_b"]
    refused = [answer for answer in telegram.answered_queries if answer.get("show_alert") == "true"]
    assert len(refused) == 6


async def test_the_start_survives_refusals_and_a_broken_network(
    telegram: FakeTelegram, root: Path, tmp_path: Path
) -> None:
    telegram.start_faults.extend(["reset", 1, "500"])
    async with running_app(
        root, tmp_path, telegram_token=TOKEN, telegram_api_url=telegram.url
    ) as app:
        telegram.message(42, "在吗")
        assert (await app.http.get("/healthz")).status_code == 200
        await until(lambda: telegram.texts(42) == ["re 在吗"])


async def test_nothing_is_lost_or_doubled_when_the_process_dies_after_storing(
    telegram: FakeTelegram, root: Path, tmp_path: Path
) -> None:
    chosen = {"telegram_token": TOKEN, "telegram_api_url": telegram.url}
    repeated = telegram.message(42, "第一条")
    async with running_app(root, tmp_path, **chosen):
        await until(lambda: len(telegram.sent) == 1)
    # Telegram never heard that the update was taken, so it sends it again.
    telegram._waiting.insert(0, repeated)
    telegram.message(42, "第二条")
    async with running_app(root, tmp_path, **chosen):
        await until(lambda: len(telegram.sent) == 2)
    assert telegram.texts(42) == ["re 第一条", "re 第二条"]
