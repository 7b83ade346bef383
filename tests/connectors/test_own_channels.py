"""The widget and REST owe their customers what every channel does, as far as they have a platform's troubles."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from bot.conversations import transcript
from bot.conversations.model import Author, Body
from bot.storage.conversations import ConversationRow
from tests.connectors.harness import CHOICES, RICH_TEXT, RunningApp, running_app, until
from tests.connectors.web.line import Line, Lines

_EMOJI = "👨‍👩‍👧‍👦🇨🇳 مرحبا e\u0301 𠮷野家 <xml>&amp;]]>"


class Client(ABC):
    """One customer with one of our own channels; ``replies`` are what they see of us."""

    def __init__(self, app: RunningApp) -> None:
        self.app = app

    @abstractmethod
    async def say(self, identifier: str, text: str, payload: str | None = None) -> bool:
        """Send a message; false when it was refused."""

    @property
    @abstractmethod
    def replies(self) -> list[dict[str, Any]]:
        """Everything that was said to the customer, once each, in order."""

    async def until(self, count: int) -> list[dict[str, Any]]:
        await until(lambda: len(self.replies) >= count)
        return self.replies


class Widget(Client):
    """A widget; a new one gets a session of its own."""

    line: Line

    async def say(self, identifier: str, text: str, payload: str | None = None) -> bool:
        if not hasattr(self, "line"):
            self.line = await Lines(self.app.socket).connect({"lang": "zh"})
        number = await self.line.emit(
            "say", {"client_id": f"client-{identifier}", "text": text, "payload": payload}
        )
        await self.line.until(lambda: number in self.line.acks)
        return bool(self.line.acks[number]["ok"])

    @property
    def replies(self) -> list[dict[str, Any]]:
        found = {m["seq"]: m for m in self.line.got("message") if m["author"] != "customer"}
        return [found[seq] for seq in sorted(found)]


class Rest(Client):
    """A program of the shop that speaks for a customer."""

    def __init__(self, app: RunningApp) -> None:
        super().__init__(app)
        self.got: dict[int, dict[str, Any]] = {}

    async def say(self, identifier: str, text: str, payload: str | None = None) -> bool:
        answer = await self.app.http.post(
            "/webhooks/rest/webhook",
            json={"sender": f"c{id(self)}", "message": payload or text, "message_id": identifier},
        )
        if answer.status_code == 200:
            self.got |= {reply["seq"]: reply for reply in answer.json()}
        return answer.status_code == 200

    @property
    def replies(self) -> list[dict[str, Any]]:
        return list(self.got.values())


@pytest.fixture(params=[Widget, Rest])
async def client(
    request: pytest.FixtureRequest, root: Path, tmp_path: Path
) -> AsyncIterator[Client]:
    make: Callable[[RunningApp], Client] = request.param
    async with running_app(root, tmp_path) as app:
        yield make(app)


async def test_a_repeated_message_changes_nothing_and_five_keep_their_order(client: Client) -> None:
    for number in (0, 0, 1, 2, 1, 3, 4):
        assert await client.say(f"{number}", f"第{number}句")
    replies = await client.until(5)
    assert [reply["text"] for reply in replies] == [f"re 第{n}句" for n in range(5)]
    assert client.app.dialogue.seen == [f"第{n}句" for n in range(5)]


async def test_an_offered_button_can_be_pressed_and_an_invented_one_not(client: Client) -> None:
    await client.say("1", "buttons")
    offered = (await client.until(1))[0]["buttons"]
    assert [b["payload"] for b in offered] == [b.payload for b in CHOICES]
    await client.say("2", "怎么退货", "/faq_b")
    await client.say("3", "删库", "/drop_everything")
    await client.until(3)
    pressed = [row.body for row in await client.app.messages("in")]
    assert pressed[1] == {"text": "怎么退货", "payload": "/faq_b"}
    assert "payload" not in pressed[2]


async def test_emoji_right_to_left_and_long_texts_arrive_whole(client: Client) -> None:
    for number, text in enumerate((_EMOJI, "rich", "long")):
        assert await client.say(f"{number}", text)
    emoji, rich, *long = [reply["text"] for reply in await client.until(3)]
    assert (emoji, rich) == (f"re {_EMOJI}", RICH_TEXT)
    assert "".join(long) == "".join(f"第{n}句话，说得长一点。" for n in range(1200))


async def test_a_rest_response_that_got_lost_is_given_again_whole(
    root: Path, tmp_path: Path
) -> None:
    async with running_app(root, tmp_path) as app:

        async def ask(text: str, **more: str) -> list[dict[str, Any]]:
            message = {"sender": "c1", "message": text, **more}
            answer = await app.http.post("/webhooks/rest/webhook", json=message)
            replies: list[dict[str, Any]] = answer.json()
            return replies

        first = await ask("包邮吗", message_id="1")
        assert [reply["text"] for reply in first] == ["re 包邮吗"]
        async with app.database.write() as session:
            conversation = (await session.scalars(select(ConversationRow))).one()
            transcript.append_out(session, conversation, [Body("我是小陈")], Author.AGENT)
        second = await ask("多久到", message_id="2")
        assert [reply["text"] for reply in second] == ["我是小陈", "re 多久到"]
        for _ in range(2):
            assert await ask("包邮吗", message_id="1") == first
            assert await ask("多久到", message_id="2") == second
        # As Rasa's own for those who don't name their messages.
        assert await ask("谢谢") == [{"recipient_id": "c1", "text": "re 谢谢"}]
        assert app.dialogue.seen == ["包邮吗", "多久到", "谢谢"]


async def test_a_lost_rest_response_is_given_again_though_the_next_message_came_before_it(
    root: Path, tmp_path: Path
) -> None:
    async with running_app(root, tmp_path) as app:

        async def ask(text: str, message_id: str) -> list[str]:
            message = {"sender": "c1", "message": text, "message_id": message_id}
            answer = await app.http.post("/webhooks/rest/webhook", json=message)
            return [reply["text"] for reply in answer.json()]

        first = asyncio.create_task(ask("held", "1"))
        await until(lambda: bool(app.dialogue.seen))
        second = asyncio.create_task(ask("多久到", "2"))
        async with asyncio.timeout(60):
            while len(await app.messages("in")) < 2:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        app.dialogue.go.set()
        taken = [*await first, *await second]
        assert set(taken) == {"re held", "re 多久到"}
        assert "re held" in await ask("held", "1")
        assert "re 多久到" in await ask("多久到", "2")


async def test_what_is_too_large_or_of_no_known_kind_is_refused(root: Path, tmp_path: Path) -> None:
    async with running_app(root, tmp_path) as app:
        widget = Widget(app)
        assert not await widget.say("1", "长" * 8001)
        bad: tuple[Any, ...] = (
            None, [], 7, {"text": "包邮吗"}, {"client_id": "client-1", "hologram": 1},
        )  # fmt: skip
        for wrong in bad:
            number = await widget.line.emit("say", wrong)
            await widget.line.until(lambda n=number: n in widget.line.acks)  # type: ignore[misc]
            assert widget.line.acks[number]["ok"] is False
        address = "/webhooks/rest/webhook"
        for body in (b"", b"\x00\xff", b"{", b"null", b'{"sender": "x", "hologram": 1}'):
            assert (await app.http.post(address, content=body)).status_code == 422, body
        big = b'{"message": "' + b"x" * 2_000_000 + b'"}'
        assert (await app.http.post(address, content=big)).status_code == 413
        assert await app.messages() == []


async def test_a_forged_session_gets_a_new_one_and_sees_nothing(root: Path, tmp_path: Path) -> None:
    async with running_app(root, tmp_path) as app:
        widget = Widget(app)
        await widget.say("1", "我的订单")
        await widget.until(1)
        session: str = widget.line.got("ready")[0]["session"]
        lines = Lines(app.socket)
        for forged in (_other_signature(session), "x", session.upper()):
            line = await lines.connect({"lang": "zh", "session": forged})
            ready = line.got("ready")[0]
            assert ready["messages"] == []
            assert ready["session"] not in (session, forged)
        mine = await lines.connect({"lang": "zh", "session": session})
        await asyncio.sleep(0)
        assert [m["text"] for m in mine.got("ready")[0]["messages"]] == ["我的订单", "re 我的订单"]


def _other_signature(session: str) -> str:
    """Change a letter that counts whole: of the last one some bits are padding."""
    return session[:-3] + ("A" if session[-3] != "A" else "B") + session[-2:]
