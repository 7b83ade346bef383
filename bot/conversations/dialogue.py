"""The dialogue: text in, turn out. Knows speller, FAQ and engine, nothing of storage or channels."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bot.conversations.engine_client import EngineClient, EngineDown, EngineFault
from bot.conversations.turn import Turn, read_turn
from bot.faq.knowledge import Hit, Knowledge, Ruling
from bot.language import Language, MessageLanguage, detect, reply_language
from bot.spelling import Speller

_RETRY_AFTER_S = 0.3


@dataclass(frozen=True, slots=True)
class Outcome:
    """A turn with what is recorded beside it; ``anger`` is 0..1, ``None`` where nobody measures it."""

    turn: Turn
    language: MessageLanguage | None
    reply_language: Language
    faq: tuple[Hit, ...]
    latency_ms: float
    anger: float | None = None


@dataclass(frozen=True, slots=True)
class Understood:
    """What a message is about, without a turn: ``codes`` are the kinds of entity in it."""

    intent: str | None
    confidence: float
    codes: frozenset[str]


class Dialogue:
    """Runs turns; one conversation's turns must be run one after the other by the caller.

    Args:
        anger: tells how angry a message is, 0..1; see ``bot.mood``.
    """

    def __init__(
        self,
        engine: EngineClient,
        faq: Knowledge,
        speller: Speller,
        default_language: Language,
        anger: Callable[[str], float] | None = None,
    ) -> None:
        self._anger = anger
        self._engine = engine
        self._faq = faq
        self._speller = speller
        self._default_language: Language = default_language

    def language_for(self, text: str, before: Language | None) -> Language:
        """Return the language to answer ``text`` in, after a conversation in ``before``."""
        return self._language_of(self._speller.read(text), before)

    async def understand(self, conversation_id: str, message_id: str, text: str) -> Understood:
        """Return what a message is about; nothing is said or done.

        Raises:
            EngineError: when the engine does not say.
        """
        read = await self._engine.understand(
            conversation_id, _as_typed(self._speller.read(text)), message_id, {"said": text}
        )
        intent = read.get("intent") or {}
        return Understood(
            intent=intent.get("name"),
            confidence=intent.get("confidence") or 0.0,
            codes=frozenset(entity["entity"] for entity in read.get("entities") or ()),
        )

    async def turn(
        self,
        conversation_id: str,
        message_id: str,
        text: str,
        payload: str | None = None,
        before: Language | None = None,
    ) -> Outcome:
        """Run one customer message through the engine.

        Args:
            message_id: unique for the message; a repeated id is not run twice.
            payload: what a pressed button stands for; ``text`` is then its title.
            before: the language the conversation was in until now.

        Raises:
            EngineError: when there is no turn to read.
        """
        started = time.perf_counter()
        meant = self._speller.read(text)
        language = self._language_of(meant, before)
        found = None if payload else self._faq.rule(meant)
        message = payload or _as_typed(meant)
        # Addresses and notes are taken as the customer wrote them, not as the speller reads them.
        metadata = {"language": language, "faq": found and _as_metadata(found), "said": text}
        try:
            events = await self._engine.turn(conversation_id, message, message_id, metadata)
        except (EngineDown, EngineFault):
            # A connection that broke or an action that was cut off leaves no trace in the engine.
            await asyncio.sleep(_RETRY_AFTER_S)
            events = await self._engine.turn(conversation_id, message, message_id, metadata)
        return Outcome(
            turn=read_turn(events),
            language=detect(text),
            reply_language=language,
            faq=found.hits if found else (),
            latency_ms=(time.perf_counter() - started) * 1000,
            anger=None if payload or self._anger is None else self._anger(meant),
        )

    def _language_of(self, meant: str, before: Language | None) -> Language:
        return reply_language(meant) or before or self._default_language


def _as_metadata(found: Ruling) -> dict[str, Any] | None:
    """Return what the engine's arbiter and the FAQ actions read of a search."""
    if not found.hits:
        return None
    return {
        "best": found.hits[0].score,
        "answer": found.answer,
        "suggest": list(found.suggest),
        "hits": [[hit.faq_id, hit.score] for hit in found.hits],
    }


def _as_typed(text: str) -> str:
    """Return text that the engine can't mistake for a payload, which begins with a slash."""
    stripped = text.lstrip()
    return f"\u2215{stripped[1:]}" if stripped.startswith("/") else text
