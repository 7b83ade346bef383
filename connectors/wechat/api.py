"""WeChat's HTTP API: the shared access token, and calls whose error codes become our errors."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import httpx
import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from bot.conversations.files import LIMIT_BYTES
from bot.storage.channels import ChannelStateRow
from bot.storage.engine import Database

_log = structlog.get_logger(__name__)
_T = TypeVar("_T")

# WeChat gives a new token in the last five minutes of the old one; both are valid meanwhile
# ("获取稳定版接口调用凭据": 普通模式下平台会提前 5 分钟更新).
_EARLY = timedelta(minutes=5)
# A forced refresh within 30 s of another has no effect, and 20 a day are allowed.
_FORCE_EVERY_S = 30.0
# 40001 wrong or replaced, 40014 malformed, 42001 expired, 41001 missing.
_TOKEN_ERRORS = frozenset({40001, 40014, 42001, 41001})
_TIMEOUT_S = 8.0


class WeChatError(Exception):
    """WeChat answered with an error code, or not at all (code ``None``)."""

    def __init__(self, code: int | None, message: str) -> None:
        super().__init__(f"expected WeChat to do it, got {code}: {message}")
        self.code = code


class WeChatApi:
    """Calls of one account.

    Args:
        database: shares the access token between processes and over restarts.
    """

    _platform = "wechat"
    _early = _EARLY

    def __init__(self, url: str, app_id: str, secret: str, database: Database) -> None:
        self._http = httpx.AsyncClient(base_url=url, timeout=httpx.Timeout(_TIMEOUT_S, connect=4.0))
        self._app_id = app_id
        self._secret = secret
        self._database = database
        self._refreshing = asyncio.Lock()
        self._token: tuple[str, datetime] | None = None
        self._forced_at = float("-inf")

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def post(self, path: str, content: Mapping[str, Any]) -> dict[str, Any]:
        """Call ``path`` with the access token; one that is no longer valid is renewed once.

        Raises:
            WeChatError: when WeChat refuses or does not answer.
        """
        return await self._with_token(lambda token: self._call(path, content, token))

    async def media(self, media_id: str) -> bytes:
        """Return a file that a customer sent ("获取临时素材").

        Raises:
            WeChatError: when WeChat refuses, does not answer, or the file is larger than we keep.
        """
        return await self._with_token(lambda token: self._download(media_id, token))

    async def upload_picture(self, content: bytes, name: str, media_type: str) -> str:
        """Hand in a picture to be sent ("新增临时素材"); returns its media id, good for three days.

        Raises:
            WeChatError: when WeChat refuses or does not answer.
        """

        def upload(token: str) -> Awaitable[dict[str, Any]]:
            return self._answer(
                self._http.build_request(
                    "POST",
                    "/cgi-bin/media/upload",
                    params={"access_token": token, "type": "image"},
                    files={"media": (name, content, media_type)},
                )
            )

        return str((await self._with_token(upload))["media_id"])

    async def _with_token(self, call: Callable[[str], Awaitable[_T]]) -> _T:
        token = await self._valid_token()
        try:
            return await call(token)
        except WeChatError as error:
            if error.code not in _TOKEN_ERRORS:
                raise
        return await call(await self._valid_token(stale=token))

    async def _download(self, media_id: str, token: str) -> bytes:
        chosen = {"access_token": token, "media_id": media_id}
        content = bytearray()
        try:
            async with self._http.stream("GET", "/cgi-bin/media/get", params=chosen) as response:
                response.raise_for_status()
                async for chunk in response.aiter_bytes():
                    content += chunk
                    if len(content) > LIMIT_BYTES:
                        raise WeChatError(None, "larger than we keep")
                kind = response.headers.get("content-type", "")
        except httpx.HTTPError as error:
            raise WeChatError(None, type(error).__name__) from None
        if "json" in kind or "text/plain" in kind:  # an error, or a video's address
            answer = json.loads(content or b"{}")
            raise WeChatError(int(answer.get("errcode", 0)), str(answer.get("errmsg", ""))[:200])
        return bytes(content)

    async def _call(
        self, path: str, content: Mapping[str, Any], token: str | None = None
    ) -> dict[str, Any]:
        request = self._http.build_request(
            "POST",
            path,
            params={"access_token": token} if token else None,
            # WeChat shows "\u4f60" as it stands, so the text must not be escaped.
            content=json.dumps(content, ensure_ascii=False).encode(),
            headers={"Content-Type": "application/json; charset=utf-8"},
        )
        return await self._answer(request)

    async def _answer(self, request: httpx.Request) -> dict[str, Any]:
        try:
            response = await self._http.send(request)
            response.raise_for_status()
            answer: dict[str, Any] = response.json()
        except (httpx.HTTPError, ValueError) as error:
            # The text of the error may hold the address and with it the token.
            raise WeChatError(None, type(error).__name__) from None
        code = int(answer.get("errcode", 0))
        if code:
            raise WeChatError(code, str(answer.get("errmsg", ""))[:200])
        return answer

    async def _valid_token(self, stale: str | None = None) -> str:
        """Return a token that is not ``stale``."""
        async with self._refreshing:
            for known in (self._token, await self._stored()):
                if known and known[0] != stale and known[1] - self._early > datetime.now(UTC):
                    self._token = known
                    return known[0]
            self._token = await self._fetch(forced=stale is not None)
            return self._token[0]

    async def _stored(self) -> tuple[str, datetime] | None:
        async with self._database.read() as session:
            row = await session.get(ChannelStateRow, self._key)
            return (row.value, row.expires_at) if row and row.expires_at else None

    async def _fetch(self, forced: bool) -> tuple[str, datetime]:
        force = forced and time.monotonic() - self._forced_at > _FORCE_EVERY_S
        if force:
            self._forced_at = time.monotonic()
        answer = await self._ask_token(force)
        token = str(answer["access_token"])
        expires_at = datetime.now(UTC) + timedelta(seconds=float(answer["expires_in"]))
        async with self._database.write() as session:
            await put_state(session, self._key, token, expires_at)
        _log.info("access token renewed", platform=self._platform, forced=force)
        return token, expires_at

    async def _ask_token(self, force: bool) -> dict[str, Any]:
        return await self._call(
            "/cgi-bin/stable_token",
            {
                "grant_type": "client_credential", "appid": self._app_id,
                "secret": self._secret, "force_refresh": force,
            },
        )  # fmt: skip

    @property
    def _key(self) -> str:
        return f"{self._platform}.token.{self._app_id}"


async def put_state(
    session: AsyncSession, name: str, value: str, expires_at: datetime | None = None
) -> None:
    """Store a named value of a channel."""
    await session.merge(ChannelStateRow(name=name, value=value, expires_at=expires_at))
