"""The desk as the workers see it: is anybody there, what is said when nobody is, forms of the desk."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sqlalchemy import union_all
from sqlalchemy.ext.asyncio import AsyncSession

from bot.clock import SHOP_ZONE
from bot.conversations.handoff import BACK_TO_BOT, DENY, HAND_OVER
from bot.conversations.model import Body, Button, HandoffReason
from bot.desk import callback, rating, survey
from bot.desk.catalogue import Catalogue
from bot.desk.hours import Hours
from bot.desk.teams import Team
from bot.desk.waiting import WaitClock
from bot.language import Language
from bot.orders import wording
from bot.storage.cod import CaseRow
from bot.storage.conversations import ConversationRow

# Buttons of who waits, by their names in words.yml.
_TYPED = {"back_to_bot": BACK_TO_BOT, "call_me": callback.CALL_ME, "no_call": callback.NO_CALL}


@dataclass(frozen=True)
class DeskRules:
    """What a worker asks of the desk.

    Args:
        promise: within which somebody takes a waiting conversation.
        capacity: conversations that an agent has at once, unless set for the agent.
        assigns: whether conversations are assigned, until a supervisor says otherwise.
        nps_every: least time between two questions whether a customer would recommend the shop.
        hours: when people answer; ``team_hours`` where a team's differ.
        teams: who answers what.
        waits: what an expected wait is made of.
        complaint_within: how soon a complaint is answered.
    """

    catalogue: Catalogue
    hours: Hours
    promise: timedelta = timedelta(minutes=10)
    capacity: int = 5
    assigns: bool = False
    nps_every: timedelta = timedelta()
    teams: Mapping[str, Team] = field(default_factory=dict)
    team_hours: Mapping[str, Hours] = field(default_factory=dict)
    waits: WaitClock = field(default_factory=WaitClock)
    complaint_within: timedelta = timedelta(hours=24)

    def hours_of(self, team: str | None) -> Hours:
        """Return when a team answers."""
        return self.team_hours.get(team or "", self.hours)

    def closed_line(
        self,
        language: Language,
        now: datetime,
        team: str | None = None,
        reason: HandoffReason | None = None,
    ) -> Body | None:
        """Return the honest words for a customer of a team that is not there now.

        Args:
            reason: of a hand-off that has just begun; its words come first.
        """
        hours = self.hours_of(team)
        if hours.is_open(now):
            return None
        opening = self._opening(hours, language, now)
        body = self.catalogue.line("closed_now", language, opening=opening)
        first = self.catalogue.lines.closed.get(reason) if reason else None
        between = " " if language == "en" else ""
        text = f"{first.in_(language)}{between}{body.text}" if first else body.text
        return Body(text, buttons=self._while_waiting(language))

    def still_closed_line(self, language: Language, now: datetime, team: str | None) -> Body | None:
        """Return the words for who asks again for a team that is not there."""
        hours = self.hours_of(team)
        if hours.is_open(now):
            return None
        return self.catalogue.line(
            "still_closed", language, opening=self._opening(hours, language, now)
        )

    def typed(self, text: str) -> str | None:
        """Return the payload of the button of a waiting customer that ``text`` stands for."""
        said = _plain(text)
        for name, payload in _TYPED.items():
            lists = self.catalogue.lines.typed.get(name, [])
            if said in {_plain(one) for ways in lists for one in ways}:
                return payload
        return None

    def ask_line(self, reason: HandoffReason, language: Language, now: datetime) -> Body:
        """Return the question whether a person should take over."""
        button = Button(self.catalogue.button("person", language), f"{HAND_OVER}{reason}")
        return self._asked(f"ask_{reason}", language, now, (button,))

    def complaint_line(self, name: str, case: CaseRow, language: Language, now: datetime) -> Body:
        """Return what somebody hears who complains: what is done, by when, and the offer of a person.

        Args:
            name: of the line: ``ask_complaint``, ``complaint_more`` for what they add to it, ``complaint_when``
                for the question how long it will be.
        """
        yes = Button(
            self.catalogue.button("complaint_yes", language),
            f"{HAND_OVER}{HandoffReason.COMPLAINT}",
        )
        no = Button(self.catalogue.button("complaint_no", language), DENY)
        return self._asked(name, language, now, (yes, no), **_promise(case, language))

    def complaint_kept_line(self, case: CaseRow, language: Language) -> Body:
        """Return what somebody hears who complains and wants no person: the promise stands."""
        return self.catalogue.line("complaint_kept", language, **_promise(case, language))

    def queue_line(self, place: int, language: Language) -> Body:
        """Return the place in the queue, and the expected wait where one is known."""
        minutes = self.waits.minutes(place)
        name = "queue_place" if minutes is None else "queue_wait"
        promise = round(self.promise.total_seconds() / 60)
        line = self.catalogue.line(
            name, language, position=str(place), minutes=str(minutes), promise=str(promise)
        )
        return Body(line.text, buttons=self._while_waiting(language))

    def late_line(self, language: Language) -> Body:
        """Return the apology for a wait that is longer than promised."""
        line = self.catalogue.line("late", language)
        return Body(line.text, buttons=self._while_waiting(language))

    async def concerns(
        self, session: AsyncSession, conversation_id: str, body: Body, now: datetime
    ) -> bool:
        """Tell whether ``receive`` should look at a message; most are none of its business."""
        if rating.is_ours(body) or callback.is_ours(body):
            return True
        # One question for both, since every message asks it.
        awaited = union_all(
            rating.awaiting(conversation_id), callback.awaiting(conversation_id, now)
        )
        if (await session.scalars(awaited.limit(1))).first() is not None:
            return True
        return await survey.concerns(session, conversation_id, body, now)

    async def receive(
        self,
        session: AsyncSession,
        conversation: ConversationRow,
        body: Body,
        language: Language,
        now: datetime,
    ) -> Body | None:
        """Return the answer to a rating, a comment, a score or a line of the call form, else ``None``."""
        rated = await rating.receive(session, conversation, body, language, self.catalogue)
        if rated is not None:
            return await self._and_ask(session, conversation, body, rated, language, now)
        called = await callback.receive(session, conversation, body, language, self.catalogue, now)
        if called is not None:
            return called
        thanks = await survey.receive(session, conversation.id, body, language, self.catalogue, now)
        if thanks is None:
            return None
        buttons = await rating.comment_button(session, conversation.id, language, self.catalogue)
        return replace(thanks, buttons=buttons)

    async def _and_ask(
        self,
        session: AsyncSession,
        conversation: ConversationRow,
        body: Body,
        rated: Body,
        language: Language,
        now: datetime,
    ) -> Body:
        """Add the question about recommending to the thanks for a rating, when it is due."""
        if not rating.is_score(body):
            return rated
        question = await survey.question(
            session, conversation.id, language, self.catalogue, self.nps_every, now
        )
        # No button beside the question: where buttons become numbered lines, "1" would press it.
        return Body(f"{rated.text}\n\n{question}") if question else rated

    def _asked(
        self,
        name: str,
        language: Language,
        now: datetime,
        buttons: tuple[Button, ...],
        **values: str,
    ) -> Body:
        """Return an offer of a person; while nobody is there it says when they are back."""
        text = self.catalogue.line(name, language, **values).text
        if not self.hours.is_open(now):
            opening = self._opening(self.hours, language, now)
            text += "\n" + self.catalogue.line("ask_closed", language, opening=opening).text
        return Body(text, buttons=buttons)

    def _while_waiting(self, language: Language) -> tuple[Button, ...]:
        back = Button(self.catalogue.button("back_to_bot", language), BACK_TO_BOT)
        return (callback.call_button(language, self.catalogue), back)

    def _opening(self, hours: Hours, language: Language, now: datetime) -> str:
        at = hours.next_opening(now)
        if at is None:
            return ""
        local, today = at.astimezone(SHOP_ZONE), now.astimezone(SHOP_ZONE).date()
        clock = f"{local:%H:%M}"
        days = self.catalogue.lines.days
        if local.date() == today:
            return days["today"].in_(language).format(clock=clock)
        if local.date() == today + timedelta(days=1):
            return days["tomorrow"].in_(language).format(clock=clock)
        return (
            days["later"]
            .in_(language)
            .format(clock=clock, day=local.day, month=local.month, month_name=f"{local:%B}")
        )


def _promise(case: CaseRow, language: Language) -> dict[str, str]:
    promised_for = wording.promise(case.promised_for or case.created_at, language)
    return {"case": case.number, "promised_for": promised_for}


def _plain(text: str) -> str:
    """Return what is left of a text without case, width, spaces and punctuation."""
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", text).casefold())
