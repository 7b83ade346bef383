"""What a visitor does with their chat: call an answer helpful, delete all of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bot.conversations.engine_client import EngineClient, EngineDown
from tests.connectors.harness import running_app, until
from tests.connectors.web.line import Line, Lines


async def _ask(line: Line, name: str, data: Any = None) -> Any:
    number = await line.emit(name, data)
    await line.until(lambda: number in line.acks)
    return line.acks[number]


async def _ready(lines: Lines, session: str | None = None, last_seq: int = 0) -> Line:
    line = await lines.connect({"session": session, "last_seq": last_seq})
    await line.until(lambda: bool(line.got("ready")))
    return line


async def test_an_answer_is_rated_in_all_tabs_and_after_a_reload(
    root: Path, tmp_path: Path
) -> None:
    async with running_app(root, tmp_path) as app:
        lines = Lines(app.socket)
        line = await _ready(lines)
        token = line.got("ready")[0]["session"]
        other = await _ready(lines, token)
        await _ask(line, "say", {"client_id": "12345678", "text": "包邮吗"})
        await line.until(lambda: bool(line.got("message")))
        assert await _ask(line, "rate", {"seq": 2, "helpful": False}) == {"ok": True}
        await other.until(lambda: bool(other.got("rated")))
        assert other.got("rated") == [{"seq": 2, "helpful": False}]
        for bad in ({"seq": 1, "helpful": True}, {"seq": 2}, None, {"seq": 0, "helpful": True}):
            assert (await _ask(line, "rate", bad))["ok"] is False
        stranger = await _ready(lines)
        assert (await _ask(stranger, "rate", {"seq": 2, "helpful": True}))["ok"] is False


async def test_a_deleted_chat_is_gone_from_every_tab_and_the_visitor_starts_afresh(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    forgotten: list[str] = []

    engine_up = False

    async def forget(_: EngineClient, conversation_id: str) -> None:
        if not engine_up:
            raise EngineDown("expected the engine, got nothing")
        forgotten.append(conversation_id)

    monkeypatch.setattr(EngineClient, "forget", forget)
    async with running_app(root, tmp_path) as app:
        lines = Lines(app.socket)
        line = await _ready(lines)
        token = line.got("ready")[0]["session"]
        other = await _ready(lines, token)
        await _ask(line, "say", {"client_id": "12345678", "text": "我叫李雷"})
        await line.until(lambda: bool(line.got("message")))
        # The engine is not there: nothing goes, and the visitor may try again.
        assert (await _ask(line, "erase"))["ok"] is False
        assert {row.body.get("text") for row in await app.messages()} >= {"我叫李雷"}
        engine_up = True
        # An answer that is just being worked on comes first, and goes too.
        await _ask(line, "say", {"client_id": "22345678", "text": "held 13800006688"})
        await until(lambda: len(app.dialogue.seen) == 2)
        number = await line.emit("erase")
        app.dialogue.go.set()
        await line.until(lambda: number in line.acks)
        assert line.acks[number] == {"ok": True}
        assert [row.body for row in await app.messages()] == [{}] * 4
        assert len(forgotten) == 1
        await other.until(lambda: bool(other.got("erased")))
        (news,) = other.got("erased")
        afresh = (await _ready(lines, news["session"])).got("ready")[0]
        assert (afresh["session"], afresh["messages"]) == (news["session"], [])
        # A tab that slept through it shows nothing of the old chat either.
        late = (await _ready(lines, token, last_seq=2)).got("ready")[0]
        assert late["session"] not in (token, news["session"])
