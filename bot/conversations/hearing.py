"""Hearing somebody out who complains: what they go on to tell is put down, not taken for a task or a question."""

from __future__ import annotations

from datetime import UTC, datetime

import structlog

from bot.conversations import transcript
from bot.conversations.choices import last_offers
from bot.conversations.dialogue import Dialogue, Understood
from bot.conversations.engine_client import EngineError
from bot.conversations.handoff import HAND_OVER
from bot.conversations.model import Author, Body, FileKind, HandoffReason, State
from bot.desk.complaints import note_complaint
from bot.desk.rules import DeskRules
from bot.desk.waiting import asks_how_long
from bot.language import Language, detect
from bot.mood import ANGRY
from bot.orders.reading import is_question
from bot.storage.conversations import ConversationRow, MessageRow, TurnRow
from bot.storage.engine import Database

_log = structlog.get_logger(__name__)

_OFFER = f"{HAND_OVER}{HandoffReason.COMPLAINT}"
# Part of a story, however sure: names, numbers, days, and what fits nothing.
_TELLING = frozenset({"inform", "complaint", "nlu_fallback", "out_of_scope", None})
# Answers to the offer, and small talk, however unsure.
_ANSWERS = frozenset({"affirm", "deny", "ask_human", "thanks", "goodbye", "greet", "bot_challenge"})
# Below this a task is a guess at what was told in passing ("delivered yesterday, and so rude").
_SURE = 0.73


async def hear_out(
    database: Database,
    dialogue: Dialogue,
    rules: DeskRules,
    message: MessageRow,
    body: Body,
    language: Language,
) -> bool:
    """Put down what follows on a complaint and answer it; false when it is something else."""
    if body.payload:
        return False
    async with database.read() as session:
        offers = await last_offers(session, message.conversation_id)
    if all(button.payload != _OFFER for button in offers):
        return False
    read = Understood(None, 0.0, frozenset())
    wait = asks_how_long(body.text)
    if body.text and not wait:
        try:
            read = await dialogue.understand(message.conversation_id, str(message.id), body.text)
        except EngineError as error:
            _log.warning("engine did not read a message", error=str(error))
            return False
        if not _tells(read, body.text):
            return False
    now = datetime.now(UTC)
    pictures = [one.id for one in body.attachments if one.kind is FileKind.PICTURE]
    async with database.write() as session:
        conversation: ConversationRow = await transcript.locked(session, message.conversation_id)
        if conversation.state != State.BOT:  # somebody has come meanwhile
            return False
        words = "" if wait else body.text
        case = await note_complaint(session, rules, conversation.id, words, now, pictures)
        name = "complaint_when" if wait else "complaint_more"
        line = rules.complaint_line(name, case, language, now)
        conversation.language = language
        session.add(
            TurnRow(
                message_id=message.id, conversation_id=conversation.id, language=detect(body.text),
                intent=read.intent, confidence=read.confidence, entities=[], faq=[],
                decision="flow:complaint", latency_ms=0.0, anger=read.anger, created_at=now,
            )
        )  # fmt: skip
        transcript.append_out(session, conversation, [line], Author.BOT, message)
        await transcript.mark_done(session, message)
    return True


def _tells(read: Understood, text: str) -> bool:
    """Tell whether somebody goes on with their story, calmly, rather than ask or want something else."""
    if (read.anger or 0.0) >= ANGRY or read.intent in _ANSWERS or is_question(text):
        return False
    return read.intent in _TELLING or read.confidence < _SURE
