"""WeCom's return codes in the outbox's terms ("全局错误码", developer.work.weixin.qq.com)."""

from __future__ import annotations

import structlog

from bot.conversations.outbox import Delivery, DeliveryError, Refused, RetryAfter
from connectors.wechat.api import WeChatError
from connectors.wechat.errors import hold

_log = structlog.get_logger(__name__)

# The names in quotes are WeCom's own "errmsg" as it stands in public reports and SDKs: 95001 and 95018
# in langbot-app/LangBot (issue 1547 and the notes on its wecomcs adapter), 95013 and 95007 in error tables of others'
# adapters, 95000, 95004, 95011, 95012, 95017 and 40201 in silenceper/wechat (work/kf/error.go), the rest in the
# global list as Go packages copy it. 95002 and 95016 were seen only with their numbers.
# 95001 "send msg count limit": five messages since the customer wrote. 95002: their 48 hours are over.
WINDOW_CLOSED = frozenset({95001, 95002})
# 95013 "conversation end". 95018 "send msg session status invalid": its state allows no message through
# the API, or the enterprise is not verified.
NOT_OURS = frozenset({95013, 95018})
# 95007 "invalid msg token": a callback's token is older than ten minutes; reading goes without one too.
STALE_TOKEN = 95007
# 40003 "invalid UserID", 40096 "invalid external userid": no such customer. 40058: a parameter. 95000
# "invalid open_kfid", 95004 "open_kfid not exist": no such service account.
_NEVER = frozenset({40003, 40058, 40096, 95000, 95004})
# 45009: too many calls in a minute or an hour. 45033: too many at once.
_LIMITS = {45009: 60.0, 45033: 1.0}
# 40001 secret, 40013 CorpID, 40201 account banned, 48002 no permission, 60020 our address is not on the
# list, 95011 customer service is run in WeCom itself, 95012 and 95017 it, or its API, is not switched on:
# a person mends these.
_SETTINGS = frozenset({40001, 40013, 40201, 48002, 60020, 95011, 95012, 95017})
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
