"""The WeCom channel: menus where they fit, five messages after each of the customer's, people in WeCom or here."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable
from dataclasses import replace
from typing import Any

import structlog
from fastapi import APIRouter

from bot.conversations.model import Body, State
from bot.conversations.outbox import Delivery, Refused
from connectors.base import Capabilities, Connector, degrade
from connectors.guards import Rates
from connectors.markdown import to_plain
from connectors.registry import Fittings
from connectors.service import Reception
from connectors.wechat.api import WeChatError
from connectors.wechat.channel import utf8_length
from connectors.wechat.crypto import ciphers_of
from connectors.wechat.customers import MESSAGE_WINDOW, Customers
from connectors.wechat.errors import hold, need_quota
from connectors.wecom.api import ServiceState, WeComApi
from connectors.wecom.callback import CHANNEL, Envelopes, News, callback_router
from connectors.wecom.errors import NOT_OURS, WINDOW_CLOSED, translate
from connectors.wecom.intake import Intake, WelcomeCodes, is_welcome
from connectors.wecom.sync import Reader

_log = structlog.get_logger(__name__)

# "发送消息": a text, the head of a menu, its entries; bytes of UTF-8 but for the number of entries.
_TEXT_LIMIT_BYTES = 2048
_HEAD_LIMIT_BYTES = 1024
_ENTRIES = 10
_ENTRY_ID_BYTES = 64
_ENTRY_TEXT_BYTES = 128


class WeComChannel(Connector):
    """The service accounts of one enterprise; a customer is known as ``open_kfid/external_userid``."""

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
        self._codes = WelcomeCodes()
        self._reader: Reader | None = None
        keys = [settings.wecom_aes_key, settings.wecom_aes_key_previous]
        self._envelopes = Envelopes(
            settings.wecom_token.get_secret_value(),
            ciphers_of(keys, settings.wecom_corp_id),
        )
        self._addresses = Rates(settings.address_requests_per_minute)
        self._people_in_wecom = settings.wecom_people == "wecom"
        self._api = WeComApi(
            settings.wecom_api_url,
            settings.wecom_corp_id,
            settings.wecom_secret.get_secret_value(),
            fittings.database,
        )

    def routes(self) -> APIRouter:
        """Return the callback."""
        return callback_router(self._envelopes, self._addresses, self._read)

    def _read(self, news: News) -> Awaitable[bool] | None:
        return self._reader.read(news) if self._reader else None

    def open(self, reception: Reception) -> None:
        """Begin to take callbacks, and read what came meanwhile."""
        intake = Intake(self._fittings, self._api, self._customers, self._codes, reception)
        self._reader = Reader(self._api, self._fittings.database, intake)
        self._reader.start()

    async def close(self) -> None:
        """Stop reading and close the connections to WeCom."""
        if self._reader is not None:
            await self._reader.close()
        await self._api.close()

    async def deliver(self, delivery: Delivery) -> None:
        """Send a message, its buttons as a menu, or as numbered lines where WeCom's menu is too small."""
        messages = _messages(delivery.entry.body)
        if is_welcome(delivery.answers) and await self._welcome(delivery, messages):
            return
        await self._need_quota(delivery)
        await self._customers.shown(delivery.user, delivery.entry.body.buttons, delivery.rows)
        for number, message in enumerate(messages, start=1):
            if number > delivery.parts_done:
                await self._send_counted(delivery, message)
                if number < len(messages):
                    await delivery.part_done()
        if self._people_in_wecom and delivery.state is not State.BOT:
            await self._hand_over(delivery.user)

    async def send(self, delivery: Delivery) -> None:
        """Send one text."""
        await self._send_counted(delivery, _text(to_plain(delivery.entry.body.text)))

    async def _welcome(self, delivery: Delivery, messages: list[dict[str, Any]]) -> bool:
        """Send a message that doesn't count to who has just opened the chat ("发送欢迎语等事件响应消息").

        WeCom takes one. False when it is too late for it and the customer has written meanwhile.

        Raises:
            Refused: when it is too late, or WeCom did not take it; the code works once.
        """
        code = self._codes.take(delivery.answers or "")
        if code is None:
            if await self._customers.may_send(delivery.user, keep_last=True):
                return False
            raise Refused("expected a welcome code of the last 20 s, there is none")
        await self._customers.shown(delivery.user, delivery.entry.body.buttons, delivery.rows)
        try:
            await self._api.post("/cgi-bin/kf/send_msg_on_event", {"code": code, **messages[0]})
        except WeChatError as error:
            raise Refused(str(error)) from error
        return True

    async def _send_counted(self, delivery: Delivery, message: dict[str, Any]) -> None:
        await self._need_quota(delivery)
        account, _, customer = delivery.user.partition("/")
        whom = {"touser": customer, "open_kfid": account, "msgid": secrets.token_hex(16)}
        try:
            await self._api.post("/cgi-bin/kf/send_msg", {**whom, **message})
        except WeChatError as error:
            if error.code in WINDOW_CLOSED:
                await self._customers.nothing_left(delivery.user)
            if error.code in NOT_OURS:
                await self._need_session(delivery, error)
            raise translate(error, delivery) from error
        await self._customers.sent(delivery.user)

    async def _need_session(self, delivery: Delivery, error: WeChatError) -> None:
        """Find out why WeCom refused: a person has the session there, or it has ended.

        Raises:
            DeliveryError: always what it means, unless WeCom does not answer.
        """
        account, _, customer = delivery.user.partition("/")
        try:
            state = await self._api.state(account, customer)
        except WeChatError as unknown:
            raise translate(unknown, delivery) from error
        if state in (ServiceState.POOL, ServiceState.PERSON):
            raise Refused("expected the session to be ours, a person has it in WeCom") from error
        raise hold(delivery, "expected an open session") from error

    async def _hand_over(self, user: str) -> None:
        """Let the customer wait for a person in WeCom; where that fails they wait at our desk as well."""
        account, _, customer = user.partition("/")
        try:
            await self._api.put_into_pool(account, customer)
        except WeChatError as error:
            _log.error("wecom did not take a session into its pool", error=str(error))

    async def _need_quota(self, delivery: Delivery) -> None:
        await need_quota(
            self._customers,
            delivery,
            "expected WeCom's five messages to last, they are used up",
        )


_MENU = replace(WeComChannel.capabilities, buttons=True, text_limit=_HEAD_LIMIT_BYTES)


def capabilities_for(body: Body) -> Capabilities:
    """Return what WeCom can do with a message: show its buttons as a menu if they and its text fit one."""
    fits = _fits_a_menu(body) and len(degrade(body, _MENU)) == 1
    return _MENU if fits else WeComChannel.capabilities


def _messages(body: Body) -> list[dict[str, Any]]:
    return [
        _menu(to_plain(part.text), part) if part.buttons else _text(to_plain(part.text))
        for part in degrade(body, capabilities_for(body))
    ]


def _text(content: str) -> dict[str, Any]:
    return {"msgtype": "text", "text": {"content": content}}


def _menu(head: str, body: Body) -> dict[str, Any]:
    entries = [
        {"type": "click", "click": {"id": button.payload, "content": button.title}}
        for button in body.buttons
    ]
    return {"msgtype": "msgmenu", "msgmenu": {"head_content": head, "list": entries}}


def _fits_a_menu(body: Body) -> bool:
    return 0 < len(body.buttons) <= _ENTRIES and all(
        0 < utf8_length(b.payload) <= _ENTRY_ID_BYTES
        and 0 < utf8_length(b.title) <= _ENTRY_TEXT_BYTES
        for b in body.buttons
    )
