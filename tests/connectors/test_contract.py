"""What every channel owes its customers, whatever its platform does. A new channel adds its driver."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from prometheus_client import REGISTRY

from connectors.texts import ChannelTexts
from tests.connectors.drivers import Driver, TelegramDriver, WeChatDriver, WeComDriver
from tests.connectors.harness import RICH_TEXT, running_app, until
from tests.connectors.sms import SmsDriver

DRIVERS: dict[str, Callable[[], Driver]] = {
    "telegram": TelegramDriver,
    "wechat": lambda: WeChatDriver(safe=False),
    "wechat-safe": lambda: WeChatDriver(safe=True),
    "wecom": WeComDriver,
    "docs-example": SmsDriver,
}


@pytest.fixture(params=DRIVERS)
async def channel(
    request: pytest.FixtureRequest, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Driver]:
    monkeypatch.setattr("connectors.wechat.callback._ANSWER_WITHIN_S", 1.0)
    monkeypatch.setattr("connectors.telegram.channel._CHAT_EVERY_S", 0.02)
    driver = DRIVERS[request.param]()
    async with driver.platform, driver.running(root, tmp_path):  # type: ignore[attr-defined]
        yield driver


async def test_a_message_is_answered_and_customers_are_kept_apart(channel: Driver) -> None:
    await channel.say(1, "包邮吗")
    await channel.say(2, "多久到")
    await until(lambda: (channel.texts(1), channel.texts(2)) == (["re 包邮吗"], ["re 多久到"]))


async def test_a_message_that_is_delivered_again_changes_nothing(channel: Driver) -> None:
    message = channel.message(1, "包邮吗")
    before = _received(channel, "duplicate")
    for _ in range(3):
        assert await channel.deliver(message) == 200
    await channel.say(1, "谢谢")
    await until(lambda: "re 谢谢" in channel.texts(1))
    assert channel.app.dialogue.seen == ["包邮吗", "谢谢"]
    assert len(await channel.app.messages("out")) == 2
    assert _received(channel, "duplicate") == before + 2


async def test_messages_of_one_customer_are_answered_in_order(channel: Driver) -> None:
    for number in range(5):
        await channel.say(1, f"{number}")
    await until(lambda: "re 4" in "".join(channel.texts(1)))
    assert channel.app.dialogue.seen == [f"{n}" for n in range(5)]
    answers = "\n\n".join(channel.texts(1)).split("\n\n")
    assert answers == [f"re {n}" for n in range(5)]


async def test_what_somebody_else_sends_is_refused_and_not_stored(channel: Driver) -> None:
    assert await channel.forge(channel.message(1, "包邮吗")) == 403
    assert await channel.app.messages() == []


async def test_a_body_that_nobody_can_read_is_refused(channel: Driver) -> None:
    for body in (b"", b"\x00\xff", b"{", b"<xml>", b"null", b"<!DOCTYPE x><x/>"):
        assert await channel.deliver_bytes(body) in (400, 403), body
    assert await channel.app.messages() == []


async def test_an_oversized_body_is_refused(channel: Driver) -> None:
    assert await channel.deliver_bytes(b"x" * 2_000_000) == 413
    assert await channel.app.messages() == []


async def test_an_unknown_kind_of_message_gets_a_kind_answer_and_the_next_one_its_own(
    channel: Driver,
) -> None:
    assert await channel.deliver(channel.unknown(1)) == 200
    await channel.say(1, "在吗")
    await until(lambda: "re 在吗" in channel.texts(1))
    assert "打字" in channel.texts(1)[0] or isinstance(channel, SmsDriver)


async def test_a_platform_in_trouble_gets_every_answer_once_and_in_order(channel: Driver) -> None:
    for fault in channel.faults:
        channel.break_next(fault)
    # Held until WeChat no longer waits for it as the response to its request.
    await channel.say(1, "held")
    channel.app.dialogue.go.set()
    await channel.say(1, "然后呢")
    await until(lambda: "re 然后呢" in "".join(channel.texts(1)))
    assert "\n\n".join(channel.texts(1)).split("\n\n") == ["re held", "re 然后呢"]


@pytest.mark.parametrize("name", ["telegram", "wechat", "wecom"])
async def test_a_platform_that_never_responds_gets_every_answer_once_and_in_order(
    name: str, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connectors.wechat.callback._ANSWER_WITHIN_S", 1.0)
    monkeypatch.setattr("connectors.wechat.api._TIMEOUT_S", 3.0)
    monkeypatch.setattr("connectors.telegram.channel._READ_TIMEOUT_S", 3.0)
    driver = DRIVERS[name]()
    async with driver.platform, driver.running(root, tmp_path):  # type: ignore[attr-defined]
        driver.break_next("hang")
        await driver.say(1, "held")
        driver.app.dialogue.go.set()
        await driver.say(1, "然后呢")
        await until(lambda: "re 然后呢" in "".join(driver.texts(1)))
        assert "\n\n".join(driver.texts(1)).split("\n\n") == ["re held", "re 然后呢"]
        (held,) = [row for row in await driver.app.messages("out") if row.body["text"] == "re held"]
        assert held.attempts == 1


async def test_a_long_answer_arrives_whole_in_parts_that_the_platform_takes(
    channel: Driver,
) -> None:
    await channel.say(1, "long")
    whole = "".join(f"第{n}句话，说得长一点。" for n in range(1200))
    if isinstance(channel, WeChatDriver | WeComDriver):
        # 36 kB are more than the quota: what fits is sent, the rest comes with the next message.
        for number in range(40):
            await asyncio.sleep(0.3)
            if len("".join(channel.texts(1))) >= len(whole):
                break
            await channel.say(1, f"{number}")
    await until(lambda: whole in "".join(channel.texts(1)).replace("\n", ""))


async def test_the_second_of_what_was_offered_can_be_chosen(channel: Driver) -> None:
    await channel.say(1, "buttons")
    await until(lambda: len(channel.texts(1)) == 1)
    await channel.choose(1, 2)
    await until(lambda: channel.texts(1)[-1] == "re /faq_b")
    pressed = (await channel.app.messages("in"))[-1]
    assert pressed.body == {"text": "怎么退货", "payload": "/faq_b"}


async def test_emoji_flags_and_right_to_left_text_arrive_unharmed(channel: Driver) -> None:
    sent = "👨‍👩‍👧‍👦🇨🇳 مرحبا é 𠮷野家 <xml>&amp;]]>"
    await channel.say(1, sent)
    await until(lambda: channel.texts(1) == [f"re {sent}"])
    await channel.say(1, "rich")
    await until(lambda: len(channel.texts(1)) == 2)
    assert channel.texts(1)[1].startswith(RICH_TEXT.partition("**")[0].rstrip())
    assert "**" not in channel.texts(1)[1]


async def test_what_a_dead_process_left_is_answered_by_the_next(
    channel: Driver, root: Path, tmp_path: Path
) -> None:
    await channel.say(1, "第一句")
    await until(lambda: len(channel.texts(1)) == 1)
    sending = asyncio.create_task(channel.deliver(channel.message(1, "held")))
    await until(lambda: len(channel.app.dialogue.seen) == 2)
    waiting = (await channel.app.messages("in"))[-1]
    assert waiting.state == "pending"
    sending.cancel()
    async with channel.app.database.write() as session:
        (await session.merge(waiting)).body = {"text": "第二句"}
    # The first process still runs and is stuck in its turn; another one takes over its database.
    first = channel.app
    async with channel.running(root, tmp_path):
        await until(lambda: "re 第二句" in channel.texts(1))
        channel.app, second = first, channel.app
        assert second.dialogue.seen == ["第二句"]


async def test_a_flood_is_stopped_with_one_friendly_line(root: Path, tmp_path: Path) -> None:
    driver = WeChatDriver(safe=False)
    async with driver.platform:
        chosen = {
            "wechat_app_id": "wx1234567890abcdef", "wechat_secret": "s3cretForTestsOnly",
            "wechat_token": "signsCallbacks", "wechat_api_url": driver.platform.url,
        }  # fmt: skip
        async with running_app(root, tmp_path, **chosen, customer_messages_per_minute=5) as app:
            driver.app, driver.platform.http = app, app.http
            for number in range(9):
                await driver.say(1, f"第{number}条")
            await driver.say(2, "我没有刷屏")
    texts = ChannelTexts(root / "data/channels/texts.yml")
    friendly = texts.say("too_many", "zh").text
    assert driver.texts(1) == [*(f"re 第{n}条" for n in range(5)), friendly]
    assert driver.texts(2) == ["re 我没有刷屏"]


def _received(channel: Driver, outcome: str) -> float:
    labels = {"channel": channel.name, "outcome": outcome}
    return REGISTRY.get_sample_value("yingda_received_total", labels) or 0.0
