"""The widget's channel: Socket.IO events in, messages out.

A widget that is offline loses nothing: the transcript is its mailbox, and it asks for all messages
after the last one it has seen. So a message counts as delivered once it was offered to whatever
widgets of the visitor are connected.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import socketio
import structlog
from pydantic import ValidationError
from sqlalchemy import select, update

from bot.conversations import helpfulness, transcript
from bot.conversations.model import FileKind, Inbound, State
from bot.conversations.outbox import Delivery
from bot.conversations.phrases import Phrases
from bot.desk.feed import Service
from bot.language import Language
from bot.linking.service import Links
from bot.orders.identity import Identity
from bot.storage.conversations import Address, ConversationRow
from bot.storage.engine import Database
from connectors.base import Capabilities, Connector
from connectors.files import Uploads
from connectors.service import Reception
from connectors.web.customers import WebCustomers, address_of
from connectors.web.protocol import (
    Hello,
    Rate,
    Resume,
    Say,
    body_to_wire,
    service_to_wire,
    to_wire,
)
from connectors.web.session import WebSessions

_log = structlog.get_logger(__name__)

GREETING = "utter_welcome"
_BAD_MESSAGE = {
    "code": "bad_message",
    "zh": "这条消息没有发出去，请缩短后再试。",
    "en": "This message could not be sent. Please shorten it and try again.",
}
_TRY_AGAIN = {
    "code": "try_again",
    "zh": "暂时没有收到，请稍后再试。",
    "en": "That did not reach us. Please try again in a moment.",
}


class WebChannel(Connector):
    """Serves every widget of the site."""

    name = "web"
    capabilities = Capabilities(
        buttons=True, pictures=True, links=True, text_limit=20_000, files=frozenset(FileKind), cards=True
    )  # fmt: skip

    def __init__(
        self,
        database: Database,
        sessions: WebSessions,
        uploads: Uploads,
        phrases: Phrases,
        default_language: Language,
        allowed_origins: list[str],
        identity: Identity,
        links: Links,
    ) -> None:
        self._database = database
        self._sessions = sessions
        self._uploads = uploads
        self._phrases = phrases
        self._default_language: Language = default_language
        self._customers = WebCustomers(identity, links)
        self._links = links
        self._reception: Reception | None = None
        self._erase: Callable[[str], Awaitable[None]] | None = None
        self._service_of: Callable[[str, State], Service] = lambda _, state: Service(state)
        self.server = socketio.AsyncServer(
            async_mode="asgi",
            cors_allowed_origins="*" if allowed_origins == ["*"] else allowed_origins,
            max_http_buffer_size=64_000,
        )
        for handler in (
            self._on_connect, self._on_say, self._on_resume, self._on_rate, self._on_erase,
        ):  # fmt: skip
            self.server.on(handler.__name__.removeprefix("_on_"), handler)

    def open(self, reception: Reception) -> None:
        """Begin to take messages."""
        self._reception = reception

    def ask_service(self, service_of: Callable[[str, State], Service]) -> None:
        """Ask ``service_of`` who serves a conversation in a state, to tell a customer who comes back."""
        self._service_of = service_of

    def erase_with(self, erase: Callable[[str], Awaitable[None]]) -> None:
        """Have ``erase`` delete a conversation when its visitor asks for it."""
        self._erase = erase

    async def send(self, delivery: Delivery) -> None:
        """Offer a message, and who has the word now, to the connected widgets of a conversation."""
        room = _room(delivery.user)
        await self.server.emit("message", to_wire(delivery.entry), room=room)
        await self.server.emit("state", {"state": delivery.state}, room=room)

    async def typing(self, user: str, on: bool) -> None:
        """Show or hide the dots."""
        await self.server.emit("typing", {"on": on, "author": "bot"}, room=_room(user))

    async def show_service(self, conversation_id: str, service: Service) -> None:
        """Show who answers now, or how many wait before this customer."""
        await self.server.emit("state", {"state": service.state}, room=conversation_id)
        await self.server.emit("service", service_to_wire(service), room=conversation_id)

    async def show_typing(self, conversation_id: str, on: bool) -> None:
        """Show that the agent is typing, where the customer wrote last; hide it wherever it was shown."""
        room = conversation_id
        if on:
            async with self._database.read() as session:
                conversation = await session.get(ConversationRow, conversation_id)
            if conversation is None or conversation.address.channel != self.name:
                return
            room = _room(conversation.address.user)
        await self.server.emit("typing", {"on": on, "author": "agent"}, room=room)

    async def _on_connect(self, sid: str, environ: dict[str, Any], auth: Any = None) -> None:
        if not auth:
            return  # rasa-webchat says who it is later, with session_request
        try:
            hello = Hello.model_validate(auth)
        except ValidationError as error:
            raise socketio.exceptions.ConnectionRefusedError("bad hello") from error
        token = hello.session
        user = self._sessions.user_of(token)
        if user is None:
            token, user = self._sessions.issue()
            hello = hello.model_copy(update={"last_seq": 0})
        if hello.last_seq and await self._known(user) is None:
            # Deleted from another tab while this one was offline: it must not show the rest any more.
            token, user = self._sessions.issue()
            hello = hello.model_copy(update={"last_seq": 0})
        conversation = await self._conversation_of(user)
        if await self._customers.changed(conversation.id, hello.customer_token):
            # Somebody else at the same browser must not read on in their conversation.
            token, user = self._sessions.issue()
            hello = hello.model_copy(update={"last_seq": 0})
            conversation = await self._conversation_of(user)
        token_error = await self._customers.sign_in(
            conversation.id, hello.customer_token, Address(self.name, user)
        )
        # A proof may have made them one with another conversation, or its end parted them.
        conversation = await self._conversation_of(user)
        known = {
            "user": user, "conversation": conversation.id, "ui_lang": hello.ui_lang,
            "origin": address_of(environ),
        }  # fmt: skip
        await self.server.save_session(sid, known)
        # The room comes before the transcript: what is sent in between arrives twice, not never.
        await self.server.enter_room(sid, conversation.id)
        await self.server.enter_room(sid, _room(user))
        messages = await self._messages(user, hello.last_seq)
        wished = hello.ui_lang or hello.lang
        language = self._default_language if wished == "auto" else wished
        await self.server.emit(
            "ready",
            {
                "session": token,
                "state": conversation.state,
                "service": service_to_wire(
                    self._service_of(conversation.id, State(conversation.state))
                ),
                "messages": messages,
                "greeting": body_to_wire(self._phrases.say(GREETING, language)),
                "token_error": token_error,
            },
            to=sid,
        )

    async def _known(self, user: str) -> ConversationRow | None:
        async with self._database.read() as session:
            known: ConversationRow | None = await session.scalar(
                select(ConversationRow).where(
                    ConversationRow.channel == self.name, ConversationRow.user == user
                )
            )
        return known

    async def _conversation_of(self, user: str) -> ConversationRow:
        """Return the conversation in which a visitor goes on; made if there is none."""
        known = await self._known(user)
        if known is not None and known.joined_id is None:
            return known
        async with self._database.write() as session:
            return await transcript.open_conversation(session, self.name, user)

    async def _speak(self, conversation_id: str, language: Language | None) -> None:
        """A file alone has no language: the widget's own is the best guess before the first words."""
        if language is None:
            return
        async with self._database.write() as session:
            await session.execute(
                update(ConversationRow)
                .where(ConversationRow.id == conversation_id, ConversationRow.language.is_(None))
                .values(language=language)
            )

    async def _on_say(self, sid: str, data: Any) -> dict[str, Any]:
        try:
            say = Say.model_validate(data)
        except ValidationError:
            return {"ok": False, "error": _BAD_MESSAGE}
        if self._reception is None:
            return {"ok": False, "error": _TRY_AGAIN}
        session = await self.server.get_session(sid)
        if "user" not in session:
            return {"ok": False, "error": _BAD_MESSAGE}
        try:
            attachments = self._uploads.read(session["user"], say.files)
        except ValueError:
            return {"ok": False, "error": _BAD_MESSAGE}
        try:
            if attachments and not say.text:
                await self._speak(session["conversation"], session["ui_lang"])
            accepted = await self._reception.accept(
                Inbound(
                    channel=self.name,
                    user=session["user"],
                    message_id=f"{session['user']}:{say.client_id}",
                    text=say.text,
                    payload=say.payload,
                    attachments=attachments,
                    origin=session["origin"],
                )
            )
        except Exception:
            _log.exception("message not stored", conversation=session["conversation"])
            return {"ok": False, "error": _TRY_AGAIN}
        if accepted.new:
            # The visitor's other tabs show it too.
            await self.server.emit(
                "message", to_wire(accepted.entry), room=_room(session["user"]), skip_sid=sid
            )
        if accepted.conversation_id != session["conversation"]:
            # Since they came, the customer was recognised as one of another conversation.
            await self.server.leave_room(sid, session["conversation"])
            await self.server.enter_room(sid, accepted.conversation_id)
            known = {**session, "conversation": accepted.conversation_id}
            await self.server.save_session(sid, known)
        return {"ok": True, "seq": accepted.entry.seq}

    async def _on_resume(self, sid: str, data: Any) -> dict[str, Any]:
        try:
            after = Resume.model_validate(data).last_seq
        except ValidationError:
            after = 0
        user = (await self.server.get_session(sid)).get("user")
        return {"messages": await self._messages(user, after) if user else []}

    async def _messages(self, user: str, after_seq: int) -> list[dict[str, Any]]:
        async with self._database.read() as session:
            entries = await transcript.entries_at(session, Address(self.name, user), after_seq)
        reveal = self._links.codes.reveal
        return [to_wire(replace(entry, body=reveal(entry.body))) for entry in entries]

    async def _on_rate(self, sid: str, data: Any) -> dict[str, Any]:
        user = (await self.server.get_session(sid)).get("user")
        try:
            rate = Rate.model_validate(data)
        except ValidationError:
            return {"ok": False, "error": _BAD_MESSAGE}
        if user is None or not await helpfulness.rate(
            self._database, Address(self.name, user), rate.seq, rate.helpful
        ):
            return {"ok": False, "error": _BAD_MESSAGE}
        await self.server.emit("rated", rate.model_dump(), room=_room(user), skip_sid=sid)
        return {"ok": True}

    async def _on_erase(self, sid: str, _: Any = None) -> dict[str, Any]:
        session = await self.server.get_session(sid)
        conversation_id = session.get("conversation")
        if conversation_id is None or self._erase is None:
            return {"ok": False, "error": _TRY_AGAIN}
        try:
            await self._erase(conversation_id)
        except Exception:
            _log.exception("conversation not deleted", conversation=conversation_id)
            return {"ok": False, "error": _TRY_AGAIN}
        # All tabs of the visitor go on as the same new one.
        token, _user = self._sessions.issue()
        room = _room(session["user"])
        await self.server.emit("erased", {"session": token}, room=room)
        theirs = {one for one, _ in self.server.manager.get_participants("/", room)}
        for other, _ in list(self.server.manager.get_participants("/", conversation_id)):
            if (
                other not in theirs
            ):  # the same customer at another browser comes back as somebody new
                await self.server.disconnect(other)
        await self.server.close_room(conversation_id)
        await self.server.close_room(room)
        return {"ok": True}


def _room(user: str) -> str:
    """Return the room of a visitor's widgets; that of the conversation is shared by all its channels."""
    return f"visitor:{user}"
