"""``/webhooks/wecom``: WeCom proves the address, then says when a service account has news."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

import structlog
from fastapi import APIRouter, Request, Response

from bot.conversations.metrics import REJECTED
from connectors.guards import Rates, read_body
from connectors.wechat.crypto import CryptoError, MessageCipher, in_time, opened, signed
from connectors.wechat.envelope import ForgedError, UnreadableError
from connectors.wechat.xml import XmlError, read_xml

_log = structlog.get_logger(__name__)

CHANNEL = "wecom"
PATH = "/webhooks/wecom"
_BODY_LIMIT_BYTES = 100_000
# What the name of its cursor leaves of 64 characters.
_ACCOUNT_LIMIT = 50


@dataclass(frozen=True, slots=True)
class News:
    """A service account has messages to read.

    Args:
        token: lets us read without WeCom's strict rate limit, for ten minutes.
    """

    account: str
    token: str


class Envelopes:
    """Opens what WeCom sends; always encrypted, with the signature over the encrypted part.

    Nonces are not remembered: who repeats a callback makes us read once more from where we were.
    """

    def __init__(self, token: str, ciphers: list[MessageCipher]) -> None:
        self._token = token
        self._ciphers = ciphers

    def open(self, query: Mapping[str, str], encrypted: str) -> bytes:
        """Return what is encrypted.

        Raises:
            ForgedError: when WeCom did not send it to us now.
            UnreadableError: when it is encrypted with another key.
        """
        timestamp, nonce = query.get("timestamp", ""), query.get("nonce", "")
        given = query.get("msg_signature", "")
        if not signed(given, self._token, timestamp, nonce, encrypted):
            raise ForgedError("signature")
        if not in_time(timestamp, time.time()):
            raise ForgedError("timestamp")
        try:
            return opened(self._ciphers, encrypted)[1]
        except CryptoError as error:
            raise UnreadableError("encrypted with another key than YINGDA_WECOM_AES_KEY") from error

    def news(self, query: Mapping[str, str], body: bytes) -> News | None:
        """Return what a callback says; ``None`` for one that is not about customer service.

        Raises:
            ForgedError: when WeCom did not send it to us now.
            UnreadableError: when it can't be read.
        """
        try:
            event = read_xml(self.open(query, read_xml(body).get("Encrypt", "")))
        except XmlError as error:
            raise UnreadableError(str(error)) from error
        if event.get("Event") != "kf_msg_or_event":
            return None
        account = event.get("OpenKfId", "")
        if not 0 < len(account) <= _ACCOUNT_LIMIT:
            raise UnreadableError(f"expected an OpenKfId, got {len(account)} characters")
        return News(account, event.get("Token", ""))


def callback_router(
    envelopes: Envelopes, addresses: Rates, read: Callable[[News], Awaitable[bool] | None]
) -> APIRouter:
    """Return the routes.

    Args:
        read: reads the news, true when all of it is stored; ``None`` until the channel is open.
            WeCom calls again for what we did not confirm.
    """
    router = APIRouter(include_in_schema=False)

    @router.get(PATH)
    async def verify(request: Request) -> Response:
        """Prove to WeCom that this address is ours: return the decrypted ``echostr``."""
        query = request.query_params
        try:
            plain = envelopes.open(query, query.get("echostr", ""))
        except (ForgedError, UnreadableError) as error:
            REJECTED.labels(CHANNEL, "signature").inc()
            _log.warning("wecom address check refused", error=str(error))
            return Response(status_code=403)
        return Response(plain, media_type="text/plain")

    @router.post(PATH)
    async def receive(request: Request) -> Response:
        """Take the word that there is news."""
        if not await addresses.allow(request.client.host if request.client else ""):
            REJECTED.labels(CHANNEL, "rate").inc()
            return Response(status_code=429)
        body = await read_body(request, _BODY_LIMIT_BYTES)
        try:
            news = envelopes.news(request.query_params, body)
        except ForgedError as error:
            REJECTED.labels(CHANNEL, str(error)).inc()
            return Response(status_code=403)
        except UnreadableError as error:
            _log.warning("wecom callback not readable", error=str(error))
            REJECTED.labels(CHANNEL, "body").inc()
            return Response(status_code=400)
        if news is not None:
            reading = read(news)
            if reading is None or not await reading:
                return Response(status_code=503)
        return Response("success", media_type="text/plain")

    return router
