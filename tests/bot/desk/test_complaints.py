"""A complaint is never argued with: it is on record with a promise, and a person is offered, not forced."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from bot.clock import SHOP_ZONE
from bot.conversations import transcript
from bot.conversations.dialogue import Outcome, Understood
from bot.conversations.handoff import DENY, HAND_OVER
from bot.conversations.model import Attachment, Body, FileKind, HandoffReason, Inbound, State
from bot.desk.catalogue import Catalogue
from bot.desk.hours import Hours, Span
from bot.desk.service import Agent, HandoffDesk
from bot.orders.cases import CaseDesk, CasePolicy
from bot.storage.cod import CaseRow
from bot.storage.conversations import ConversationRow, HandoffRow, TurnRow
from tests.bot.conversations.conftest import *  # noqa: F403 - its fixtures
from tests.bot.conversations.conftest import Desk

YES, CHEN = f"{HAND_OVER}complaint", Agent("xiaochen", "小陈")
# What is understood of a line: intent, decision, hand-off; how angry it is.
READ: dict[str, tuple[str, str, HandoffReason | None, float]] = {
    "我要投诉": ("complaint", "handoff:complaint", HandoffReason.COMPLAINT, 0.5),
    "花盆被送货的碰碎了": ("nlu_fallback", "clarify", None, 0.1),
    "他还不认账": ("out_of_scope", "decline", None, 0.1),
    "昨天下午送的": ("change_delivery_time", "flow:change_delivery_time", None, 0.1),
    "订单SO20261105001": ("inform", "flow:order_status", None, 0.1),
    "骗子！投诉！": ("complaint", "handoff:complaint", HandoffReason.COMPLAINT, 0.95),
    "转人工": ("ask_human", "handoff:asked_for", HandoffReason.ASKED_FOR, 0.1),
    "要": ("affirm", "flow:affirm", None, 0.0),
    "不用了": ("deny", "flow:deny", None, 0.0),
}


@pytest.fixture
def engine_url(tmp_path: object) -> str:
    """One database is enough here; what differs between the two is under test elsewhere."""
    return f"sqlite+aiosqlite:///{tmp_path}/test.sqlite3"


@pytest.fixture
def shop(desk: Desk) -> Desk:
    """The desk, whose dialogue knows a complaint."""
    plain = desk.dialogue.turn

    async def turn(*args: str, **more: object) -> Outcome:
        outcome = await plain(*args, **more)  # type: ignore[arg-type]
        read = READ.get(args[2])
        if read is None:
            return outcome
        intent, decision, reason, anger = read
        said = desk.phrases.say(f"utter_handoff_{reason}", "zh") if reason else Body("再说一遍？")
        understood = replace(
            outcome.turn, intent=intent, decision=decision, handoff=reason, replies=(said,)
        )
        return replace(outcome, turn=understood, anger=anger)

    async def understand(conversation_id: str, message_id: str, text: str) -> Understood:
        intent, _, _, anger = READ.get(text, ("ask_faq", "", None, 0.0))
        return Understood(
            intent, 0.6 if intent == "change_delivery_time" else 0.98, frozenset(), anger
        )

    desk.dialogue.turn = turn  # type: ignore[method-assign, assignment]
    desk.dialogue.understand = understand  # type: ignore[method-assign]
    return desk


async def _heard(shop: Desk, conversation: str) -> Body:
    async with shop.database.read() as session:
        return (await transcript.entries(session, conversation))[-1].body


async def _reasons(shop: Desk, conversation: str) -> list[str]:
    async with shop.database.read() as session:
        found = select(HandoffRow.reason).where(HandoffRow.conversation_id == conversation)
        return list(await session.scalars(found))


async def _case(shop: Desk) -> CaseRow:
    async with shop.database.read() as session:
        return (await session.scalars(select(CaseRow))).one()


async def test_a_calm_complaint_is_on_record_with_a_promise_and_a_person_is_offered(
    shop: Desk,
) -> None:
    conversation = await shop.say("我要投诉")
    case, heard = await _case(shop), await _heard(shop, conversation)
    assert await _reasons(shop, conversation) == [], "nobody is handed over unasked"
    assert "抱歉" in heard.text
    assert case.number in heard.text
    assert [button.payload for button in heard.buttons] == [YES, DENY]
    assert case.promised_for is not None
    assert timedelta(0) < case.promised_for - case.created_at <= timedelta(hours=24)
    assert case.data["words"] == ["我要投诉"]
    async with shop.database.read() as session:
        assert await session.scalar(select(TurnRow.decision)) == "flow:complaint"


@pytest.mark.parametrize(
    ("text", "payload"), [("要", None), ("要，请同事来", YES), ("转人工", None)]
)
async def test_a_yes_brings_a_person_who_knows_it_is_a_complaint(
    shop: Desk, catalogue: Catalogue, text: str, payload: str | None
) -> None:
    conversation = await shop.say("我要投诉")
    await shop.say(text, payload=payload)
    assert await _reasons(shop, conversation) == [HandoffReason.COMPLAINT]
    assert (await _case(shop)).closed_at is None, "the promise stands until a person has acted"
    agents = HandoffDesk(shop.database, shop.phrases, "zh", catalogue)
    await agents.close(conversation, CHEN, "compensation")
    assert (await _case(shop)).closed_at is not None


async def test_what_is_to_be_followed_up_stays_a_case(shop: Desk, catalogue: Catalogue) -> None:
    conversation = await shop.say("我要投诉")
    await shop.say("要")
    await HandoffDesk(shop.database, shop.phrases, "zh", catalogue).close(
        conversation, CHEN, "escalated"
    )
    assert (await _case(shop)).closed_at is None


async def test_a_no_keeps_the_case_and_its_promise(shop: Desk) -> None:
    conversation = await shop.say("我要投诉")
    await shop.say("不用了")
    case, heard = await _case(shop), await _heard(shop, conversation)
    assert case.number in heard.text
    assert not heard.buttons
    assert case.closed_at is None
    assert await _reasons(shop, conversation) == []
    await shop.say("我要投诉", message_id="again")
    assert (await _case(shop)).number == case.number, "one complaint is one case"


async def test_who_goes_on_telling_is_heard_and_not_asked_for_anything(shop: Desk) -> None:
    conversation = await shop.say("我要投诉")
    asked = len(shop.dialogue.seen)
    told = ["花盆被送货的碰碎了", "昨天下午送的", "订单SO20261105001", "他还不认账"]
    for line in told:
        await shop.say(line)
        heard = await _heard(shop, conversation)
        assert [button.payload for button in heard.buttons] == [YES, DENY]
    assert (await _case(shop)).data["words"] == ["我要投诉", *told]
    assert len(shop.dialogue.seen) == asked, "no form was begun, no question was searched for"
    assert await _reasons(shop, conversation) == []


async def test_a_photo_belongs_to_the_complaint(shop: Desk) -> None:
    conversation = await shop.say("我要投诉")
    photo = Attachment("0" * 32 + ".jpg", FileKind.PICTURE, "1.jpg", "image/jpeg", 9)
    inbound = Inbound("test", "u1", "photo", "", attachments=(photo,))
    shop.workers.wake((await shop.inbox.accept(inbound)).conversation_id)
    await shop.workers.idle(conversation)
    assert (await _case(shop)).data["pictures"] == [photo.id]
    assert (await _heard(shop, conversation)).buttons


async def test_who_asks_how_long_hears_the_promise_and_a_question_is_answered(shop: Desk) -> None:
    conversation = await shop.say("我要投诉")
    await shop.say("要多久")
    heard = await _heard(shop, conversation)
    assert "前一定给您答复" in heard.text
    assert [button.payload for button in heard.buttons] == [YES, DENY]
    await shop.say("包邮吗")
    assert (await _heard(shop, conversation)).text == "re 包邮吗"
    assert (await _case(shop)).data["words"] == ["我要投诉"]


@pytest.mark.parametrize("calm", [[], ["我要投诉"]])
async def test_an_angry_complaint_hands_over_at_once(shop: Desk, calm: list[str]) -> None:
    for line in [*calm, "骗子！投诉！"]:
        conversation = await shop.say(line)
    assert await _reasons(shop, conversation) == [HandoffReason.ANGER]


async def test_at_night_the_promise_lies_in_the_day_and_nobody_is_promised_now(
    shop: Desk, catalogue: Catalogue
) -> None:
    now = datetime.now(SHOP_ZONE)
    begins = (now.hour + 2) % 24 * 60
    hours = Hours([[Span(begins, begins + 60)]] * 7)
    shop.follow(replace(shop.workers._desk, hours=hours))
    conversation = await shop.say("我要投诉")
    heard = (await _heard(shop, conversation)).text
    assert f"北京时间{'今天' if begins > now.hour * 60 else '明天'}{begins // 60:02}:00" in heard
    promised = (await _case(shop)).promised_for
    assert promised is not None
    assert hours.is_open(promised - timedelta(minutes=1))
    await shop.say("要")
    async with shop.database.read() as session:
        row = await session.get_one(ConversationRow, conversation)
    assert row.state == State.QUEUED


async def test_an_answer_from_the_desk_closes_it_and_reaches_the_customer(
    shop: Desk, root: Path
) -> None:
    conversation = await shop.say("我要投诉")
    cases = CaseDesk(shop.database, CasePolicy.load(root / "data/policy/cases.yml"))
    (case,) = await cases.waiting()
    assert case.order_number is None
    assert await cases.last_order(conversation) is None
    assert await cases.complaint_of(conversation) == case
    await cases.close(case.number, "花盆赔您。", agent="chen", now=datetime.now(UTC))
    assert (await _heard(shop, conversation)).text == "花盆赔您。"
    assert await cases.complaint_of(conversation) is None
