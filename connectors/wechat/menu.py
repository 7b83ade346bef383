"""The account's menu from a file, uploaded when it has changed ("自定义菜单", developers.weixin.qq.com)."""

from __future__ import annotations

import asyncio
import hashlib
import json
from pathlib import Path
from typing import Annotated, Any, Self

import structlog
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from ruamel.yaml import YAML

from bot.storage.channels import ChannelStateRow
from bot.storage.engine import Database
from connectors.wechat.api import WeChatApi, WeChatError, put_state

_log = structlog.get_logger(__name__)

_FIRST_PAUSE_S = 5.0
_LONGEST_PAUSE_S = 600.0


def _bytes(limit: int) -> AfterValidator:
    def check(value: str) -> str:
        size = len(value.encode())
        if not 0 < size <= limit:
            raise ValueError(f"expected 1 to {limit} bytes, got {size} in {value!r}")
        return value

    return AfterValidator(check)


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Entry(_Strict):
    name: Annotated[str, _bytes(60)]
    click: Annotated[str, _bytes(128)] | None = None
    open: Annotated[str, _bytes(1024)] | None = None

    def to_wechat(self) -> dict[str, Any]:
        if self.click is not None:
            return {"type": "click", "name": self.name, "key": self.click}
        return {"type": "view", "name": self.name, "url": self.open}

    def targets(self) -> int:
        return sum(target is not None for target in (self.click, self.open))

    @model_validator(mode="after")
    def _one_target(self) -> Self:
        if self.targets() != 1:
            raise ValueError(f"expected 'click' or 'open' for {self.name!r}")
        return self


class _Top(_Entry):
    name: Annotated[str, _bytes(16)]
    entries: list[_Entry] = Field([], max_length=5)

    def targets(self) -> int:
        return super().targets() + bool(self.entries)

    def to_wechat(self) -> dict[str, Any]:
        if not self.entries:
            return super().to_wechat()
        return {"name": self.name, "sub_button": [entry.to_wechat() for entry in self.entries]}


class _Menu(_Strict):
    menu: list[_Top] = Field(min_length=1, max_length=3)


def read_menu(file: Path) -> dict[str, Any]:
    """Return the menu of ``file`` as WeChat takes it.

    Raises:
        ValueError: when a limit of WeChat is broken; says where and what was expected.
    """
    menu = _Menu.model_validate(YAML(typ="safe").load(file.read_text("utf-8")))
    return {"button": [top.to_wechat() for top in menu.menu]}


async def upload_menu(
    api: WeChatApi, database: Database, app_id: str, menu: dict[str, Any]
) -> None:
    """Upload the menu unless it was uploaded before; tries again while WeChat can't be reached."""
    name = f"wechat.menu.{app_id}"
    digest = hashlib.sha256(json.dumps(menu, sort_keys=True).encode()).hexdigest()
    async with database.read() as session:
        known = await session.get(ChannelStateRow, name)
    if known is not None and known.value == digest:
        return
    pause_s = _FIRST_PAUSE_S
    while True:
        try:
            await api.post("/cgi-bin/menu/create", menu)
        except WeChatError as error:
            if error.code is not None:
                _log.error("wechat refused the menu", code=error.code, error=str(error))
                return
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)
        else:
            async with database.write() as session:
                await put_state(session, name, digest)
            _log.info("wechat menu uploaded")
            return
