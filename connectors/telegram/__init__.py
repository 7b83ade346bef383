"""Telegram, on python-telegram-bot: long polling, or a webhook where a public address is set."""

from __future__ import annotations

from connectors.base import Connector
from connectors.registry import Fittings


def build(fittings: Fittings) -> Connector | None:
    """Return the channel when a bot token is set."""
    if not fittings.settings.telegram_token.get_secret_value():
        return None
    from connectors.telegram.channel import TelegramChannel

    return TelegramChannel(fittings)
