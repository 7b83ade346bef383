"""Nobody is handed over who was not asked, but who asked for it, who is angry, and when the bot is broken."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from ruamel.yaml import YAML
from sqlalchemy import select

from bot.conversations.dialogue import Outcome
from bot.conversations.handoff import ASK_HUMAN, HAND_OVER
from bot.conversations.model import Body, HandoffReason, State
from bot.conversations.phrases import Phrases
from bot.desk.catalogue import Catalogue
from bot.desk.hours import Hours
from bot.desk.rules import DeskRules
from bot.language import Language
from bot.storage.cod import CaseRow
from bot.storage.conversations import ConversationRow, HandoffRow
from tests.bot.conversations.conftest import *  # noqa: F403 - its fixtures
from tests.bot.conversations.conftest import Desk

EXCEPTED = {
    HandoffReason.ASKED_FOR, HandoffReason.ANGER, HandoffReason.ENGINE_DOWN,
    # A call and a colleague who steps in hand nobody over.
    HandoffReason.COD_UNREACHABLE, HandoffReason.TAKEOVER,
}  # fmt: skip
OFFERED = [reason for reason in HandoffReason if reason not in EXCEPTED]


@pytest.fixture
def engine_url(tmp_path: object) -> str:
    """One database is enough here; what differs between the two is under test elsewhere."""
    return f"sqlite+aiosqlite:///{tmp_path}/test.sqlite3"


def _offers(root: Path, reason: HandoffReason, language: Language) -> Iterator[Body]:
    """Return what the bot says that offers a person for a reason."""
    phrases, rules = (
        Phrases(root / "domain.yml"),
        DeskRules(Catalogue.load(root / "data/desk"), Hours()),
    )
    now = datetime.now(UTC)
    if reason is HandoffReason.TURN_LIMIT:
        yield rules.ask_line(reason, language, now)
    elif reason is HandoffReason.COMPLAINT:
        case = CaseRow(number="CS20261124000001", order_number="CS20261124000001", created_at=now)
        yield rules.complaint_line("ask_complaint", case, language, now)
    elif reason is HandoffReason.LOW_CONFIDENCE:
        yield phrases.say("utter_clarify", language)
    else:
        for name, variations in YAML(typ="safe").load(root / "domain.yml")["responses"].items():
            said = str(variations)
            if f"{HAND_OVER}{reason}" in said:
                values = dict.fromkeys(re.findall(r"{(\w+)}", said), "—")
                yield phrases.say(name, language, **values)


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("reason", OFFERED)
def test_every_other_reason_has_its_offer(
    root: Path, reason: HandoffReason, language: Language
) -> None:
    offers = list(_offers(root, reason, language))
    assert offers
    wanted = ASK_HUMAN if reason is HandoffReason.LOW_CONFIDENCE else f"{HAND_OVER}{reason}"
    for body in offers:
        assert wanted in [button.payload for button in body.buttons], body.text


@pytest.mark.parametrize("reason", [r for r in OFFERED if r is not HandoffReason.LOW_CONFIDENCE])
async def test_who_takes_the_offer_waits_for_its_reason_and_who_does_not_stays_with_the_bot(
    desk: Desk, root: Path, reason: HandoffReason
) -> None:
    plain, offer = desk.dialogue.turn, next(_offers(root, reason, "zh"))

    async def turn(*args: str, **more: object) -> Outcome:
        outcome = await plain(*args, **more)  # type: ignore[arg-type]
        return replace(outcome, turn=replace(outcome.turn, replies=(offer,)))

    desk.dialogue.turn = turn  # type: ignore[method-assign, assignment]
    for user in ("ignores", "takes"):
        conversation = await desk.say("订单怎么了", user)
        async with desk.database.read() as session:
            assert (await session.get_one(ConversationRow, conversation)).state == State.BOT
    await desk.say("还是算了，包邮吗", "ignores")
    await desk.say("转人工", "takes", payload=f"{HAND_OVER}{reason}")
    async with desk.database.read() as session:
        (waits,) = await session.scalars(select(HandoffRow))
    assert (waits.conversation_id, waits.reason) == (conversation, reason)


def test_the_dialogue_itself_hands_over_only_who_asked_complained_or_was_asked_before(
    root: Path,
) -> None:
    reasons = set()
    for file in (root / "actions").glob("*.py"):
        reasons |= set(re.findall(r"HandoffReason\.(\w+)", file.read_text("utf-8")))
    # A complaint becomes an offer on its way out (bot/desk/steps.py).
    assert reasons == {"ASKED_FOR", "COMPLAINT", "LOW_CONFIDENCE"}
