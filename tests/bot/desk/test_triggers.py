"""Turns without progress and anger: the bot asks, or steps back, at the right moment."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.conversations import transcript
from bot.conversations.dialogue import Outcome
from bot.conversations.handoff import BACK_TO_BOT, HAND_OVER
from bot.conversations.model import Author, Body, HandoffReason, State
from bot.conversations.transcript import Entry
from bot.conversations.turn import Turn
from bot.desk.triggers import TURN_LIMIT, _Past, without_progress
from bot.storage.conversations import ConversationRow, HandoffRow
from tests.bot.conversations.conftest import *  # noqa: F403 - its fixtures
from tests.bot.conversations.conftest import Desk

ASK = f"{HAND_OVER}turn_limit"


@pytest.fixture
def engine_url(tmp_path: object) -> str:
    """One database is enough here; what differs between the two is under test elsewhere."""
    return f"sqlite+aiosqlite:///{tmp_path}/test.sqlite3"


@pytest.fixture
def moody(desk: Desk) -> Desk:
    """The dialogue measures anger as the digits in a message say: "0.9 …"; "?" is not understood."""
    plain = desk.dialogue.turn

    async def turn(*args: object, **more: object) -> Outcome:
        outcome = await plain(*args, **more)  # type: ignore[arg-type]
        text = str(args[2])
        if text.startswith("0."):
            outcome = replace(outcome, anger=float(text.split(maxsplit=1)[0]))
        if text.startswith("?"):
            lost = Turn("nlu_fallback", 0.2, [], "suggest:a,b", (Body("?"),))
            outcome = replace(outcome, turn=lost)
        if text == "yes":
            said_yes = replace(outcome.turn, intent="affirm", decision="flow:affirm")
            outcome = replace(outcome, turn=said_yes)
        return outcome

    desk.dialogue.turn = turn  # type: ignore[method-assign]
    desk.inbox = type(desk.inbox)(desk.database, 2000, frozenset({BACK_TO_BOT}))
    return desk


async def _entries(desk: Desk, conversation_id: str) -> list[Entry]:
    async with desk.database.read() as session:
        return await transcript.entries(session, conversation_id)


async def _state(desk: Desk, conversation_id: str) -> tuple[str, list[str]]:
    async with desk.database.read() as session:
        conversation = await session.get_one(ConversationRow, conversation_id)
        from sqlalchemy import select

        reasons = list(await session.scalars(select(HandoffRow.reason)))
    return conversation.state, reasons


async def test_an_angry_customer_gets_a_person_at_once(moody: Desk) -> None:
    conversation = await moody.say("0.1 hello")
    await moody.say("0.95 you thieves")
    assert await _state(moody, conversation) == (State.QUEUED, [HandoffReason.ANGER])
    last = (await _entries(moody, conversation))[-1]
    assert last.author is Author.SYSTEM
    assert last.body == moody.phrases.say("utter_handoff_anger", "en")


async def test_who_calls_for_a_person_in_anger_stands_in_the_queue_as_angry(moody: Desk) -> None:
    plain = moody.dialogue.turn

    async def turn(*args: object, **more: object) -> Outcome:
        outcome = await plain(*args, **more)  # type: ignore[arg-type]
        asks = replace(outcome.turn, handoff=HandoffReason.ASKED_FOR)
        return replace(outcome, turn=asks)

    moody.dialogue.turn = turn  # type: ignore[method-assign]
    await moody.say("0.2 a person please", "calm")
    angry = await moody.say("0.95 get me a person, you thieves", "angry")
    assert await _state(moody, angry) == (
        State.QUEUED, [HandoffReason.ASKED_FOR, HandoffReason.ANGER],
    )  # fmt: skip
    # What they hear is the answer to their call.
    assert (await _entries(moody, angry))[-1].author is Author.BOT


async def test_who_left_the_queue_is_asked_and_not_sent_back_by_the_next_harsh_word(
    moody: Desk,
) -> None:
    conversation = await moody.say("0.95 you thieves")
    await moody.say("back", payload=BACK_TO_BOT)
    await moody.say("0.95 thieves, I said")
    assert (await _state(moody, conversation))[0] == State.BOT
    payloads = [b.payload for b in (await _entries(moody, conversation))[-1].body.buttons]
    assert payloads == [f"{HAND_OVER}anger"]


async def test_six_turns_without_progress_bring_an_offer_and_a_yes_a_person(moody: Desk) -> None:
    for number in range(TURN_LIMIT):
        conversation = await moody.say(f"? {number}")
        last = (await _entries(moody, conversation))[-1]
        offered = [button.payload for button in last.body.buttons]
        assert offered == ([ASK] if number == TURN_LIMIT - 1 else [])
    await moody.say("yes")
    assert await _state(moody, conversation) == (State.QUEUED, [HandoffReason.TURN_LIMIT])
    last = (await _entries(moody, conversation))[-1]
    assert last.body == moody.phrases.say("utter_handoff_turn_limit", "en")


async def test_the_offer_s_button_brings_a_person_and_ignoring_it_twice_as_long_too(
    moody: Desk,
) -> None:
    for number in range(TURN_LIMIT):
        pressed = await moody.say(f"? {number}", "presses")
    await moody.say("a person", "presses", payload=ASK)
    assert (await _state(moody, pressed))[0] == State.QUEUED
    for number in range(2 * TURN_LIMIT):
        ignored = await moody.say(f"? {number}", "ignores")
    assert (await _state(moody, ignored))[0] == State.QUEUED


def test_what_counts_as_progress() -> None:
    def stuck(*decisions: str) -> int:
        return without_progress([_Past(d, False, 0.0) for d in reversed(decisions)])

    assert stuck("answer:a", "answer:b", "answer:c") == 0
    assert stuck("answer:a", "answer:a", "answer:a") == 2, "the same answer again helps nobody"
    assert stuck("clarify", "suggest:a", "decline") == 3
    assert stuck("clarify", "flow:thanks", "flow:greet") == 1, "small talk is neither"
    given = [_Past("flow:order_status", True, 0.0), _Past("flow:order_status", False, 0.0)]
    assert without_progress(given) == 0, "an order number brings the task further"
