"""Which channels there are: each is one package with ``build(fittings)``."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Protocol, cast

from bot.conversations.files import Files
from bot.conversations.phrases import Phrases
from bot.linking.service import Links
from bot.orders.identity import Identity
from bot.settings import Settings
from bot.storage.engine import Database
from connectors.base import Connector
from connectors.texts import ChannelTexts

_BUILT_IN = ("connectors.telegram", "connectors.wechat", "connectors.wecom")


@dataclass(frozen=True)
class Fittings:
    """What a channel may use."""

    settings: Settings
    database: Database
    phrases: Phrases
    texts: ChannelTexts
    files: Files
    links: Links
    identity: Identity


class _Package(Protocol):
    def build(self, fittings: Fittings) -> Connector | None:
        """Return the channel, or ``None`` when the settings do not switch it on."""


def build_channels(fittings: Fittings) -> list[Connector]:
    """Return the channels that the settings switch on: ours, and those named in ``extra_channels``."""
    packages = (*_BUILT_IN, *fittings.settings.extra_channels)
    built = (cast(_Package, importlib.import_module(name)).build(fittings) for name in packages)
    return [channel for channel in built if channel is not None]
