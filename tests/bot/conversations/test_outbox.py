"""The outbox: in order, with backoff, with a final failure that blocks nobody."""

from __future__ import annotations

from sqlalchemy import select

from bot.conversations.model import Direction, MessageState
from bot.conversations.outbox import DeliveryError, Refused, RetryAfter
from bot.storage.conversations import MessageRow
from tests.bot.conversations.conftest import Desk


async def test_a_later_message_never_overtakes_one_that_is_retried(desk: Desk) -> None:
    desk.channel.failures = [RetryAfter("429", 0.2)]
    await desk.say("1")
    await desk.say("2")
    await desk.until(lambda: len(desk.channel.delivered) == 2)
    assert [text for _, text in desk.channel.delivered] == ["re 1", "re 2"]


async def test_one_blocked_customer_does_not_hold_up_others(desk: Desk) -> None:
    desk.channel.failures = [RetryAfter("429", 60)]
    await desk.say("1", user="slow")
    await desk.until(lambda: not desk.channel.failures)
    await desk.say("1", user="quick")
    await desk.until(lambda: len(desk.channel.delivered) == 1)
    assert desk.channel.delivered == [("quick", "re 1")]


async def test_a_permanent_failure_is_final_and_the_next_message_goes_out(desk: Desk) -> None:
    desk.channel.failures = [Refused("blocked by the user")]
    await desk.say("1")
    await desk.say("2")
    await desk.until(lambda: len(desk.channel.delivered) == 1)
    async with desk.database.read() as session:
        rows = (
            await session.scalars(
                select(MessageRow)
                .where(MessageRow.direction == Direction.OUT.value)
                .order_by(MessageRow.seq)
            )
        ).all()
    assert rows[0].state == MessageState.FAILED.value
    assert rows[0].error == "blocked by the user"


async def test_after_the_last_attempt_a_message_counts_as_failed(desk: Desk) -> None:
    desk.channel.failures = [DeliveryError("reset") for _ in range(3)]
    await desk.say("1")
    await desk.until(lambda: not desk.channel.failures)
    await desk.say("2")
    await desk.until(lambda: len(desk.channel.delivered) == 1)
    assert desk.channel.delivered == [("u1", "re 2")]


async def test_an_unexpected_error_of_a_channel_is_retried_too(desk: Desk) -> None:
    desk.channel.failures = [ZeroDivisionError("a bug in a connector")]
    await desk.say("1")
    await desk.until(lambda: len(desk.channel.delivered) == 1)
