"""The desk knows what a channel's platform still allows, wherever the customer writes now."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bot.conversations import transcript
from bot.desk.window import ReplyWindow, window_of
from bot.storage.channels import ChannelCustomerRow
from bot.storage.engine import Database

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
COUNTED = {"wechat", "wecom"}


@pytest.mark.parametrize(
    ("until", "left", "seen"),
    [(NOW + timedelta(hours=5), 3, 3), (NOW + timedelta(hours=5), 0, 0), (NOW, 3, 0)],
)
async def test_what_is_left_of_the_quota_and_until_when(
    database: Database, until: datetime, left: int, seen: int
) -> None:
    async with database.write() as session:
        conversation = await transcript.open_conversation(session, "wechat", "openid")
        session.add(
            ChannelCustomerRow(
                channel="wechat", user="openid", messages_until=until, messages_left=left,
                offers=[], answers=[],
            )
        )  # fmt: skip
    async with database.read() as session:
        window = await window_of(session, conversation.id, COUNTED, NOW)
    assert window == ReplyWindow(seen, until)


async def test_a_channel_that_does_not_count_has_no_window_even_for_a_customer_of_one_that_does(
    database: Database,
) -> None:
    async with database.write() as session:
        conversation = await transcript.open_conversation(session, "wechat", "openid")
    async with database.read() as session:
        assert await window_of(session, conversation.id, COUNTED, NOW) == ReplyWindow(0, None)
    async with database.write() as session:
        row = await transcript.locked(session, conversation.id)
        row.at_channel, row.at_user = "telegram", "42"
    async with database.read() as session:
        assert await window_of(session, conversation.id, COUNTED, NOW) is None
