"""Which proof opens what: the table, signed tokens, and the limits on guessing."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import jwt
import pytest

from bot.conversations import transcript
from bot.orders.answers import Goal
from bot.orders.book import SqlOrderBook
from bot.orders.contacts import remember_contact
from bot.orders.desk import Locked, NoMatch, OrderDesk, Verified
from bot.orders.identity import Identity, IdentityPolicy, Level, Shown, SignInError
from bot.orders.model import Order
from bot.storage.engine import Database
from tests.bot.orders.conftest import NOW

KEY = "a key that the shop and we know and nobody else does"


@pytest.fixture
def policy(root: Path) -> IdentityPolicy:
    return IdentityPolicy.load(root / "data/policy/identity.yml")


@pytest.fixture
def identity(shop: Database, policy: IdentityPolicy) -> Identity:
    return Identity(shop, policy, KEY)


@pytest.fixture
async def order(shop: Database) -> Order:
    order = await SqlOrderBook(shop).find("SO20261105001")
    assert order is not None
    return order


@pytest.fixture
async def conversation(shop: Database) -> str:
    async with shop.write() as session:
        return (await transcript.open_conversation(session, "web", "visitor")).id


def token(customer: str, until: datetime, key: str = KEY, **claims: object) -> str:
    body = {"sub": customer, "aud": "yingda", "exp": int(until.timestamp()), **claims}
    return jwt.encode(body, key, "HS256")


def test_a_stronger_proof_opens_all_that_a_weaker_one_does(policy: IdentityPolicy) -> None:
    for goal in Goal:
        opened = [policy.allows(level, goal) for level in policy.levels]
        assert opened == sorted(opened)
        assert not opened[0], f"{goal} is open to anybody"
    assert not policy.shows(Level.ANONYMOUS, Shown.DETAILS)
    assert not policy.allows(Level.LAST_FOUR, Goal.CHANGE_PHONE)
    assert policy.allows(Level.ONE_TIME_CODE, Goal.CHANGE_PHONE)


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ("  cancel_order: last_four\n", "", "cancel_order"),
        ("invoice: last_four", "invoice: four_digits", "four_digits"),
        ("[anonymous, last_four,", "[last_four, anonymous,", "anonymous first"),
    ],
)
def test_a_table_with_a_hole_is_refused(
    root: Path, tmp_path: Path, before: str, after: str, says: str
) -> None:
    text = (root / "data/policy/identity.yml").read_text("utf-8")
    assert before in text
    file = tmp_path / "identity.yml"
    file.write_text(text.replace(before, after), "utf-8")
    with pytest.raises(ValueError, match=says):
        IdentityPolicy.load(file)


async def test_a_signed_in_customer_is_known_for_half_a_day(
    identity: Identity, order: Order, conversation: str
) -> None:
    assert await identity.level_of(conversation, order, NOW) is Level.LAST_FOUR
    good = token(order.customer_id, NOW + timedelta(minutes=5))
    assert await identity.sign_in(conversation, good, NOW) == order.customer_id
    assert await identity.level_of(conversation, order, NOW) is Level.SIGNED_IN
    assert await identity.customer_of(conversation, NOW) == order.customer_id
    later = NOW + timedelta(hours=13)
    assert await identity.level_of(conversation, order, later) is Level.LAST_FOUR
    assert await identity.customer_of(conversation, later) is None


async def test_a_token_is_good_for_its_own_customer_only(
    identity: Identity, order: Order, conversation: str
) -> None:
    await identity.sign_in(conversation, token("somebody-else", NOW + timedelta(minutes=5)), NOW)
    assert await identity.level_of(conversation, order, NOW) is Level.LAST_FOUR


@pytest.mark.parametrize(
    "forged",
    [
        token("c", NOW + timedelta(minutes=5), key="another key, just as long as the right one"),
        token("c", NOW - timedelta(minutes=5)),
        token("c", NOW + timedelta(minutes=5), aud="somewhere-else"),
        jwt.encode({"sub": "c", "aud": "yingda"}, KEY, "HS256"),
        jwt.encode({"sub": "c", "aud": "yingda", "exp": 9999999999}, "", "none"),
        "no token",
    ],
    ids=["wrong key", "over", "for another", "for ever", "unsigned", "nonsense"],
)
def test_what_the_shop_did_not_sign_proves_nothing(identity: Identity, forged: str) -> None:
    with pytest.raises(SignInError):
        identity.read_token(forged, NOW)


async def test_the_digits_never_weaken_a_stronger_proof(
    identity: Identity, order: Order, conversation: str, shop: Database
) -> None:
    await identity.prove(conversation, order, Level.ONE_TIME_CODE, NOW)
    async with shop.write() as session:
        await remember_contact(session, conversation, order.customer_id, order.phone, NOW)
    assert await identity.level_of(conversation, order, NOW) is Level.ONE_TIME_CODE


async def test_tries_are_counted_for_a_phone_across_its_orders(shop: Database) -> None:
    book = SqlOrderBook(shop)
    desk = OrderDesk(book, shop)
    order = await book.find("SO20261105001")
    assert order is not None
    numbers = [one.number for one in await book.of_same_customer(order, limit=3)]
    for k in range(5):
        number = numbers[k % 3]
        tried = await desk.verify(number, "0000", conversation_id=f"guesser-{k}", now=NOW)
    assert isinstance(tried, Locked)
    unseen = next(n for n in numbers if n != numbers[4 % 3])
    right = await desk.verify(unseen, "6688", conversation_id="owner", now=NOW)
    assert isinstance(right, Locked)


async def test_tries_are_counted_for_an_address_of_origin(shop: Database) -> None:
    desk = OrderDesk(SqlOrderBook(shop), shop)
    ids = []
    async with shop.write() as session:
        for k in range(21):
            conversation = await transcript.open_conversation(session, "web", f"visitor-{k}")
            conversation.origin = "203.0.113.7"
            ids.append(conversation.id)
    results = [
        await desk.verify(f"SO20260101{k:03d}", "0000", conversation_id=one, now=NOW)
        for k, one in enumerate(ids[:20])
    ]
    assert [type(result) for result in results] == [NoMatch] * 19 + [Locked]
    locked = await desk.verify("SO20261105001", "6688", conversation_id=ids[20], now=NOW)
    assert isinstance(locked, Locked)
    elsewhere = await desk.verify("SO20261105001", "6688", conversation_id="home", now=NOW)
    assert isinstance(elsewhere, Verified)
