"""The WeChat channel: passive replies while a request waits, customer-service messages after it."""

from __future__ import annotations

import asyncio

import structlog
from fastapi import APIRouter

from bot.conversations.model import State
from bot.conversations.outbox import Delivery
from connectors.base import Capabilities, Connector, degrade
from connectors.guards import Rates
from connectors.markdown import to_plain
from connectors.registry import Fittings
from connectors.service import Reception
from connectors.wechat.api import WeChatApi, WeChatError
from connectors.wechat.callback import Callback, callback_router
from connectors.wechat.crypto import MessageCipher
from connectors.wechat.customers import MESSAGE_WINDOW, Customers
from connectors.wechat.envelope import Envelopes
from connectors.wechat.errors import WINDOW_CLOSED, hold, translate
from connectors.wechat.intake import CHANNEL, Intake
from connectors.wechat.menu import read_menu, upload_menu
from connectors.wechat.passive import PassiveReplies

_log = structlog.get_logger(__name__)

# Beyond this WeChat answers 45002 "content size out of limit"; it counts bytes of UTF-8.
_TEXT_LIMIT_BYTES = 2048


def utf8_length(text: str) -> int:
    """Return the length of ``text`` as WeChat counts it, in bytes."""
    return len(text.encode("utf-8", "replace"))


class WeChatChannel(Connector):
    """One Official Account."""

    name = CHANNEL
    capabilities = Capabilities(
        buttons=False,
        pictures=False,
        links=False,
        text_limit=_TEXT_LIMIT_BYTES,
        text_length=utf8_length,
        reply_window=MESSAGE_WINDOW,
        merges=True,
    )

    def __init__(self, fittings: Fittings) -> None:
        settings = fittings.settings
        self._fittings = fittings
        self._customers = Customers(fittings.database, CHANNEL)
        self._replies = PassiveReplies()
        self._callback: Callback | None = None
        keys = [settings.wechat_aes_key, settings.wechat_aes_key_previous]
        self._envelopes = Envelopes(
            settings.wechat_token.get_secret_value(),
            [
                MessageCipher(k, settings.wechat_app_id)
                for key in keys
                if (k := key.get_secret_value())
            ],
        )
        menu = settings.wechat_menu
        self._menu = read_menu(settings.root / menu) if menu else None
        self._upload: asyncio.Task[None] | None = None
        self._addresses = Rates(settings.address_requests_per_minute)
        self._api = WeChatApi(
            settings.wechat_api_url,
            settings.wechat_app_id,
            settings.wechat_secret.get_secret_value(),
            fittings.database,
        )

    def routes(self) -> APIRouter:
        """Return the callback."""
        return callback_router(self._envelopes, self._addresses, lambda: self._callback)

    def open(self, reception: Reception) -> None:
        """Begin to take callbacks."""
        intake = Intake(self._fittings, self._customers, reception)
        self._callback = Callback(
            self._envelopes, intake, reception, self._replies, self._customers
        )
        if self._menu is not None:
            settings = self._fittings.settings
            self._upload = asyncio.create_task(
                upload_menu(self._api, self._fittings.database, settings.wechat_app_id, self._menu)
            )

    async def close(self) -> None:
        """Close the connections to WeChat."""
        if self._upload is not None:
            self._upload.cancel()
            await asyncio.gather(self._upload, return_exceptions=True)
        await self._api.close()

    async def deliver(self, delivery: Delivery) -> None:
        """Send a message, its buttons as numbered lines that the customer may answer with."""
        waiting = self._replies.first_open(delivery.user)
        if waiting is None:
            await self._need_quota(delivery)
        body = delivery.entry.body
        parts = degrade(body, self.capabilities)
        alone = waiting is not None and len(parts) == 1
        # Before it is shown, so that no answer can be quicker; never for what is not shown now.
        await self._customers.shown(
            delivery.user,
            body.buttons,
            (waiting.message_id, to_plain(parts[0].text)) if waiting and alone else None,
        )
        for number, part in enumerate(parts[delivery.parts_done :], start=delivery.parts_done + 1):
            last = number == len(parts)
            await self._send(delivery, to_plain(part.text), more=not last)
            if not last:
                await delivery.part_done()

    async def send(self, delivery: Delivery) -> None:
        """Send one text: into a request that waits, or as a message that counts."""
        await self._send(delivery, to_plain(delivery.entry.body.text), more=False)

    async def _send(self, delivery: Delivery, text: str, more: bool) -> None:
        if self._replies.offer(delivery.user, text, more):
            return
        await self._replies.responded(delivery.user)
        await self._need_quota(delivery)
        content = {"touser": delivery.user, "msgtype": "text", "text": {"content": text}}
        try:
            await self._api.post("/cgi-bin/message/custom/send", content)
        except WeChatError as error:
            if error.code in WINDOW_CLOSED:
                await self._customers.nothing_left(delivery.user)
            raise translate(error, delivery) from error
        await self._customers.sent(delivery.user)

    async def _need_quota(self, delivery: Delivery) -> None:
        """Hold the message back when nothing may be sent; the last one is for a person."""
        by_bot = delivery.state is State.BOT
        if not await self._customers.may_send(delivery.user, keep_last=by_bot):
            raise hold(delivery, "expected WeChat's quota to last, it is used up")
