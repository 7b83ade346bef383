"""WeCom customer service as its documentation describes it ("微信客服", developer.work.weixin.qq.com).

It signs and encrypts callbacks, gives messages by cursor, and counts what may be sent as WeCom does.
"""

from __future__ import annotations

import itertools
import json
import os
import re
import time
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
from aiohttp import web

from tests.connectors.site import Site, let_hang_ups_arrive, never_answer
from tests.connectors.wechat.fake import _code, _encrypt, _sign, _xml

CORP_ID = "ww1234567890abcdef"
ACCOUNT = "wkAJ2GCAAASSm4_FhToWMFea0xAFfd3Q"
SECRET = "kfSecretForTestsOnly0123456789abcdefghijklm"
TOKEN = "signsKfCallbacks"
AES_KEY = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFG"
PATH = "/webhooks/wecom"


@dataclass
class Session:
    """One customer's session: who has it, and until when how many messages may be sent."""

    state: int = 4
    until: float = 0.0
    left: int = 0
    menus: list[list[dict[str, Any]]] = field(default_factory=list)


class FakeWeCom(Site):
    """One enterprise with one service account. ``faults`` are used up by messages sent: an error code, or
    "500", "reset", "hang" (nothing was done) and "lost" (done, but nobody hears of it)."""

    def __init__(self) -> None:
        super().__init__()
        self.http: httpx.AsyncClient | None = None
        self.aes_key = AES_KEY
        self.shown: list[tuple[str, str, str]] = []  # customer, text, way
        # Called with customer, text, process that sent it, and whether it heard that it had.
        self.on_shown: Callable[[str, str, int, bool], object] = lambda *_: None
        self.faults: deque[int | str] = deque()
        self.mood: Callable[[], int | str | None] = lambda: None
        self.sync_faults: deque[int] = deque()
        self.sync_mood: Callable[[], int | None] = lambda: None
        self.sync_calls: list[dict[str, Any]] = []
        self.token_calls = 0
        self.sessions: defaultdict[str, Session] = defaultdict(Session)
        self.codes: dict[str, tuple[str, float]] = {}
        self.files: dict[str, bytes] = {}
        self.page = 1000
        self._log: list[dict[str, Any]] = []
        self._callback_tokens: dict[str, float] = {}
        self._token = ""
        self._ids = itertools.count(1)

    def application(self) -> web.Application:
        app = web.Application()
        for before in ("", r"/of/{process:\d+}"):
            app.router.add_get(before + "/cgi-bin/gettoken", self._gettoken)
            app.router.add_get(before + "/cgi-bin/media/get", self._media)
            app.router.add_post(before + "/cgi-bin/kf/sync_msg", self._sync)
            app.router.add_post(before + "/cgi-bin/kf/send_msg", self._send)
            app.router.add_post(before + "/cgi-bin/kf/send_msg_on_event", self._send_on_event)
            app.router.add_post(before + "/cgi-bin/kf/service_state/get", self._state)
            app.router.add_post(before + "/cgi-bin/kf/service_state/trans", self._trans)
        return app

    def settings(self) -> dict[str, Any]:
        """Return what the app must be set to."""
        return {
            "wecom_corp_id": CORP_ID, "wecom_secret": SECRET, "wecom_token": TOKEN,
            "wecom_aes_key": AES_KEY, "wecom_api_url": self.url,
        }  # fmt: skip

    # ---- customers and callbacks ------------------------------------------------------------

    def message(self, customer: str, kind: str, **content: Any) -> dict[str, Any]:
        """Return a message of a customer."""
        return {
            "msgid": f"4622416642169452{next(self._ids):04d}", "open_kfid": ACCOUNT,
            "external_userid": customer, "send_time": int(time.time()), "origin": 3,
            "msgtype": kind, kind: content,
        }  # fmt: skip

    def entered(self, customer: str, **more: str) -> dict[str, Any]:
        """Return the event of a customer who opens the chat and may be welcomed."""
        code = f"code{next(self._ids)}"
        self.codes[code] = (customer, time.monotonic() + 20)
        event = {"event_type": "enter_session", "open_kfid": ACCOUNT, "external_userid": customer}
        return {
            "msgid": f"event{next(self._ids)}", "send_time": int(time.time()), "origin": 4,
            "msgtype": "event", "event": {**event, "scene": "1", "welcome_code": code, **more},
        }  # fmt: skip

    def press(self, customer: str, index: int) -> dict[str, Any]:
        """Return what a click into the last menu sends: its text, with its id."""
        click = self.sessions[customer].menus[-1][index]["click"]
        return self.message(customer, "text", content=click["content"], menu_id=click["id"])

    async def deliver(self, *items: dict[str, Any], call: bool = True) -> int:
        """Put items into the account's log and call back; a repeated one is in it twice."""
        for item in items:
            if item["origin"] == 3:
                session = self.sessions[item["external_userid"]]
                session.until, session.left = time.monotonic() + 48 * 3600, 5
                session.state = 0 if session.state == 4 else session.state
            self._log.append(item)
        return (await self.post(*self.sealed())).status_code if call else 0

    def sealed(self, event: str = "kf_msg_or_event") -> tuple[dict[str, str], bytes]:
        """Return query and body of a callback."""
        token = f"ENC{os.urandom(16).hex()}"
        self._callback_tokens[token] = time.monotonic() + 600
        plain = _xml({
            "ToUserName": CORP_ID, "CreateTime": int(time.time()), "MsgType": "event",
            "Event": event, "Token": token, "OpenKfId": ACCOUNT,
        })  # fmt: skip
        query, encrypted = self.signed(plain)
        outer = {"ToUserName": CORP_ID, "AgentID": "", "Encrypt": encrypted}
        return query, _xml(outer).encode()

    def signed(self, plain: str) -> tuple[dict[str, str], str]:
        """Return the query and the encrypted text."""
        encrypted = _encrypt(self.aes_key, plain, CORP_ID)
        stamp, nonce = str(int(time.time())), str(int.from_bytes(os.urandom(4)))
        signature = _sign(TOKEN, stamp, nonce, encrypted)
        return {"timestamp": stamp, "nonce": nonce, "msg_signature": signature}, encrypted

    async def post(self, query: dict[str, str], body: bytes) -> httpx.Response:
        assert self.http is not None
        return await self.http.post(PATH, params=query, content=body)

    def texts(self, customer: str) -> list[str]:
        """Return what a customer sees of us."""
        return [text for to, text, _ in self.shown if to == customer]

    # ---- the API ----------------------------------------------------------------------------

    def expire_token(self) -> None:
        """The access token is worthless before its time, as WeCom reserves."""
        self._token = ""

    def forget_callback_tokens(self) -> None:
        """Ten minutes have passed since the callbacks so far."""
        self._callback_tokens.clear()

    async def _gettoken(self, request: web.Request) -> web.Response:
        self.token_calls += 1
        if request.query.get("corpid") != CORP_ID:
            return _code(40013, "invalid corpid")
        if request.query.get("corpsecret") != SECRET:
            return _code(40001, "invalid credential")
        self._token = self._token or f"token-{os.urandom(16).hex()}"
        return web.json_response(
            {"errcode": 0, "errmsg": "ok", "access_token": self._token, "expires_in": 7200}
        )

    def _refused(self, request: web.Request) -> web.Response | None:
        good = self._token and request.query.get("access_token") == self._token
        return None if good else _code(40014, "invalid access_token")

    async def _sync(self, request: web.Request) -> web.Response:
        if refused := self._refused(request):
            return refused
        asked = await request.json()
        self.sync_calls.append(asked)
        fault = self.sync_faults.popleft() if self.sync_faults else self.sync_mood()
        if fault:
            return _code(fault, "injected")
        if asked["open_kfid"] != ACCOUNT:
            return _code(95004, "open_kfid not exist")
        if "token" in asked and self._callback_tokens.get(asked["token"], 0) < time.monotonic():
            return _code(95007, "invalid msg token")
        assert 0 < asked["limit"] <= 1000
        start = int(asked.get("cursor", "c0")[1:])
        end = min(len(self._log), start + self.page)
        return web.json_response({
            "errcode": 0, "errmsg": "ok", "next_cursor": f"c{end}",
            "has_more": int(end < len(self._log)), "msg_list": self._log[start:end],
        })  # fmt: skip

    def _content(self, sent: dict[str, Any]) -> str | web.Response:
        if sent["msgtype"] == "text":
            text = sent["text"]["content"]
            return text if 0 < len(text.encode()) <= 2048 else _code(40058, "invalid text size")
        assert sent["msgtype"] == "msgmenu"
        menu = sent["msgmenu"]
        if len(menu["head_content"].encode()) > 1024 or len(menu["list"]) > 10:
            return _code(40058, "invalid menu size")
        for entry in menu["list"]:
            assert entry["type"] == "click"
            if not 0 < len(entry["click"]["id"].encode()) <= 64:
                return _code(40058, "invalid menu id")
            if not 0 < len(entry["click"]["content"].encode()) <= 128:
                return _code(40058, "invalid menu content")
        return str(menu["head_content"])

    def _show(self, customer: str, sent: dict[str, Any], text: str, way: str) -> None:
        if sent["msgtype"] == "msgmenu":
            self.sessions[customer].menus.append(sent["msgmenu"]["list"])
        self.shown.append((customer, text, way))

    async def _send(self, request: web.Request) -> web.Response:
        if refused := self._refused(request):
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
        assert not re.search(r"\\u[4-9a-f]", raw)
        assert re.fullmatch(r"[0-9a-zA-Z_-]{1,32}", sent.get("msgid", "x"))
        if sent["open_kfid"] != ACCOUNT:
            return _code(95004, "open_kfid not exist")
        if sent["touser"] not in self.sessions:
            return _code(40096, "invalid external userid")
        session = self.sessions[sent["touser"]]
        if session.state == 4:
            return _code(95013, "conversation end")
        if session.state not in (0, 1):
            return _code(95018, "send msg session status invalid")
        if session.until < time.monotonic():
            return _code(95002, "send msg session expired")
        if not session.left:
            return _code(95001, "send msg count limit")
        text = self._content(sent)
        if isinstance(text, web.Response):
            return text
        session.left -= 1
        self._show(sent["touser"], sent, text, "message")
        await let_hang_ups_arrive()
        gone = request.transport is None or request.transport.is_closing()
        process = int(request.match_info.get("process", 0))
        self.on_shown(sent["touser"], text, process, not gone and fault != "lost")
        if fault == "lost":
            return self._abort(request)
        return web.json_response({"errcode": 0, "errmsg": "ok", "msgid": sent.get("msgid", "x")})

    @staticmethod
    def _abort(request: web.Request) -> web.Response:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    async def _send_on_event(self, request: web.Request) -> web.Response:
        if refused := self._refused(request):
            return refused
        sent = await request.json()
        customer, until = self.codes.pop(sent["code"], ("", 0.0))
        if until < time.monotonic():
            return _code(40029, "invalid code")
        text = self._content(sent)
        if isinstance(text, web.Response):
            return text
        self._show(customer, sent, text, "welcome")
        return web.json_response({"errcode": 0, "errmsg": "ok", "msgid": "x"})

    async def _state(self, request: web.Request) -> web.Response:
        if refused := self._refused(request):
            return refused
        asked = await request.json()
        state = self.sessions[asked["external_userid"]].state
        return web.json_response({"errcode": 0, "errmsg": "ok", "service_state": state})

    async def _trans(self, request: web.Request) -> web.Response:
        if refused := self._refused(request):
            return refused
        asked = await request.json()
        session, wanted = self.sessions[asked["external_userid"]], asked["service_state"]
        allowed = {0: {1, 2, 3, 4}, 1: {2, 3, 4}, 2: {3, 4}, 3: {3, 4}, 4: set()}
        if wanted not in allowed[session.state]:
            return _code(95016, "not allow to change session state")
        session.state = wanted
        return web.json_response({"errcode": 0, "errmsg": "ok", "msg_code": "m1"})

    async def _media(self, request: web.Request) -> web.Response:
        if refused := self._refused(request):
            return refused
        content = self.files.get(request.query.get("media_id", ""))
        if content is None:
            return _code(40007, "invalid media_id")
        return web.Response(body=content, content_type="image/png")
