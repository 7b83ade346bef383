"""Follows, QR codes, menu, pictures, places, voice: each gets the right answer, once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bot.conversations.phrases import Phrases
from connectors.wechat.menu import read_menu
from tests.connectors.harness import RunningApp, running_app, until
from tests.connectors.wechat.conftest import account
from tests.connectors.wechat.fake import FakeWeChat


async def test_a_new_follower_is_greeted_and_may_answer_with_a_number(
    wechat: FakeWeChat, app: RunningApp, phrases: Phrases
) -> None:
    greeting = await wechat.deliver(wechat.event("oLi", "subscribe", EventKey=""))
    assert greeting == f"{phrases.say('utter_welcome', 'zh').text}\n1. 查订单\n2. 转人工"
    assert await wechat.say("oLi", "1") == "re /order_status"


async def test_a_repeated_event_greets_once(wechat: FakeWeChat, app: RunningApp) -> None:
    event = wechat.event("oLi", "subscribe", EventKey="")
    first = await wechat.deliver(event)
    await wechat.deliver(event)
    assert len(await app.messages("out")) == 1
    assert first is not None


@pytest.mark.parametrize(
    ("event", "key"), [("subscribe", "qrscene_SO20261105001"), ("SCAN", "order_so20261105001")]
)
async def test_a_qr_code_with_an_order_asks_about_the_order(
    wechat: FakeWeChat, app: RunningApp, event: str, key: str
) -> None:
    answer = await wechat.deliver(wechat.event("oLi", event, EventKey=key, Ticket="t"))
    assert answer == "re 查一下订单SO20261105001"


async def test_the_menu_asks_orders_and_calls_a_person(wechat: FakeWeChat, app: RunningApp) -> None:
    for key in ("order", "say:包邮吗", "human"):
        await wechat.deliver(wechat.event("oLi", "CLICK", EventKey=key))
    await until(lambda: len(app.dialogue.seen) == 3)
    assert app.dialogue.seen == ["/order_status", "包邮吗", "/ask_human"]


@pytest.mark.parametrize("event", ["VIEW", "LOCATION", "TEMPLATESENDJOBFINISH", "unsubscribe"])
async def test_what_is_no_question_gets_no_answer(
    wechat: FakeWeChat, app: RunningApp, event: str
) -> None:
    assert await wechat.deliver(wechat.event("oLi", event, EventKey="https://x.example")) is None
    assert wechat.delivered == [200]
    assert await app.messages() == []


@pytest.mark.parametrize(
    ("content", "mark", "answer"),
    [
        ({"MsgType": "image", "PicUrl": "http://p", "MediaId": "1"}, "[图片]", "图片收到了"),
        ({"MsgType": "voice", "MediaId": "1", "Format": "amr"}, "[语音]", "听不了语音"),
        (
            {"MsgType": "location", "Location_X": "22.28", "Location_Y": "114.15"},
            "[位置] 22.28,114.15",
            "位置收到了",
        ),
        ({"MsgType": "hologram"}, "[暂不支持的消息：hologram]", "还看不了"),
    ],
)
async def test_what_is_not_text_is_kept_and_answered_kindly(
    wechat: FakeWeChat, app: RunningApp, content: dict[str, Any], mark: str, answer: str
) -> None:
    reply = await wechat.deliver(wechat.message("oLi", **content))
    assert reply is not None
    assert answer in reply
    assert (await app.messages("in"))[0].body["text"] == mark
    assert app.dialogue.seen == []


async def test_recognised_voice_is_a_question(wechat: FakeWeChat, app: RunningApp) -> None:
    spoken = wechat.message("oLi", MsgType="voice", MediaId="1", Recognition="包邮吗")
    assert await wechat.deliver(spoken) == "re 包邮吗"


async def test_a_place_with_a_name_is_read_as_an_address(
    wechat: FakeWeChat, app: RunningApp
) -> None:
    where = {"Location_X": "31.24", "Location_Y": "121.48"}
    place = wechat.message("oLi", MsgType="location", Label="上海市黄浦区南京东路300号", **where)
    assert await wechat.deliver(place) == "re 地址：上海市黄浦区南京东路300号"


async def test_nobody_talks_into_a_conversation_with_an_agent(
    wechat: FakeWeChat, app: RunningApp
) -> None:
    await wechat.say("oLi", "buttons")
    await wechat.say("oLi", "3")
    before = len(wechat.texts("oLi"))
    await wechat.deliver(wechat.message("oLi", MsgType="image", PicUrl="http://p", MediaId="1"))
    assert len(wechat.texts("oLi")) == before


async def test_the_menu_is_uploaded_when_it_changed_and_left_alone_otherwise(
    wechat: FakeWeChat, root: Path, tmp_path: Path
) -> None:
    file = tmp_path / "menu.yml"
    for title, uploads in (("查订单", 1), ("查订单", 1), ("查物流", 2)):
        file.write_text(f"menu: [{{name: {title}, click: order}}]", "utf-8")
        async with running_app(root, tmp_path, **account(wechat), wechat_menu=str(file)) as app:
            wechat.http = app.http
            await until(lambda n=uploads: len(wechat.menus) == n)  # type: ignore[misc]
            await wechat.say("oLi", title)
    assert wechat.menus[-1] == {"button": [{"type": "click", "name": "查物流", "key": "order"}]}


def test_the_menu_that_comes_with_yingda_is_within_wechats_limits(root: Path) -> None:
    assert len(read_menu(root / "data/channels/wechat_menu.yml")["button"]) == 3


@pytest.mark.parametrize(
    "menu",
    [
        "menu: []",
        "menu: [{name: 太长的一级菜单名, click: a}]",
        "menu: [{name: a}]",
        "menu: [{name: a, click: b, open: 'https://c'}]",
        "menu: [{name: a, click: b}, {name: a, click: b}, {name: a, click: b}, {name: a, click: b}]",
    ],
)
def test_a_menu_that_wechat_would_refuse_is_refused_here(menu: str, tmp_path: Path) -> None:
    (tmp_path / "menu.yml").write_text(menu, "utf-8")
    with pytest.raises(ValueError, match="validation error"):
        read_menu(tmp_path / "menu.yml")
