"""What is said about link codes, before the engine reads a message.

A code is known by its form, so nothing has to understand it: it works while the engine is down, cannot
be taken for an order number, and never gets into the engine's memory. Asking for a code is an intent
like any other (``actions/linking.py``).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.conversations import transcript
from bot.conversations.model import Author, Body, Direction, State
from bot.conversations.phrases import Phrases
from bot.language import Language
from bot.linking.codes import read_code
from bot.linking.joining import family, locked_pair, part
from bot.linking.service import Links
from bot.orders.reading import is_no, is_yes
from bot.storage.conversations import Address, ConversationRow, MessageRow
from bot.storage.engine import Database

YES, NO, UNDO = "/link_yes", "/link_no", "/link_undo"
# What was asked longer ago is not asked again on the new channel.
_RECENT = timedelta(days=1)
_LOOKED_BACK = 12
# Longer messages than a yes or a no are about something else.
_SHORT = 12


class LinkTalk:
    """Answers codes, and the buttons under what was said to them.

    Args:
        on_message: called with a conversation that has a message, beside the one that is answered.
    """

    def __init__(
        self,
        database: Database,
        links: Links,
        phrases: Phrases,
        on_message: Callable[[str], None],
    ) -> None:
        self._database = database
        self._links = links
        self._phrases = phrases
        self._on_message = on_message

    async def answers(self, message: MessageRow, body: Body, language: Language) -> bool:
        """Answer a message if it is about a code; false when it is for somebody else."""
        code = None if body.payload else read_code(body.text)
        step = body.payload if body.payload in (YES, NO, UNDO) else None
        typed = None if body.payload else _typed(body.text)
        if code is None and step is None and typed is None:
            return False
        now = datetime.now(UTC)
        async with self._database.write() as session:
            conversation = await transcript.locked(session, message.conversation_id)
            if code is None and typed and await self._links.waits(session, conversation.id, now):
                step = typed
            if code is not None:
                said = await self._code(session, conversation, code, language, now)
            elif step == YES:
                said = await self._yes(session, conversation, message, language, now)
            elif step == NO:
                await self._links.refuse(session, conversation.id)
                said = [self._phrases.say("utter_link_refused", language)]
            elif step == UNDO:
                said = await self._undo(session, conversation, message, language)
            else:
                return False
            transcript.append_out(session, conversation, said, Author.SYSTEM, message)
            await transcript.mark_done(session, message)
        return True

    async def _code(
        self,
        session: AsyncSession,
        conversation: ConversationRow,
        code: str,
        language: Language,
        now: datetime,
    ) -> list[Body]:
        offer = await self._links.take(session, code, conversation, now)
        if offer is None:
            return [self._phrases.say("utter_link_wrong", language)]
        if conversation.language is None:
            language = offer.language or language
        channel = self._channel(offer.begun_on.channel, language)
        return [self._phrases.say("utter_link_ask", language, channel=channel)]

    async def _yes(
        self,
        session: AsyncSession,
        conversation: ConversationRow,
        message: MessageRow,
        language: Language,
        now: datetime,
    ) -> list[Body]:
        whole = await self._links.accept(session, conversation.id, now)
        if whole is None:
            return [self._phrases.say("utter_link_wrong", language)]
        language = whole.language or language
        before = whole.address
        here = Address(message.channel, message.user or conversation.user)
        whole.at_channel, whole.at_user = here
        notice = self._phrases.say(
            "utter_link_left", language, channel=self._channel(here.channel, language)
        )
        done = self._phrases.say(
            "utter_link_done", language, channel=self._channel(before.channel, language)
        )
        said = [done, *await self._where_we_were(session, whole, language, now)]
        transcript.append_out(session, whole, [notice], Author.SYSTEM, to=before)
        # Said in the conversation that goes on, so that what it offers can be pressed there.
        transcript.append_out(session, whole, said, Author.SYSTEM, to=here)
        self._on_message(whole.id)
        return []

    async def _where_we_were(
        self, session: AsyncSession, whole: ConversationRow, language: Language, now: datetime
    ) -> list[Body]:
        """Return what the bot asked last, to be answered here; or who has the word."""
        if whole.state != State.BOT:
            return [self._phrases.say("utter_link_person", language)]
        recent = await session.scalars(
            select(MessageRow)
            .where(
                MessageRow.conversation_id == whole.id,
                MessageRow.direction == Direction.OUT.value,
                MessageRow.author == Author.BOT.value,
                MessageRow.created_at > now - _RECENT,
            )
            .order_by(MessageRow.seq.desc())
            .limit(_LOOKED_BACK)
        )
        bodies = (Body.from_json(row.body) for row in recent)
        last = next((body for body in bodies if body.link_code is None), None)
        if last is None or not (whole.asking or last.buttons):
            return [self._phrases.say("utter_link_nothing_open", language)]
        return [last]

    async def _undo(
        self,
        session: AsyncSession,
        conversation: ConversationRow,
        message: MessageRow,
        language: Language,
    ) -> list[Body]:
        """Part what was joined: the address where this is asked for, or all others from the first."""
        here = Address(message.channel, message.user or conversation.user)
        said = [self._phrases.say("utter_link_undone", language)]
        _, *others = await family(session, conversation.id)
        for other_id in others:
            whole, other = await locked_pair(session, conversation.id, other_id)
            home = here == (whole.channel, whole.user)
            if home or here == (other.channel, other.user):
                await part(session, whole, other)
            if here == (other.channel, other.user):
                # They are back in their own conversation, and read it there.
                transcript.append_out(session, other, said, Author.SYSTEM)
                self._on_message(other.id)
                return []
        return said

    def _channel(self, name: str, language: Language) -> str:
        try:
            return self._phrases.say(f"utter_channel_{name}", language).text
        except KeyError:
            return self._phrases.say("utter_channel_other", language).text


def _typed(text: str) -> str | None:
    """Return the button that a typed yes or no stands for while a code waits for one."""
    if len(text) > _SHORT:
        return None
    return YES if is_yes(text) else NO if is_no(text) else None
