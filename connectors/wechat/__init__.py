"""WeChat Official Account (微信公众号): signed callbacks in, passive replies and customer-service messages out."""

from __future__ import annotations

from connectors.base import Connector
from connectors.registry import Fittings


def build(fittings: Fittings) -> Connector | None:
    """Return the channel when an account is set.

    Raises:
        ValueError: when the account is set but not how its callbacks are signed.
    """
    settings = fittings.settings
    if not settings.wechat_app_id:
        return None
    for name in ("wechat_secret", "wechat_token"):
        if not getattr(settings, name).get_secret_value():
            raise ValueError(
                f"expected YINGDA_{name.upper()} beside YINGDA_WECHAT_APP_ID, got none"
            )
    from connectors.wechat.channel import WeChatChannel

    return WeChatChannel(fittings)
