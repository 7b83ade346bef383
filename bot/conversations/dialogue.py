"""The dialogue: text in, turn out. Knows speller, FAQ and engine, nothing of storage or channels."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from bot.conversations.engine_client import EngineClient, EngineDown, EngineError, EngineFault
from bot.conversations.model import Attachment, Body
from bot.conversations.phrases import Phrases
from bot.conversations.requests import parts_of, wish_of
from bot.conversations.turn import Turn, read_turn
from bot.faq.knowledge import Hit, Knowledge, Ruling
from bot.faq.live import LiveKnowledge
from bot.language import Language, MessageLanguage, detect, normalise, reply_language
from bot.spelling import Speller

_RETRY_AFTER_S = 0.3
# What a customer would say who sent a picture without a word.
_SENT_IT = {"zh": "照片发过来了", "en": "I have sent the photo"}

# What asks the FAQ, and what asks for nothing: thanks between two questions is no request.
_QUESTIONS = frozenset({"ask_faq", "cod_question", "product_question", "installation_help"})
_SMALL_TALK = frozenset({"greet", "thanks", "goodbye", "bot_challenge"})
_NO_TASK = frozenset({"nlu_fallback", "out_of_scope", None})
_SURE = 0.6
_MOST_WAITING = 4


@dataclass(frozen=True, slots=True)
class Outcome:
    """A turn with what is recorded beside it; ``anger`` is 0..1, ``None`` where nobody measures it.

    ``later`` are requests, as the customer wrote them, that wait until the task at hand is done.
    """

    turn: Turn
    language: MessageLanguage | None
    reply_language: Language
    faq: tuple[Hit, ...]
    latency_ms: float
    anger: float | None = None
    later: tuple[str, ...] = ()


@dataclass(slots=True)
class _Request:
    """Something that a message asks for: as it was written, as it was meant, what the FAQ finds for it."""

    said: str
    meant: str
    found: Ruling | None = None


@dataclass(frozen=True, slots=True)
class Understood:
    """What a message is about, without a turn: ``codes`` are the kinds of entity in it.

    ``anger`` is 0..1, ``None`` where nobody measures it.
    """

    intent: str | None
    confidence: float
    codes: frozenset[str]
    anger: float | None = None


class Dialogue:
    """Runs turns; one conversation's turns must be run one after the other by the caller.

    Args:
        anger: tells how angry a message is, 0..1; see ``bot.mood``.
    """

    def __init__(
        self,
        engine: EngineClient,
        faq: LiveKnowledge,
        speller: Speller,
        phrases: Phrases,
        default_language: Language,
        anger: Callable[[str], float] | None = None,
    ) -> None:
        self._anger = anger
        self._phrases = phrases
        self._engine = engine
        self._faq = faq
        self._speller = speller
        self._default_language: Language = default_language
        self._titles = self._titles_of(faq.now)
        faq.listen(self._learn)

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
            anger=None if self._anger is None else self._anger(text),
        )

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
        """Run one customer message through the engine, one turn for each thing that it asks for.

        Of several tasks the first is begun; the others follow when it is done, in a later message's turn.

        Args:
            message_id: unique for the message; a repeated id is not run twice.
            payload: what a pressed button stands for; ``text`` is then its title.
            before: the language the conversation was in until now.
            attachments: files that came with it; ``text`` is empty when nothing else did.
            channel: where the customer writes; some answers are for some channels only.
            later: what waited after the message before (``Outcome.later``).

        Raises:
            EngineError: when there is no turn to read.
        """
        started = time.perf_counter()
        # One state of the FAQ for the whole message: the actions find it by its version while we hold it.
        knowledge = self._faq.now
        meant = self._speller.read(text)
        language = self._language_of(meant, before)
        whole = _Request(text, wish_of(meant) if text or not attachments else _SENT_IT[language])
        requests, also = [whole], list[_Request]()
        if not attachments:
            # 查订单, typed as it stands on a button, means what the button does and no FAQ entry.
            payload = payload or self._titles.get(_plain(text))
        if text and not payload and not attachments:
            requests, also = await self._requests(
                whole, knowledge, conversation_id, message_id, channel
            )
        if text and not payload and whole in requests:
            whole.found = knowledge.rule(whole.meant, channel)
        waiting = [*later, *(request.said for request in also)]
        replies: list[Body] = []
        last, ran = len(requests), 0
        while requests:
            request = requests.pop(0)
            ran += 1
            metadata = self._metadata(request, language, knowledge, channel)
            if attachments:
                metadata["attachments"] = [asdict(one) for one in attachments]
            # The last of the message's own requests has its id, by which a repetition is known.
            own_id = message_id if ran == last else f"{message_id}.{ran}"
            turn = await self._run(
                conversation_id, payload or _as_typed(request.meant), own_id, metadata
            )
            # What the form asks again after a question may be what the next part answers.
            said_now = turn.replies[: -turn.repeated or None] if requests else turn.replies
            replies += said_now
            if turn.handoff:
                waiting = []  # people read the whole message
                break
            if turn.keeps:
                waiting = [*(said for said in waiting if said != request.said), request.said]
            if waiting and not requests:
                if turn.asks is False or (turn.asks is None and not later):
                    said = waiting.pop(0)
                    replies.append(self._phrases.say("utter_next_request", language, request=said))
                    requests = [self._part(said, knowledge, channel)]
                elif also or turn.keeps:
                    line = self._phrases.say("utter_one_by_one", language, request=waiting[-1])
                    replies.insert(len(replies) - len(turn.replies), line)
        return Outcome(
            turn=replace(turn, replies=tuple(replies)),
            language=detect(text),
            reply_language=language,
            faq=request.found.hits if request.found else (),
            latency_ms=(time.perf_counter() - started) * 1000,
            anger=None if payload or self._anger is None else self._anger(whole.meant),
            later=tuple(waiting[:_MOST_WAITING]),
        )

    def _part(self, said: str, knowledge: Knowledge, channel: str | None) -> _Request:
        meant = wish_of(self._speller.read(said))
        return _Request(said, meant, knowledge.rule(meant, channel))

    def _metadata(
        self, request: _Request, language: Language, knowledge: Knowledge, channel: str | None
    ) -> dict[str, Any]:
        return {
            "language": language,
            "faq": request.found and request.found.as_metadata(),
            "knowledge": knowledge.version,
            "channel": channel,
            # Addresses and notes are taken as the customer wrote them, not as the speller reads them.
            "said": request.said,
        }

    async def _run(
        self, conversation_id: str, message: str, message_id: str, metadata: dict[str, Any]
    ) -> Turn:
        try:
            events = await self._engine.turn(conversation_id, message, message_id, metadata)
        except (EngineDown, EngineFault):
            # A connection that broke or an action that was cut off leaves no trace in the engine.
            await asyncio.sleep(_RETRY_AFTER_S)
            events = await self._engine.turn(conversation_id, message, message_id, metadata)
        return read_turn(events)

    async def _requests(
        self,
        whole: _Request,
        knowledge: Knowledge,
        conversation_id: str,
        message_id: str,
        channel: str | None,
    ) -> tuple[list[_Request], list[_Request]]:
        """Return what to run one after the other, and what has to wait for the customer's answers.

        Questions come first, then one task: it has the last word, and two would talk over each other.
        The message stays whole unless every part is understood by itself.
        """
        parts = parts_of(whole.said)
        questions: dict[str, _Request] = {}
        tasks: list[_Request] = []
        tells = False
        for said in parts if len(parts) > 1 else ():
            part = self._part(said, knowledge, channel)
            metadata = {"faq": part.found and part.found.as_metadata(), "said": said}
            try:
                read = await self._engine.understand(
                    conversation_id, _as_typed(part.meant), message_id, metadata
                )
            except EngineError:
                return [whole], []
            intent, confidence = read["intent"]["name"], read["intent"].get("confidence") or 0.0
            if intent in _QUESTIONS and part.found and part.found.answer:
                questions[part.found.answer] = part
            elif intent in _QUESTIONS | _NO_TASK or confidence < _SURE:
                return [whole], []
            elif intent not in _SMALL_TALK:
                tasks.append(part)
                tells |= intent == "inform"
        # "Where is SO…? My phone ends in 6688": what is told belongs to what is asked.
        if len(questions) + len(tasks) < 2 or (len(tasks) > 1 and tells):
            return [whole], []
        return [*questions.values(), *tasks[:1]], tasks[1:]

    def _learn(self, before: Knowledge, after: Knowledge) -> None:
        """Know the words of what was published, or they would be taken for misspelt ones."""
        self._speller = self._speller.knowing(after.texts - before.texts)
        self._titles = self._titles_of(after)

    def _titles_of(self, knowledge: Knowledge) -> dict[str, str]:
        """Return the titles of buttons under a greeting or an answer, and what each button stands for."""
        titles = {
            _plain(title): f"/{name}"
            for name, task in knowledge.corpus.tasks.items()
            for title in (task.zh, task.en)
        }
        for language in ("zh", "en"):
            greeting = self._phrases.say("utter_greet", language)
            titles |= {_plain(button.title): button.payload for button in greeting.buttons}
        return titles

    def _language_of(self, meant: str, before: Language | None) -> Language:
        return reply_language(meant) or before or self._default_language


def _plain(title: str) -> str:
    return normalise(title).strip(" 。.!！~～").casefold()


def _as_typed(text: str) -> str:
    """Return text that the engine can't mistake for a payload, which begins with a slash."""
    stripped = text.lstrip()
    return f"\u2215{stripped[1:]}" if stripped.startswith("/") else text
