"""The Socket.IO channel of Rasa, as rasa-webchat speaks it, served beside the widget's own protocol.

client -> server: ``session_request`` ``{"session_id"}``, ``user_uttered`` ``{"message", "session_id"}``.
server -> client: ``session_confirm`` with the session id, ``bot_uttered`` with ``{"text"}``, also
``"quick_replies"`` ``[{"content_type", "title", "payload"}]``, or ``"attachment"`` for a picture
(rasa/core/channels/socketio.py of Rasa 3.6). A page moves here by changing its ``socketUrl``.

Rasa takes any session id that a client makes up. Here the id is a token that we signed: one that we
did not sign gets a new one in ``session_confirm``, which rasa-webchat keeps for the next visit.
Rasa also loses what it says while nobody is connected; here it waits for the next ``session_request``.
"""

from __future__ import annotations

import uuid
from typing import Any

import socketio
import structlog
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bot.conversations import transcript
from bot.conversations.model import Body, Inbound, State
from bot.conversations.outbox import Delivery, RetryAfter
from bot.conversations.phrases import Phrases
from bot.language import Language
from bot.storage.engine import Database
from connectors.base import Capabilities, Connector
from connectors.service import Reception
from connectors.web.customers import address_of
from connectors.web.session import WebSessions

_log = structlog.get_logger(__name__)

CHANNEL = "socketio"
_WELCOME = "utter_welcome"
# What pages set as initPayload, so that the bot speaks first.
_OPENERS = frozenset({"/get_started", "/greet", "/start", "/session_start", "/restart"})
_ABSENT_S = 600.0


class _Session(BaseModel):
    model_config = ConfigDict(extra="ignore")

    session_id: str | None = Field(None, max_length=400)


class _Uttered(_Session):
    message: str = Field(min_length=1, max_length=8000)


class RasaWebchat(Connector):
    """Serves every rasa-webchat of the site.

    Args:
        server: the widget's Socket.IO server; both share its address.
        greeting: the language of the greeting.
    """

    name = CHANNEL
    capabilities = Capabilities(buttons=True, pictures=True, links=False, text_limit=20_000)

    def __init__(
        self,
        server: socketio.AsyncServer,
        database: Database,
        sessions: WebSessions,
        phrases: Phrases,
        greeting: Language,
    ) -> None:
        self._server = server
        self._database = database
        self._sessions = sessions
        self._phrases = phrases
        self._greeting: Language = greeting
        self._reception: Reception | None = None
        server.on("session_request", self._on_session_request)
        server.on("user_uttered", self._on_user_uttered)

    def open(self, reception: Reception) -> None:
        """Begin to take messages."""
        self._reception = reception

    async def send(self, delivery: Delivery) -> None:
        """Say it to the connected pages of a customer, or keep it until there is one.

        Raises:
            RetryAfter: when nobody is connected.
        """
        room = _room(delivery.user)
        if not any(True for _ in self._server.manager.get_participants("/", room)):
            raise RetryAfter("expected a connected page, there is none", _ABSENT_S)
        body = delivery.entry.body
        if body.text:
            await self._server.emit("bot_uttered", _as_rasa(body), room=room)
        if body.picture:
            picture = {"type": "image", "payload": {"src": body.picture}}
            await self._server.emit("bot_uttered", {"attachment": picture}, room=room)

    async def _on_session_request(self, sid: str, data: Any = None) -> None:
        try:
            asked = _Session.model_validate(data or {}).session_id
        except ValidationError:
            asked = None
        token, user = asked, self._sessions.user_of(asked)
        if token is None or user is None:
            token, user = self._sessions.issue()
        await self._server.emit("session_confirm", token, to=sid)
        async with self._database.write() as session:
            conversation = await transcript.open_conversation(session, self.name, user)
        await self._server.enter_room(sid, _room(user))
        if self._reception is not None:
            # What was said while nobody was there.
            await self._reception.outbox.release(conversation.id)
            self._reception.outbox.wake(conversation.id)

    async def _on_user_uttered(self, sid: str, data: Any = None) -> None:
        try:
            uttered = _Uttered.model_validate(data or {})
        except ValidationError:
            return
        user = self._sessions.user_of(uttered.session_id)
        if user is None or self._reception is None:
            _log.warning("rasa-webchat message without a session of ours")
            return
        # The protocol has no ids of messages and no acknowledgements, so nothing is repeated either.
        text = uttered.message
        inbound = Inbound(
            self.name, user, f"{user}:{uuid.uuid4().hex}", text, text if text[0] == "/" else None,
            origin=address_of(self._server.get_environ(sid) or {}),
        )  # fmt: skip
        if text in _OPENERS:
            await self._reception.note(inbound, self._greet)
        else:
            await self._reception.accept(inbound)

    def _greet(self, _: State, language: Language | None) -> list[Body]:
        return [self._phrases.say(_WELCOME, language or self._greeting)]


def _room(user: str) -> str:
    return f"{CHANNEL}:{user}"


def _as_rasa(body: Body) -> dict[str, Any]:
    message: dict[str, Any] = {"text": body.text}
    if body.buttons:
        message["quick_replies"] = [
            {"content_type": "text", "title": button.title, "payload": button.payload}
            for button in body.buttons
        ]
    return message
