"""The inbox: a customer's message is stored once, whatever the channel delivers twice."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from bot.conversations import transcript
from bot.conversations.choices import chosen_from_last
from bot.conversations.metrics import RECEIVED
from bot.conversations.model import Author, Body, Direction, Inbound, MessageState, State
from bot.conversations.transcript import Entry
from bot.language import Language
from bot.storage.conversations import Address, MessageRow
from bot.storage.engine import Database

# What is said at once, given who has the word and the language of the conversation so far.
Reply = Callable[[State, Language | None], Sequence[Body]]

# A button may be pressed long after it was shown, but not for ever.
_OFFERS_REMEMBERED_MESSAGES = 50


@dataclass(frozen=True, slots=True)
class Accepted:
    """The stored message; ``new`` is false when this delivery repeats an earlier one."""

    conversation_id: str
    entry: Entry
    new: bool


class Inbox:
    """Accepts messages from connectors.

    Args:
        database: where messages live.
        limit_chars: longest text kept of a message; what is longer is cut.
        standing_offers: payloads that may be sent at any time (the greeting's buttons).
    """

    def __init__(
        self, database: Database, limit_chars: int, standing_offers: frozenset[str] = frozenset()
    ) -> None:
        self._database = database
        self._limit_chars = limit_chars
        self._standing_offers = standing_offers

    async def accept(self, inbound: Inbound) -> Accepted:
        """Claim the dedup key and store the message in one transaction.

        A payload that was never offered in this conversation is dropped and its text is read as
        typed: nobody can make the engine run an intent by inventing a button.
        """
        return await self._once(inbound, None, None)

    async def note(
        self, inbound: Inbound, reply: Reply, language: Language | None = None
    ) -> Accepted:
        """Store a message that needs no turn, together with what is said at once.

        Args:
            reply: called inside the transaction.
            language: the conversation's language from now on; ``None`` leaves it.
        """
        return await self._once(inbound, reply, language)

    async def _once(
        self, inbound: Inbound, reply: Reply | None, language: Language | None
    ) -> Accepted:
        try:
            accepted = await self._store(inbound, reply, language)
        except IntegrityError as error:
            repeated = await self._find(inbound)
            if repeated is None:
                raise RuntimeError(
                    f"message {inbound.message_id!r} of channel {inbound.channel!r} could not be stored"
                ) from error
            accepted = repeated
        RECEIVED.labels(inbound.channel, "new" if accepted.new else "duplicate").inc()
        return accepted

    async def _store(
        self, inbound: Inbound, reply: Reply | None, language: Language | None
    ) -> Accepted:
        address = Address(inbound.channel, inbound.user)
        async with self._database.write() as session:
            conversation = await transcript.open_conversation(
                session, inbound.channel, inbound.user
            )
            conversation.origin = inbound.origin or conversation.origin
            body = Body(inbound.text[: self._limit_chars], attachments=inbound.attachments)
            if inbound.payload and reply is None:
                body = await self._pressed(session, conversation.id, inbound, body)
            elif reply is None:
                choice = await chosen_from_last(session, conversation.id, body.text, address)
                body = Body(choice.title, choice.payload) if choice else body
            row = transcript.append_in(
                session, conversation, body, inbound.message_id, inbound.at, address
            )
            if reply is not None:
                row.state, row.done_at = MessageState.DONE.value, datetime.now(UTC)
                await session.flush()
                conversation.language = language or conversation.language
                said = reply(State(conversation.state), conversation.language)
                transcript.append_out(session, conversation, said, Author.BOT, row)
            return Accepted(conversation.id, Entry.of(row), new=True)

    async def _pressed(
        self, session: AsyncSession, conversation_id: str, inbound: Inbound, typed: Body
    ) -> Body:
        """Return the pressed button as a message: its title, in the language it was shown in."""
        recent = await session.scalars(
            select(MessageRow.body)
            .where(
                MessageRow.conversation_id == conversation_id,
                MessageRow.direction == Direction.OUT.value,
            )
            .order_by(MessageRow.seq.desc())
            .limit(_OFFERS_REMEMBERED_MESSAGES)
        )
        offers = (button for body in recent for button in Body.from_json(body).buttons)
        offer = next((button for button in offers if button.payload == inbound.payload), None)
        if offer is not None:
            return Body(offer.title, offer.payload)
        standing = inbound.payload in self._standing_offers
        return replace(typed, payload=inbound.payload) if standing else typed

    async def _find(self, inbound: Inbound) -> Accepted | None:
        async with self._database.read() as session:
            row = await session.scalar(
                select(MessageRow).where(
                    MessageRow.channel == inbound.channel,
                    MessageRow.channel_message_id == inbound.message_id,
                )
            )
            return Accepted(row.conversation_id, Entry.of(row), new=False) if row else None
