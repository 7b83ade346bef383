"""Keeps Chatwoot in step with the open hand-offs.

What is to be sent follows from the database: the open hand-off and the transcript after the last line
that has arrived there. So a Chatwoot that is down, or a restart of ours, loses nothing; a line may at
worst arrive twice.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass

import structlog
from sqlalchemy import select

from bot.background import Background
from bot.conversations import handoff, transcript
from bot.conversations.handoff import IllegalTransitionError
from bot.conversations.model import Author, HandoffReason
from bot.conversations.transcript import Entry
from bot.desk.board import BoardRow
from bot.desk.catalogue import Catalogue
from bot.desk.feed import Service
from bot.desk.service import Agent, HandoffDesk
from bot.language import Language
from bot.storage.conversations import ConversationRow
from bot.storage.desk import OutsideRow
from bot.storage.engine import Database
from connectors.chatwoot.client import ChatwootClient, ChatwootError
from connectors.chatwoot.files import ChatwootFiles, RemoteFile, told

_log = structlog.get_logger(__name__)

_RETRY_AFTER_S = 5.0
_STORY_LINES = 30
_WHO = {
    Author.CUSTOMER: ("顾客", "Customer"),
    Author.BOT: ("机器人", "Bot"),
    Author.AGENT: ("客服", "Agent"),
    Author.SYSTEM: ("系统", "System"),
}


@dataclass(frozen=True, slots=True)
class _Remote:
    """The conversation there; ``handoff_id`` is the hand-off that is open in it."""

    source_id: str
    number: int
    handoff_id: int | None


@dataclass(frozen=True, slots=True)
class _Work:
    """What a conversation is like here; ``lines`` are those that Chatwoot does not have."""

    channel: str
    language: Language
    reason: HandoffReason | None
    handoff_id: int | None
    remote: _Remote | None
    lines: list[Entry]
    last_seq: int


class ChatwootDesk:
    """A listener of the feed: hands customers over, and brings agents' answers back."""

    def __init__(
        self,
        database: Database,
        client: ChatwootClient,
        desk: HandoffDesk,
        catalogue: Catalogue,
        default_language: Language,
        files: ChatwootFiles,
    ) -> None:
        self._database = database
        self._client = client
        self._files = files
        self._desk = desk
        self._catalogue = catalogue
        self._default_language: Language = default_language
        self._due: set[str] = set()
        self._open: set[str] = set()
        self._wake = asyncio.Event()
        self._background = Background(self._send)

    def start(self) -> None:
        """Begin to send."""
        self._background.start()

    async def close(self) -> None:
        """Stop; what has not arrived is sent after the next start."""
        await self._background.close()
        await self._client.close()

    async def on_rows(self, changed: Sequence[BoardRow], gone: Sequence[str]) -> None:
        """Look at conversations that were handed off, changed or ended."""
        self._open |= {row.id for row in changed}
        self._look(*(row.id for row in changed), *gone)
        self._open -= set(gone)

    async def on_lines(self, conversation_id: str) -> None:
        """Look at a conversation with new lines, if it is handed off."""
        if conversation_id in self._open:
            self._look(conversation_id)

    async def on_service(self, conversation_id: str, service: Service) -> None:
        """Nothing: this is between us and the customer."""

    async def sync(self, conversation_id: str) -> None:
        """Bring Chatwoot up to date with one conversation.

        Raises:
            ChatwootError: it did not take everything; the rest is still to be sent.
        """
        work = await self._work(conversation_id)
        remote = work.remote
        if work.handoff_id is None:
            if remote is not None and remote.handoff_id is not None:
                await self._client.set_status(remote.number, "resolved")
                await self._arrived(conversation_id, work.last_seq, None)
            return
        if remote is None or remote.handoff_id != work.handoff_id:
            await self._introduce(conversation_id, work)
            return
        for line in work.lines:
            if line.author is Author.CUSTOMER:
                await self._say(conversation_id, work.language, remote, line)
            await self._arrived(conversation_id, line.seq, work.handoff_id)

    async def agent_says(
        self,
        remote_id: int,
        agent: Agent,
        text: str,
        message: int,
        files: Sequence[RemoteFile] = (),
    ) -> str | None:
        """Give an agent's words and files to the customer, once; returns the conversation, ``None`` for others'.

        Raises:
            ChatwootError: a file could not be had; Chatwoot may call again.
        """
        conversation_id = await self._ours(remote_id)
        if conversation_id is None:
            return None
        async with self._database.read() as session:
            channel = (await session.get_one(ConversationRow, conversation_id)).channel
        carried = [await self._files.of_agent(file, channel) for file in files]
        with contextlib.suppress(IllegalTransitionError):  # a colleague has it: both may speak
            await self._desk.take(conversation_id, agent, step_in=True, announce=True)
        key = f"chatwoot-{message}"
        if text:
            await self._desk.answer(conversation_id, agent, text, key)
        for number, (attachments, link) in enumerate(carried):
            await self._desk.answer(
                conversation_id, agent, "", f"{key}-{number}", attachments, link
            )
        return conversation_id

    async def resolved(self, remote_id: int, agent: Agent) -> str | None:
        """End the hand-off that an agent resolved; returns the conversation, ``None`` for others'."""
        conversation_id = await self._ours(remote_id)
        if conversation_id is not None:
            async with self._database.read() as session:
                held = await handoff.open_handoff(session, conversation_id)
            if held is not None:
                holder = Agent(held.agent, held.agent) if held.agent else agent
                with contextlib.suppress(IllegalTransitionError):
                    await self._desk.close(conversation_id, holder, "solved")
        return conversation_id

    def _look(self, *conversation_ids: str) -> None:
        self._due.update(conversation_ids)
        self._wake.set()

    async def _send(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            due, self._due = self._due, set()
            failed = set()
            for conversation_id in due:
                try:
                    await self.sync(conversation_id)
                except ChatwootError as error:
                    _log.warning("not handed over, will retry", error=str(error))
                    failed.add(conversation_id)
                except Exception:
                    _log.exception("not handed over, will retry", conversation=conversation_id)
                    failed.add(conversation_id)
            if failed:
                await asyncio.sleep(_RETRY_AFTER_S)
                self._look(*failed)

    async def _introduce(self, conversation_id: str, work: _Work) -> None:
        """Hand over there: the story so far as a note, the customer's last words as a message."""
        remote = work.remote
        if remote is None:
            name = f"{work.channel} {conversation_id[:4]}"
            source_id = await self._client.contact(
                conversation_id, name, {"channel": work.channel, "language": work.language}
            )
            remote = _Remote(source_id, await self._client.conversation(source_id), None)
            async with self._database.write() as session:
                session.add(
                    OutsideRow(
                        conversation_id=conversation_id, source_id=source_id,
                        remote_id=remote.number, sent_seq=0,
                    )
                )  # fmt: skip
        else:
            await self._client.set_status(remote.number, "open")
        await self._client.note(remote.number, self._story(work))
        asked = next((e for e in reversed(work.lines) if e.author is Author.CUSTOMER), None)
        if asked is not None:
            await self._say(conversation_id, work.language, remote, asked)
        await self._arrived(conversation_id, work.last_seq, work.handoff_id)

    async def _say(
        self, conversation_id: str, language: Language, remote: _Remote, line: Entry
    ) -> None:
        """Add what the customer wrote or sent; a file that is gone by now is named."""
        body = line.body
        uploads = await self._files.of_customer(body.attachments)
        text = body.text or ("" if uploads else told("", body.attachments, language))
        await self._client.customer_says(
            remote.source_id, remote.number, text, _echo(conversation_id, line), uploads
        )

    def _story(self, work: _Work) -> str:
        chinese = work.language == "zh"
        reason = work.reason or HandoffReason.ASKED_FOR
        lines = [self._catalogue.reasons[reason].in_(work.language)]
        for entry in work.lines[-_STORY_LINES:]:
            who = _WHO[entry.author][0 if chinese else 1]
            words = told(entry.body.text, entry.body.attachments, work.language)
            lines.append(f"{who}: {words}")
        return "\n".join(lines)

    async def _work(self, conversation_id: str) -> _Work:
        async with self._database.read() as session:
            conversation = await session.get_one(ConversationRow, conversation_id)
            held = await handoff.open_handoff(session, conversation_id)
            known = await session.get(OutsideRow, conversation_id)
            lines = await transcript.entries(
                session, conversation_id, known.sent_seq if known else 0
            )
            remote = None
            if known is not None and known.remote_id is not None:
                remote = _Remote(known.source_id, known.remote_id, known.handoff_id)
        return _Work(
            channel=conversation.channel,
            language=conversation.language or self._default_language,
            reason=HandoffReason(held.reason) if held else None,
            handoff_id=held.id if held else None,
            remote=remote,
            lines=lines,
            last_seq=conversation.last_seq,
        )

    async def _arrived(self, conversation_id: str, seq: int, handoff_id: int | None) -> None:
        async with self._database.write() as session:
            row = await session.get_one(OutsideRow, conversation_id)
            row.sent_seq, row.handoff_id = max(row.sent_seq, seq), handoff_id

    async def _ours(self, remote_id: int) -> str | None:
        async with self._database.read() as session:
            found: str | None = await session.scalar(
                select(OutsideRow.conversation_id).where(OutsideRow.remote_id == remote_id)
            )
        return found


def _echo(conversation_id: str, line: Entry) -> str:
    return f"{conversation_id}:{line.seq}"
