"""WeCom customer service (企业微信 微信客服): callbacks say that there is news, which is then read and answered."""

from __future__ import annotations

from connectors.base import Connector
from connectors.registry import Fittings


def build(fittings: Fittings) -> Connector | None:
    """Return the channel when an enterprise is set.

    Raises:
        ValueError: when the enterprise is set but not its secret or how its callbacks are sealed.
    """
    settings = fittings.settings
    if not settings.wecom_corp_id:
        return None
    for name in ("wecom_secret", "wecom_token", "wecom_aes_key"):
        if not getattr(settings, name).get_secret_value():
            raise ValueError(
                f"expected YINGDA_{name.upper()} beside YINGDA_WECOM_CORP_ID, got none"
            )
    from connectors.wecom.channel import WeComChannel

    return WeComChannel(fittings)
