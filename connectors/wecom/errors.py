"""WeCom's return codes in the outbox's terms ("全局错误码", developer.work.weixin.qq.com)."""

from __future__ import annotations

import structlog

from bot.conversations.outbox import Delivery, DeliveryError, Refused, RetryAfter
from connectors.wechat.api import WeChatError
from connectors.wechat.errors import hold

_log = structlog.get_logger(__name__)

# 95001: five messages since the customer wrote. 95002: they have not written for 48 hours.
WINDOW_CLOSED = frozenset({95001, 95002})
# 95013: the session has ended. 95018: its state doesn't allow messages through the API.
NOT_OURS = frozenset({95013, 95018})
# 40003, 40096: no such customer. 40058: a parameter. 95000, 95004: no such service account.
_NEVER = frozenset({40003, 40058, 40096, 95000, 95004})
# 45009: too many calls in a minute or an hour. 45033: too many at once.
_LIMITS = {45009: 60.0, 45033: 1.0}
# 40001 secret, 40013 CorpID, 48002 no permission, 60020 our address is not on the list, 95012 and
# 95017 customer service, or its API, is not switched on: a person mends these.
_SETTINGS = frozenset({40001, 40013, 48002, 60020, 95012, 95017})
_SETTINGS_PAUSE_S = 60.0


def translate(error: WeChatError, delivery: Delivery) -> DeliveryError:
    """Return what a failed message means."""
    code, reason = error.code, str(error)
    if code in WINDOW_CLOSED:
        return hold(delivery, reason)
    if code in _NEVER:
        return Refused(reason)
    if code in _LIMITS:
        return RetryAfter(reason, _LIMITS[code])
    if code in _SETTINGS:
        _log.error("wecom refuses the enterprise's settings", code=code)
        return RetryAfter(reason, _SETTINGS_PAUSE_S)
    return DeliveryError(reason)
