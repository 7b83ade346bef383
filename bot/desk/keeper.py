"""The keeper of the queue: finds a team, assigns, tells how long it takes, and owns up when it is late.

It looks at the open hand-offs again and again and acts on what stands in the database, each deed in a
transaction of its own that checks once more: a restart forgets nothing, and two keepers (two app
processes) do nothing twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime, timedelta

import structlog
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.accounts import audit
from bot.background import Background
from bot.conversations import handoff, transcript
from bot.conversations.handoff import IllegalTransitionError
from bot.conversations.model import Author, HandoffReason, State
from bot.desk.callback import with_open_call
from bot.desk.routing import route
from bot.desk.rules import DeskRules
from bot.desk.service import Agent, HandoffDesk
from bot.desk.staff import Colleague, Staff, choose
from bot.desk.waiting import handling_time, places
from bot.language import Language
from bot.orders.people import PHONE_CHANNEL
from bot.storage.conversations import HandoffRow, MessageRow
from bot.storage.engine import Database

_log = structlog.get_logger(__name__)

_LOOK_EVERY_S = 2.0
_HANDLING_EVERY = timedelta(minutes=1)
# An agent who is quick spares the customer the words about the queue.
_FIRST_WORD = timedelta(seconds=20)
_NEXT_WORD = timedelta(minutes=3)
# Three hundred who came at once also hear of their place at once; those who write now go before them.
_TOLD_IN_ONE_LOOK = 20
# Somebody to whom a conversation was assigned and who does not answer is not there.
_ANSWER_WITHIN = timedelta(minutes=3)


class Keeper:
    """Looks after the queue.

    Args:
        online: the logins with an open desk.
        changed: called with the id of each conversation that was changed.
    """

    def __init__(
        self,
        database: Database,
        desk: HandoffDesk,
        rules: DeskRules,
        staff: Staff,
        default_language: Language,
        online: Callable[[], Collection[str]],
        changed: Callable[[str], None],
    ) -> None:
        self._database = database
        self._desk = desk
        self._rules = rules
        self._staff = staff
        self._default_language: Language = default_language
        self._online = online
        self._changed = changed
        self._handling_read = datetime.min.replace(tzinfo=UTC)
        self._passed_over: dict[int, set[str]] = {}
        self._background = Background(self._keep)

    def start(self) -> None:
        """Begin to look."""
        self._background.start()

    async def close(self) -> None:
        """Stop."""
        await self._background.close()

    async def look(self, now: datetime) -> None:
        """Do at ``now`` what is due."""
        async with self._database.read() as session:
            held = list(
                await session.scalars(select(HandoffRow).where(HandoffRow.closed_at.is_(None)))
            )
            staff = await self._staff.everyone(session, self._online())
            assigns = await self._staff.assigns(session)
            await self._bring_up_to_date(session, staff, now)
            waiting = any(row.agent is None and self._due(row, now) for row in held)
            # Once for all who are to hear of it, not once for each while the others wait for the database.
            place = await places(session, self._rules.catalogue) if waiting else {}
            called = await with_open_call(session) if waiting else frozenset()
        self._passed_over = {
            row.id: self._passed_over[row.id] for row in held if row.id in self._passed_over
        }
        told = 0
        for row in held:
            if row.team is None:
                await self._route(row.conversation_id, now)
            elif row.agent is None:
                taker = choose(
                    staff,
                    self._rules.teams.get(row.team),
                    row.preferred,
                    assigns=assigns,
                    passed_over=self._passed_over.get(row.id, ()),
                )
                if taker is not None:
                    staff = await self._assign(row, taker, staff)
                elif (
                    told < _TOLD_IN_ONE_LOOK
                    and self._hears(row, now)
                    and row.conversation_id not in called
                ):
                    told += 1
                    await self._speak(row.conversation_id, now, place.get(row.conversation_id))
            elif row.assigned_at is not None and now - row.assigned_at > _ANSWER_WITHIN:
                await self._take_back(row, now)

    async def _keep(self) -> None:
        while True:
            try:
                await self.look(datetime.now(UTC))
            except Exception:
                _log.exception("the queue's keeper could not look, will retry")
            await asyncio.sleep(_LOOK_EVERY_S)

    async def _bring_up_to_date(
        self, session: AsyncSession, staff: Sequence[Colleague], now: datetime
    ) -> None:
        waits = self._rules.waits
        there = [one for one in staff if one.online and one.accepting]
        waits.slots = sum(one.capacity for one in there)
        waits.free = sum(one.room for one in there)
        if now - self._handling_read >= _HANDLING_EVERY:
            waits.handling_s = await handling_time(session, now)
            self._handling_read = now

    async def _route(self, conversation_id: str, now: datetime) -> None:
        """Find the team, and who had this customer within a day."""
        async with self._database.write() as session:
            conversation = await transcript.locked(session, conversation_id)
            row = await handoff.open_handoff(session, conversation_id)
            if row is None or row.team is not None:
                return
            await route(session, self._rules.teams, conversation, row, now)

    async def _assign(
        self, row: HandoffRow, taker: Colleague, staff: Sequence[Colleague]
    ) -> list[Colleague]:
        """Give a conversation away; returns the staff with the new load."""
        try:
            await self._desk.assign(row.conversation_id, Agent(taker.login, taker.name))
        except IllegalTransitionError:
            return list(staff)  # somebody was quicker
        self._changed(row.conversation_id)
        return [
            Colleague(o.login, o.name, o.load + 1, o.capacity, o.online, o.accepting)
            if o.login == taker.login
            else o
            for o in staff
        ]

    async def _take_back(self, row: HandoffRow, now: datetime) -> None:
        """Put a conversation back whose agent has not said a word since it was assigned."""
        async with self._database.write() as session:
            conversation = await transcript.locked(session, row.conversation_id)
            held = await handoff.open_handoff(session, row.conversation_id)
            if held is None or held.assigned_at != row.assigned_at or held.assigned_at is None:
                return
            spoke = await session.scalar(
                select(func.max(MessageRow.created_at)).where(
                    MessageRow.conversation_id == conversation.id,
                    MessageRow.author == Author.AGENT.value,
                )
            )
            if spoke is not None and spoke >= held.assigned_at:
                held.assigned_at = None
                return
            self._passed_over.setdefault(held.id, set()).add(held.agent or "")
            audit.note(session, "desk", "unanswered", conversation.id, agent=held.agent or "")
            held.agent = held.assigned_at = held.taken_at = None
            conversation.state = State.QUEUED
        self._changed(row.conversation_id)

    def _hears(self, row: HandoffRow, now: datetime) -> bool:
        """Tell whether somebody sits and waits who is to hear something now."""
        return row.reason != HandoffReason.ENGINE_DOWN and self._due(row, now)

    async def _speak(self, conversation_id: str, now: datetime, place: int | None) -> None:
        """Tell a waiting customer their place now and then, and once that it takes too long."""
        if place is None:
            return
        async with self._database.write() as session:
            conversation = await transcript.locked(session, conversation_id)
            row = await handoff.open_handoff(session, conversation_id)
            if row is None or not self._due(row, now):
                return
            language = conversation.language or self._default_language
            silent = conversation.channel == PHONE_CHANNEL  # there is nobody to read it
            closed = self._rules.closed_line(language, now, row.team)
            if closed is not None:
                line = closed
            elif self._is_late(row, now):
                line = self._rules.late_line(language)
                row.late_at = now
                audit.note(session, "desk", "late", conversation_id)
            elif silent or row.told_place == place:
                row.told_at = now  # no news is not worth a message
                return
            else:
                line = self._rules.queue_line(place, language)
            row.told_at, row.told_place = now, place
            if not silent:
                transcript.append_out(session, conversation, [line], Author.SYSTEM)
        self._changed(conversation_id)

    def _due(self, row: HandoffRow, now: datetime) -> bool:
        hours = self._rules.hours_of(row.team)
        if row.agent is not None:
            return False
        if not hours.is_open(now):
            # Once, to who waits when the desk closes; who came later heard it at once.
            closed = hours.closed_since(now)
            return row.told_at is None or (closed is not None and row.told_at < closed)
        if self._waits(row, now) < _FIRST_WORD:
            return False
        return row.told_at is None or now - row.told_at >= _NEXT_WORD or self._is_late(row, now)

    def _is_late(self, row: HandoffRow, now: datetime) -> bool:
        return row.late_at is None and self._waits(row, now) >= self._rules.promise

    def _waits(self, row: HandoffRow, now: datetime) -> timedelta:
        """Return how long somebody could have come: nobody is late while the desk is closed."""
        opened = self._rules.hours_of(row.team).opened(now)
        return now - max(row.created_at, opened) if opened else now - row.created_at
