"""The desk as the workers see it: is anybody there, what is said when nobody is, ratings."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from bot.conversations.handoff import BACK_TO_BOT
from bot.conversations.model import Body, Button
from bot.desk import rating
from bot.desk.catalogue import Catalogue
from bot.desk.hours import Hours
from bot.language import Language
from bot.storage.conversations import ConversationRow


@dataclass(frozen=True)
class DeskRules:
    """What a worker asks of the desk."""

    catalogue: Catalogue
    hours: Hours

    def closed_line(self, language: Language, now: datetime) -> Body | None:
        """Return the honest words for a customer who was handed off while nobody is there."""
        if self.hours.is_open(now):
            return None
        body = self.catalogue.line("closed_now", language, opening=self._opening(language, now))
        button = Button(self.catalogue.button("back_to_bot", language), BACK_TO_BOT)
        return Body(body.text, buttons=(button,))

    async def may_be_rating(self, session: AsyncSession, conversation_id: str, body: Body) -> bool:
        """Tell whether ``receive`` should look at a message; most are none of its business."""
        return await rating.concerns(session, conversation_id, body)

    async def receive(
        self, session: AsyncSession, conversation: ConversationRow, body: Body, language: Language
    ) -> Body | None:
        """Return the answer to a rating or its comment, ``None`` for any other message."""
        return await rating.receive(session, conversation, body, language, self.catalogue)

    def _opening(self, language: Language, now: datetime) -> str:
        at = self.hours.next_opening(now)
        if at is None:
            return ""
        local, today = at.astimezone(self.hours.zone), now.astimezone(self.hours.zone).date()
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
