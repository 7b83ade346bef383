"""The brief says what was recorded: wishes, the customer's own words, what was tried, the mood."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from bot.conversations.model import Body
from bot.desk.brief import Brief, Tried, brief_of
from bot.desk.catalogue import Catalogue
from bot.orders.model import Bilingual
from bot.storage.conversations import ConversationRow, HandoffRow, MessageRow, TurnRow
from bot.storage.engine import Database

START = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
# What the bot made of a line: intent, decision, anger.
Made = tuple[str, str, float]
HUMAN: Made = ("ask_human", "handoff:asked_for", 0.1)


@pytest.fixture
def engine_url(tmp_path: object) -> str:
    """One database is enough here."""
    return f"sqlite+aiosqlite:///{tmp_path}/test.sqlite3"


async def _brief(
    database: Database,
    root: Path,
    said: list[tuple[str, Made | None]],
    *,
    handed: int | None = None,
    pressed: int | None = None,
) -> Brief:
    """Return the brief on lines a minute apart; ``handed`` is the one that led to people."""
    async with database.write() as session:
        session.add(
            ConversationRow(
                id="c", channel="web", user="u", state="queued", language="zh", last_seq=len(said),
                created_at=START, updated_at=START,
            )
        )  # fmt: skip
        await session.flush()
        for seq, (text, made) in enumerate(said, start=1):
            at = START + timedelta(minutes=seq)
            body = Body(text, payload="/x" if pressed == seq else None)
            row = MessageRow(
                conversation_id="c", seq=seq, direction="in", author="customer", state="done",
                body=body.to_json(), channel="web", channel_message_id=str(seq), attempts=0,
                created_at=at,
            )  # fmt: skip
            session.add(row)
            await session.flush()
            if made is not None:
                intent, decision, anger = made
                session.add(
                    TurnRow(
                        message_id=row.id, conversation_id="c", language="zh", intent=intent,
                        entities=[], faq=[], decision=decision, anger=anger, latency_ms=1.0,
                        created_at=at,
                    )
                )  # fmt: skip
            if handed == seq:
                session.add(
                    HandoffRow(conversation_id="c", reason="asked_for", created_at=at, seen_seq=seq)
                )
    knowledge: Any = SimpleNamespace(question=lambda faq_id, language: f"{faq_id}.{language}")
    async with database.read() as session:
        return await brief_of(session, Catalogue.load(root / "data/desk"), knowledge, "c")


async def test_wishes_words_and_what_was_tried(database: Database, root: Path) -> None:
    brief = await _brief(
        database, root,
        [
            ("我要退货", ("return_request", "flow:return_request", 0.1)),
            ("运费谁出", ("ask_faq", "answer:return-postage", 0.1)),
            ("叽里咕噜", ("nlu_fallback", "clarify", 0.1)),
            ("你们太过分了", ("complaint", "flow:complaint", 0.9)),
            ("好的", ("affirm", "flow:affirm", 0.0)),
            ("6688", ("inform", "flow:order_status", 0.0)),
            ("转人工", HUMAN),
        ],
        handed=7,
    )  # fmt: skip
    assert brief.wants == (
        Bilingual("投诉", "To complain"),
        Bilingual("退货退款", "A return and refund"),
    )
    # Not the yes, not the digits, not the call for a person.
    assert brief.words == "你们太过分了"
    assert brief.tried == (
        Tried("answer", 1, Bilingual("return-postage.zh", "return-postage.en")),
        Tried("miss", 1),
    )
    assert (brief.turns, brief.upset) == (7, True)


async def test_who_only_called_for_a_person_is_quoted_from_what_they_said_waiting(
    database: Database, root: Path
) -> None:
    brief = await _brief(
        database, root,
        [
            ("你好", ("greet", "flow:greet", 0.0)),
            ("转人工", HUMAN),
            ("在吗", None),
            ("洗衣机一直漏水，师傅什么时候上门", None),
            ("先问机器人", None),
        ],
        handed=2, pressed=5,
    )  # fmt: skip
    assert brief.words == "洗衣机一直漏水，师傅什么时候上门"
    assert not brief.upset


async def test_who_said_nothing_is_quoted_with_nothing(database: Database, root: Path) -> None:
    brief = await _brief(database, root, [("转人工", HUMAN), ("12345", None)], handed=1)
    assert (brief.wants, brief.words, brief.tried) == ((), None, ())
