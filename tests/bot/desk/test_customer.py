"""What the desk knows of a customer follows what they proved, however they proved it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from bot.conversations import handoff, transcript
from bot.conversations.model import HandoffReason
from bot.conversations.phrases import Phrases
from bot.desk.board import Board
from bot.desk.catalogue import Catalogue
from bot.desk.customer import Customer, Identity, customer_of
from bot.linking.joining import join, locked_pair
from bot.orders import identity
from bot.orders.book import SqlOrderBook
from bot.orders.contacts import remember_contact
from bot.orders.identity import IdentityPolicy, Level
from bot.orders.model import Order, OrderState
from bot.orders.people import call_customer
from bot.storage.desk import ConversationOrderRow
from bot.storage.engine import Database
from tests.bot.orders.conftest import *  # noqa: F403 - its fixtures
from tests.bot.orders.conftest import NOW

NUMBER = "SO20261105001"
LATER = NOW + timedelta(hours=13)


@pytest.fixture
def policy(root: Path) -> IdentityPolicy:
    return IdentityPolicy.load(root / "data/policy/identity.yml")


@pytest.fixture
async def order(shop: Database) -> Order:
    order = await SqlOrderBook(shop).find(NUMBER)
    assert order is not None
    return order


async def _conversation(shop: Database, channel: str = "web", names: str | None = None) -> str:
    async with shop.write() as session:
        row = await transcript.open_conversation(session, channel, "visitor")
        if names:
            session.add(ConversationOrderRow(conversation_id=row.id, order_number=names))
        return row.id


async def _seen(
    shop: Database, policy: IdentityPolicy, conversation: str, now: datetime = NOW
) -> Customer:
    async with shop.read() as session:
        return await customer_of(session, SqlOrderBook(shop), policy, conversation, now)


async def test_who_says_nothing_is_nobody_and_who_names_an_order_has_proved_nothing(
    shop: Database, policy: IdentityPolicy
) -> None:
    nobody = await _seen(shop, policy, await _conversation(shop))
    assert (nobody.identity, nobody.name, nobody.orders) == (Identity.ANONYMOUS, None, ())
    claims = await _seen(shop, policy, await _conversation(shop, "rest", NUMBER))
    assert (claims.identity, claims.name) == (Identity.CLAIMED, None)
    assert [card.number for card in claims.orders] == [NUMBER]


@pytest.mark.parametrize(
    ("level", "later"),
    [
        (Level.LAST_FOUR, Level.LAST_FOUR),
        (Level.ONE_TIME_CODE, Level.LAST_FOUR),
        (Level.PHONE_SHARED, None),
        (Level.SIGNED_IN, None),
    ],
)
async def test_every_proof_opens_the_customer_s_orders_for_as_long_as_it_counts(
    shop: Database, policy: IdentityPolicy, order: Order, level: Level, later: Level | None
) -> None:
    """Who is signed in, or shared a phone, has named no order at all."""
    conversation = await _conversation(shop)
    phone = "" if level is Level.SIGNED_IN else order.phone
    async with shop.write() as session:
        await remember_contact(session, conversation, order.customer_id, phone, NOW, level.value)
    seen = await _seen(shop, policy, conversation)
    assert (seen.identity, seen.proof, seen.name) == (Identity.VERIFIED, level, "林静")
    assert NUMBER in {card.number for card in seen.orders}
    after = await _seen(shop, policy, conversation, LATER)
    assert after.proof is later
    assert after.identity is (Identity.VERIFIED if later else Identity.LAPSED)
    # Whose it was stays known; their orders are no longer shown.
    assert after.name == "林静"
    assert bool(after.orders) is (later is not None)


async def test_the_order_that_is_talked_about_stands_first(
    shop: Database, policy: IdentityPolicy, order: Order
) -> None:
    theirs = await SqlOrderBook(shop).of_customer(order.customer_id, limit=9)
    oldest = min(theirs, key=lambda one: one.created_at)
    assert oldest.number != theirs[0].number
    conversation = await _conversation(shop, names=oldest.number)
    async with shop.write() as session:
        await remember_contact(session, conversation, order.customer_id, "", NOW, "signed_in")
    seen = await _seen(shop, policy, conversation)
    assert seen.orders[0].number == oldest.number


async def test_the_queue_names_who_has_proved_it_on_a_linked_channel_too(
    shop: Database, policy: IdentityPolicy, order: Order, root: Path
) -> None:
    board = Board(shop, Catalogue.load(root / "data/desk"))
    web, wechat = await _conversation(shop), await _conversation(shop, "wechat")
    async with shop.write() as session:
        await remember_contact(session, wechat, order.customer_id, order.phone, NOW)
        whole, other = await locked_pair(session, web, wechat)
        await handoff.enqueue(session, whole, HandoffReason.ASKED_FOR)
        await handoff.enqueue(session, other, HandoffReason.ASKED_FOR)
    assert {row.id: row.name for row in await board.open()} == {web: None, wechat: "林静"}
    async with shop.write() as session:
        whole, other = await locked_pair(session, web, wechat)
        await join(session, whole, other, NOW)
    (row,) = await board.open()
    assert (row.id, row.name) == (web, "林静")
    linked = (await _seen(shop, policy, web)).linked
    assert [(one.channel, one.whole) for one in linked] == [("wechat", False)]


async def test_earlier_conversations_are_found_by_the_customer_where_no_order_was_named(
    shop: Database, policy: IdentityPolicy, order: Order
) -> None:
    before, now = await _conversation(shop, "telegram"), await _conversation(shop)
    async with shop.write() as session:
        for one in (before, now):
            await remember_contact(session, one, order.customer_id, "", NOW, "signed_in")
        row = await transcript.locked(session, before)
        await handoff.enqueue(session, row, HandoffReason.COMPLAINT)
        await handoff.close(session, row, "solved")
    (earlier,) = (await _seen(shop, policy, now)).earlier
    assert (earlier.conversation_id, earlier.channel) == (before, "telegram")
    # A proof that is over opens nobody's past.
    assert (await _seen(shop, policy, now, LATER)).earlier == ()


async def test_a_call_shows_the_order_that_it_is_about(
    shop: Database, policy: IdentityPolicy, order: Order, root: Path
) -> None:
    phrases = Phrases(root / "domain.yml")
    async with shop.write() as session:
        for _ in range(2):  # the second call about it changes nothing
            await call_customer(session, phrases, replace(order, state=OrderState.PAID), [], NOW)
        called = await transcript.open_conversation(session, "phone", order.phone)
    seen = await _seen(shop, policy, called.id)
    assert [card.number for card in seen.orders] == [NUMBER]


def test_every_proof_has_a_name_at_the_desk(root: Path) -> None:
    for language in ("zh", "en"):
        words = json.loads(
            (root / f"connectors/ui/src/locales/desk.{language}.json").read_text("utf-8")
        )
        assert set(words["proofs"]) == set(identity.Level) - {Level.ANONYMOUS}
        assert set(words["identities"]) == set(Identity)
