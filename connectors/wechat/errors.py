"""WeChat's return codes in the outbox's terms ("全局返回码说明", developers.weixin.qq.com)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import structlog

from bot.conversations.model import State
from bot.conversations.outbox import Delivery, DeliveryError, Refused, RetryAfter
from connectors.wechat.api import WeChatError
from connectors.wechat.customers import MESSAGE_WINDOW, Customers

_log = structlog.get_logger(__name__)

# 45015: the customer has not written for 48 hours. 45047: too many messages since they did.
WINDOW_CLOSED = frozenset({45015, 45047})
# The account may not send customer-service messages at all: it is not verified.
NOT_PERMITTED = frozenset({48001, 50001})
# 40003: no such customer. 43004: they no longer follow the account. 45002: too long.
_NEVER = frozenset({40003, 43004, 45002})
_DAILY_LIMIT = 45009
_MINUTE_LIMIT = 45011
# 40013 AppID, 40125 AppSecret, 40164 our address is not on the account's list: a person mends these.
_SETTINGS = frozenset({40013, 40125, 40164})
_BEIJING = timezone(timedelta(hours=8))
_SETTINGS_PAUSE_S = 60.0
# How often to look whether all answers are there that go out as the last message.
_GATHERING_S = 1.0
# The day's calls start anew at midnight in Beijing, or earlier when somebody clears them by hand.
_DAILY_PAUSE_S = 1800.0


def hold(delivery: Delivery, reason: str) -> DeliveryError:
    """Keep a message until the customer writes again; one that is too old for that is given up."""
    age = datetime.now(UTC) - delivery.entry.at
    if age > MESSAGE_WINDOW:
        return Refused(f"{reason}; the customer did not write for 48 hours")
    return RetryAfter(
        f"{reason}; waits for the customer", (MESSAGE_WINDOW - age).total_seconds() + 1
    )


async def need_quota(customers: Customers, delivery: Delivery, reason: str) -> None:
    """Hold the message back when nothing may be sent; the last one is for a person.

    What would be the bot's last one waits for the answers to whatever else the customer has asked,
    so that they go out together.

    Raises:
        DeliveryError: with ``reason``, when that is so.
    """
    by_bot = delivery.state is State.BOT
    left = await customers.left(delivery.user, keep_last=by_bot)
    if not left:
        raise hold(delivery, reason)
    if left == 1 and by_bot and await customers.waits_for_answers(delivery.conversation_id):
        raise RetryAfter("expected all that the customer asked to be answered", _GATHERING_S)


def translate(error: WeChatError, delivery: Delivery) -> DeliveryError:
    """Return what a failed customer-service message means."""
    code, reason = error.code, str(error)
    if code in WINDOW_CLOSED:
        return hold(delivery, reason)
    if code in NOT_PERMITTED:
        _log.error("wechat account may not send customer-service messages, only replies within 5 s")
        return hold(delivery, reason)
    if code in _NEVER:
        return Refused(reason)
    if code == _DAILY_LIMIT:
        return RetryAfter(reason, min(_until_midnight_s(), _DAILY_PAUSE_S))
    if code == _MINUTE_LIMIT:
        return RetryAfter(reason, 60.0)
    if code in _SETTINGS:
        _log.error("wechat refuses the account's settings", code=code)
        return RetryAfter(reason, _SETTINGS_PAUSE_S)
    return DeliveryError(reason)


def _until_midnight_s() -> float:
    now = datetime.now(_BEIJING)
    midnight = (now + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    return (midnight - now).total_seconds()
