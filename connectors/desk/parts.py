"""What the desk's routes and its live side share."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from starlette.responses import JSONResponse

from bot.conversations.model import Body, Direction
from bot.desk.board import Board
from bot.desk.brief import faq_title
from bot.desk.catalogue import Catalogue
from bot.desk.service import HandoffDesk
from bot.desk.staff import Staff
from bot.desk.teams import Team
from bot.desk.waiting import WaitClock
from bot.faq.knowledge import Hit
from bot.faq.live import LiveKnowledge
from bot.faq.model import LANGUAGES
from bot.orders.book import OrderBook
from bot.orders.cases import CaseDesk
from bot.orders.identity import IdentityPolicy
from bot.storage.conversations import MessageRow, TurnRow
from bot.storage.engine import Database
from connectors.desk.files import DeskFiles
from connectors.desk.live import DeskLive

_SUGGESTIONS = 3
_LOOK_BACK = 5
# Below this probability an entry helps nobody.
_WORTH_SHOWING = 0.1


@dataclass(frozen=True)
class DeskParts:
    """The parts; ``changed`` is called after every deed so that everybody sees it at once.

    ``looked`` is called when only the count of unread lines has changed.
    """

    database: Database
    desk: HandoffDesk
    board: Board
    catalogue: Catalogue
    knowledge: LiveKnowledge
    orders: OrderBook
    identity: IdentityPolicy
    cases: CaseDesk
    live: DeskLive
    changed: Callable[[str], None]
    looked: Callable[[str], None]
    staff: Staff
    teams: Mapping[str, Team]
    waits: WaitClock
    files: DeskFiles

    def done(self, conversation_id: str, **more: Any) -> JSONResponse:
        """Answer a deed, and tell everybody."""
        self.changed(conversation_id)
        return JSONResponse({"ok": True, **more})

    async def suggest(self, conversation_id: str) -> list[dict[str, Any]]:
        """Return the FAQ entries nearest to the customer's last question, surest first.

        A word of thanks is no question: what was asked before it still waits for its answer.
        """
        knowledge = self.knowledge.now
        hits: Sequence[Hit] = ()
        for text in await self._last_questions(conversation_id):
            found = await asyncio.to_thread(knowledge.search, text, _SUGGESTIONS)
            hits = [hit for hit in found if hit.score >= _WORTH_SHOWING]
            if hits:
                break
        return [
            {
                "id": hit.faq_id,
                "score": hit.score,
                "question": faq_title(knowledge, hit.faq_id),
                "answer": {
                    language: knowledge.answer(hit.faq_id, language) for language in LANGUAGES
                },
            }
            for hit in hits
        ]

    async def _last_questions(self, conversation_id: str) -> list[str]:
        """Return what the customer wrote last, newest first, without calls for a person and buttons."""
        async with self.database.read() as session:
            rows = await session.execute(
                select(MessageRow.body, TurnRow.decision)
                .outerjoin(TurnRow, TurnRow.message_id == MessageRow.id)
                .where(
                    MessageRow.conversation_id == conversation_id,
                    MessageRow.direction == Direction.IN.value,
                )
                .order_by(MessageRow.seq.desc())
                .limit(_LOOK_BACK)
            )
            lines = [(Body.from_json(data), decision or "") for data, decision in rows]
        return [
            body.text
            for body, decision in lines
            if body.text and not body.payload and not decision.startswith("handoff:asked")
        ]
