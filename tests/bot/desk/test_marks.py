"""Agents' marks: what whoever keeps the FAQ reads of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bot.desk.marks import MarkKind, NoTurnError, marks, set_mark
from tests.bot.conversations.conftest import *  # noqa: F403 - its fixtures
from tests.bot.conversations.conftest import Desk


async def test_a_mark_comes_with_question_decision_and_who_said_so(desk: Desk) -> None:
    conversation = await desk.say("包邮吗")
    await desk.say("能开发票吗", message_id="second")
    async with desk.database.write() as session:
        await set_mark(session, conversation, 1, MarkKind.WRONG, "xiaochen")
        await set_mark(session, conversation, 1, MarkKind.MISSING, "grace", "问的是港澳运费")
        await set_mark(session, conversation, 3, MarkKind.WRONG, "grace")
        await set_mark(session, conversation, 3, None, "grace")
        with pytest.raises(NoTurnError):
            await set_mark(session, conversation, 2, MarkKind.WRONG, "grace")
    async with desk.database.read() as session:
        (mark,) = await marks(session)
        assert await marks(session, datetime.now(UTC) + timedelta(minutes=1)) == []
    assert (mark.question, mark.kind, mark.agent) == ("包邮吗", MarkKind.MISSING, "grace")
    assert (mark.decision, mark.comment, mark.seq) == ("answer:包邮吗", "问的是港澳运费", 1)
