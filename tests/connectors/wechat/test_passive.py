"""The five seconds: an answer in time is a passive reply, a later one a customer-service message."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from bot.conversations import transcript
from bot.conversations.model import Author, Body
from bot.storage.conversations import ConversationRow
from connectors.wechat.callback import _ANSWER_WITHIN_S
from tests.connectors.harness import RunningApp, running_app, until
from tests.connectors.wechat.conftest import account
from tests.connectors.wechat.fake import PATIENCE_S, FakeWeChat, Shown


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
    assert await wechat.say("oLi", "held") is None
    assert wechat.delivered == [200]  # WeChat was told in time and does not ask again
    app.dialogue.go.set()
    await until(lambda: wechat.shown == [Shown("oLi", "re held", "service")])
    assert app.dialogue.seen == ["held"]


def test_the_real_deadline_is_before_wechats_own() -> None:
    # Half a second for the way back.
    assert 4 <= _ANSWER_WITHIN_S <= PATIENCE_S - 0.5


async def test_wechat_gives_up_and_asks_again_without_doubling_the_work(
    wechat: FakeWeChat, app: RunningApp
) -> None:
    message = wechat.message("oLi", MsgType="text", Content="held")
    asked = []
    for number in range(2):
        asked.append(asyncio.create_task(wechat.post(*wechat.sealed(message))))
        await until(lambda n=number: wechat.asked == n + 1)  # type: ignore[misc]
    await until(lambda: app.dialogue.seen == ["held"])
    app.dialogue.go.set()
    # Both carry the answer, since nobody knows which of them WeChat still listens to.
    first, second = [await one for one in asked]
    assert "re held" in first.text
    assert wechat.read_answer("oLi", second) == "re held"
    assert app.dialogue.seen == ["held"]
    assert wechat.texts("oLi") == ["re held"]  # nothing went out as a customer-service message


async def test_an_answer_after_the_last_try_began_is_a_customer_service_message(
    wechat: FakeWeChat, app: RunningApp
) -> None:
    message = wechat.message("oLi", MsgType="text", Content="held")
    early = [asyncio.create_task(wechat.post(*wechat.sealed(message))) for _ in range(2)]
    await until(lambda: app.dialogue.seen == ["held"])
    # WeChat has left the first two behind, and would not notice if this response got lost.
    assert (await wechat.post(*wechat.sealed(message))).text == "success"
    app.dialogue.go.set()
    await until(lambda: wechat.shown == [Shown("oLi", "re held", "service")])
    assert [(await one).text for one in early] == ["success"] * 2
    assert app.dialogue.seen == ["held"]


async def test_an_answer_that_got_lost_twice_is_sent_as_a_message_that_is_confirmed(
    wechat: FakeWeChat, app: RunningApp
) -> None:
    message = wechat.message("oLi", MsgType="text", Content="在吗")
    later = wechat.message("oLi", MsgType="text", Content="包邮吗")
    for _ in range(2):
        assert "re 在吗" in (await wechat.post(*wechat.sealed(message))).text
        assert await wechat.deliver(later) in ("re 包邮吗", None)
    for _ in range(2):
        assert (await wechat.post(*wechat.sealed(message))).text == "success"
    await until(lambda: Shown("oLi", "re 在吗", "service") in wechat.shown)
    assert app.dialogue.seen == ["在吗", "包邮吗"]
    assert [shown.way for shown in wechat.shown].count("service") == 1


async def test_an_answer_whose_request_dies_with_us_comes_before_what_follows_it(
    wechat: FakeWeChat, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed between noting the answer down and writing the response; an agent has written on meanwhile."""

    def die(*_: object) -> None:
        raise ConnectionAbortedError

    monkeypatch.setattr("connectors.wechat.callback._reply", die)
    monkeypatch.setattr("bot.conversations.outbox._GRACE_S", 0.0)
    message = wechat.message("oLi", MsgType="text", Content="在吗")
    async with running_app(root, tmp_path, **account(wechat)) as app:
        wechat.http = app.http
        with pytest.raises(ConnectionAbortedError):
            await wechat.post(*wechat.sealed(message))
        async with app.database.write() as session:
            conversation = (await session.scalars(select(ConversationRow))).one()
            transcript.append_out(session, conversation, [Body("我是小陈。")], Author.AGENT)
    assert wechat.shown == []
    monkeypatch.undo()
    async with running_app(root, tmp_path, **account(wechat)) as app:
        wechat.http = app.http
        await until(lambda: len(wechat.shown) == 2)
        # WeChat's next try comes after that: the answer was shown, so there is nothing to add.
        assert (await wechat.post(*wechat.sealed(message))).text == "success"
    assert wechat.texts("oLi") == ["re 在吗", "我是小陈。"]


async def test_an_answer_whose_request_broke_off_goes_out_as_a_message(
    wechat: FakeWeChat, app: RunningApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_off(*_: object) -> None:
        raise ConnectionAbortedError

    monkeypatch.setattr("connectors.wechat.passive._RESPONDED_WITHIN_S", 0.05)
    monkeypatch.setattr("connectors.wechat.callback._reply", break_off)
    with pytest.raises(ConnectionAbortedError):
        await wechat.say("oLi", "在吗")
    await until(lambda: wechat.shown == [Shown("oLi", "re 在吗", "service")])


async def test_an_account_without_customer_service_messages_answers_the_last_try_too(
    wechat: FakeWeChat, app: RunningApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connectors.wechat.callback._ANSWER_WITHIN_S", 0.05)
    wechat.faults.append(48001)
    await wechat.say("oLi", "held")
    app.dialogue.go.set()
    await app.until_out(lambda row: row.error is not None)
    monkeypatch.undo()
    message = wechat.message("oLi", MsgType="text", Content="在吗")
    answers = [await wechat.post(*wechat.sealed(message)) for _ in range(3)]
    assert "re 在吗" in answers[-1].text


async def test_replies_of_one_turn_are_one_message_and_numbers_choose(
    wechat: FakeWeChat, app: RunningApp
) -> None:
    assert await wechat.say("oLi", "two") == "第一句。\n\n第二句。\n1. 包邮吗\n2. 怎么退货"
    assert await wechat.say("oLi", "２") == "re /faq_b"
    # The offer was made in the message before the last one: a number is a number again.
    assert await wechat.say("oLi", "2") == "re 2"
    assert app.dialogue.seen == ["two", "/faq_b", "2"]


async def test_a_customers_number_chooses_the_second(wechat: FakeWeChat, app: RunningApp) -> None:
    for number, words in enumerate(["2", "2.", "②", "第二个", "选2", "2号", " 2 "]):
        await wechat.say(f"o{number}", "buttons")
        assert await wechat.say(f"o{number}", words) == "re /faq_b", words


async def test_a_number_that_was_not_offered_is_what_it_says(
    wechat: FakeWeChat, app: RunningApp
) -> None:
    await wechat.say("oLi", "buttons")
    assert await wechat.say("oLi", "6688") == "re 6688"
    await wechat.say("oWang", "buttons")
    assert await wechat.say("oLi", "1") == "re 1"  # offered to somebody else
