"""Who a customer has proved to be, and what that opens: the one place where it is decided.

The table is ``data/policy/identity.yml``. Proofs are kept for each conversation and customer: the
last four digits of a phone are asked for by ``bot.orders.desk``, a shop vouches with a signed token
or by naming a conversation, a one-time code reaches the phone on the order.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, Self

import jwt
from pydantic import BaseModel, ConfigDict, PositiveFloat, model_validator
from ruamel.yaml import YAML
from sqlalchemy import ColumnElement, select, update

from bot.orders.answers import Goal
from bot.orders.contacts import remember_contact
from bot.orders.model import Order
from bot.storage.cod import ContactRow
from bot.storage.conversations import ConversationRow
from bot.storage.engine import Database
from bot.storage.orders import OrderRow

_ALGORITHM, _AUDIENCE = "HS256", "yingda"
# A signed-in customer is known whatever phone an order names.
_ANY_PHONE = ""
# When a sign-in was proved that no longer counts: who it was stays known.
_NO_LONGER = datetime(1970, 1, 1, tzinfo=UTC)
_CLOCKS_DIFFER = timedelta(seconds=30)
# Hears of a proof: the conversation, and when.
Listener = Callable[[str, datetime], Awaitable[object]]


class Level(StrEnum):
    """How a customer has proved to be the one an order belongs to."""

    ANONYMOUS = "anonymous"
    LAST_FOUR = "last_four"
    PHONE_SHARED = "phone_shared"
    SIGNED_IN = "signed_in"
    ONE_TIME_CODE = "one_time_code"


# Levels at which somebody holds the phone itself.
PHONE_PROOFS = frozenset({Level.PHONE_SHARED.value, Level.ONE_TIME_CODE.value})


class Shown(StrEnum):
    """What is said about an order."""

    DETAILS = "details"
    FULL_ADDRESS = "full_address"


class IdentityPolicy(BaseModel):
    """Which level opens which field and which action."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    levels: list[Level]
    valid_hours: PositiveFloat
    fields: dict[Shown, Level]
    actions: dict[Goal, Level]

    @model_validator(mode="after")
    def _whole(self) -> Self:
        for name, wanted, got in (
            ("levels", set(Level), self.levels),
            ("fields", set(Shown), self.fields),
            ("actions", set(Goal), self.actions),
        ):
            if set(got) != wanted or len(got) != len(wanted):
                listed = ", ".join(sorted(wanted))
                raise ValueError(f"{name}: expected each of {listed} once, got {list(got)}")
        if self.levels[0] is not Level.ANONYMOUS:
            raise ValueError(f"levels: expected anonymous first, got {self.levels[0]}")
        return self

    @classmethod
    def load(cls, file: Path) -> Self:
        """Read the policy; raises ``ValueError`` when the file is not as described here."""
        try:
            return cls.model_validate(YAML(typ="safe").load(file.read_text("utf-8")))
        except ValueError as error:
            raise ValueError(f"{file}: {error}") from error

    def reaches(self, level: Level, needed: Level) -> bool:
        """Tell whether a proof is as strong as the one that is needed."""
        return self.levels.index(level) >= self.levels.index(needed)

    def allows(self, level: Level, goal: Goal) -> bool:
        """Tell whether a proof opens an action."""
        return self.reaches(level, self.actions[goal])

    def shows(self, level: Level, field: Shown) -> bool:
        """Tell whether a proof opens a field."""
        return self.reaches(level, self.fields[field])


class SignInError(Exception):
    """A token does not show who a customer is."""


class Identity:
    """Keeps proofs and says how strong they are.

    Args:
        key: the shop's page signs its customers' tokens with it; empty: no page does.
    """

    def __init__(self, database: Database, policy: IdentityPolicy, key: str) -> None:
        self._database = database
        self.policy = policy
        self._key = key
        self._listeners: list[Listener] = []

    def listen(self, listener: Listener) -> None:
        """Call ``listener`` with the conversation after every proof stronger than four digits."""
        self._listeners.append(listener)

    async def level_of(self, conversation_id: str, order: Order, now: datetime) -> Level:
        """Return the strongest proof in a conversation for an order whose digits were given."""
        fresh = now - timedelta(hours=self.policy.valid_hours)
        proofs = await self._proofs(conversation_id, order)
        levels = [Level(row.level) for row in proofs if row.proved_at > fresh]
        return max([Level.LAST_FOUR, *levels], key=self.policy.levels.index)

    async def signed_out_of(self, conversation_id: str, order: Order, now: datetime) -> bool:
        """Tell whether nothing but a sign-in opened an order to a conversation, and that is over."""
        fresh = now - timedelta(hours=self.policy.valid_hours)
        proofs = await self._proofs(conversation_id, order)
        return bool(proofs) and all(
            row.phone == _ANY_PHONE and row.proved_at <= fresh for row in proofs
        )

    async def _proofs(self, conversation_id: str, order: Order) -> Sequence[ContactRow]:
        query = select(ContactRow).where(
            ContactRow.conversation_id == conversation_id,
            ContactRow.customer_id == order.customer_id,
            ContactRow.phone.in_([order.phone, _ANY_PHONE]),
        )
        async with self._database.read() as session:
            return (await session.scalars(query)).all()

    async def customer_of(self, conversation_id: str, now: datetime) -> str | None:
        """Return the customer who is signed in in a conversation, ``None`` if nobody is."""
        fresh = now - timedelta(hours=self.policy.valid_hours)
        return await self._signed_in(conversation_id, ContactRow.proved_at > fresh)

    async def prove(self, conversation_id: str, order: Order, level: Level, now: datetime) -> None:
        """Remember a proof that was given in a conversation."""
        async with self._database.write() as session:
            if await session.get(ConversationRow, conversation_id) is not None:
                await remember_contact(
                    session, conversation_id, order.customer_id, order.phone, now, level.value
                )
        if level is not Level.LAST_FOUR:
            await self._tell(conversation_id, now)

    async def share_phone(self, conversation_id: str, phone: str, now: datetime) -> None:
        """Remember that a platform vouches for the phone of who writes in a conversation.

        Args:
            phone: E.164, as orders have it; of a phone that no order names nothing is kept.
        """
        async with self._database.write() as session:
            customers = await session.scalars(
                select(OrderRow.customer_id).where(OrderRow.phone == phone).distinct()
            )
            shared = list(customers)
            for customer in shared:
                await remember_contact(
                    session, conversation_id, customer, phone, now, Level.PHONE_SHARED.value
                )
        if shared:
            await self._tell(conversation_id, now)

    async def _tell(self, conversation_id: str, now: datetime) -> None:
        for listener in self._listeners:
            await listener(conversation_id, now)

    async def sign_in(self, conversation_id: str, token: str, now: datetime) -> str:
        """Take a token from the shop's page and return whose it is.

        The token is a JWT, signed with HS256: ``sub`` is the shop's id of the customer, ``aud`` is
        ``yingda``, ``exp`` says until when it may be shown (RFC 7519).

        Raises:
            SignInError: it is not signed by the shop, is over, or lacks a claim.
        """
        customer = self.read_token(token, now)
        async with self._database.write() as session:
            await remember_contact(
                session, conversation_id, customer, _ANY_PHONE, now, Level.SIGNED_IN.value
            )
        await self._tell(conversation_id, now)
        return customer

    async def last_signed_in(self, conversation_id: str) -> str | None:
        """Return the customer who was signed in last in a conversation, however long ago."""
        return await self._signed_in(conversation_id)

    async def _signed_in(self, conversation_id: str, *when: ColumnElement[bool]) -> str | None:
        signed_in = ContactRow.conversation_id == conversation_id, ContactRow.phone == _ANY_PHONE
        async with self._database.read() as session:
            customer: str | None = await session.scalar(
                select(ContactRow.customer_id)
                .where(*signed_in, *when)
                .order_by(ContactRow.proved_at.desc())
                .limit(1)
            )
            return customer

    async def sign_out(self, conversation_id: str) -> None:
        """End what the shop vouched for in a conversation; other proofs stay."""
        async with self._database.write() as session:
            await session.execute(
                update(ContactRow)
                .where(
                    ContactRow.conversation_id == conversation_id,
                    ContactRow.phone == _ANY_PHONE,
                )
                .values(proved_at=_NO_LONGER)
            )

    @property
    def takes_tokens(self) -> bool:
        """Whether the shop's page can sign customers in."""
        return bool(self._key)

    def named_in(self, token: str) -> str | None:
        """Return whom a token of the shop names, even if it is over; ``None`` if it is not one."""
        try:
            return str(self._claims(token)["sub"])
        except SignInError:
            return None

    def read_token(self, token: str, now: datetime) -> str:
        """Return the customer whom a token names; raises ``SignInError``."""
        claims = self._claims(token)
        until = datetime.fromtimestamp(float(claims["exp"]), now.tzinfo)
        if now > until + _CLOCKS_DIFFER:
            raise SignInError(f"expected a token that is still good, got one until {until}")
        return str(claims["sub"])

    def _claims(self, token: str) -> dict[str, Any]:
        if not self._key:
            raise SignInError("expected YINGDA_CUSTOMER_TOKEN_KEY to be set before tokens are used")
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                self._key,
                algorithms=[_ALGORITHM],
                audience=_AUDIENCE,
                options={"require": ["sub", "exp", "aud"], "verify_exp": False},
            )
        except jwt.InvalidTokenError as error:
            raise SignInError(f"expected a token signed by the shop: {error}") from error
        return claims
