"""One customer on two channels: codes, consent, what follows, proofs, and taking it back."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import delete, select, update

from bot.conversations import transcript
from bot.conversations.inbox import Inbox
from bot.conversations.model import Author, Body, Button, Inbound, State
from bot.conversations.outbox import Delivery, Outbox
from bot.conversations.phrases import Phrases
from bot.conversations.worker import Workers
from bot.desk.catalogue import Catalogue
from bot.desk.hours import Hours
from bot.desk.rules import DeskRules
from bot.linking.codes import written
from bot.linking.joining import family
from bot.linking.service import GOOD_FOR, PROOF_GOOD_FOR, Links
from bot.linking.talk import LinkTalk
from bot.orders.contacts import remember_contact
from bot.orders.identity import Level
from bot.orders.tries import WRONG_TRIES, WRONG_TRIES_OF_ADDRESS
from bot.storage.cod import ContactRow
from bot.storage.conversations import Address, ConversationRow, HandoffRow, LinkRow
from bot.storage.engine import Database
from tests.bot.conversations.conftest import ScriptedDialogue, _no_typing, catalogue, phrases

__all__ = ["catalogue", "phrases"]

NOW = datetime.now(UTC)
WEB, TELEGRAM = Address("web", "visitor"), Address("telegram", "42")
PHONE = "+8613812346688"


@dataclass
class Post:
    """Delivers, and remembers to whom."""

    channel: str
    sent: list[tuple[Address, Body]]

    async def deliver(self, delivery: Delivery) -> None:
        self.sent.append((Address(self.channel, delivery.user), delivery.entry.body))


@dataclass
class Shop:
    """Two channels, and what stands between them and the dialogue."""

    database: Database
    dialogue: ScriptedDialogue
    inbox: Inbox
    workers: Workers
    outbox: Outbox
    links: Links
    phrases: Phrases
    sent: list[tuple[Address, Body]]
    numbers: itertools.count[int] = field(default_factory=itertools.count)

    async def say(
        self, at: Address, text: str, payload: str | None = None, origin: str | None = None
    ) -> list[str]:
        """Take one message in; returns what is sent to the same address for it."""
        before = len(self.sent)
        accepted = await self.inbox.accept(
            Inbound(*at, f"{at.user}:{next(self.numbers)}", text, payload, origin)
        )
        self.workers.wake(accepted.conversation_id)
        await self.workers.idle(accepted.conversation_id)
        async with self.database.read() as session:
            ids = list(await session.scalars(select(ConversationRow.id)))
        for one in ids:
            self.outbox.wake(one)
            await self.outbox.idle(one)
        return [body.text for to, body in self.sent[before:] if to == at]

    async def code(self, at: Address) -> str:
        nonce = await self.links.issue((await self.row(at)).id, datetime.now(UTC))
        assert nonce is not None
        return written(self.links.codes.code_of(nonce))

    async def row(self, at: Address) -> ConversationRow:
        """Return the conversation that an address began, whichever it belongs to now."""
        async with self.database.read() as session:
            found = await session.scalars(
                select(ConversationRow).where(
                    ConversationRow.channel == at.channel, ConversationRow.user == at.user
                )
            )
            return found.one()

    async def joined(self) -> None:
        """Join the two channels with a code, the website's conversation going on."""
        await self.say(WEB, "你好")
        await self.say(TELEGRAM, await self.code(WEB))
        await self.say(TELEGRAM, "接过来继续", "/link_yes")

    def line(self, name: str, **values: str) -> str:
        return self.phrases.say(name, "zh", **values).text


@pytest.fixture
async def shop(database: Database, phrases: Phrases, catalogue: Catalogue) -> AsyncIterator[Shop]:
    sent: list[tuple[Address, Body]] = []
    dialogue, links = ScriptedDialogue(), Links(database, "key")
    senders = {name: Post(name, sent) for name in ("web", "telegram")}
    outbox = Outbox(database, senders, attempts=3, reveal=links.codes.reveal)
    workers = Workers(
        database, dialogue, phrases,
        on_reply=outbox.wake,
        on_typing=_no_typing,
        queue_ack_every=timedelta(minutes=2),
        desk=DeskRules(catalogue, Hours()),
        links=LinkTalk(database, links, phrases, outbox.wake),
    )  # fmt: skip
    yield Shop(database, dialogue, Inbox(database, 2000), workers, outbox, links, phrases, sent)
    await workers.close()
    await outbox.close()


async def test_a_code_joins_two_channels_and_the_question_that_was_open_follows(shop: Shop) -> None:
    await shop.say(WEB, "我要退货")
    web = await shop.row(WEB)
    card = Body("确认退货SO20261105001吗？", buttons=(Button("确认", "/affirm"),))
    async with shop.database.write() as session:
        row = await transcript.locked(session, web.id)
        transcript.append_out(session, row, [card], Author.BOT)
    code = await shop.code(WEB)
    asked = await shop.say(TELEGRAM, f"码是 {code.lower()}")
    assert asked == [shop.line("utter_link_ask", channel="网页")]
    assert (await shop.row(TELEGRAM)).joined_id is None  # not before a yes

    before = len(shop.sent)
    assert await shop.say(TELEGRAM, "好的") == [
        shop.line("utter_link_done", channel="网页"), card.text,
    ]  # fmt: skip
    # Who sits at the other end hears of it and can undo it.
    assert (WEB, shop.line("utter_link_left", channel="Telegram（电报）")) in [
        (to, body.text) for to, body in shop.sent[before:]
    ]
    # The button of the card is pressed on the new channel; the engine sees one customer.
    assert await shop.say(TELEGRAM, "确认", "/affirm") == ["re /affirm"]
    assert shop.dialogue.seen == [(web.id, "我要退货"), (web.id, "/affirm")]


async def test_each_channel_shows_what_was_said_there_and_the_desk_everything(shop: Shop) -> None:
    await shop.say(TELEGRAM, "以前的话")
    await shop.joined()
    assert await shop.say(TELEGRAM, "在电报上") == ["re 在电报上"]
    assert await shop.say(WEB, "又在网页上") == ["re 又在网页上"]
    async with shop.database.read() as session:
        at_web = [e.body.text for e in await transcript.entries_at(session, WEB)]
        at_telegram = await transcript.entries_at(session, TELEGRAM)
        whole = await transcript.entries(session, (await shop.row(WEB)).id)
    texts = [entry.body.text for entry in at_telegram]
    assert at_web[-2:] == ["又在网页上", "re 又在网页上"]
    assert "在电报上" not in at_web
    assert texts[:2] == ["以前的话", "re 以前的话"]
    assert texts[-2:] == ["在电报上", "re 在电报上"]
    assert "又在网页上" not in texts
    # A button names its line by address and number, so no number stands twice at an address.
    assert len({entry.seq for entry in at_telegram}) == len(at_telegram)
    assert {"在电报上", "又在网页上"} <= {entry.body.text for entry in whole}


async def test_wrong_used_and_expired_codes_are_one_answer(shop: Shop) -> None:
    wrong = shop.line("utter_link_wrong")
    await shop.say(WEB, "你好")
    assert await shop.say(TELEGRAM, "YD-2222-2222") == [wrong]
    first, second = await shop.code(WEB), await shop.code(WEB)
    assert await shop.say(TELEGRAM, first) == [wrong]  # a newer one took its place
    assert await shop.say(WEB, second) == [wrong]  # in the window where it was asked for
    async with shop.database.write() as session:
        await session.execute(update(LinkRow).values(good_until=datetime.now(UTC)))
    assert await shop.say(TELEGRAM, second) == [wrong]
    third = await shop.code(WEB)
    assert await shop.say(TELEGRAM, third) == [shop.line("utter_link_ask", channel="网页")]
    assert await shop.say(Address("telegram", "thief"), third) == [wrong]  # used up


async def test_guessing_is_limited_for_a_customer_and_for_a_network_address(shop: Shop) -> None:
    wrong = shop.line("utter_link_wrong")
    await shop.say(WEB, "你好")
    for _ in range(WRONG_TRIES):
        await shop.say(TELEGRAM, "YD-2222-2222")
    code = await shop.code(WEB)
    assert await shop.say(TELEGRAM, code) == [wrong]  # right, and not looked at
    guessers = [Address("web", f"g{n}") for n in range(WRONG_TRIES_OF_ADDRESS // WRONG_TRIES)]
    for guesser in guessers:
        for _ in range(WRONG_TRIES):
            await shop.say(guesser, "YD-3333-3333", origin="203.0.113.9")
    assert await shop.say(Address("web", "g9"), code, origin="203.0.113.9") == [wrong]
    asked = shop.line("utter_link_ask", channel="网页")
    assert await shop.say(Address("web", "other"), code, origin="203.0.113.8") == [asked]


async def test_a_no_joins_nothing_and_voids_the_code(shop: Shop) -> None:
    await shop.say(WEB, "你好")
    code = await shop.code(WEB)
    await shop.say(TELEGRAM, code)
    assert await shop.say(TELEGRAM, "不是我", "/link_no") == [shop.line("utter_link_refused")]
    assert await shop.say(TELEGRAM, "接过来继续", "/link_yes") == [shop.line("utter_link_wrong")]
    assert (await shop.row(TELEGRAM)).joined_id is None


async def test_nobody_can_press_yes_without_a_code(shop: Shop) -> None:
    await shop.say(WEB, "你好")
    assert await shop.say(TELEGRAM, "yes", "/link_yes") == ["re yes"]


async def test_the_place_in_the_queue_follows(shop: Shop) -> None:
    await shop.say(TELEGRAM, "person")
    await shop.joined()
    web, telegram = await shop.row(WEB), await shop.row(TELEGRAM)
    assert (web.state, telegram.state) == (State.QUEUED, State.BOT)
    async with shop.database.read() as session:
        waiting = (await session.scalars(select(HandoffRow))).one()
    assert (waiting.conversation_id, waiting.closed_at) == (web.id, None)
    assert (TELEGRAM, shop.line("utter_link_person")) in [(to, b.text) for to, b in shop.sent]


@pytest.mark.parametrize("at", [WEB, TELEGRAM])
async def test_undoing_parts_both_and_proofs_are_asked_again(shop: Shop, at: Address) -> None:
    await shop.say(TELEGRAM, "你好")
    telegram = await shop.row(TELEGRAM)
    await _prove(shop, telegram, "C1", PHONE, Level.ONE_TIME_CODE)
    await shop.joined()
    web = await shop.row(WEB)
    assert await _proofs(shop, web) == {("C1", PHONE)}  # what was proved there counts for both
    await _prove(shop, web, "C2", "+8613900000000", Level.LAST_FOUR, datetime.now(UTC))
    assert await shop.say(at, "断开", "/link_undo") == [shop.line("utter_link_undone")]
    assert await _proofs(shop, web) == set()
    assert await _proofs(shop, telegram) == {("C1", PHONE)}
    await shop.say(TELEGRAM, "在电报上")
    await shop.say(WEB, "在网页上")
    assert shop.dialogue.seen[-2:] == [(telegram.id, "在电报上"), (web.id, "在网页上")]


async def test_the_same_proved_phone_makes_one_customer(shop: Shop) -> None:
    await shop.say(WEB, "你好")
    await shop.say(TELEGRAM, "你好")
    web, telegram = await shop.row(WEB), await shop.row(TELEGRAM)
    await _prove(shop, web, "C1", PHONE, Level.ONE_TIME_CODE)
    async with shop.database.write() as session:
        (await transcript.locked(session, web.id)).asking = True
    await _prove(shop, telegram, "C1", PHONE, Level.PHONE_SHARED)
    # The website asks something: that task is taken up here.
    assert await shop.links.proved(telegram.id, NOW) == web.id
    await shop.say(TELEGRAM, "是的")
    assert shop.dialogue.seen[-1] == (web.id, "是的")
    assert (await shop.row(WEB)).address == TELEGRAM


async def test_weaker_old_or_other_proofs_join_nobody(shop: Shop) -> None:
    cases = [
        ((PHONE, Level.LAST_FOUR, NOW), (PHONE, Level.LAST_FOUR, NOW)),
        ((PHONE, Level.ONE_TIME_CODE, NOW), (PHONE, Level.LAST_FOUR, NOW)),
        ((PHONE, Level.ONE_TIME_CODE, NOW), ("+8613900000000", Level.ONE_TIME_CODE, NOW)),
        ((PHONE, Level.ONE_TIME_CODE, NOW), ("", Level.SIGNED_IN, NOW)),
        ((PHONE, Level.ONE_TIME_CODE, NOW), (PHONE, Level.ONE_TIME_CODE, NOW - PROOF_GOOD_FOR)),
    ]
    await shop.say(WEB, "你好")
    await shop.say(TELEGRAM, "你好")
    web, telegram = await shop.row(WEB), await shop.row(TELEGRAM)
    for here, there in cases:
        async with shop.database.write() as session:
            await session.execute(delete(ContactRow))
        await _prove(shop, web, "C1", *there)
        await _prove(shop, telegram, "C1", *here)
        await shop.links.proved(telegram.id, NOW)
        async with shop.database.read() as session:
            assert await family(session, web.id) == [web.id], (here, there)


async def test_a_code_is_over_after_ten_minutes(shop: Shop) -> None:
    await shop.say(WEB, "你好")
    web = await shop.row(WEB)
    nonce = await shop.links.issue(web.id, NOW)
    assert nonce is not None
    code = shop.links.codes.code_of(nonce)
    await shop.say(TELEGRAM, "你好")
    async with shop.database.write() as session:
        here = await transcript.locked(session, (await shop.row(TELEGRAM)).id)
        assert await shop.links.take(session, code, here, NOW + GOOD_FOR) is None
        almost = NOW + GOOD_FOR - timedelta(seconds=1)
        assert await shop.links.take(session, code, here, almost) is not None


async def test_a_number_chooses_from_the_list_that_stands_on_the_same_channel(shop: Shop) -> None:
    await shop.say(WEB, "我要退货")
    code = await shop.code(WEB)
    card = Body("确认退货吗？", buttons=(Button("确认", "/affirm"), Button("不退了", "/deny")))
    async with shop.database.write() as session:
        row = await transcript.locked(session, (await shop.row(WEB)).id)
        transcript.append_out(session, row, [card], Author.BOT)
    await shop.say(TELEGRAM, code)
    await shop.say(TELEGRAM, "好的")
    # The card is the last message of all, on Telegram; on the website the last one offers to disconnect.
    assert await shop.say(WEB, "1") == [shop.line("utter_link_undone")]
    assert "/affirm" not in [said for _, said in shop.dialogue.seen]


async def test_signing_out_of_the_shop_parts_the_page_from_other_channels(shop: Shop) -> None:
    await shop.joined()
    await shop.links.leave(WEB)
    assert (await shop.row(TELEGRAM)).joined_id is None
    await shop.links.leave(Address("web", "nobody"))


async def _prove(
    shop: Shop,
    row: ConversationRow,
    customer: str,
    phone: str,
    level: Level,
    at: datetime = NOW - timedelta(minutes=1),
) -> None:
    async with shop.database.write() as session:
        await remember_contact(session, row.id, customer, phone, at, level.value)


async def _proofs(shop: Shop, row: ConversationRow) -> set[tuple[str, str]]:
    async with shop.database.read() as session:
        rows = await session.scalars(select(ContactRow).where(ContactRow.conversation_id == row.id))
        return {(one.customer_id, one.phone) for one in rows}
