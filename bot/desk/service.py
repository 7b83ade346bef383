"""What people at the desk do: take, answer, note, hand on, give back, close.

Every deed is one transaction on the locked conversation, and leaves a line in the audit log. A deed
that the state does not allow raises ``IllegalTransitionError`` and changes nothing: that is the guard
against two agents answering one customer.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from bot.accounts import audit
from bot.conversations import handoff, transcript
from bot.conversations.handoff import IllegalTransitionError
from bot.conversations.model import Attachment, Author, Body, HandoffReason, Link, State
from bot.conversations.phrases import Phrases
from bot.conversations.transcript import Entry
from bot.desk.catalogue import Catalogue
from bot.desk.complaints import settle
from bot.desk.rating import rating_buttons
from bot.language import Language
from bot.storage.conversations import ConversationRow, HandoffRow, MessageRow
from bot.storage.desk import NoteRow
from bot.storage.engine import Database


class UnknownResolutionError(LookupError):
    """Nobody may close with this resolution."""


# Nobody who was a nuisance is asked how they liked it.
_NOT_RATED = frozenset({"spam"})
# Somebody goes on with it after the conversation; its case stays open.
_FOLLOWED_UP = "escalated"


@dataclass(frozen=True, slots=True)
class Agent:
    """Who acts: ``name`` is what customers see; who ``directs`` may act on colleagues' conversations."""

    login: str
    name: str
    directs: bool = False


@dataclass(frozen=True, slots=True)
class Waiting:
    """A conversation in the queue or with an agent."""

    conversation_id: str
    channel: str
    state: State
    reason: HandoffReason
    language: Language | None
    agent: str | None
    since: datetime


class HandoffDesk:
    """What agents do: see the queue, take, answer, pass on, close."""

    def __init__(
        self,
        database: Database,
        phrases: Phrases,
        default_language: Language,
        catalogue: Catalogue,
    ) -> None:
        self._database = database
        self._phrases = phrases
        self._default_language: Language = default_language
        self._catalogue = catalogue

    async def queue(self) -> list[Waiting]:
        """Return every open hand-off in the order in which they should be taken."""
        async with self._database.read() as session:
            rows = await session.execute(
                select(ConversationRow, HandoffRow)
                .join(HandoffRow, HandoffRow.conversation_id == ConversationRow.id)
                .where(HandoffRow.closed_at.is_(None))
            )
            waiting = [
                Waiting(
                    conversation.id, conversation.address.channel, State(conversation.state),
                    HandoffReason(handoff.reason), conversation.language, handoff.agent,
                    handoff.created_at,
                )
                for conversation, handoff in rows
            ]  # fmt: skip
        return sorted(waiting, key=lambda w: w.since - self._catalogue.reasons[w.reason].lead)

    async def take(
        self, conversation_id: str, agent: Agent, *, step_in: bool = False, announce: bool = False
    ) -> None:
        """Give a waiting conversation to ``agent``.

        Args:
            step_in: also take a conversation that nobody handed off, from the bot.
            announce: tell the customer who has come.

        Raises:
            IllegalTransitionError: when it does not wait, or another agent has it.
        """
        async with self._database.write() as session:
            conversation = await transcript.locked(session, conversation_id)
            await self._take(session, conversation, agent, step_in=step_in, announce=announce)

    async def assign(self, conversation_id: str, agent: Agent) -> None:
        """Give a waiting conversation to ``agent`` unasked; it comes back when they do not answer.

        Raises:
            IllegalTransitionError: when it does not wait any more.
        """
        async with self._database.write() as session:
            conversation = await transcript.locked(session, conversation_id)
            held = await handoff.open_handoff(session, conversation_id)
            if held is None or held.agent is not None:
                raise IllegalTransitionError(
                    f"expected conversation {conversation_id} to wait for an agent, "
                    f"it is in state {conversation.state}"
                )
            held = await self._take(session, conversation, agent, announce=True)
            held.assigned_at = datetime.now(UTC)

    async def snooze(self, conversation_id: str, agent: Agent, until: datetime | None) -> None:
        """Put a conversation out of sight until a moment or the customer's next line.

        Args:
            until: ``None`` brings it back.

        Raises:
            IllegalTransitionError: when it is not ``agent``'s.
        """
        async with self._database.write() as session:
            conversation = await transcript.locked(session, conversation_id)
            held = await self._held(session, conversation, agent)
            held.snoozed_until = until
            audit.note(
                session, agent.login, "snooze", conversation_id,
                until=until.isoformat() if until else "",
            )  # fmt: skip

    async def answer(
        self,
        conversation_id: str,
        agent: Agent,
        text: str,
        client_id: str | None = None,
        attachments: tuple[Attachment, ...] = (),
        link: Link | None = None,
    ) -> Entry:
        """Send an agent's words; takes the conversation first if nobody has it.

        Who directs may speak in a colleague's conversation without taking it from them.

        Args:
            client_id: the page's own id of the message; one that is repeated is sent once.
        """
        message_id = f"desk:{agent.login}:{client_id}" if client_id else None
        try:
            async with self._database.write() as session:
                conversation = await transcript.locked(session, conversation_id)
                held = await handoff.open_handoff(session, conversation_id)
                if held is None or held.agent is None or not agent.directs:
                    held = await self._take(session, conversation, agent)
                (row,) = transcript.append_out(
                    session, conversation, [Body(text, attachments=attachments, link=link)], Author.AGENT,
                    author_name=agent.name, message_id=message_id,
                )  # fmt: skip
                held.seen_seq = conversation.last_seq
                held.snoozed_until = None
                if held.agent == agent.login:
                    held.assigned_at = None
                audit.note(session, agent.login, "answer", conversation_id, seq=row.seq)
                return Entry.of(row)
        except IntegrityError:
            return await self._sent_before(conversation_id, message_id)

    async def add_note(self, conversation_id: str, agent: Agent, text: str) -> None:
        """Write an internal note; the customer never sees it."""
        async with self._database.write() as session:
            conversation = await transcript.locked(session, conversation_id)
            session.add(
                NoteRow(
                    conversation_id=conversation_id, after_seq=conversation.last_seq,
                    agent=agent.login, text=text, created_at=datetime.now(UTC),
                )
            )  # fmt: skip
            audit.note(session, agent.login, "note", conversation_id)

    async def pass_on(
        self, conversation_id: str, agent: Agent, to: Agent | None, team: str | None = None
    ) -> None:
        """Hand a conversation to a colleague, or back into the queue when ``to`` is ``None``.

        Args:
            team: whose queue it goes into; ``None`` leaves the team as it is.

        Raises:
            IllegalTransitionError: when it is not ``agent``'s to hand on.
        """
        async with self._database.write() as session:
            conversation = await transcript.locked(session, conversation_id)
            held = await self._held(session, conversation, agent)
            language = self._language(conversation)
            if to is None:
                line = self._catalogue.line("transferred_queue", language)
            else:
                line = self._catalogue.line("transferred", language, agent=to.name)
            held.agent = to.login if to else None
            held.taken_at = (held.taken_at or datetime.now(UTC)) if to else held.taken_at
            held.assigned_at = held.snoozed_until = None
            held.team, held.preferred = team or held.team, None
            held.told_at = held.told_place = None
            conversation.state = State.AGENT if to else State.QUEUED
            transcript.append_out(session, conversation, [line], Author.SYSTEM)
            audit.note(
                session,
                agent.login,
                "transfer",
                conversation_id,
                to=to.login if to else team or "queue",
            )

    async def give_back(self, conversation_id: str, agent: Agent) -> None:
        """End the hand-off without a closing line: the bot goes on where the agent leaves."""
        async with self._database.write() as session:
            conversation = await transcript.locked(session, conversation_id)
            await self._held(session, conversation, agent)
            await handoff.close(session, conversation, "returned_to_bot")
            line = self._catalogue.line("returned", self._language(conversation))
            transcript.append_out(session, conversation, [line], Author.SYSTEM)
            audit.note(session, agent.login, "give_back", conversation_id)

    async def close(self, conversation_id: str, agent: Agent, resolution: str = "solved") -> None:
        """End the hand-off with exactly one closing line; the bot answers from then on.

        Raises:
            IllegalTransitionError: when nothing is open, or a colleague has it.
            UnknownResolutionError: for a resolution that nobody may choose.
        """
        chosen = self._catalogue.resolutions.get(resolution)
        if chosen is None or not chosen.offered:
            offered = [code for code, r in self._catalogue.resolutions.items() if r.offered]
            raise UnknownResolutionError(
                f"expected a resolution of {', '.join(offered)}, got {resolution!r}"
            )
        async with self._database.write() as session:
            conversation = await transcript.locked(session, conversation_id)
            held = await self._take(session, conversation, agent)
            await handoff.close(session, conversation, resolution)
            if held.reason == HandoffReason.COMPLAINT and resolution != _FOLLOWED_UP:
                await settle(session, conversation.id, agent.login, datetime.now(UTC))
            language = self._language(conversation)
            line = self._phrases.say("utter_agent_closed", language)
            if resolution not in _NOT_RATED:
                buttons = rating_buttons(held.id, language, self._catalogue)
                line = replace(line, buttons=buttons)
            transcript.append_out(session, conversation, [line], Author.SYSTEM)
            audit.note(session, agent.login, "close", conversation_id, resolution=resolution)

    async def seen(self, conversation_id: str, seq: int) -> None:
        """Note that somebody at the desk has read the transcript up to ``seq``."""
        async with self._database.write() as session:
            held = await handoff.open_handoff(session, conversation_id)
            if held is not None and seq > held.seen_seq:
                held.seen_seq = seq

    async def _take(
        self,
        session: AsyncSession,
        conversation: ConversationRow,
        agent: Agent,
        *,
        step_in: bool = False,
        announce: bool = False,
    ) -> HandoffRow:
        held = await handoff.open_handoff(session, conversation.id)
        if held is not None and held.agent == agent.login:
            return held
        if held is None and step_in:
            held = HandoffRow(
                conversation_id=conversation.id, reason=HandoffReason.TAKEOVER,
                seen_seq=conversation.last_seq, created_at=datetime.now(UTC),
            )  # fmt: skip
            session.add(held)
        if held is None or held.agent is not None:
            raise IllegalTransitionError(
                f"expected conversation {conversation.id} to wait for an agent, "
                f"it is in state {conversation.state}"
                + (f" with {held.agent}" if held and held.agent else "")
            )
        held.agent = agent.login
        held.taken_at = held.taken_at or datetime.now(UTC)
        conversation.state = State.AGENT
        if announce:
            line = self._catalogue.line("taken", self._language(conversation), agent=agent.name)
            transcript.append_out(session, conversation, [line], Author.SYSTEM)
        audit.note(session, agent.login, "take", conversation.id)
        return held

    async def _held(
        self, session: AsyncSession, conversation: ConversationRow, agent: Agent
    ) -> HandoffRow:
        """Return the open hand-off if ``agent`` may dispose of it."""
        held = await handoff.open_handoff(session, conversation.id)
        if held is None or (held.agent != agent.login and not agent.directs):
            raise IllegalTransitionError(
                f"expected conversation {conversation.id} to be with {agent.login}, "
                f"it is in state {conversation.state}"
                + (f" with {held.agent}" if held and held.agent else "")
            )
        return held

    async def _sent_before(self, conversation_id: str, message_id: str | None) -> Entry:
        async with self._database.read() as session:
            row = await session.scalar(
                select(MessageRow).where(
                    MessageRow.conversation_id == conversation_id,
                    MessageRow.channel_message_id == message_id,
                )
            )
        if row is None:
            raise RuntimeError(f"message {message_id!r} could not be stored")
        return Entry.of(row)

    def _language(self, conversation: ConversationRow) -> Language:
        return conversation.language or self._default_language
