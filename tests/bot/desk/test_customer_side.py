"""The customer's side of a hand-off: nobody there, ratings, a button pressed too late."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from bot.clock import SHOP_ZONE
from bot.conversations import transcript
from bot.conversations.dialogue import Outcome
from bot.conversations.handoff import BACK_TO_BOT
from bot.conversations.model import Author, Body, HandoffReason, State
from bot.desk.callback import CALL_ME
from bot.desk.catalogue import Catalogue
from bot.desk.hours import Hours, Span
from bot.desk.report import GroupBy, service_report
from bot.desk.rules import DeskRules
from bot.desk.service import Agent, HandoffDesk
from bot.storage.conversations import ConversationRow
from bot.storage.desk import RatingRow
from tests.bot.conversations.conftest import *  # noqa: F403 - its fixtures
from tests.bot.conversations.conftest import Desk

CHEN = Agent("xiaochen", "小陈")


@pytest.fixture
def agents(desk: Desk, catalogue: Catalogue) -> HandoffDesk:
    return HandoffDesk(desk.database, desk.phrases, "zh", catalogue)


@pytest.fixture
def closed(desk: Desk, catalogue: Catalogue) -> Desk:
    """The desk when it is closed: it opens for one minute a day, and not in this one."""
    now = desk_now()
    later = (now + 600) % (24 * 60)
    week = [[Span(later, later + 1)]] * 7
    desk.follow(DeskRules(catalogue, Hours(week=week)))
    return desk


def desk_now() -> int:
    local = datetime.now(UTC).astimezone(SHOP_ZONE)
    return local.hour * 60 + local.minute


async def _lines(desk: Desk, conversation_id: str) -> list[tuple[Author, Body]]:
    async with desk.database.read() as session:
        return [(e.author, e.body) for e in await transcript.entries(session, conversation_id)]


async def _ratings(desk: Desk) -> list[tuple[int, str | None]]:
    async with desk.database.read() as session:
        rows = await session.scalars(select(RatingRow).order_by(RatingRow.handoff_id))
        return [(row.score, row.comment) for row in rows]


async def test_out_of_hours_the_customer_hears_the_next_opening_and_the_bot_goes_on(
    closed: Desk, agents: HandoffDesk
) -> None:
    conversation_id = await closed.say("person")
    author, body = (await _lines(closed, conversation_id))[-1]
    assert author is Author.SYSTEM
    assert "back" in body.text
    assert [button.payload for button in body.buttons] == [CALL_ME, BACK_TO_BOT]
    await closed.say("包邮吗")
    assert (await _lines(closed, conversation_id))[-1] == (Author.BOT, Body("re 包邮吗"))
    assert len(await agents.queue()) == 1, "the place in the queue is kept"


async def test_who_calls_out_of_hours_while_waiting_hears_the_hours_and_no_greeting(
    closed: Desk,
) -> None:
    conversation_id = await closed.say("person")
    await closed.say("hello?")
    (_, body), (author, last) = (await _lines(closed, conversation_id))[-3::2]
    assert author is Author.SYSTEM
    assert last == body


async def test_who_has_not_asked_for_a_person_is_greeted(closed: Desk) -> None:
    conversation_id = await closed.say("hello?")
    assert (await _lines(closed, conversation_id))[-1] == (Author.BOT, Body("re hello?"))


@pytest.fixture
def honest(closed: Desk) -> Desk:
    """The dialogue says what the engine says; a message names the reason."""
    plain = closed.dialogue.turn

    async def turn(*args: object, **more: object) -> Outcome:
        outcome = await plain(*args, **more)  # type: ignore[arg-type]
        reason = HandoffReason(str(args[2]))
        said = closed.phrases.say(f"utter_handoff_{reason}", outcome.reply_language)
        kept = Body("麻烦发一下订单号")
        known = replace(outcome.turn, handoff=reason, replies=(kept, said))
        # A complaint hands over by itself only when it is an angry one.
        return replace(outcome, turn=known, anger=float(reason is HandoffReason.COMPLAINT))

    closed.dialogue.turn = turn  # type: ignore[method-assign]
    return closed


@pytest.mark.parametrize(
    "reason",
    [reason for reason in HandoffReason if reason not in ("takeover", "cod_unreachable")],
)
async def test_out_of_hours_nobody_is_promised_in_a_moment(
    honest: Desk, catalogue: Catalogue, reason: HandoffReason
) -> None:
    conversation_id = await honest.say(reason)
    said = [
        body.text for author, body in await _lines(honest, conversation_id) if author != "customer"
    ]
    queued = HandoffReason.ANGER if reason is HandoffReason.COMPLAINT else reason
    first = catalogue.lines.closed[queued].en if queued in catalogue.lines.closed else ""
    assert said[0] == "麻烦发一下订单号"
    assert said[1].startswith(f"{first} Our team is away".strip())
    assert len(said) == 2
    await honest.say(reason, message_id="again")
    again = [body.text for _, body in await _lines(honest, conversation_id)][-1]
    assert again.startswith("You're in the queue already; our team is back")


async def test_a_broken_bot_is_as_honest(closed: Desk) -> None:
    conversation_id = await closed.say("broken")
    said = [
        body.text for author, body in await _lines(closed, conversation_id) if author != "customer"
    ]
    assert len(said) == 1
    assert said[0].startswith("Sorry, something went wrong on my side. Our team is away")


@pytest.mark.parametrize("text", ["先问机器人", "不等了。", "Back to the bot!", "cancel waiting"])
async def test_who_waits_may_type_that_they_do_not_want_to_any_more(
    desk: Desk, agents: HandoffDesk, text: str
) -> None:
    await desk.say("person")
    conversation_id = await desk.say(text)
    async with desk.database.read() as session:
        assert (await session.get_one(ConversationRow, conversation_id)).state == State.BOT
    assert await agents.queue() == []
    # Said to the bot it is a message like any other.
    await desk.say(text, message_id="later")
    assert (await _lines(desk, conversation_id))[-1] == (Author.BOT, Body(f"re {text}"))


async def test_who_waits_may_ask_for_a_call_in_words(desk: Desk, catalogue: Catalogue) -> None:
    await desk.say("person")
    conversation_id = await desk.say("给我回电")
    assert (await _lines(desk, conversation_id))[-1][1].text == catalogue.line(
        "ask_phone", "zh"
    ).text
    await desk.say("不用打了")
    assert (await _lines(desk, conversation_id))[-1][1].text == catalogue.line("no_call", "zh").text


async def test_an_agent_s_customer_types_to_the_agent(desk: Desk, agents: HandoffDesk) -> None:
    conversation_id = await desk.say("person")
    await agents.take(conversation_id, CHEN)
    await desk.say("不等了")
    assert (await _lines(desk, conversation_id))[-1] == (Author.CUSTOMER, Body("不等了"))


async def test_an_agent_who_takes_it_out_of_hours_silences_the_bot(
    closed: Desk, agents: HandoffDesk
) -> None:
    conversation_id = await closed.say("person")
    await agents.take(conversation_id, CHEN)
    await closed.say("包邮吗")
    assert (await _lines(closed, conversation_id))[-1] == (Author.CUSTOMER, Body("包邮吗"))


async def test_within_hours_nothing_is_said_about_them(desk: Desk) -> None:
    conversation_id = await desk.say("person")
    assert len(await _lines(desk, conversation_id)) == 2


async def _closed_chat(desk: Desk, agents: HandoffDesk) -> tuple[str, dict[str, str]]:
    """Hand off, answer, close; returns the conversation and the rating buttons by title's stars."""
    conversation_id = await desk.say("person")
    await agents.answer(conversation_id, CHEN, "您好")
    await agents.close(conversation_id, CHEN)
    _, body = (await _lines(desk, conversation_id))[-1]
    return conversation_id, {str(b.title.count("★")): b.payload for b in body.buttons}


async def test_a_rating_with_a_comment(desk: Desk, agents: HandoffDesk) -> None:
    conversation_id, stars = await _closed_chat(desk, agents)
    assert sorted(stars) == ["1", "2", "3", "4", "5"]
    await desk.say("x", message_id="r", payload=stars["4"])
    _, thanks = (await _lines(desk, conversation_id))[-1]
    await desk.say("x", message_id="c", payload=thanks.buttons[0].payload)
    await desk.say("很耐心", message_id="text")
    await desk.say("包邮吗", message_id="next")
    assert await _ratings(desk) == [(4, "很耐心")]
    assert (await _lines(desk, conversation_id))[-1] == (Author.BOT, Body("re 包邮吗"))


async def test_a_rating_may_be_changed_and_no_question_is_taken_for_a_comment(
    desk: Desk, agents: HandoffDesk
) -> None:
    conversation_id, stars = await _closed_chat(desk, agents)
    await desk.say("x", message_id="r1", payload=stars["1"])
    await desk.say("x", message_id="r2", payload=stars["5"])
    await desk.say("包邮吗", message_id="q")
    assert await _ratings(desk) == [(5, None)]
    assert (await _lines(desk, conversation_id))[-1] == (Author.BOT, Body("re 包邮吗"))


async def test_a_nuisance_is_not_asked(desk: Desk, agents: HandoffDesk) -> None:
    conversation_id = await desk.say("person")
    await agents.close(conversation_id, CHEN, "spam")
    assert (await _lines(desk, conversation_id))[-1][1].buttons == ()


async def test_nobody_rates_another_customer_s_conversation(
    desk: Desk, agents: HandoffDesk
) -> None:
    _, stars = await _closed_chat(desk, agents)
    await desk.say(stars["1"], user="other", payload=stars["1"])
    assert await _ratings(desk) == []


async def test_leaving_the_queue_too_late_does_not_take_the_word_from_the_agent(
    desk: Desk, agents: HandoffDesk
) -> None:
    desk.inbox = type(desk.inbox)(desk.database, 2000, frozenset({BACK_TO_BOT}))
    conversation_id = await desk.say("person")
    await agents.take(conversation_id, CHEN)
    await desk.say("先问机器人", payload=BACK_TO_BOT)
    async with desk.database.read() as session:
        conversation = await session.get_one(ConversationRow, conversation_id)
    assert conversation.state == State.AGENT
    assert len(await agents.queue()) == 1


async def test_a_pressing_reason_goes_before_a_longer_wait_but_not_for_ever(
    desk: Desk, agents: HandoffDesk, catalogue: Catalogue
) -> None:
    from bot.storage.conversations import HandoffRow

    first = await desk.say("person", user="a")
    second = await desk.say("broken", user="b")
    assert [w.conversation_id for w in await agents.queue()] == [second, first]
    async with desk.database.write() as session:
        row = await session.scalar(select(HandoffRow).where(HandoffRow.conversation_id == first))
        assert row is not None
        row.created_at -= timedelta(minutes=6)
    assert [w.conversation_id for w in await agents.queue()] == [first, second]


@pytest.mark.parametrize("text", ["person", "broken"])
async def test_a_first_message_that_is_handed_off_is_not_contained(desk: Desk, text: str) -> None:
    await desk.say(text)
    now = datetime.now(UTC)
    async with desk.database.read() as session:
        (line,) = await service_report(
            session, now - timedelta(days=1), now, SHOP_ZONE, GroupBy.ALL
        )
    assert (line.handoff_rate, line.containment) == (1.0, 0.0)
