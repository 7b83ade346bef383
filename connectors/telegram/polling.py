"""Long polling that loses nothing: an update is confirmed to Telegram only after it was stored."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog
from telegram import Bot, Update
from telegram.error import RetryAfter, TelegramError

from connectors.telegram.errors import seconds_of
from connectors.telegram.intake import UPDATES

_log = structlog.get_logger(__name__)

_LONGEST_PAUSE_S = 60.0


async def poll(bot: Bot, take: Callable[[Update], Awaitable[None]], wait_s: int) -> None:
    """Fetch updates for ever and hand them to ``take``, in order.

    The offset of a request confirms all updates before it (Bot API, getUpdates), so it moves only
    past what ``take`` has finished with. When ``take`` raises, the update is fetched again.

    Args:
        wait_s: how long Telegram holds a request open while there is nothing.
    """
    offset: int | None = None
    failures = 0
    while True:
        try:
            updates = await bot.get_updates(
                offset=offset,
                timeout=wait_s,
                read_timeout=wait_s + 10,
                allowed_updates=UPDATES,
            )
            for update in updates:
                await take(update)
                offset = update.update_id + 1
            failures = 0
        except Exception as error:
            failures += 1
            pause_s = _pause_s(error, failures)
            if not isinstance(error, TelegramError):
                _log.exception("update not stored, will fetch it again")
            else:
                # The message of the error may hold the token.
                _log.warning("telegram not reached", error=type(error).__name__, again_in_s=pause_s)
            await asyncio.sleep(pause_s)


def _pause_s(error: Exception, failures: int) -> float:
    if isinstance(error, RetryAfter):
        return seconds_of(error)
    return float(min(0.5 * 2.0 ** min(failures - 1, 10), _LONGEST_PAUSE_S))
