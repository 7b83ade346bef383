"""A conversation that goes from a page of the shop to Telegram, through the real app."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select, update

from bot.conversations.phrases import Phrases
from bot.linking.service import Links
from bot.orders.demo import seed_demo
from bot.orders.identity import Level
from bot.storage.cod import ContactRow
from bot.storage.conversations import ConversationRow
from bot.storage.orders import OrderRow
from tests.connectors.harness import CHOICES, RunningApp, until
from tests.connectors.telegram.fake import FakeTelegram
from tests.connectors.web.line import Lines


async def _rest(app: RunningApp, text: str) -> list[dict[str, Any]]:
    answer = await app.http.post(
        "/webhooks/rest/webhook", json={"sender": "shopper", "message": text}
    )
    replies: list[dict[str, Any]] = answer.json()
    return replies


async def _code(app: RunningApp, channel: str = "rest") -> str:
    links = Links(app.database, app.settings.secrets.session_key)
    async with app.database.read() as session:
        begun = (
            await session.scalars(select(ConversationRow).where(ConversationRow.channel == channel))
        ).one()
    nonce = await links.issue(begun.id, datetime.now(UTC))
    assert nonce is not None
    return links.codes.code_of(nonce)


async def test_a_conversation_goes_on_on_telegram_and_back(
    telegram: FakeTelegram, app: RunningApp, phrases: Phrases
) -> None:
    assert (await _rest(app, "buttons"))[0]["text"] == "您想问哪一个？"
    # The deep link of the code: https://t.me/<bot>?start=link_<code>
    telegram.message(7, f"/start link_{await _code(app)}", language_code="zh-hans")
    ask = phrases.say("utter_link_ask", "en", channel="the app")
    await until(lambda: telegram.texts(7) == [ask.text])
    telegram.press(telegram.sent[0], 0)
    done = phrases.say("utter_link_done", "en", channel="the app").text
    # The question that was open stands there again, and its button works there.
    await until(lambda: telegram.texts(7) == [ask.text, done, "您想问哪一个？"])
    telegram.press(telegram.sent[-1], 0)
    await until(lambda: telegram.texts(7)[3:] == [f"re {CHOICES[0].payload}"])
    # Back at the first channel: one engine conversation, and each channel gets its own replies.
    replies = [one["text"] for one in await _rest(app, "back again")]
    assert replies[-1] == "re back again"
    assert phrases.say("utter_link_left", "en", channel="Telegram").text in replies
    assert len(telegram.texts(7)) == 4
    async with app.database.read() as session:
        rows = (await session.scalars(select(ConversationRow))).all()
    assert sorted(row.joined_id is None for row in rows) == [False, True]


async def test_the_dots_are_shown_only_where_the_customer_wrote(
    telegram: FakeTelegram, app: RunningApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connectors.telegram.channel._TYPING_AFTER_S", 0.05)
    page = await Lines(app.socket).connect({"lang": "en"})
    await page.emit("say", {"client_id": "client-1", "text": "hello"})
    await page.until(lambda: any(m["text"] == "re hello" for m in page.got("message")))
    telegram.message(7, f"/start link_{await _code(app, 'web')}")
    await until(lambda: len(telegram.texts(7)) == 1)
    telegram.press(telegram.sent[0], 0)
    await until(lambda: len(telegram.texts(7)) >= 2)

    def actions() -> int:
        return [m for m, _ in telegram.calls].count("sendChatAction")

    dots, before = len(page.got("typing")), actions()
    telegram.message(7, "held")
    await until(lambda: actions() == before + 1)
    app.dialogue.go.set()
    await until(lambda: telegram.texts(7)[-1] == "re held")
    assert len(page.got("typing")) == dots

    app.dialogue.go.clear()
    await page.emit("say", {"client_id": "client-2", "text": "held here"})
    await page.until(lambda: len(page.got("typing")) == dots + 1)
    await asyncio.sleep(0.2)  # Telegram's would come after 0.05 s
    app.dialogue.go.set()
    await page.until(lambda: any(m["text"] == "re held here" for m in page.got("message")))
    assert [one["on"] for one in page.got("typing")[dots:]] == [True, False]
    assert actions() == before + 1

    # An agent's dots go where the customer wrote last: first the page, then Telegram.
    desk = app.socket.handlers["/"]["say"].__self__
    (held,) = {
        row.conversation_id for row in await app.messages("in") if "held" in row.body["text"]
    }
    await desk.show_typing(held, on=True)
    assert page.got("typing")[-1] == {"on": True, "author": "agent"}
    await desk.show_typing(held, on=False)
    telegram.message(7, "and there")
    await until(lambda: telegram.texts(7)[-1] == "re and there")
    seen = len(page.got("typing"))
    await desk.show_typing(held, on=True)
    assert len(page.got("typing")) == seen


async def test_telegrams_word_for_a_phone_joins_who_proved_the_same_phone(
    telegram: FakeTelegram, app: RunningApp
) -> None:
    await seed_demo(app.database, datetime.now(UTC))
    async with app.database.read() as session:
        order = (await session.scalars(select(OrderRow).limit(1))).one()
    await _rest(app, "hello")
    async with app.database.write() as session:
        begun = (await session.scalars(select(ConversationRow))).one()
        session.add(
            ContactRow(
                conversation_id=begun.id, customer_id=order.customer_id, phone=order.phone,
                proved_at=datetime.now(UTC), level=Level.ONE_TIME_CODE.value,
            )
        )  # fmt: skip
        await session.execute(update(ConversationRow).values(asking=True))
    # The form at the other end asks for digits: the contact answers it there, in one step.
    telegram.message(7, contact={"phone_number": order.phone, "first_name": "A", "user_id": 7})
    await until(lambda: telegram.texts(7) == [f"re {order.phone[-4:]}"])
    async with app.database.read() as session:
        telegrams = (
            await session.scalars(
                select(ConversationRow).where(ConversationRow.channel == "telegram")
            )
        ).one()
    assert telegrams.joined_id == begun.id


async def test_somebody_elses_contact_proves_nothing(
    telegram: FakeTelegram, app: RunningApp
) -> None:
    await seed_demo(app.database, datetime.now(UTC))
    async with app.database.read() as session:
        order = (await session.scalars(select(OrderRow).limit(1))).one()
    telegram.message(7, contact={"phone_number": order.phone, "first_name": "A", "user_id": 8})
    await until(lambda: len(telegram.texts(7)) == 1)
    async with app.database.read() as session:
        assert (await session.scalars(select(ContactRow))).all() == []
