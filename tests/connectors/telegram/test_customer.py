"""What a customer can do on Telegram: commands, links, buttons, pictures, places, contacts, groups."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bot.conversations.phrases import Phrases
from tests.connectors.harness import CHOICES, RICH_TEXT, RunningApp, until
from tests.connectors.telegram.fake import BOT_ID, BOT_NAME, FakeTelegram


async def _answer(telegram: FakeTelegram, chat: int, count: int = 1) -> str:
    await until(lambda: len(telegram.texts(chat)) >= count)
    return telegram.texts(chat)[count - 1]


async def test_start_greets_in_the_language_of_the_telephone(
    telegram: FakeTelegram, app: RunningApp, phrases: Phrases
) -> None:
    telegram.message(1, "/start")
    telegram.message(2, "/start", language_code="en")
    telegram.message(3, "/start", language_code="ru")
    assert await _answer(telegram, 1) == phrases.say("utter_welcome", "zh").text
    assert await _answer(telegram, 2) == phrases.say("utter_welcome", "en").text
    assert await _answer(telegram, 3) == phrases.say("utter_welcome", "en").text
    assert app.dialogue.seen == []


async def test_the_greetings_buttons_work(telegram: FakeTelegram, app: RunningApp) -> None:
    telegram.message(1, "/start")
    await _answer(telegram, 1)
    telegram.press(telegram.sent[0], 0)
    assert await _answer(telegram, 1, 2) == "re /order_status"


@pytest.mark.parametrize("payload", ["SO20261105001", "order_so20261105001"])
async def test_a_link_that_names_an_order_asks_about_it(
    telegram: FakeTelegram, app: RunningApp, payload: str
) -> None:
    telegram.message(1, f"/start {payload}")
    telegram.message(2, f"/start {payload}", language_code="en")
    assert await _answer(telegram, 1) == "re 查一下订单SO20261105001"
    assert await _answer(telegram, 2) == "re Please check my order SO20261105001"


async def test_commands_do_what_they_say(telegram: FakeTelegram, app: RunningApp) -> None:
    for text in ("/order", "/order SO20261105001", "/nonsense", f"/human@{BOT_NAME}"):
        telegram.message(1, text)
    await until(lambda: len(app.dialogue.seen) == 4)
    assert app.dialogue.seen == [
        "/order_status",
        "查一下订单SO20261105001",
        "/nonsense",
        "/ask_human",
    ]


async def test_help_names_every_command_of_the_menu(
    telegram: FakeTelegram, app: RunningApp
) -> None:
    telegram.message(1, "/help")
    text = await _answer(telegram, 1)
    calls = [json.loads(v["commands"]) for m, v in telegram.calls if m == "setMyCommands"]
    assert len(calls) == 3  # zh, en, and for everybody else
    for command in calls[0]:
        assert command["command"] == "help" or f"/{command['command']}" in text


async def test_the_language_is_changed_by_button_or_word_and_used_from_then_on(
    telegram: FakeTelegram, app: RunningApp
) -> None:
    telegram.message(1, "/language")
    await _answer(telegram, 1)
    telegram.press(telegram.sent[0], 1)
    assert (await _answer(telegram, 1, 2)).startswith("All right, English")
    telegram.message(1, "/help")
    assert (await _answer(telegram, 1, 3)).startswith("Just ask")
    telegram.message(1, "/language 中文")
    assert (await _answer(telegram, 1, 4)).startswith("好的")
    assert app.dialogue.seen == []


@pytest.mark.parametrize(
    ("content", "mark", "answer"),
    [
        ({"photo": [{"file_id": "f", "file_unique_id": "u", "width": 9, "height": 9}]}, "[图片]", "图片"),
        ({"voice": {"file_id": "f", "file_unique_id": "u", "duration": 1}}, "[语音]", "听不了"),
        ({"document": {"file_id": "f", "file_unique_id": "u", "file_name": "发票.pdf"}}, "[文件] 发票.pdf", "打不开"),
        ({"location": {"latitude": 22.28, "longitude": 114.15}}, "[位置] 22.28000,114.15000", "位置收到"),
        ({"dice": {"emoji": "🎲", "value": 3}}, "[暂不支持的消息：dice]", "看不了"),
        ({"contact": {"phone_number": "+8613800006688", "first_name": "W", "user_id": 77}}, "[暂不支持的消息：contact]", "看不了"),
    ],
)  # fmt: skip
async def test_what_is_not_text_is_kept_and_answered_kindly(
    telegram: FakeTelegram, app: RunningApp, content: dict[str, Any], mark: str, answer: str
) -> None:
    telegram.message(1, **content)
    assert answer in await _answer(telegram, 1)
    assert (await app.messages("in"))[0].body["text"] == mark
    assert app.dialogue.seen == []


async def test_captions_edits_and_the_own_contact_are_read(
    telegram: FakeTelegram, app: RunningApp
) -> None:
    photo = [{"file_id": "f", "file_unique_id": "u", "width": 9, "height": 9}]
    telegram.message(1, photo=photo, caption="收到的杯子碎了")
    telegram.message(1, "SO20261105001", kind="edited_message")
    telegram.message(
        1, contact={"phone_number": "+86 138 0000 6688", "first_name": "Li", "user_id": 1}
    )
    await until(lambda: len(app.dialogue.seen) == 3)
    assert app.dialogue.seen == ["收到的杯子碎了", "SO20261105001", "6688"]


async def test_a_place_with_an_address_is_read_as_an_address(
    telegram: FakeTelegram, app: RunningApp
) -> None:
    where = {"latitude": 31.24, "longitude": 121.48}
    venue = {"location": where, "title": "恒基名人购物中心", "address": "上海市黄浦区南京东路300号"}
    telegram.message(1, location=where, venue=venue)
    await until(lambda: app.dialogue.seen)
    assert app.dialogue.seen == ["地址：上海市黄浦区南京东路300号 恒基名人购物中心"]


async def test_an_album_is_answered_once(telegram: FakeTelegram, app: RunningApp) -> None:
    photo = [{"file_id": "f", "file_unique_id": "u", "width": 9, "height": 9}]
    for _ in range(3):
        telegram.message(1, photo=photo, media_group_id="a1")
    telegram.message(1, "好了")
    await until(lambda: "re 好了" in telegram.texts(1))
    assert len(telegram.texts(1)) == 2
    assert len(await app.messages("in")) == 4


async def test_in_a_group_only_those_who_call_the_bot_are_answered(
    telegram: FakeTelegram, app: RunningApp
) -> None:
    group = -1001
    telegram.message(group, "大家好", user=7)
    telegram.message(group, "/help", user=7)
    telegram.message(group, "@somebody 包邮吗", user=7)
    telegram.message(group, f"@{BOT_NAME.upper()} 包邮吗", user=7)
    ours = {
        "message_id": 1, "date": 1, "chat": {"id": group, "type": "supergroup"}, "text": "x",
        "from": {"id": BOT_ID, "is_bot": True, "first_name": "Y", "username": BOT_NAME},
    }  # fmt: skip
    telegram.message(group, "那退货呢", user=8, reply_to_message=ours)
    await until(lambda: len(telegram.texts(group)) == 2)
    assert sorted(app.dialogue.seen) == ["包邮吗", "那退货呢"]
    assert sorted(telegram.texts(group)) == ["re 包邮吗", "re 那退货呢"]
    # Each answer points to its question.
    points = {s.text: json.loads(s.raw["reply_parameters"])["message_id"] for s in telegram.sent}
    assert points["re 包邮吗"] == 4
    assert points["re 那退货呢"] == 5


async def test_a_groups_members_do_not_press_each_others_buttons(
    telegram: FakeTelegram, app: RunningApp
) -> None:
    group = -1001
    telegram.message(group, f"@{BOT_NAME} buttons", user=7)
    await until(lambda: len(telegram.sent) == 1)
    data = telegram.sent[0].keyboard[0][0]["callback_data"]
    for user in (8, 7):
        telegram.update(
            callback_query={
                "id": str(user), "from": {"id": user, "is_bot": False, "first_name": "L"},
                "chat_instance": "1", "data": data,
                "message": {"message_id": 9, "date": 1, "chat": {"id": group, "type": "supergroup"}},
            }
        )  # fmt: skip
    await until(lambda: len(telegram.answered_queries) == 2)
    await until(lambda: len(app.dialogue.seen) == 2)
    assert app.dialogue.seen == ["buttons", CHOICES[0].payload]


async def test_text_arrives_as_it_was_meant(telegram: FakeTelegram, app: RunningApp) -> None:
    telegram.message(1, "rich")
    text = await _answer(telegram, 1)
    raw = telegram.sent[0].raw["text"]
    assert "<b>粗体</b>" in raw
    assert '<a href="https://shop.example/a_b">链接</a>' in raw
    assert text.startswith(RICH_TEXT.partition("**")[0].rstrip())


async def test_a_long_answer_is_split_and_a_broken_part_is_the_only_one_sent_again(
    telegram: FakeTelegram, app: RunningApp
) -> None:
    telegram.enforce_floods = False
    telegram.message(1, "long")
    await until(lambda: len(telegram.sent) == 1)
    telegram.faults.extend(["500"])
    await until(lambda: len(telegram.sent) == 4)
    whole = "".join(telegram.texts(1))
    assert whole == "".join(f"第{n}句话，说得长一点。" for n in range(1200))


async def test_a_customer_who_blocked_the_bot_holds_up_nobody(
    telegram: FakeTelegram, app: RunningApp
) -> None:
    telegram.blocked.add(1)
    telegram.message(1, "在吗")
    telegram.message(2, "在吗")
    assert await _answer(telegram, 2) == "re 在吗"
    await app.until_out(lambda row: row.state == "failed" and "Forbidden" in (row.error or ""))


async def test_typing_is_shown_when_an_answer_takes_a_moment(
    telegram: FakeTelegram, app: RunningApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connectors.telegram.channel._TYPING_AFTER_S", 0.05)
    telegram.message(1, "held")
    await until(lambda: "sendChatAction" in [m for m, _ in telegram.calls])
    app.dialogue.go.set()
    await _answer(telegram, 1)
    assert [m for m, _ in telegram.calls].count("sendChatAction") == 1
    monkeypatch.setattr("connectors.telegram.channel._TYPING_AFTER_S", 60)
    telegram.message(1, "quick")
    await _answer(telegram, 1, 2)
    assert [m for m, _ in telegram.calls].count("sendChatAction") == 1
