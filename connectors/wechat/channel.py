"""The WeChat channel: passive replies while a request waits, customer-service messages after it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from fastapi import APIRouter

from bot.conversations.model import Attachment, FileKind, MessageState, State
from bot.conversations.outbox import Delivery, DeliveryError
from connectors.base import Capabilities, Connector, degrade
from connectors.guards import Rates
from connectors.markdown import to_plain
from connectors.registry import Fittings
from connectors.service import Reception
from connectors.wechat.api import WeChatApi, WeChatError
from connectors.wechat.callback import Callback, callback_router
from connectors.wechat.cards import Content, MiniProgram, news, read_pages
from connectors.wechat.crypto import ciphers_of
from connectors.wechat.customers import MESSAGE_WINDOW, Customers
from connectors.wechat.envelope import Envelopes
from connectors.wechat.errors import NOT_PERMITTED, WINDOW_CLOSED, need_quota, translate
from connectors.wechat.intake import CHANNEL, Intake
from connectors.wechat.menu import read_menu, upload_menu
from connectors.wechat.passive import PassiveReplies, Waiting

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
        files=frozenset({FileKind.PICTURE}),
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
            ciphers_of(keys, settings.wechat_app_id),
        )
        menu = settings.wechat_menu
        self._menu = read_menu(settings.root / menu) if menu else None
        pages = settings.wechat_mini_programs
        mini_programs = read_pages(settings.root / pages) if pages else []
        self._upload: asyncio.Task[None] | None = None
        self._addresses = Rates(settings.address_requests_per_minute)
        self._api = WeChatApi(
            settings.wechat_api_url,
            settings.wechat_app_id,
            settings.wechat_secret.get_secret_value(),
            fittings.database,
        )
        self._mini_program = MiniProgram(mini_programs, self._api, fittings.database)

    def routes(self) -> APIRouter:
        """Return the callback."""
        return callback_router(self._envelopes, self._addresses, lambda: self._callback)

    def open(self, reception: Reception) -> None:
        """Begin to take callbacks."""
        intake = Intake(self._fittings, self._api, self._customers, reception)
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
        """Send a message, its buttons as numbered lines that the customer may answer with.

        It goes into the request that it answers, if that is still open. A longer one is sent in
        parts, which only messages that count can be.
        """
        body = delivery.entry.body
        if body.attachments:
            await self._deliver_pictures(delivery)
            return
        if await self._send_mini_program(delivery):
            return
        card = news(body)
        parts = (
            [card] if card else [_text(to_plain(p.text)) for p in degrade(body, self.capabilities)]
        )
        waiting = self._replies.open_for(delivery.user, delivery.answers)
        alone = len(parts) == 1
        if waiting is not None and alone and await self._answer(waiting, delivery, parts[0]):
            return
        await self._need_quota(delivery)
        # Before it is shown, so that no answer can be quicker; never for what is not shown now.
        await self._customers.shown(delivery.user, body.buttons, delivery.rows)
        await self._send_parts(delivery, parts)

    async def _send_mini_program(self, delivery: Delivery) -> bool:
        """Send a card of the mini program; false when there is none, or nothing that counts may be sent.

        It can't be a passive reply, and says no more than its title, so the text goes before it.
        """
        body = delivery.entry.body
        page = self._mini_program.page_of(body)
        if page is None or body.link is None:
            return False
        if not delivery.parts_done and not await self._may_send_counted(delivery):
            return False
        try:
            card = await self._mini_program.card(body.link, page)
        except WeChatError as error:
            raise translate(error, delivery) from error
        await self._customers.shown(delivery.user, (), delivery.rows)
        parts = [_text(to_plain(body.text)), card] if body.text else [card]
        await self._send_parts(delivery, parts)
        return True

    async def _deliver_pictures(self, delivery: Delivery) -> None:
        """Send an agent's pictures, each as a message that counts, after the words if there are any."""
        body = delivery.entry.body
        words = [to_plain(part.text) for part in degrade(body, self.capabilities) if part.text]
        await self._send_parts(delivery, [*map(_text, words), *body.attachments])

    async def _send_parts(self, delivery: Delivery, parts: Sequence[Content | Attachment]) -> None:
        """Send messages that count, going on where a former attempt got to."""
        for number, part in enumerate(parts, start=1):
            if number <= delivery.parts_done:
                continue
            content = await self._picture(delivery, part) if isinstance(part, Attachment) else part
            await self._send_counted(delivery, content)
            if number < len(parts):
                await delivery.part_done()
            else:
                await delivery.settle(MessageState.DONE)
            await self._customers.sent(delivery.user)

    async def _picture(self, delivery: Delivery, file: Attachment) -> Content:
        path = self._fittings.files.path_of(file.id)
        try:
            media = await self._api.upload_picture(
                await asyncio.to_thread(path.read_bytes), file.id, file.media_type
            )
        except WeChatError as error:
            raise translate(error, delivery) from error
        return {"msgtype": "image", "image": {"media_id": media}}

    async def _answer(self, waiting: Waiting, delivery: Delivery, content: Content) -> bool:
        """Put the message into a request; false when that is too late.

        It counts as delivered once the response is written. If we die before that it still is to be
        sent, before all that follows it; if the response gets lost on its way, WeChat asks again and
        is given what was noted down here.

        Raises:
            DeliveryError: when the request broke off before it was answered.
        """
        waiting.settling = True
        answer = (waiting.message_id, content)
        buttons = delivery.entry.body.buttons
        await self._customers.shown(delivery.user, buttons, delivery.rows, answer)
        if not waiting.take(content):
            return False
        if not await self._replies.written(waiting):
            raise DeliveryError("expected WeChat to wait for the answer, its request broke off")
        return True

    async def send(self, delivery: Delivery) -> None:
        """Send one text as a message that counts."""
        await self._send_counted(delivery, _text(to_plain(delivery.entry.body.text)))
        await self._customers.sent(delivery.user)

    async def _send_counted(self, delivery: Delivery, content: Content) -> None:
        await self._replies.responded(delivery.user)
        await self._need_quota(delivery)
        try:
            await self._api.post(
                "/cgi-bin/message/custom/send", {"touser": delivery.user, **content}
            )
        except WeChatError as error:
            if error.code in WINDOW_CLOSED:
                await self._customers.nothing_left(delivery.user)
            self._replies.are_the_only_way |= error.code in NOT_PERMITTED
            raise translate(error, delivery) from error

    async def _may_send_counted(self, delivery: Delivery) -> bool:
        keep_last = delivery.state is State.BOT
        quota = await self._customers.may_send(delivery.user, keep_last=keep_last)
        return quota and not self._replies.are_the_only_way

    async def _need_quota(self, delivery: Delivery) -> None:
        await need_quota(
            self._customers, delivery, "expected WeChat's quota to last, it is used up"
        )


def _text(content: str) -> Content:
    return {"msgtype": "text", "text": {"content": content}}
