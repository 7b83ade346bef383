"""Links as cards: a news message, or a page of the shop's mini program ("客服消息", developers.weixin.qq.com)."""

from __future__ import annotations

import asyncio
import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field
from ruamel.yaml import YAML

from bot.conversations.model import Body, Link
from bot.storage.channels import ChannelStateRow
from bot.storage.engine import Database
from connectors.markdown import to_plain
from connectors.wechat.api import WeChatApi, put_state

Content = dict[str, Any]  # a message by its kind, as the platform takes it

# The longest summary that WeChat's own editor takes for an article, and shows whole under its title.
_SUMMARY_CHARS = 120
# Uploaded pictures are kept for three days ("新增临时素材"); the rest is for messages that wait.
_UPLOADED_FOR = timedelta(days=2)


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class MiniProgramPage(_Strict):
    """Links that begin with ``address`` open ``page`` of a mini program that the account is linked with.

    Args:
        page: its path; ``{rest}`` is what follows ``address`` in the link.
        picture: shown on the card, best 520 by 416 pixels; a path beside the file that says this.
    """

    address: Annotated[str, Field(pattern=r"^https?://")]
    app_id: Annotated[str, Field(pattern=r"^wx[0-9a-f]{16}$")]
    page: Annotated[str, Field(min_length=1, max_length=1024)]
    picture: Path


class _File(_Strict):
    mini_programs: list[MiniProgramPage]


def read_pages(file: Path) -> list[MiniProgramPage]:
    """Return the pages of ``file``, the most specific address first.

    Raises:
        ValueError: when it says something else; says where and what was expected.
    """
    pages = _File.model_validate(YAML(typ="safe").load(file.read_text("utf-8"))).mini_programs
    for page in pages:
        page.picture = file.parent / page.picture
        if not page.picture.is_file():
            raise ValueError(f"expected a picture for {page.address}, there is no {page.picture}")
    return sorted(pages, key=lambda page: -len(page.address))


def news(body: Body) -> Content | None:
    """Return a message as an article that opens its link.

    ``None`` when an article can't hold it whole: a short text and a link, nothing to choose from.
    """
    summary = to_plain(body.text)
    if body.link is None or body.buttons or len(summary) > _SUMMARY_CHARS:
        return None
    article = {"title": body.link.title, "description": summary, "url": body.link.url}
    return {"msgtype": "news", "news": {"articles": [{**article, "picurl": body.picture or ""}]}}


class MiniProgram:
    """Makes cards that open a page of the shop's mini program, of messages that would be an article.

    Args:
        pages: what opens in a mini program.
        database: remembers uploaded pictures.
    """

    def __init__(self, pages: list[MiniProgramPage], api: WeChatApi, database: Database) -> None:
        self._pages = pages
        self._api = api
        self._database = database

    def page_of(self, body: Body) -> MiniProgramPage | None:
        """Return the page that the link of a message opens, if it is one of the mini program's."""
        if body.link is None or news(body) is None:
            return None
        url = body.link.url
        return next((page for page in self._pages if url.startswith(page.address)), None)

    async def card(self, link: Link, page: MiniProgramPage) -> Content:
        """Return the card that opens ``page``.

        Raises:
            WeChatError: when WeChat does not take the card's picture.
        """
        return {
            "msgtype": "miniprogrampage",
            "miniprogrampage": {
                "title": link.title,
                "appid": page.app_id,
                "pagepath": page.page.replace("{rest}", link.url.removeprefix(page.address)),
                "thumb_media_id": await self._uploaded(page.picture),
            },
        }

    async def _uploaded(self, picture: Path) -> str:
        content = await asyncio.to_thread(picture.read_bytes)
        name = f"wechat.thumb.{hashlib.sha256(content).hexdigest()[:32]}"
        async with self._database.read() as session:
            known = await session.get(ChannelStateRow, name)
        if known is not None and known.expires_at and known.expires_at > datetime.now(UTC):
            return known.value
        kind = "image/png" if content.startswith(b"\x89PNG") else "image/jpeg"
        media = await self._api.upload_picture(content, picture.name, kind)
        async with self._database.write() as session:
            await put_state(session, name, media, datetime.now(UTC) + _UPLOADED_FOR)
        return media
