"""A customer has their chat deleted: what was said goes, what is counted stays.

Deleted are the texts of both sides, files, what was understood in them (order numbers, phone digits),
the desk's notes and comments, call-back numbers, the link to the shop's customer and orders, the network
address and the engine's memory. Kept are the rows that figures are counted from: when a message came,
which decision it led to, how long it took, the numbers of a rating. A case that was opened (a return, a
repair) is the shop's business record and stays, without the way back to this conversation.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from bot.accounts.audit import note
from bot.conversations import handoff, transcript
from bot.conversations.files import Files
from bot.conversations.model import Body, MessageState
from bot.linking.joining import family
from bot.storage.cod import BackendWaitRow, CaseRow, CodRow, ContactRow
from bot.storage.conversations import ConversationRow, LinkRow, MessageRow, TurnRow
from bot.storage.desk import CallbackRow, ConversationOrderRow, MarkRow, NoteRow, RatingRow
from bot.storage.engine import Database

RESOLUTION = "chat_deleted"
_ERASED = "erased:"
_OF_THE_CUSTOMER = (
    NoteRow, CallbackRow, ConversationOrderRow, ContactRow, BackendWaitRow, LinkRow,
)  # fmt: skip


class Erasure:
    """Deletes conversations.

    Args:
        forget: has the engine forget a conversation; raises when it did not.
    """

    def __init__(
        self, database: Database, files: Files, forget: Callable[[str], Awaitable[None]]
    ) -> None:
        self._database = database
        self._files = files
        self._forget = forget

    async def erase(self, conversation_id: str) -> None:
        """Delete a conversation while no turn of it is running; a second time changes nothing.

        Of a customer who is known on several channels all go: they were told that they are one.

        Raises:
            EngineError: the engine could not be asked to forget; what it was not asked for is still there.
        """
        async with self._database.read() as session:
            theirs = await family(session, conversation_id)
        for one in reversed(
            theirs
        ):  # the one that names the others last, so that it can be tried again
            await self._erase(one)

    async def _erase(self, conversation_id: str) -> None:
        """The text goes last: it names the files, so whatever fails before can be tried again."""
        await self._forget(conversation_id)
        async with self._database.read() as session:
            bodies = await session.scalars(
                select(MessageRow.body).where(MessageRow.conversation_id == conversation_id)
            )
            named = [one.id for body in bodies for one in Body.from_json(body).attachments]
        for identifier in named:
            await self._files.delete(identifier)
        async with self._database.write() as session:
            conversation = await transcript.locked(session, conversation_id)
            await handoff.close(session, conversation, RESOLUTION)
            await session.flush()
            await _blank(session, conversation)
            note(session, "customer", "erase", conversation_id, files=len(named))


async def _blank(session: AsyncSession, conversation: ConversationRow) -> None:
    theirs = conversation.id
    conversation.user = f"{_ERASED}{theirs}"
    conversation.origin = None
    conversation.later = []
    conversation.joined_id = conversation.joined_at = None
    conversation.at_channel = conversation.at_user = None
    await session.execute(
        update(MessageRow)
        .where(MessageRow.conversation_id == theirs)
        .values(body={}, user=None, channel_message_id=None, error=None)
    )
    await session.execute(
        update(MessageRow)
        .where(
            MessageRow.conversation_id == theirs,
            MessageRow.state == MessageState.PENDING.value,
        )
        .values(state=MessageState.DONE.value, done_at=datetime.now(UTC))
    )
    await session.execute(
        update(TurnRow).where(TurnRow.conversation_id == theirs).values(entities=[])
    )
    await session.execute(
        update(RatingRow)
        .where(RatingRow.conversation_id == theirs)
        .values(comment=None, awaits_comment=False)
    )
    await session.execute(
        update(MarkRow).where(MarkRow.conversation_id == theirs).values(comment="")
    )
    for table in (CodRow, CaseRow):
        await session.execute(
            update(table).where(table.conversation_id == theirs).values(conversation_id=None)
        )
    for private in _OF_THE_CUSTOMER:
        await session.execute(delete(private).where(private.conversation_id == theirs))
