"""The webhook: Telegram calls us, and proves with a secret header that it is Telegram."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from collections.abc import Awaitable, Callable

import structlog
from fastapi import APIRouter, Request, Response
from telegram import Bot, Update
from telegram.error import TelegramError

from bot.conversations.metrics import REJECTED
from connectors.guards import Rates, read_body
from connectors.telegram.intake import CHANNEL, UPDATES
from connectors.telegram.sequence import Sequence

_log = structlog.get_logger(__name__)

PATH = "/webhooks/telegram"
_BODY_LIMIT_BYTES = 1_000_000
_CHECK_EVERY_S = 600.0
# Updates are stored one at a time anyway; more connections would only put them out of order.
_CONNECTIONS = 8


def secret_of(session_key: str) -> str:
    """Return the secret token that Telegram sends with every update, 1 to 256 of A-Z a-z 0-9 _ -."""
    return hashlib.sha256(f"telegram-webhook:{session_key}".encode()).hexdigest()


def webhook_router(
    secret: str,
    bot: Bot,
    take: Callable[[Update], Awaitable[None]],
    is_ready: Callable[[], bool],
    sequence: Sequence,
    addresses: Rates,
) -> APIRouter:
    """Return the route.

    Args:
        take: stores an update.
        is_ready: false until the bot knows its own name; Telegram then sends the update again.
    """
    router = APIRouter(include_in_schema=False)

    @router.post(PATH)
    async def webhook(request: Request) -> Response:
        """Take one update."""
        given = request.headers.get("x-telegram-bot-api-secret-token", "")
        if not hmac.compare_digest(given.encode(), secret.encode()):
            REJECTED.labels(CHANNEL, "signature").inc()
            return Response(status_code=403)
        address = request.client.host if request.client else ""
        if not await addresses.allow(address):
            REJECTED.labels(CHANNEL, "rate").inc()
            return Response(status_code=429)
        try:
            data = json.loads(await read_body(request, _BODY_LIMIT_BYTES))
            update = Update.de_json(data, bot)
            update_id = int(update.update_id)
        except (ValueError, TypeError, KeyError, AttributeError):
            REJECTED.labels(CHANNEL, "body").inc()
            return Response(status_code=400)
        if not is_ready():
            return Response(status_code=503)
        async with sequence.turn_of(update_id):
            await take(update)
        return Response()

    return router


async def keep_webhook(bot: Bot, url: str, secret: str) -> None:
    """Look every ten minutes whether the webhook still is as it was set, and set it again if not."""
    while True:
        await asyncio.sleep(_CHECK_EVERY_S)
        try:
            info = await bot.get_webhook_info()
            if info.url != url or set(info.allowed_updates or ()) != set(UPDATES):
                _log.warning("telegram webhook had changed, setting it again")
                await set_webhook(bot, url, secret)
            elif info.last_error_message:
                _log.warning("telegram could not reach us", error=info.last_error_message)
        except TelegramError as error:
            _log.warning("telegram not reached", error=type(error).__name__)


async def set_webhook(bot: Bot, url: str, secret: str) -> None:
    """Have Telegram send updates to ``url``; what waits there is kept."""
    await bot.set_webhook(
        url, secret_token=secret, allowed_updates=UPDATES, max_connections=_CONNECTIONS
    )
