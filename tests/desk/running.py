"""The real app with the real desk, on a free port in this process; only the engine is a script.

The script understands a few messages the way the engine would, so that hand-offs, orders and FAQ
answers come about in milliseconds. The engine itself is under test in tests/stack and
tests/conversations.
"""

from __future__ import annotations

import asyncio
import re
import shutil
import threading
import time
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx
import uvicorn
from argon2 import PasswordHasher
from sqlalchemy import select

from bot.accounts.accounts import Accounts
from bot.accounts.model import Role
from bot.cli.db import fill
from bot.cli.wiring import load_knowledge
from bot.clock import utc_now
from bot.conversations.dialogue import Outcome, Understood
from bot.conversations.engine_client import EngineDown
from bot.conversations.model import Attachment, Body, HandoffReason
from bot.conversations.phrases import Phrases
from bot.conversations.turn import Turn
from bot.encoder import load_encoder
from bot.faq.knowledge import Knowledge
from bot.faq.live import LiveKnowledge
from bot.language import Language, detect, reply_language
from bot.linking.codes import written
from bot.linking.service import Links
from bot.orders.book import SqlOrderBook
from bot.orders.cases import Case, CaseDesk, CaseKind, CasePolicy
from bot.orders.contacts import remember_contact
from bot.settings import Settings
from bot.storage.conversations import ConversationRow
from bot.storage.engine import Database
from bot.storage.migrate import upgrade
from tests.apps import ALWAYS_OPEN, app_without_engine, read_phrases
from tests.stack.running import free_port

_Found = TypeVar("_Found")
PASSWORD = "correct horse battery"
PEOPLE: tuple[tuple[str, str, Role, Language], ...] = (
    ("xiaochen", "小陈", Role.AGENT, "zh"),
    ("grace", "Grace", Role.AGENT, "en"),
    ("zhuguan", "林主管", Role.SUPERVISOR, "zh"),
    ("bianji", "小编", Role.EDITOR, "zh"),
    ("shenhe", "审核", Role.REVIEWER, "zh"),
    ("admin", "Admin", Role.ADMIN, "zh"),
)

_ORDER = re.compile(r"SO\d{11}")
_WISHES = (
    (("人工", "真人", "a person", "human"), "ask_human", HandoffReason.ASKED_FOR),
    (("投诉", "complain"), "complaint", HandoffReason.COMPLAINT),
    (("气死", "furious"), "complaint", HandoffReason.ANGER),
)
# Words, and the response with which the bot refuses, or owns up, and offers a person.
_OFFERS = (
    ("过期", "utter_refused_cancel_sent"),
    ("包裹丢", "utter_notice_failed"),
    ("系统", "utter_backend_nothing_known"),
)
_ANGRY = "欺负人"
_BROKEN = ("broken", "机器人坏了")


class ScriptedDialogue:
    """Understands calls for a person, complaints, order numbers, phone digits, and the FAQ."""

    def __init__(self, phrases: Phrases, knowledge: LiveKnowledge, database: Database) -> None:
        self._phrases = phrases
        self._knowledge = knowledge
        self._database = database
        self._named: dict[str, str] = {}
        # Where the last message was not understood: the second in a row brings a person.
        self._missed: set[str] = set()

    def language_for(self, text: str, before: Language | None) -> Language:
        return reply_language(text) or before or "zh"

    async def understand(self, conversation_id: str, message_id: str, text: str) -> Understood:
        wishes = (intent for words, intent, _ in _WISHES if any(word in text for word in words))
        intent = "order_status" if "到哪" in text else next(wishes, None)
        return Understood(intent, 0.9, frozenset(), anger=0.95 if _ANGRY in text else None)

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
        language = self.language_for(text, before)
        if text in _BROKEN:
            raise EngineDown("nobody there")
        knowledge = self._knowledge.now
        ruling = await asyncio.to_thread(knowledge.rule, text, channel)
        turn = (
            self._wish(text, payload, language)
            or await self._codes(conversation_id, text, language)
            or self._offer(text, language)
        )
        if turn is None and ruling.answer:
            answer = Body(knowledge.answer(ruling.answer, language))
            turn = Turn("ask_faq", 0.93, [], f"answer:{ruling.answer}", (answer,))
        if turn is not None:
            self._missed.discard(conversation_id)
        elif conversation_id in self._missed:
            reason = HandoffReason.LOW_CONFIDENCE
            said = self._phrases.say(f"utter_handoff_{reason}", language)
            turn = Turn("nlu_fallback", 0.31, [], f"handoff:{reason}", (said,), reason)
        else:
            self._missed.add(conversation_id)
            said = self._phrases.say("utter_clarify", language)
            turn = Turn("nlu_fallback", 0.31, [], "clarify", (said,))
        anger = 0.95 if _ANGRY in text else None
        return Outcome(turn, detect(text), language, ruling.hits, 12.0, anger=anger)

    def _offer(self, text: str, language: Language) -> Turn | None:
        for word, response in _OFFERS:
            if word in text:
                values = {"order_number": "SO20261105001", "items": "—"}
                said = self._phrases.say(response, language, **values)
                return Turn("order_status", 0.9, [], "flow:order_status", (said,))
        return None

    def _wish(self, text: str, payload: str | None, language: Language) -> Turn | None:
        for words, intent, reason in _WISHES:
            if payload == "/ask_human" or any(word in text for word in words):
                said = self._phrases.say(f"utter_handoff_{reason}", language)
                return Turn(intent, 0.98, [], f"handoff:{reason}", (said,), reason)
        return None

    async def _codes(self, conversation_id: str, text: str, language: Language) -> Turn | None:
        entities: list[dict[str, Any]] = []
        if found := _ORDER.search(text):
            self._named[conversation_id] = found[0]
            entities.append({"entity": "order_number", "value": found[0], "start": 0, "end": 0})
            said = self._phrases.say("utter_ask_phone_last4", language)
        elif re.fullmatch(r"\d{4}", text):
            entities.append({"entity": "last_four", "value": text, "start": 0, "end": 4})
            await self._verify(conversation_id, text)
            said = Body(
                "包裹在运输中，预计明天送到。" if language == "zh"
                else "Your parcel is on its way and should arrive tomorrow."
            )  # fmt: skip
        else:
            return None
        return Turn("order_status", 0.97, entities, "flow:order_status", (said,))

    async def _verify(self, conversation_id: str, digits: str) -> None:
        order = await SqlOrderBook(self._database).find(self._named.get(conversation_id, ""))
        if order is None or order.last_four != digits:
            return
        async with self._database.write() as session:
            await remember_contact(
                session, conversation_id, order.customer_id, order.phone, utc_now()
            )


@dataclass
class DeskApp:
    """The app, running in a thread of its own."""

    var: Path
    knowledge: LiveKnowledge
    hours: Path = ALWAYS_OPEN
    port: int = field(default_factory=free_port)
    people: Sequence[tuple[str, str, Role, Language]] = PEOPLE
    more: dict[str, Any] = field(default_factory=dict)
    _server: uvicorn.Server | None = None
    _thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def settings(self) -> Settings:
        return Settings(
            var=self.var,
            port=self.port,
            desk_hours=self.hours,
            queue_ack_minutes=2,
            demo=False,
            **self.more,
        )

    def __enter__(self) -> Self:
        upgrade(self.settings.database)
        asyncio.run(fill(self.settings.database))
        asyncio.run(self._hire())
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self) -> None:
        self._server = uvicorn.Server(
            uvicorn.Config(
                self._build(), host="127.0.0.1", port=self.port, log_level="error",
                timeout_graceful_shutdown=1,
            )
        )  # fmt: skip
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            try:
                if httpx.get(f"{self.url}/healthz", timeout=1).status_code == httpx.codes.OK:
                    return
            except httpx.TransportError:
                time.sleep(0.05)
        raise RuntimeError("the app did not start")

    def stop(self) -> None:
        if self._server is not None and self._thread is not None:
            self._server.should_exit = True
            self._thread.join(15)

    def client(self, login: str | None = None) -> httpx.Client:
        """Return an HTTP client, signed in as ``login``."""
        client = httpx.Client(
            base_url=self.url, headers={"sec-fetch-site": "same-origin"}, timeout=30
        )
        if login is not None:
            signed_in = client.post("/account/sign-in", json={"login": login, "password": PASSWORD})
            signed_in.raise_for_status()
        return client

    def say(self, sender: str, text: str) -> list[dict[str, Any]]:
        """Say something as a customer of the REST channel."""
        response = httpx.post(
            f"{self.url}/webhooks/rest/webhook",
            json={"sender": sender, "message": text},
            timeout=30,
        )
        response.raise_for_status()
        replies: list[dict[str, Any]] = response.json()
        return replies

    def link_code(self, user: str) -> str:
        """Return a code with which a customer goes on on another channel."""
        (conversation,) = self.conversations_of(user)
        return _run(self._link_code(conversation))

    async def _link_code(self, conversation_id: str) -> str:
        database = Database(self.settings.database)
        links = Links(database, self.settings.secrets.session_key)
        nonce = await links.issue(conversation_id, utc_now())
        await database.close()
        assert nonce is not None
        return written(links.codes.code_of(nonce))

    def fill(self, work: Callable[[Database], Coroutine[Any, Any, None]]) -> None:
        """Let ``work`` write into the app's database."""
        _run(self._fill(work))

    async def _fill(self, work: Callable[[Database], Coroutine[Any, Any, None]]) -> None:
        database = Database(self.settings.database)
        await work(database)
        await database.close()

    def conversations_of(self, user: str) -> set[str]:
        """Return the ids of the conversations of a customer whom a channel calls ``user``."""
        return _run(self._conversations_of(user))

    def answer(self, login: str, user: str, text: str) -> None:
        """Have a colleague take the only conversation of a customer and answer it."""
        (conversation,) = self.conversations_of(user)
        with closing(self.client(login)) as agent:
            url = f"/desk/api/conversations/{conversation}"
            agent.post(f"{url}/take").raise_for_status()
            said = {"text": text, "client_id": f"answer-to-{user}"}
            agent.post(f"{url}/answer", json=said).raise_for_status()

    async def _conversations_of(self, user: str) -> set[str]:
        database = Database(self.settings.database)
        async with database.read() as session:
            query = select(ConversationRow.id).where(ConversationRow.user == user)
            found = set(await session.scalars(query))
        await database.close()
        return found

    def open_case(self, kind: CaseKind, order: str, conversation_id: str, **told: Any) -> Case:
        """Promise a customer something about an order, as the bot does after a yes."""
        return _run(self._open_case(kind, order, conversation_id, told))

    async def _open_case(
        self, kind: CaseKind, number: str, conversation_id: str, told: dict[str, Any]
    ) -> Case:
        database = Database(self.settings.database)
        desk = CaseDesk(database, CasePolicy.load(self.settings.policy_folder / "cases.yml"))
        order = await SqlOrderBook(database).find(number)
        assert order is not None
        case = await desk.open(
            kind, order, conversation_id=conversation_id, now=utc_now(), data=told
        )
        await database.close()
        return case

    def _build(self) -> Any:
        database = Database(self.settings.database)
        dialogue = ScriptedDialogue(read_phrases(self.settings.root), self.knowledge, database)
        return app_without_engine(self.settings, database, dialogue, self.knowledge)

    async def _hire(self) -> None:
        database = Database(self.settings.database)
        # Cheap hashes: a hundred sign-ins must not cost a minute.
        accounts = Accounts(database, PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        for login, name, role, language in self.people:
            await accounts.add(login, name, role, PASSWORD, language)
        await database.close()


def _run(work: Coroutine[Any, Any, _Found]) -> _Found:
    """Run ``work`` beside Playwright, which keeps an event loop in its tests' thread."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


def real_knowledge() -> LiveKnowledge:
    """Return the shop's FAQ with the real encoder; its vectors are cached in ``var``."""
    return LiveKnowledge(load_knowledge(Settings()))


def editable_knowledge(folder: Path) -> LiveKnowledge:
    """Return the same on a copy of the shop's files in ``folder``, which editors may change."""
    settings = Settings()
    shutil.copytree(settings.faq_folder, folder / "faq")
    shutil.copy(settings.faq_folder.parent / "tasks.yml", folder)
    knowledge = Knowledge.load(
        folder / "faq",
        load_encoder(settings.encoder),
        cache=settings.var / "cache",
        nlu=settings.root / "data" / "nlu",
    )
    return LiveKnowledge(knowledge, folder / "faq")
