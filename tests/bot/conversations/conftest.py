"""A dialogue that answers by script, so that inbox, workers and outbox are tested without an engine.

The real engine is exercised by tests/stack and tests/conversations.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest

from bot.conversations.dialogue import Outcome, Understood
from bot.conversations.engine_client import EngineDown
from bot.conversations.inbox import Inbox
from bot.conversations.model import Attachment, Body, HandoffReason, Inbound
from bot.conversations.outbox import Delivery, Outbox
from bot.conversations.phrases import Phrases
from bot.conversations.turn import Turn
from bot.conversations.worker import Workers
from bot.desk.catalogue import Catalogue
from bot.desk.hours import Hours
from bot.desk.rules import DeskRules
from bot.language import Language, detect, reply_language
from bot.storage.conversations import Address
from bot.storage.engine import Database


class ScriptedDialogue:
    """Echoes; "person" hands off, "hello?" is a greeting, "broken" fails as a dead engine does."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str]] = []
        self.running: set[str] = set()
        self.overlapped = False

    def language_for(self, text: str, before: Language | None) -> Language:
        return reply_language(text) or before or "zh"

    async def understand(self, conversation_id: str, message_id: str, text: str) -> Understood:
        intent = "order_status" if "到哪" in text else None
        return Understood(intent, 0.9, frozenset())

    async def turn(
        self,
        conversation_id: str,
        message_id: str,
        text: str,
        payload: str | None = None,
        before: Language | None = None,
        attachments: Sequence[Attachment] = (),
        channel: str | None = None,
        later: Sequence[str] = (),
    ) -> Outcome:
        self.overlapped |= conversation_id in self.running
        self.running.add(conversation_id)
        await asyncio.sleep(0.001)
        self.running.discard(conversation_id)
        self.seen.append((conversation_id, payload or text))
        if text == "broken":
            raise EngineDown("nobody there")
        reason = HandoffReason.ASKED_FOR if text == "person" else None
        decision = "flow:greet" if text == "hello?" else f"answer:{text[:80]}"
        turn = Turn(
            intent="ask_human" if reason else "ask_faq",
            confidence=0.9,
            entities=[],
            decision=f"handoff:{reason}" if reason else decision,
            replies=(Body(f"re {payload or text}"),),
            handoff=reason,
        )
        return Outcome(turn, detect(text), self.language_for(text, before), (), 1.0)


@dataclass
class MemoryChannel:
    """Takes messages; fails as often as it is told."""

    failures: list[Exception] = field(default_factory=list)
    delivered: list[tuple[str, str]] = field(default_factory=list)

    async def deliver(self, delivery: Delivery) -> None:
        if self.failures:
            raise self.failures.pop(0)
        self.delivered.append((delivery.user, delivery.entry.body.text))


@dataclass
class Desk:
    """Everything between a connector and its channel."""

    database: Database
    dialogue: ScriptedDialogue
    channel: MemoryChannel
    inbox: Inbox
    workers: Workers
    outbox: Outbox
    phrases: Phrases

    def follow(self, rules: DeskRules) -> None:
        """Go on with other hours or teams."""
        self.workers._desk = self.workers._waiting_room._desk = rules

    async def say(
        self, text: str, user: str = "u1", message_id: str | None = None, payload: str | None = None
    ) -> str:
        """Deliver one message and wait for its turn; returns the conversation id."""
        inbound = Inbound("test", user, message_id or f"{user}:{text}", text, payload)
        accepted = await self.inbox.accept(inbound)
        self.workers.wake(accepted.conversation_id)
        await self.workers.idle(accepted.conversation_id)
        return accepted.conversation_id

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until ``condition`` holds, a minute at most."""
        async with asyncio.timeout(60):
            while not condition():  # noqa: ASYNC110 - conditions over plain lists
                await asyncio.sleep(0.01)


@pytest.fixture
def phrases(root: Path) -> Phrases:
    return Phrases(root / "domain.yml")


@pytest.fixture
def catalogue(root: Path) -> Catalogue:
    return Catalogue.load(root / "data" / "desk")


@pytest.fixture
async def desk(database: Database, phrases: Phrases, catalogue: Catalogue) -> AsyncIterator[Desk]:
    dialogue, channel = ScriptedDialogue(), MemoryChannel()
    outbox = Outbox(database, {"test": channel}, attempts=3)
    workers = Workers(
        database,
        dialogue,
        phrases,
        on_reply=outbox.wake,
        on_typing=_no_typing,
        queue_ack_every=timedelta(minutes=2),
        desk=DeskRules(catalogue, Hours()),
    )
    outbox.start()
    yield Desk(database, dialogue, channel, Inbox(database, 2000), workers, outbox, phrases)
    await workers.close()
    await outbox.close()


async def _no_typing(address: Address, on: bool) -> None:
    return None
