"""From an item of ``sync_msg`` to a message of ours, and the code that lets us welcome a customer."""

from __future__ import annotations

import asyncio
import re
import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import structlog
from pydantic import BaseModel

from bot.conversations.choices import chosen
from bot.conversations.files import FileRefusedError
from bot.conversations.inbox import Accepted
from bot.conversations.model import Body, Inbound, State
from bot.language import Language
from connectors.registry import Fittings
from connectors.service import Reception
from connectors.wechat.api import WeChatError
from connectors.wechat.customers import Customers, moment_of
from connectors.wecom.api import WeComApi
from connectors.wecom.callback import CHANNEL

_log = structlog.get_logger(__name__)

_WELCOME = "utter_welcome"
_WELCOME_ID = "welcome:"
# A welcome code works for 20 s, once.
_CODE_S = 20.0
_CODES_REMEMBERED = 10_000
_BY_CUSTOMER = 3
# A link of the service account with this scene_param opens the chat with a question about the order.
_ORDER_SCENE = re.compile(r"(?:order[-_])?(SO\d{11})", re.IGNORECASE)
_FETCH_WITHIN_S = 10.0


class Item(BaseModel):
    """One message or event; what belongs to its kind stands under the kind's name."""

    model_config = {"extra": "allow"}

    msgid: str
    msgtype: str
    send_time: float = 0.0
    origin: int = 0
    external_userid: str = ""

    @property
    def content(self) -> dict[str, Any]:
        """What belongs to the kind."""
        found = (self.model_extra or {}).get(self.msgtype)
        return found if isinstance(found, dict) else {}

    def text(self, name: str) -> str:
        """Return a value of the content; empty when there is none."""
        value = self.content.get(name)
        return "" if value is None else str(value)


class WelcomeCodes:
    """The codes that the platform gave lately, by the message that they let us answer."""

    def __init__(self) -> None:
        self._codes: OrderedDict[str, tuple[str, float]] = OrderedDict()

    def put(self, message_id: str, code: str, sent_at: float) -> None:
        """Remember a code that was given at a moment of the platform's clock (Unix time)."""
        left_s = min(_CODE_S, sent_at + _CODE_S - time.time())
        self._codes[message_id] = (code, time.monotonic() + left_s)
        if len(self._codes) > _CODES_REMEMBERED:
            self._codes.popitem(last=False)

    def take(self, message_id: str) -> str | None:
        """Return the code while it works; it does so once."""
        code, until = self._codes.pop(message_id, ("", 0.0))
        return code if until > time.monotonic() else None


def is_welcome(message_id: str | None) -> bool:
    """Tell whether a message of ours answers the opening of a chat."""
    return bool(message_id and message_id.startswith(_WELCOME_ID))


class Intake:
    """Hands messages and events to the reception."""

    def __init__(
        self,
        fittings: Fittings,
        api: WeComApi,
        customers: Customers,
        codes: WelcomeCodes,
        reception: Reception,
    ) -> None:
        self._api = api
        self._files = fittings.files
        self._texts = fittings.texts
        self._phrases = fittings.phrases
        self._language: Language = fittings.settings.default_language
        self._customers = customers
        self._codes = codes
        self._reception = reception

    async def take(self, account: str, item: Item) -> None:
        """Store one message or event. What people write in WeCom's own client is left to them."""
        if item.msgtype == "event":
            await self._event(account, item)
        elif item.origin == _BY_CUSTOMER and item.external_userid:
            user = f"{account}/{item.external_userid}"
            # Before it is stored: its answer may be sent, and counted, at once.
            sent_at = moment_of(item.send_time)
            filled = await self._customers.wrote(user, sent_at)
            accepted = await self._message(user, item)
            if accepted.new and not filled:
                await self._customers.wrote(user, sent_at, new=True)
            if accepted.new:
                await self._reception.outbox.release(accepted.conversation_id)
            self._reception.outbox.wake(accepted.conversation_id)

    async def _message(self, user: str, item: Item) -> Accepted:
        match item.msgtype:
            case "text":
                return await self._words(user, item)
            case "image" | "file":
                return await self._file(user, item)
            case "voice" | "video":
                return await self._note(user, item, "voice")
            case "location" if place := f"{item.text('address')} {item.text('name')}".strip():
                words = self._texts.say("my_address", self._language, place=place).text
                return await self._reception.accept(Inbound(CHANNEL, user, item.msgid, words))
            case "location":
                where = {name: item.text(name) for name in ("latitude", "longitude")}
                return await self._note(user, item, "location", **where)
            case "link":
                words = f"{item.text('title')} {item.text('url')}".strip()
                return await self._reception.accept(Inbound(CHANNEL, user, item.msgid, words))
            case kind:
                return await self._note(user, item, "unknown", kind=kind)

    async def _words(self, user: str, item: Item) -> Accepted:
        """Take text, typed or from a menu; its id is the button's payload, which the inbox checks."""
        words, payload = item.text("content"), item.text("menu_id") or None
        if payload is None:
            button = chosen(words, await self._customers.offers(user))
            payload = button.payload if button else None
        return await self._reception.accept(Inbound(CHANNEL, user, item.msgid, words, payload))

    async def _file(self, user: str, item: Item) -> Accepted:
        try:
            async with asyncio.timeout(_FETCH_WITHIN_S):
                content = await self._api.media(item.text("media_id"))
            kept = await self._files.keep(content, "")
        except (WeChatError, TimeoutError, FileRefusedError) as error:
            _log.warning("wecom file not kept", error=str(error) or type(error).__name__)
            line = "picture" if item.msgtype == "image" else "file"
            return await self._note(user, item, line, **({"name": ""} if line == "file" else {}))
        inbound = Inbound(CHANNEL, user, item.msgid, "")
        return await self._reception.accept(replace(inbound, attachments=(kept,)))

    async def _note(self, user: str, item: Item, line: str, /, **values: str) -> Accepted:
        def reply(state: State, language: Language | None) -> Sequence[Body]:
            said = self._texts.say(line, language or self._language)
            return (said,) if state is State.BOT else ()

        mark = self._mark(line, **values)
        return await self._reception.note(Inbound(CHANNEL, user, item.msgid, mark), reply)

    async def _event(self, account: str, item: Item) -> None:
        customer = item.text("external_userid")
        user = f"{account}/{customer}"
        match item.text("event_type"):
            case "enter_session" if customer and item.text("welcome_code"):
                await self._welcome(user, item)
            case "msg_send_fail":
                _log.warning("wecom did not deliver a message", reason=item.text("fail_type"))

    async def _welcome(self, user: str, item: Item) -> None:
        """Greet who opens the chat for the first time in 48 hours, or answer about the order of the link."""
        identifier = f"{_WELCOME_ID}{item.msgid}"
        self._codes.put(identifier, item.text("welcome_code"), item.send_time)
        order = _ORDER_SCENE.fullmatch(item.text("scene_param"))
        if order is not None:
            words = self._texts.say("about_order", self._language, order=order[1].upper()).text
            await self._reception.accept(Inbound(CHANNEL, user, identifier, words))
            return

        def reply(_: State, language: Language | None) -> Sequence[Body]:
            return (self._phrases.say(_WELCOME, language or self._language),)

        await self._reception.note(Inbound(CHANNEL, user, identifier, self._mark("entered")), reply)

    def _mark(self, line: str, /, **values: str) -> str:
        return self._texts.mark(line, self._language, **values)
