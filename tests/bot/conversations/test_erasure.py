"""Deleting a chat leaves nothing that was said, keeps what is counted, and can be tried again."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from pathlib import Path

import pytest
from PIL import Image
from sqlalchemy import select

from bot.conversations import handoff, transcript
from bot.conversations.engine_client import EngineDown
from bot.conversations.erasure import RESOLUTION, Erasure
from bot.conversations.files import Files
from bot.conversations.helpfulness import rate
from bot.conversations.model import Author, Body, HandoffReason, State
from bot.editing.heat import Heat, heat_of_all
from bot.gaps.questions import Kind, missed_questions
from bot.linking.joining import join, locked_pair
from bot.storage.accounts import AuditRow
from bot.storage.cod import ContactRow
from bot.storage.conversations import (
    Address,
    ConversationRow,
    HandoffRow,
    MessageRow,
    TurnRow,
)
from bot.storage.desk import CallbackRow, NoteRow
from bot.storage.engine import Database

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


async def _answered(database: Database, user: str, file: Body | None = None) -> str:
    """One question, answered from the FAQ as seq 2; a waiting hand-off, a note, a call, a contact."""
    async with database.write() as session:
        one = await transcript.open_conversation(session, "web", user)
        asked = transcript.append_in(
            session, one, Body("我叫李雷，能开专票吗"), f"{user}:1", NOW, one.address
        )
        await session.flush()
        answer = Body("可以。", rateable=True)
        transcript.append_out(session, one, [answer, Body("还要什么？")], Author.BOT, asked)
        if file is not None:
            transcript.append_in(session, one, file, f"{user}:2", NOW, one.address)
        session.add(
            TurnRow(
                message_id=asked.id, conversation_id=one.id, language="zh", intent="ask_faq",
                confidence=0.9, entities=[{"entity": "last_four", "value": "6688"}], faq=[],
                decision="answer:invoice", latency_ms=1.0, created_at=NOW,
            )
        )  # fmt: skip
        await handoff.enqueue(session, one, HandoffReason.ASKED_FOR)
        session.add(
            NoteRow(conversation_id=one.id, after_seq=1, agent="a", text="李雷", created_at=NOW)
        )
        session.add(
            CallbackRow(conversation_id=one.id, phone="13800006688", wish=None, created_at=NOW)
        )
        session.add(
            ContactRow(
                conversation_id=one.id, customer_id="c", phone="1", proved_at=NOW, level="last_four"
            )
        )
        return one.id


async def test_what_a_customer_says_of_an_answer_counts_and_may_change(database: Database) -> None:
    chat, at = await _answered(database, "u1"), Address("web", "u1")
    assert not await rate(database, at, 1, True)  # their own line
    assert not await rate(database, at, 9, True)
    assert not await rate(database, Address("web", "u2"), 2, True)  # somebody else's
    for helpful, helped in ((True, 1), (False, 0), (None, 1)):
        assert await rate(database, at, 2, helpful)
        assert (await heat_of_all(database, NOW))["invoice"] == Heat(1, helped)
        kinds = [
            one.kind for one in await missed_questions(database, datetime(2026, 1, 1, tzinfo=UTC))
        ]
        assert kinds == ([Kind.UNHELPFUL] if helpful is False else [])
        async with database.read() as session:
            entries = await transcript.entries(session, chat)
        assert [entry.helpful for entry in entries][:2] == [None, helpful]


async def test_a_deleted_chat_keeps_only_what_is_counted(
    database: Database, tmp_path: Path
) -> None:
    files = Files(tmp_path / "files")
    picture = io.BytesIO()
    Image.new("RGB", (4, 4)).save(picture, "PNG")
    sent = await files.keep(picture.getvalue(), "李雷.png")
    chat = await _answered(database, "u1", Body("", attachments=(sent,)))
    other = await _answered(database, "u2")
    forgotten: list[str] = []

    async def forget(conversation_id: str) -> None:
        forgotten.append(conversation_id)

    await Erasure(database, files, forget).erase(chat)
    assert forgotten == [chat]
    assert not files.path_of(sent.id).exists()
    async with database.read() as session:
        row = await session.get_one(ConversationRow, chat)
        assert (row.user, row.state) == (f"erased:{chat}", State.BOT)
        rows = list(
            await session.scalars(select(MessageRow).where(MessageRow.conversation_id == chat))
        )
        assert [(one.body, one.channel_message_id, one.state) for one in rows] == [
            ({}, None, "done")
        ] * 4
        turn = (await session.scalars(select(TurnRow).where(TurnRow.conversation_id == chat))).one()
        assert (turn.decision, turn.entities) == ("answer:invoice", [])
        ended = (
            await session.scalars(select(HandoffRow).where(HandoffRow.conversation_id == chat))
        ).one()
        assert ended.resolution == RESOLUTION
        for table in (NoteRow, CallbackRow, ContactRow):
            left = list(await session.scalars(select(table.conversation_id)))
            assert left == [other], table
        audit = (await session.scalars(select(AuditRow))).one()
        assert (audit.actor, audit.action, audit.conversation_id) == ("customer", "erase", chat)
        assert "李雷" in str((await transcript.entries(session, other))[0].body)


async def test_who_is_known_on_two_channels_is_deleted_on_both(
    database: Database, tmp_path: Path
) -> None:
    first, second = await _answered(database, "u1"), await _answered(database, "u2")
    async with database.write() as session:
        await join(session, *await locked_pair(session, first, second), NOW)
    forgotten: list[str] = []

    async def forget(conversation_id: str) -> None:
        forgotten.append(conversation_id)

    await Erasure(database, Files(tmp_path), forget).erase(first)
    assert forgotten == [second, first]
    async with database.read() as session:
        assert {str(body) for body in await session.scalars(select(MessageRow.body))} == {"{}"}
        rows = await session.scalars(select(ConversationRow))
        assert {(row.user, row.joined_id) for row in rows} == {
            (f"erased:{one}", None) for one in (first, second)
        }


async def test_nothing_is_deleted_while_the_engine_cannot_forget(
    database: Database, tmp_path: Path
) -> None:
    chat = await _answered(database, "u1")

    async def down(_: str) -> None:
        raise EngineDown("expected the engine, got nothing")

    with pytest.raises(EngineDown):
        await Erasure(database, Files(tmp_path), down).erase(chat)
    async with database.read() as session:
        assert "李雷" in str((await transcript.entries(session, chat))[0].body)
