"""From a callback's message to a message of ours, and what the channel answers by itself."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

import structlog

from bot.conversations.choices import chosen
from bot.conversations.files import FileRefusedError
from bot.conversations.inbox import Accepted
from bot.conversations.model import Body, Inbound, State
from bot.language import Language
from connectors.registry import Fittings
from connectors.service import Reception
from connectors.wechat.api import WeChatApi, WeChatError
from connectors.wechat.customers import Customers, moment_of

_log = structlog.get_logger(__name__)

CHANNEL = "wechat"
_WELCOME = "utter_welcome"
# A QR code with this scene opens the account with a question about the order.
_ORDER_SCENE = re.compile(r"(?:qrscene_)?(?:order[-_])?(SO\d{11})", re.IGNORECASE)
# Keys of click buttons in data/channels/wechat_menu.yml; "say:…" stands for typed words.
_PAYLOADS = {"order": "/order_status", "human": "/ask_human"}
_SAY = "say:"
# WeChat waits five seconds for our answer to the message; what takes longer is answered without it.
_FETCH_WITHIN_S = 3.0
# The longest id that the inbox keeps; an EventKey may be an address of any length.
_ID_LIMIT = 256


class Intake:
    """Hands messages and events to the reception."""

    def __init__(
        self, fittings: Fittings, api: WeChatApi, customers: Customers, reception: Reception
    ) -> None:
        self._api = api
        self._files = fittings.files
        self._texts = fittings.texts
        self._phrases = fittings.phrases
        self._language: Language = fittings.settings.default_language
        self._customers = customers
        self._reception = reception

    async def take(self, message: Mapping[str, str]) -> Accepted | None:
        """Store one message or event; ``None`` when there is nothing to store."""
        if message["MsgType"] == "event":
            accepted = await self._event(message)
        else:
            # Before it is stored: its answer may be sent, and counted, at once.
            await self._customers.wrote(message["FromUserName"], moment(message))
            accepted = await self._message(message)
        if accepted is not None and accepted.new:
            await self._reception.outbox.release(accepted.conversation_id)
        return accepted

    async def _message(self, message: Mapping[str, str]) -> Accepted:
        match message["MsgType"]:
            case "text":
                return await self._words(message, message.get("Content", ""))
            case "voice" if message.get("Recognition"):
                return await self._words(message, message["Recognition"])
            case "image":
                return await self._file(message, "picture")
            case "voice" | "video" | "shortvideo":
                return await self._note(message, "voice")
            case "location" if message.get("Label"):
                place = message["Label"]
                words = self._texts.say("my_address", self._language, place=place).text
                return await self._words(message, words)
            case "location":
                return await self._note(
                    message,
                    "location",
                    latitude=message.get("Location_X", ""),
                    longitude=message.get("Location_Y", ""),
                )
            case "link":
                words = f"{message.get('Title', '')} {message.get('Url', '')}"
                return await self._words(message, words.strip())
            case "file":
                return await self._note(message, "file", name=message.get("Title", ""))
            case kind:
                return await self._note(message, "unknown", kind=kind)

    async def _file(self, message: Mapping[str, str], line: str) -> Accepted:
        """Keep a file that WeChat holds for three days, and have it answered."""
        try:
            async with asyncio.timeout(_FETCH_WITHIN_S):
                content = await self._api.media(message.get("MediaId", ""))
            kept = await self._files.keep(content, "")
        except (WeChatError, TimeoutError, FileRefusedError) as error:
            _log.warning("wechat file not kept", error=str(error) or type(error).__name__)
            return await self._note(message, line)
        inbound = replace(self._inbound(message, ""), attachments=(kept,))
        return await self._reception.accept(inbound)

    async def _words(self, message: Mapping[str, str], text: str) -> Accepted:
        offers = await self._customers.offers(message["FromUserName"])
        button = chosen(text, offers)
        payload = button.payload if button else None
        return await self._reception.accept(self._inbound(message, text, payload))

    async def _note(self, message: Mapping[str, str], line: str, /, **values: str) -> Accepted:
        def reply(state: State, language: Language | None) -> Sequence[Body]:
            if state is not State.BOT:
                return ()
            return (self._texts.say(line, language or self._language),)

        mark = self._mark(line, **values)
        return await self._reception.note(self._inbound(message, mark), reply)

    async def _event(self, message: Mapping[str, str]) -> Accepted | None:
        user, key = message["FromUserName"], message.get("EventKey", "")
        match message.get("Event", "").lower():
            case "subscribe":
                await self._customers.stepped_by(user, moment(message))
                return await self._scene(message, key) or await self._greet(
                    message, self._mark("subscribed")
                )
            case "scan":
                await self._customers.stepped_by(user, moment(message))
                return await self._scene(message, key) or await self._greet(
                    message, self._mark("scanned", key=key)
                )
            case "click":
                await self._customers.stepped_by(user, moment(message))
                return await self._click(message, key)
            case "unsubscribe":
                await self._customers.nothing_left(user)
        # VIEW opens a page and LOCATION is sent unasked; neither is a question.
        return None

    async def _scene(self, message: Mapping[str, str], key: str) -> Accepted | None:
        order = _ORDER_SCENE.fullmatch(key)
        if order is None:
            return None
        words = self._texts.say("about_order", self._language, order=order[1].upper()).text
        return await self._reception.accept(self._inbound(message, words))

    async def _click(self, message: Mapping[str, str], key: str) -> Accepted:
        if key.startswith(_SAY):
            words = key.removeprefix(_SAY)
            return await self._reception.accept(self._inbound(message, words))
        if key in _PAYLOADS:
            title = self._texts.commands[key][self._language]
            return await self._reception.accept(self._inbound(message, title, _PAYLOADS[key]))
        return await self._greet(message, self._mark("menu", key=key))

    async def _greet(self, message: Mapping[str, str], mark: str) -> Accepted:
        def reply(_: State, language: Language | None) -> Sequence[Body]:
            return (self._phrases.say(_WELCOME, language or self._language),)

        return await self._reception.note(self._inbound(message, mark), reply)

    def _mark(self, line: str, /, **values: str) -> str:
        return self._texts.mark(line, self._language, **values)

    def _inbound(
        self, message: Mapping[str, str], text: str, payload: str | None = None
    ) -> Inbound:
        return Inbound(CHANNEL, message["FromUserName"], message_id(message), text, payload)


def moment(message: Mapping[str, str]) -> datetime:
    """Return when WeChat says that it happened; now, when it says nothing that makes sense."""
    seconds = message.get("CreateTime", "")
    if not seconds.isascii() or not seconds.isdigit():
        return datetime.now(UTC)
    return moment_of(int(seconds))


def message_id(message: Mapping[str, str]) -> str:
    """Return what stays the same when WeChat delivers again.

    Messages have a MsgId. For events WeChat recommends FromUserName and CreateTime; what happened
    is added, since two menu clicks may fall into one second.
    """
    account = message["ToUserName"]
    if message.get("MsgId"):
        return f"{account}:{message['MsgId']}"
    parts = (message.get(k, "") for k in ("FromUserName", "CreateTime", "Event", "EventKey"))
    return f"{account}:{':'.join(parts)}"[:_ID_LIMIT]
