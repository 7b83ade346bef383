"""All platforms that faults are injected into, by the name of their channel."""

from __future__ import annotations

from typing import Final

from tests.connectors.faults.rest import Rest
from tests.connectors.faults.running import Platform
from tests.connectors.faults.telegram import Telegram
from tests.connectors.faults.web import Web
from tests.connectors.faults.wechat import WeChat
from tests.connectors.faults.wecom import WeCom

PLATFORMS: Final[dict[str, type[Platform]]] = {
    one.name: one for one in (Telegram, WeChat, WeCom, Web, Rest)
}
