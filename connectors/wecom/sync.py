"""Reading a service account's messages from where we were ("接收消息和事件", developer.work.weixin.qq.com)."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from typing import Any

import structlog
from pydantic import ValidationError
from sqlalchemy import select

from bot.storage.channels import ChannelStateRow
from bot.storage.engine import Database
from connectors.wechat.api import WeChatError, put_state
from connectors.wecom.api import WeComApi
from connectors.wecom.callback import News
from connectors.wecom.errors import STALE_TOKEN
from connectors.wecom.intake import Intake, Item

_log = structlog.get_logger(__name__)

_PREFIX = "wecom.cursor."
_AT_ONCE = 1000
# Without a cursor WeCom gives the last three days; older than this was before we were connected.
_FIRST_READ_S = 600.0
# What WeCom has called for while nobody answered is not called for again: it is read at the start, and
# once more in case it came between that and our first answer to a call.
_CATCH_UP_AFTER_S = (0.0, 20.0)
# The next callback reads everything anyway.
_PAUSES_S = (1.0, 2.0, 5.0, 15.0, 60.0, 120.0, 240.0)


class Reader:
    """Reads each service account, one reading at a time, and keeps its cursor in storage.

    The cursor moves when everything before it is stored. Should we die in between, the same
    messages are read again and known by their msgid.
    """

    def __init__(self, api: WeComApi, database: Database, intake: Intake) -> None:
        self._api = api
        self._database = database
        self._intake = intake
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._next: dict[str, asyncio.Task[None]] = {}
        self._later: dict[str, asyncio.Task[None]] = {}
        self._catching_up: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Read what came while we were away."""
        self._catching_up = asyncio.create_task(self._catch_up())

    async def close(self) -> None:
        """Stop reading; the cursor stays where everything before it is stored."""
        tasks = [
            *self._next.values(),
            *self._later.values(),
            *([self._catching_up] if self._catching_up else []),
        ]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def read(self, news: News) -> bool:
        """Read all that is new; false when WeCom did not give it, which is tried again later."""
        try:
            await self._read(news)
        except WeChatError as error:
            _log.warning("wecom messages not read, will retry", error=str(error))
            if news.account not in self._later:
                self._later[news.account] = asyncio.create_task(self._again(news))
            return False
        return True

    async def _again(self, news: News) -> None:
        try:
            for pause_s in _PAUSES_S:
                await asyncio.sleep(pause_s)
                try:
                    return await self._read(news)
                except WeChatError as error:
                    _log.warning("wecom messages not read", error=str(error))
        finally:
            del self._later[news.account]

    async def _catch_up(self) -> None:
        async with self._database.read() as session:
            names = await session.scalars(
                select(ChannelStateRow.name).where(ChannelStateRow.name.startswith(_PREFIX))
            )
            accounts = [name.removeprefix(_PREFIX) for name in names]
        for pause_s in _CATCH_UP_AFTER_S:
            await asyncio.sleep(pause_s)
            for account in accounts:
                await self.read(News(account, ""))

    async def _read(self, news: News) -> None:
        """Read once for all whose callback came before the reading begins."""
        reading = self._next.get(news.account)
        if reading is None:
            reading = asyncio.create_task(self._read_in_turn(news))
            self._next[news.account] = reading
        await asyncio.shield(reading)

    async def _read_in_turn(self, news: News) -> None:
        name = f"{_PREFIX}{news.account}"
        async with self._locks[news.account]:
            del self._next[news.account]
            async with self._database.read() as session:
                known = await session.get(ChannelStateRow, name)
                cursor = known.value if known else ""
            oldest = 0.0 if cursor else time.time() - _FIRST_READ_S
            more = True
            while more:
                asked: dict[str, Any] = {"open_kfid": news.account, "limit": _AT_ONCE}
                asked |= {"cursor": cursor} if cursor else {}
                asked |= {"token": news.token} if news.token else {}
                page = await self._page(asked)
                for raw in page.get("msg_list", ()):
                    await self._take(news.account, raw, oldest)
                # A page may be empty and yet not the last.
                more = bool(page.get("has_more")) and page.get("next_cursor") != cursor
                if page.get("next_cursor"):
                    cursor = str(page["next_cursor"])
                    async with self._database.write() as session:
                        await put_state(session, name, cursor)

    async def _page(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Return what comes next; without the callback's token when that has become too old."""
        try:
            return await self._api.post("/cgi-bin/kf/sync_msg", asked)
        except WeChatError as error:
            if error.code != STALE_TOKEN or asked.pop("token", None) is None:
                raise
        return await self._api.post("/cgi-bin/kf/sync_msg", asked)

    async def _take(self, account: str, raw: object, oldest: float) -> None:
        try:
            item = Item.model_validate(raw)
        except ValidationError as error:
            # One that nobody can read must not keep those after it from being read.
            _log.warning("wecom message not readable", errors=error.error_count())
            return
        if item.send_time >= oldest:
            await self._intake.take(account, item)
