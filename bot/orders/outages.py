"""Telling customers that the shop's order system is back, to whom it mattered that it was down."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite

from bot.conversations import transcript
from bot.conversations.model import Author
from bot.conversations.phrases import Phrases
from bot.language import Language
from bot.orders import wording
from bot.orders.book import BookDownError, OrderBook
from bot.storage.cod import BackendWaitRow
from bot.storage.conversations import ConversationRow
from bot.storage.engine import Database

_AT_ONCE = 50


class Outages:
    """Remembers who heard that the order system is down, and writes to them when it answers again."""

    def __init__(
        self, database: Database, book: OrderBook, phrases: Phrases, default_language: Language
    ) -> None:
        self._database = database
        self._book = book
        self._phrases = phrases
        self._default_language: Language = default_language

    async def wait(self, conversation_id: str, order_number: str, now: datetime) -> None:
        """Remember that a customer is to be told about an order; asking twice is one wait."""
        async with self._database.write() as session:
            if await session.get(ConversationRow, conversation_id) is None:
                return
            dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
            await session.execute(
                dialect.insert(BackendWaitRow)
                .values(conversation_id=conversation_id, order_number=order_number, since=now)
                .on_conflict_do_nothing()
            )

    async def look(self) -> list[str]:
        """See whether the system is back, and tell those who wait.

        Returns:
            The conversations that have a new message.
        """
        async with self._database.read() as session:
            waits = (
                await session.scalars(
                    select(BackendWaitRow).order_by(BackendWaitRow.since).limit(_AT_ONCE)
                )
            ).all()
        told = []
        for wait in waits:
            try:
                order = await self._book.find(wait.order_number)
            except BookDownError:
                break
            if order is not None and order.as_of is not None:
                break
            async with self._database.write() as session:
                # Whoever deletes the row tells: two processes never tell twice.
                gone = await session.execute(
                    delete(BackendWaitRow)
                    .where(
                        BackendWaitRow.conversation_id == wait.conversation_id,
                        BackendWaitRow.order_number == wait.order_number,
                    )
                    .returning(BackendWaitRow.order_number)
                )
                if gone.scalar_one_or_none() is None or order is None:
                    continue
                conversation = await transcript.locked(session, wait.conversation_id)
                language: Language = conversation.language or self._default_language
                state = wording.state(order.state, language)
                line = self._phrases.say(
                    "utter_backend_back", language, order_number=order.number, state=state
                )
                transcript.append_out(session, conversation, [line], Author.BOT)
                told.append(wait.conversation_id)
        return told
