"""The five seconds: an answer in time is a passive reply, a later one a customer-service message."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.connectors.harness import RunningApp, running_app, until
from tests.connectors.wechat.fake import FakeWeChat, Shown


async def test_every_mode_answers_passively(
    wechat: FakeWeChat, mode: dict[str, Any], root: Path, tmp_path: Path
) -> None:
    async with running_app(root, tmp_path, **mode) as app:
        wechat.http = app.http
        assert await wechat.say("oLi", "包邮吗👋 <b>&") == "re 包邮吗👋 <b>&"
        assert wechat.token_calls == []  # a passive reply needs no token and costs no quota


async def test_a_slow_answer_comes_as_a_customer_service_message(
    wechat: FakeWeChat, app: RunningApp, quick: None
) -> None:
    assert await wechat.say("oLi", "slow 0.6") is None
    await until(lambda: wechat.shown == [Shown("oLi", "re slow 0.6", "service")])


async def test_the_real_deadline_is_before_wechats_own(wechat: FakeWeChat, app: RunningApp) -> None:
    started = asyncio.get_running_loop().time()
    assert await wechat.say("oLi", "slow 5.2") is None
    assert 4.3 < asyncio.get_running_loop().time() - started < 5
    assert len(wechat.delivered) == 1
    await until(lambda: wechat.texts("oLi") == ["re slow 5.2"])
    assert app.dialogue.seen == ["slow 5.2"]


async def test_a_repeated_callback_starts_no_second_turn_and_shares_the_answer(
    wechat: FakeWeChat, app: RunningApp
) -> None:
    message = wechat.message("oLi", MsgType="text", Content="slow 0.4")
    first = asyncio.create_task(wechat.post(*wechat.sealed(message)))
    await asyncio.sleep(0.1)
    second = await wechat.post(*wechat.sealed(message))
    # Both carry the answer: whichever WeChat still listens to is shown.
    assert "re slow 0.4" in (await first).text
    assert "re slow 0.4" in second.text
    # And when both got lost, the next repetition brings it again.
    third = await wechat.post(*wechat.sealed(message))
    assert "re slow 0.4" in third.text
    assert app.dialogue.seen == ["slow 0.4"]
    assert wechat.shown == []  # nothing went out as a customer-service message


async def test_wechat_gives_up_and_asks_again_without_doubling_the_work(
    wechat: FakeWeChat, app: RunningApp
) -> None:
    wechat.patience_s = 0.3
    assert await wechat.say("oLi", "slow 0.7") == "re slow 0.7"
    assert app.dialogue.seen == ["slow 0.7"]
    assert wechat.texts("oLi") == ["re slow 0.7"]


async def test_replies_of_one_turn_are_one_message_and_numbers_choose(
    wechat: FakeWeChat, app: RunningApp
) -> None:
    assert await wechat.say("oLi", "two") == "第一句。\n\n第二句。\n1. 包邮吗\n2. 怎么退货"
    assert await wechat.say("oLi", "２") == "re /faq_b"
    # The offer was made in the message before the last one: a number is a number again.
    assert await wechat.say("oLi", "2") == "re 2"
    assert app.dialogue.seen == ["two", "/faq_b", "2"]


@pytest.mark.parametrize("words", ["2", "2.", "②", "第二个", "选2", "2号", " 2 "])
async def test_a_customers_number_chooses_the_second(
    wechat: FakeWeChat, app: RunningApp, words: str
) -> None:
    await wechat.say("oLi", "buttons")
    assert await wechat.say("oLi", words) == "re /faq_b"


async def test_a_number_that_was_not_offered_is_what_it_says(
    wechat: FakeWeChat, app: RunningApp
) -> None:
    await wechat.say("oLi", "buttons")
    assert await wechat.say("oLi", "6688") == "re 6688"
    await wechat.say("oWang", "buttons")
    assert await wechat.say("oLi", "1") == "re 1"  # offered to somebody else
