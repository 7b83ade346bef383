"""Pages with rasa-webchat work by changing an address, and lose nothing while they are away."""

from __future__ import annotations

from pathlib import Path

from bot.conversations.phrases import Phrases
from tests.connectors.harness import CHOICES, running_app, until
from tests.connectors.web.line import Line, Lines


async def _session(line: Line, asked: str | None = None) -> str:
    await line.emit("session_request", {"session_id": asked})
    await until(lambda: bool(line.got("session_confirm")))
    return str(line.got("session_confirm")[0])


async def test_a_page_asks_is_answered_and_presses_what_it_was_offered(
    root: Path, tmp_path: Path, phrases: Phrases
) -> None:
    async with running_app(root, tmp_path) as app:
        line = await Lines(app.socket).connect()
        session = await _session(line)
        await line.emit("user_uttered", {"message": "/get_started", "session_id": session})
        await until(lambda: len(line.got("bot_uttered")) == 1)
        assert line.got("bot_uttered")[0]["text"] == phrases.say("utter_welcome", "zh").text
        await line.emit("user_uttered", {"message": "buttons", "session_id": session})
        await until(lambda: len(line.got("bot_uttered")) == 2)
        offered = line.got("bot_uttered")[1]["quick_replies"]
        assert [one["title"] for one in offered] == [choice.title for choice in CHOICES]
        assert {one["content_type"] for one in offered} == {"text"}
        for message in (offered[1]["payload"], "/invented_intent"):
            await line.emit("user_uttered", {"message": message, "session_id": session})
        await until(lambda: len(app.dialogue.seen) == 3)
        # A payload that nobody offered is text.
        assert app.dialogue.seen == ["buttons", "/faq_b", "/invented_intent"]
        assert [row.body.get("payload") for row in await app.messages("in")][-2:] == [
            "/faq_b",
            None,
        ]


async def test_nobody_takes_over_a_session_by_guessing(root: Path, tmp_path: Path) -> None:
    async with running_app(root, tmp_path) as app:
        lines = Lines(app.socket)
        mine = await _session(await lines.connect())
        assert await _session(await lines.connect(), mine) == mine
        line = await lines.connect()
        assert await _session(line, "made-up") not in ("made-up", mine)
        for bad in ("made-up", None, 7, "x" * 500):
            await line.emit("user_uttered", {"message": "在吗", "session_id": bad})
        for bad in (None, [], {"message": ""}, {"session_id": mine}):
            await line.emit("user_uttered", bad)
        number = await line.emit("say", {"client_id": "12345678", "text": "在吗"})
        await until(lambda: number in line.acks)
        assert line.acks[number]["ok"] is False
        assert await app.messages() == []


async def test_what_is_said_while_the_page_is_away_waits_for_it(root: Path, tmp_path: Path) -> None:
    async with running_app(root, tmp_path) as app:
        lines = Lines(app.socket)
        line = await lines.connect()
        session = await _session(line)
        await line.emit("user_uttered", {"message": "held", "session_id": session})
        await until(lambda: app.dialogue.seen == ["held"])
        await line.cut()
        app.dialogue.go.set()
        await app.until_out(lambda row: row.error is not None)
        again = await lines.connect()
        await _session(again, session)
        await until(lambda: bool(again.got("bot_uttered")))
        assert again.got("bot_uttered") == [{"text": "re held"}]
