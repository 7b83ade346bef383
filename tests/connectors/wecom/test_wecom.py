"""WeCom customer service by its documentation: the address check, the cursor, welcomes, states and the quota."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import select

from bot.conversations.model import MessageState, State
from bot.storage.channels import ChannelStateRow
from bot.storage.conversations import ConversationRow
from tests.connectors.harness import RunningApp, running_app, until
from tests.connectors.wecom.fake import ACCOUNT, PATH, FakeWeCom


@pytest.fixture
async def wecom() -> AsyncIterator[FakeWeCom]:
    async with FakeWeCom() as fake:
        yield fake


@pytest.fixture
async def app(wecom: FakeWeCom, root: Path, tmp_path: Path) -> AsyncIterator[RunningApp]:
    async with running_app(root, tmp_path, **wecom.settings()) as app:
        wecom.http = app.http
        yield app


async def test_the_address_check_gets_the_decrypted_text_and_forgers_nothing(
    app: RunningApp, wecom: FakeWeCom
) -> None:
    query, encrypted = wecom.signed("1616140317555161061")
    answer = await app.http.get(PATH, params={**query, "echostr": encrypted})
    assert (answer.status_code, answer.text) == (200, "1616140317555161061")
    for wrong in ({"msg_signature": "0" * 40}, {"timestamp": "1"}, {"echostr": "AAAA"}):
        answer = await app.http.get(PATH, params={**query, "echostr": encrypted, **wrong})
        assert answer.status_code == 403, wrong
    wecom.aes_key = wecom.aes_key[::-1]
    assert (await wecom.post(*wecom.sealed())).status_code == 400


async def test_reading_goes_on_from_the_stored_cursor_page_by_page(
    wecom: FakeWeCom, root: Path, tmp_path: Path
) -> None:
    wecom.page = 2
    old = {**wecom.message("wm1", "text", content="昨天的"), "send_time": int(time.time()) - 86400}
    async with running_app(root, tmp_path, **wecom.settings()) as app:
        wecom.http = app.http
        await wecom.deliver(old, call=False)
        lines = [wecom.message("wm1", "text", content=f"{n}") for n in range(4)]
        broken = {**wecom.message("wm1", "text", content="x"), "msgid": None}
        assert await wecom.deliver(*lines[:2], broken, *lines[2:]) == 200
        await until(lambda: "re 3" in "".join(wecom.texts("wm1")))
        # What came before we were connected isn't answered; what can't be read stops nothing.
        assert app.dialogue.seen == ["0", "1", "2", "3"]
        async with app.database.read() as session:
            row = await session.get_one(ChannelStateRow, f"wecom.cursor.{ACCOUNT}")
            assert row.value == "c6"
    # Nobody called while we were away; the next start reads from there.
    await wecom.deliver(wecom.message("wm1", "text", content="在吗"), call=False)
    async with running_app(root, tmp_path, **wecom.settings()) as app:
        await until(lambda: "re 在吗" in wecom.texts("wm1"))
        assert app.dialogue.seen == ["在吗"]
    assert wecom.sync_calls[-1]["cursor"] == "c6"
    assert wecom.token_calls == 1  # shared through storage


async def test_what_could_not_be_read_is_not_confirmed_and_read_later(
    app: RunningApp, wecom: FakeWeCom
) -> None:
    wecom.sync_faults.append(-1)
    assert await wecom.deliver(wecom.message("wm1", "text", content="包邮吗")) == 503
    await until(lambda: wecom.texts("wm1") == ["re 包邮吗"])


async def test_a_call_that_waited_too_long_for_us_is_read_without_its_token(
    app: RunningApp, wecom: FakeWeCom
) -> None:
    await wecom.deliver(wecom.message("wm1", "text", content="包邮吗"), call=False)
    call = wecom.sealed()
    wecom.forget_callback_tokens()
    assert (await wecom.post(*call)).status_code == 200
    await until(lambda: wecom.texts("wm1") == ["re 包邮吗"])


async def test_calls_that_come_together_are_read_together(
    app: RunningApp, wecom: FakeWeCom
) -> None:
    lines = [wecom.message(f"wm{number}", "text", content="包邮吗") for number in range(30)]
    assert await asyncio.gather(*map(wecom.deliver, lines)) == [200] * 30
    await until(lambda: all(wecom.texts(f"wm{number}") == ["re 包邮吗"] for number in range(30)))
    assert len(wecom.sync_calls) <= 10


async def test_a_token_that_ends_before_its_time_is_renewed_once(
    app: RunningApp, wecom: FakeWeCom
) -> None:
    await wecom.deliver(wecom.message("wm1", "text", content="一"))
    await until(lambda: wecom.texts("wm1") == ["re 一"])
    wecom.expire_token()
    await wecom.deliver(wecom.message("wm1", "text", content="二"))
    await until(lambda: wecom.texts("wm1") == ["re 一", "re 二"])
    assert wecom.token_calls == 2


async def test_who_opens_the_chat_is_welcomed_with_a_menu_once(
    app: RunningApp, wecom: FakeWeCom
) -> None:
    entered = wecom.entered("wm1")
    await wecom.deliver(entered)
    await until(lambda: len(wecom.shown) == 1)
    assert wecom.shown[0][2] == "welcome"
    await wecom.deliver(entered)
    # A link that names an order opens the chat with the question about it.
    await wecom.deliver(wecom.entered("wm2", scene_param="SO20261105001"))
    await until(lambda: bool(wecom.texts("wm2")))
    assert [way for _, _, way in wecom.shown] == ["welcome", "welcome"]
    assert "SO20261105001" in wecom.texts("wm2")[0]


async def test_the_fifth_message_waits_for_the_customer(app: RunningApp, wecom: FakeWeCom) -> None:
    await wecom.deliver(wecom.message("wm1", "text", content="long"))
    await app.until_out(lambda row: "used up" in (row.error or ""))
    assert len(wecom.texts("wm1")) == 4
    assert wecom.sessions["wm1"].left == 1


async def test_a_session_that_a_person_has_in_wecom_is_left_to_them(
    app: RunningApp, wecom: FakeWeCom
) -> None:
    wecom.sessions["wm1"].state = 3
    await wecom.deliver(wecom.message("wm1", "text", content="在吗"))
    await app.until_out(lambda row: row.state == MessageState.FAILED.value)
    assert wecom.texts("wm1") == []
    reply = {**wecom.message("wm1", "text", content="我是客服小李"), "origin": 5}
    await wecom.deliver(reply)
    assert app.dialogue.seen == ["在吗"]


async def test_people_may_answer_in_wecom_instead_of_at_our_desk(
    wecom: FakeWeCom, root: Path, tmp_path: Path
) -> None:
    async with running_app(root, tmp_path, **wecom.settings(), wecom_people="wecom") as app:
        wecom.http = app.http
        await wecom.deliver(wecom.message("wm1", "text", content="buttons"))
        await until(lambda: len(wecom.texts("wm1")) == 1)
        assert wecom.sessions["wm1"].state == 0
        await wecom.deliver(wecom.press("wm1", 2))  # 转人工
        await until(lambda: wecom.sessions["wm1"].state == 2)
        async with app.database.read() as session:
            states = list(await session.scalars(select(ConversationRow.state)))
            assert states == [State.QUEUED.value]


async def test_a_place_with_an_address_is_read_as_an_address(
    app: RunningApp, wecom: FakeWeCom
) -> None:
    where = {"latitude": 31.24, "longitude": 121.48}
    place = {"name": "恒基名人购物中心", "address": "上海市黄浦区南京东路300号"}
    await wecom.deliver(wecom.message("wm1", "location", **where, **place))
    await until(
        lambda: wecom.texts("wm1") == ["re 地址：上海市黄浦区南京东路300号 恒基名人购物中心"]
    )
    await wecom.deliver(wecom.message("wm1", "location", **where, name="", address=""))
    await until(lambda: len(wecom.texts("wm1")) == 2)
    assert wecom.texts("wm1")[1].startswith("位置收到了")
