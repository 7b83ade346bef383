"""Who is one customer: by a code that they carry over, or by a proof that they gave twice.

Two ways lead there, and four digits are none of them: order number and last digits stand on a parcel's
label, and whoever has read one must not come into somebody's conversation.

* A **link code** is asked for on one channel and sent on another within ten minutes. It is good once. The
  other side is asked before it is joined, since a stranger may have sent the code ("send this to the shop
  and get a coupon"): the remote phishing of RFC 8628, section 5.4. After five wrong codes in an hour, of
  one customer or twenty of one network address, none is looked at any more. Wrong, used, over and not
  looked at are one answer.
* **The same proof**: a code sent to the same phone, Telegram's own word for the phone of an account, or the
  same customer signed in to the shop, in both conversations. The phone that a shop's account names is no
  such proof, because nobody here knows who checked it. A phone's proof counts for 90 days, after which the
  number may belong to somebody else (the shortest time for which China's operators keep one back).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, delete, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.language import Language
from bot.linking.codes import LinkCodes
from bot.linking.joining import family, join, locked_pair, part
from bot.orders.identity import PHONE_PROOFS, Level
from bot.orders.tries import Tries
from bot.storage.cod import ContactRow
from bot.storage.conversations import Address, ConversationRow, LinkRow
from bot.storage.engine import Database

GOOD_FOR = timedelta(minutes=10)
PROOF_GOOD_FOR = timedelta(days=90)
# A task that was left lying longer is not taken up elsewhere unasked.
_TASK_GOOD_FOR = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Offer:
    """A right code: where the conversation that it leads to took place last, and in which language."""

    begun_on: Address
    language: Language | None


class Links:
    """Issues and takes codes, and joins who proved to be the same.

    ``doors`` are addresses that open a channel, by its name; a code's payload belongs behind them.

    Args:
        key: the installation's own secret.
    """

    def __init__(self, database: Database, key: str) -> None:
        self._database = database
        self.codes = LinkCodes(key)
        self.doors: dict[str, str] = {}

    async def issue(self, conversation_id: str, now: datetime) -> str | None:
        """Make a code for a conversation; the one before is no longer good.

        Returns:
            The code's random number for ``Body.link_code``; ``None`` for an unknown conversation.
        """
        nonce = self.codes.new()
        async with self._database.write() as session:
            if await session.get(ConversationRow, conversation_id) is None:
                return None
            await session.execute(
                delete(LinkRow).where(
                    or_(LinkRow.conversation_id == conversation_id, LinkRow.good_until < now)
                )
            )
            session.add(
                LinkRow(
                    nonce=nonce, conversation_id=conversation_id, good_until=now + GOOD_FOR,
                    code_hash=self.codes.hash_of(self.codes.code_of(nonce)),
                )
            )  # fmt: skip
        return nonce

    async def take(
        self, session: AsyncSession, code: str, conversation: ConversationRow, now: datetime
    ) -> Offer | None:
        """Use a code up in the (locked) conversation where it was typed; ``None`` if it is not good."""
        subjects = [f"link:{conversation.id}"]
        if conversation.origin:
            subjects.append(f"link-address:{conversation.origin}")
        tries = await Tries.of(session, subjects, now)
        if tries.full:
            return None
        row = await session.scalar(
            select(LinkRow).where(LinkRow.code_hash == self.codes.hash_of(code)).with_for_update()
        )
        good = row is not None and row.taken_by is None and row.good_until > now
        if row is None or not good:
            tries.add()
            return None
        if row.conversation_id == conversation.id:
            return None  # their own, in the wrong window: no guess
        origin = await session.get(ConversationRow, row.conversation_id)
        if origin is None:
            return None
        row.taken_by = conversation.id
        return Offer(origin.address, origin.language)

    async def accept(
        self, session: AsyncSession, conversation_id: str, now: datetime
    ) -> ConversationRow | None:
        """Join the conversation to the one whose code it took.

        Returns:
            The conversation that goes on, ``None`` when no code waits or its time is over.
        """
        row = await self._taken(session, conversation_id, now)
        if row is None:
            return None
        await session.delete(row)
        whole_id = await _whole_id(session, row.conversation_id)
        if whole_id is None or whole_id == conversation_id:
            return None
        whole, other = await locked_pair(session, whole_id, conversation_id)
        if whole.joined_id is not None or other.joined_id is not None:
            return None
        await join(session, whole, other, now)
        return whole

    async def refuse(self, session: AsyncSession, conversation_id: str) -> None:
        """Forget the code that was taken in a conversation."""
        await session.execute(delete(LinkRow).where(LinkRow.taken_by == conversation_id))

    async def waits(self, session: AsyncSession, conversation_id: str, now: datetime) -> bool:
        """Tell whether a code was taken in a conversation and a yes or no is still to come."""
        return await self._taken(session, conversation_id, now) is not None

    async def proved(self, conversation_id: str, now: datetime) -> str:
        """Join conversations in which the same was proved as in this one.

        The one with an open task goes on, so that the task follows; of several, or none, this one.

        Returns:
            The id of the conversation that goes on.
        """
        async with self._database.read() as session:
            here = await _whole_id(session, conversation_id) or conversation_id
            same = await _with_same_proof(session, here, now)
        for other_id in same:
            async with self._database.write() as session:
                try:
                    own, other = await locked_pair(session, here, other_id)
                except KeyError:
                    continue
                if own.joined_id is not None or other.joined_id is not None:
                    continue
                busy = other.asking and now - other.updated_at < _TASK_GOOD_FOR
                whole, joined = (other, own) if busy and not own.asking else (own, other)
                where = own.address
                await join(session, whole, joined, now)
                if whole is other:
                    whole.at_channel, whole.at_user = where
                    here = whole.id
        return here

    async def part(self, whole_id: str, other_id: str) -> bool:
        """Take a link back; false when the two are not joined."""
        async with self._database.write() as session:
            try:
                whole, other = await locked_pair(session, whole_id, other_id)
            except KeyError:
                return False
            if other.joined_id != whole.id:
                return False
            await part(session, whole, other)
        return True

    async def leave(self, address: Address) -> None:
        """Part an address from all others of its customer: somebody else may sit there from now on."""
        async with self._database.write() as session:
            own_id = await session.scalar(
                select(ConversationRow.id).where(
                    ConversationRow.channel == address.channel, ConversationRow.user == address.user
                )
            )
            whole_id, *others = await family(session, own_id) if own_id else ("",)
            for other_id in others if own_id == whole_id else [own_id] if own_id else []:
                whole, other = await locked_pair(session, whole_id, other_id)
                await part(session, whole, other)

    async def _taken(
        self, session: AsyncSession, conversation_id: str, now: datetime
    ) -> LinkRow | None:
        row: LinkRow | None = await session.scalar(
            select(LinkRow)
            .where(LinkRow.taken_by == conversation_id, LinkRow.good_until > now)
            .order_by(LinkRow.good_until.desc())
            .limit(1)
        )
        return row


async def _whole_id(session: AsyncSession, conversation_id: str) -> str | None:
    row = await session.get(ConversationRow, conversation_id)
    return None if row is None else row.joined_id or row.id


async def _with_same_proof(session: AsyncSession, conversation_id: str, now: datetime) -> list[str]:
    """Return the conversations that stand for themselves and hold a proof that this one holds too."""
    since = ContactRow.proved_at > now - PROOF_GOOD_FOR
    proofs = await session.scalars(
        select(ContactRow).where(ContactRow.conversation_id == conversation_id, since)
    )
    same: list[ColumnElement[bool]] = []
    for proof in proofs:
        if proof.level in PHONE_PROOFS:
            same.append(and_(ContactRow.level.in_(PHONE_PROOFS), ContactRow.phone == proof.phone))
        elif proof.level == Level.SIGNED_IN:
            same.append(
                and_(
                    ContactRow.level == Level.SIGNED_IN.value,
                    ContactRow.customer_id == proof.customer_id,
                )
            )
    if not same:
        return []
    found = await session.scalars(
        select(ConversationRow.id)
        .join(ContactRow, ContactRow.conversation_id == ConversationRow.id)
        .where(
            or_(*same), since, ConversationRow.id != conversation_id,
            ConversationRow.joined_id.is_(None),
        )
        .order_by(ConversationRow.updated_at.desc(), ConversationRow.id)
    )  # fmt: skip
    return list(dict.fromkeys(found))
