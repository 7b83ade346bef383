"""WeChat on both sides: it calls our callback as its servers do, and serves its API on a loopback port.

Built from developers.weixin.qq.com: callbacks signed over token, timestamp and nonce, repeated twice
when there is no answer within five seconds; AES messages as in "消息加解密说明"; customer-service
messages only within the quota, at most 2048 bytes; access tokens that expire and are replaced.
Signatures and encryption are written out here a second time, so that both sides are checked.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import itertools
import json
import os
import re
import struct
import time
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from xml.etree import ElementTree
from xml.sax.saxutils import escape

import httpx
from aiohttp import web
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from tests.connectors.site import Site, let_hang_ups_arrive, never_answer

APP_ID = "wx1234567890abcdef"
ACCOUNT = "gh_0123456789ab"
SECRET = "s3cretForTestsOnly0123456789abcd"
TOKEN = "signsCallbacks"
AES_KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
OTHER_AES_KEY = "GFEDCBA9876543210zyxwvutsrqponmlkjihgfedcba"
PATH = "/webhooks/wechat"
PATIENCE_S = 5.0


@dataclass
class Shown:
    """One message that a customer sees, and the way it came: "passive" or "service"; ``process`` is who sent
    it, when its address or its response says so."""

    user: str
    text: str
    way: str
    process: int = field(default=0, compare=False)
    heard: bool = field(default=True, compare=False)


@dataclass
class Customer:
    """WeChat's own count of what may be sent."""

    follows: bool = True
    grants: list[tuple[float, int]] = field(default_factory=list)

    def left(self) -> int:
        now = time.monotonic()
        self.grants = sorted((until, left) for until, left in self.grants if until > now and left)
        return sum(left for _, left in self.grants)

    def take(self) -> bool:
        if not self.left():
            return False
        until, left = self.grants[0]
        self.grants[0] = (until, left - 1)
        return True


class FakeWeChat(Site):
    """One account. ``faults`` are used up by customer-service messages: an error code, or "500",
    "reset", "hang" (nothing was done) and "lost" (done, but nobody hears of it)."""

    def __init__(self) -> None:
        super().__init__()
        self.http: httpx.AsyncClient | None = None
        self.aes_key: str | None = None
        self.compatible = False
        self.asked = 0
        self.shown: list[Shown] = []
        self.clock: Callable[[], int] = lambda: int(time.time())
        self.on_shown: Callable[[Shown], object] = lambda _: None
        self.faults: deque[int | str] = deque()
        self.mood: Callable[[], int | str | None] = lambda: None
        self.token_calls: list[dict[str, Any]] = []
        self.files: dict[str, bytes] = {}
        self.uploaded: dict[str, bytes] = {}
        self.menus: list[dict[str, Any]] = []
        self.customers: defaultdict[str, Customer] = defaultdict(Customer)
        self.delivered: list[int] = []
        self._tokens: dict[str, float] = {}
        self._ids = itertools.count(24_000_000_000_000_001)

    def application(self) -> web.Application:
        app = web.Application()
        for before in ("", r"/of/{process:\d+}"):
            app.router.add_post(before + "/cgi-bin/stable_token", self._stable_token)
            app.router.add_post(before + "/cgi-bin/message/custom/send", self._send)
            app.router.add_post(before + "/cgi-bin/menu/create", self._create_menu)
            app.router.add_get(before + "/cgi-bin/media/get", self._media)
            app.router.add_post(before + "/cgi-bin/media/upload", self._upload)
        return app

    # ---- callbacks --------------------------------------------------------------------------

    async def say(self, user: str, text: str, **more: Any) -> str | None:
        """A customer writes; returns the passive reply."""
        return await self.deliver(self.message(user, MsgType="text", Content=text, **more))

    def message(self, user: str, **content: Any) -> dict[str, Any]:
        """Return a message of a customer; what they may be sent is counted anew."""
        self.customers[user].grants = [(time.monotonic() + 48 * 3600, 5)]
        return {**self._head(user), "MsgId": next(self._ids), **content}

    def event(self, user: str, event: str, **content: Any) -> dict[str, Any]:
        """Return an event; menu, follow and QR code allow three messages for a minute."""
        if event in ("subscribe", "SCAN", "CLICK"):
            self.customers[user].grants.append((time.monotonic() + 60, 3))
        self.customers[user].follows = event != "unsubscribe"
        return {**self._head(user), "MsgType": "event", "Event": event, **content}

    async def deliver(self, message: dict[str, Any]) -> str | None:
        """Call back as WeChat does: three times at most, until somebody answers within five seconds."""
        for _ in range(3):
            try:
                async with asyncio.timeout(PATIENCE_S):
                    response = await self.post(*self.sealed(message))
            except (TimeoutError, httpx.TransportError):
                continue
            self.delivered.append(response.status_code)
            if response.status_code == 200:
                return self.read_answer(message["FromUserName"], response)
        return None

    def sealed(
        self, message: dict[str, Any], timestamp: int | None = None
    ) -> tuple[dict[str, str], bytes]:
        """Return query and body of a callback."""
        stamp = str(timestamp or int(time.time()))
        nonce = str(int.from_bytes(os.urandom(4)))
        query = {"timestamp": stamp, "nonce": nonce, "signature": _sign(TOKEN, stamp, nonce)}
        query["openid"] = message["FromUserName"]
        body = _xml(message)
        if self.aes_key:
            encrypted = _encrypt(self.aes_key, body)
            query |= {
                "encrypt_type": "aes",
                "msg_signature": _sign(TOKEN, stamp, nonce, encrypted),
            }
            outer = message if self.compatible else {"ToUserName": ACCOUNT}
            body = _xml({**outer, "Encrypt": encrypted})
        return query, body.encode()

    async def post(self, query: dict[str, str], body: bytes) -> httpx.Response:
        assert self.http is not None
        self.asked += 1
        return await self.http.post(
            PATH, params=query, content=body, headers={"Content-Type": "text/xml"}
        )

    def read_answer(self, user: str, response: httpx.Response) -> str | None:
        """Show a passive reply to the customer; strict about everything that WeChat would refuse."""
        if response.text in ("", "success"):
            return None
        xml = response.text
        answer = _fields(xml)
        if self.aes_key:
            encrypted = answer["Encrypt"]
            assert answer["MsgSignature"] == _sign(
                TOKEN, answer["TimeStamp"], answer["Nonce"], encrypted
            )
            xml = _decrypt(self.aes_key, encrypted)
            answer = _fields(xml)
        assert answer["ToUserName"] == user
        assert answer["FromUserName"] == ACCOUNT
        assert answer["MsgType"] in ("text", "news")
        assert answer["CreateTime"].isdigit()
        if answer["MsgType"] == "news":
            items = ElementTree.fromstring(xml).findall("Articles/item")
            assert answer["ArticleCount"] == "1" == str(len(items))
            parts = {part.tag: part.text or "" for part in items[0]}
            text = _article(parts["Title"], parts["Description"], parts["PicUrl"], parts["Url"])
        else:
            text = answer["Content"]
        assert 0 < len(text.encode()) <= 2048
        process = int(response.headers.get("x-process", 0))
        self._show(Shown(user, text, "passive", process))
        return text

    def _show(self, shown: Shown) -> None:
        self.shown.append(shown)
        self.on_shown(shown)

    def texts(self, user: str) -> list[str]:
        """Return what a customer sees of us."""
        return [shown.text for shown in self.shown if shown.user == user]

    def _head(self, user: str) -> dict[str, Any]:
        return {"ToUserName": ACCOUNT, "FromUserName": user, "CreateTime": self.clock()}

    # ---- the API ----------------------------------------------------------------------------

    def expire_tokens(self) -> None:
        """All tokens given out so far are worthless from now on."""
        self._tokens = dict.fromkeys(self._tokens, 0.0)

    async def _stable_token(self, request: web.Request) -> web.Response:
        asked = await request.json()
        self.token_calls.append(asked)
        if (asked.get("appid"), asked.get("grant_type")) != (APP_ID, "client_credential"):
            return _code(40013, "invalid appid")
        if asked.get("secret") != SECRET:
            return _code(40125, "invalid appsecret")
        now = time.monotonic()
        good = [token for token, until in self._tokens.items() if until - now > 300]
        if asked.get("force_refresh") or not good:
            if asked.get("force_refresh"):
                self.expire_tokens()
            good = [f"token-{len(self._tokens)}-{os.urandom(24).hex()}"]
            self._tokens[good[0]] = now + 7200
        return web.json_response(
            {"access_token": good[-1], "expires_in": int(self._tokens[good[-1]] - now)}
        )

    def _token_error(self, request: web.Request) -> web.Response | None:
        until = self._tokens.get(request.query.get("access_token", ""))
        if until is None:
            return _code(40001, "invalid credential, access_token is invalid or not latest")
        return _code(42001, "access_token expired") if until <= time.monotonic() else None

    async def _send(self, request: web.Request) -> web.StreamResponse:
        if refused := self._token_error(request):
            return refused
        fault = self.faults.popleft() if self.faults else self.mood()
        if fault == "500":
            return web.Response(status=502, text="bad gateway")
        if fault == "reset":
            return self._abort(request)
        if fault == "hang":
            await never_answer()
        if isinstance(fault, int):
            return _code(fault, "injected")
        raw = (await request.read()).decode()
        sent = json.loads(raw)
        assert sent["msgtype"] in ("text", "image", "news", "miniprogrampage")
        if sent["msgtype"] == "news":
            articles = sent["news"]["articles"]
            if len(articles) != 1:
                return _code(45008, "out of article count limit")
            text = _article(*(articles[0][k] for k in ("title", "description", "picurl", "url")))
        elif sent["msgtype"] == "miniprogrampage":
            card = sent["miniprogrampage"]
            if card["thumb_media_id"] not in self.uploaded:
                return _code(40007, "invalid media_id")
            text = f"[{card['title']} {card['appid']} {card['pagepath']}]"
        elif sent["msgtype"] == "image":
            if sent["image"]["media_id"] not in self.uploaded:
                return _code(40007, "invalid media_id")
            text = f"[{sent['image']['media_id']}]"
        else:
            text = sent["text"]["content"]
        assert not re.search(r"\\u[4-9a-f]", raw), "WeChat would show the escapes"
        if sent["touser"] not in self.customers:
            return _code(40003, "invalid openid")
        customer = self.customers[sent["touser"]]
        if not customer.follows:
            return _code(43004, "require subscribe")
        if not 0 < len(text.encode()) <= 2048:
            return _code(45002, "content size out of limit")
        if not any(until > time.monotonic() for until, _ in customer.grants):
            return _code(45015, "response out of time limit or subscription is canceled")
        if not customer.take():
            return _code(45047, "out of response count limit")
        process = int(request.match_info.get("process", 0))
        await let_hang_ups_arrive()
        gone = request.transport is None or request.transport.is_closing()
        heard = not gone and fault != "lost"
        self._show(Shown(sent["touser"], text, "service", process, heard))
        return self._abort(request) if fault == "lost" else _code(0, "ok")

    async def _upload(self, request: web.Request) -> web.Response:
        """ "新增临时素材": one form field "media" with a file name; pictures up to 10 MB."""
        if refused := self._token_error(request):
            return refused
        if request.query.get("type") != "image":
            return _code(40004, "invalid media type")
        media = (await request.post()).get("media")
        if not isinstance(media, web.FileField) or not media.filename:
            return _code(41005, "media data missing")
        content = media.file.read()
        if not content.startswith((b"\xff\xd8", b"\x89PNG", b"GIF8")):
            return _code(40005, "invalid file type")
        identifier = f"media-{len(self.uploaded)}"
        self.uploaded[identifier] = content
        return web.json_response(
            {"type": "image", "media_id": identifier, "created_at": int(time.time())}
        )

    async def _media(self, request: web.Request) -> web.Response:
        if refused := self._token_error(request):
            return refused
        content = self.files.get(request.query.get("media_id", ""))
        if content is None:
            return _code(40007, "invalid media_id")
        return web.Response(body=content, content_type="image/jpeg")

    async def _create_menu(self, request: web.Request) -> web.Response:
        if refused := self._token_error(request):
            return refused
        menu = json.loads((await request.read()).decode())
        buttons = menu["button"]
        if not 1 <= len(buttons) <= 3:
            return _code(40016, "invalid button size")
        for button in buttons:
            subs = button.get("sub_button", [])
            if len(subs) > 5 or len(button["name"].encode()) > 16:
                return _code(40018, "invalid button name size")
            for one in subs or [button]:
                if len(one["name"].encode()) > 60:
                    return _code(40018, "invalid button name size")
                if one["type"] == "click" and not 0 < len(one["key"].encode()) <= 128:
                    return _code(40019, "invalid button key size")
                if one["type"] == "view" and not 0 < len(one["url"].encode()) <= 1024:
                    return _code(40020, "invalid button url size")
        self.menus.append(menu)
        return _code(0, "ok")

    @staticmethod
    def _abort(request: web.Request) -> web.Response:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()


def _sign(*parts: str) -> str:
    return hashlib.sha1("".join(sorted(parts)).encode()).hexdigest()


def _xml(values: dict[str, Any]) -> str:
    def one(name: str, value: Any) -> str:
        return f"<{name}>{value if isinstance(value, int) else escape(str(value))}</{name}>"

    return "<xml>" + "".join(one(name, value) for name, value in values.items()) + "</xml>"


def _article(title: str, description: str, picture: str, url: str) -> str:
    assert title
    assert url.startswith("http")
    assert not picture or picture.startswith("http")
    return f"[{title} | {description} | {url}]"


def _fields(xml: str) -> dict[str, str]:
    return {element.tag: element.text or "" for element in ElementTree.fromstring(xml)}


def _aes(key: str) -> Cipher[modes.CBC]:
    raw = base64.b64decode(key + "=")
    return Cipher(algorithms.AES(raw), modes.CBC(raw[:16]))


def _encrypt(key: str, text: str, app_id: str = APP_ID) -> str:
    data = text.encode()
    plain = os.urandom(16) + struct.pack(">I", len(data)) + data + app_id.encode()
    pad = 32 - len(plain) % 32
    encryptor = _aes(key).encryptor()
    return base64.b64encode(
        encryptor.update(plain + bytes([pad]) * pad) + encryptor.finalize()
    ).decode()


def _decrypt(key: str, encrypted: str) -> str:
    decryptor = _aes(key).decryptor()
    plain = decryptor.update(base64.b64decode(encrypted)) + decryptor.finalize()
    plain = plain[: -plain[-1]]
    (length,) = struct.unpack(">I", plain[16:20])
    assert plain[20 + length :].decode() == APP_ID
    return plain[20 : 20 + length].decode()


def _code(code: int, message: str) -> web.Response:
    return web.json_response({"errcode": code, "errmsg": message})
