"""Telegram's Bot API on a loopback port, strict where the documentation is.

Built from https://core.telegram.org/bots/api and .../bots/faq: token in the path, form parameters,
``{"ok": …}`` answers, getUpdates offsets, text limits counted after entity parsing, callback data
of 1 to 64 bytes, flood limits answered with 429 and ``retry_after``.
"""

# ruff: noqa: N802 - handlers are named like the methods of the Bot API

from __future__ import annotations

import asyncio
import html
import itertools
import json
import re
import time
from collections import defaultdict, deque
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

from aiohttp import web

from tests.connectors.site import Site, let_hang_ups_arrive, never_answer

TOKEN = "123456789:AAF4keT0kenF0rTestsOnly-abcdefghijk"
BOT_ID = 123456789
BOT_NAME = "yingda_test_bot"
_ALLOWED_TAGS = {"b", "i", "u", "s", "a", "code", "pre"}


class BadRequest(Exception):  # noqa: N818 - Telegram's words
    """Answered as error 400."""


@dataclass
class Sent:
    """One message that arrived at a chat; ``process`` is who sent it, when its address says so."""

    chat_id: int
    text: str
    at: float
    raw: dict[str, str]
    keyboard: list[list[dict[str, str]]] = field(default_factory=list)
    process: int = 0
    heard: bool = True


class _Entities(HTMLParser):
    """Telegram's HTML: few tags, all closed, ``&lt; &gt; &amp; &quot;`` and numbers as entities."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.text = ""
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in _ALLOWED_TAGS:
            raise BadRequest(f'can\'t parse entities: Unsupported start tag "{tag}"')
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            raise BadRequest("can't parse entities: Unexpected end tag")

    def handle_data(self, data: str) -> None:
        self.text += data


class FakeTelegram(Site):
    """The server. ``faults`` are used up by message calls, one each: an int is a ``retry_after``,
    "500" an internal error, "reset" a connection that breaks before anything was done,
    "hang" one on which nothing comes."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[Sent] = []
        self.calls: list[tuple[str, dict[str, str]]] = []
        self.files: dict[str, bytes] = {}
        self.uploaded: dict[str, bytes] = {}
        self.answered_queries: list[dict[str, str]] = []
        self.blocked: set[int] = set()
        self.faults: deque[int | str] = deque()
        self.start_faults: deque[int | str] = deque()
        self.webhook: dict[str, str] = {}
        self.refused_at = 0.0
        self.flooded = 0
        self.enforce_floods = True
        self._waiting: list[dict[str, Any]] = []
        self._arrived = asyncio.Event()
        self.last_update_id = 700_000_000
        self._message_ids = itertools.count(1)
        self._times: dict[object, deque[float]] = defaultdict(deque)

    def application(self) -> web.Application:
        app = web.Application()
        app.router.add_get("/file/bot{token}/{path:.+}", self._file)
        for before in ("", r"/of/{process:\d+}"):
            app.router.add_route("*", before + "/bot{token}/{method}", self._serve)
        return app

    # ---- what a customer does --------------------------------------------------------------

    def update(self, **content: Any) -> dict[str, Any]:
        """Return a new update, which getUpdates hands out."""
        self.last_update_id += 1
        made = {"update_id": self.last_update_id, **content}
        self._waiting.append(made)
        self._arrived.set()
        return made

    def message(
        self, chat: int, text: str | None = None, *, kind: str = "message", **more: Any
    ) -> dict[str, Any]:
        """Return the update of a message in a private chat, or in a group when ``chat`` is negative."""
        user = more.pop("user", abs(chat))
        message: dict[str, Any] = {
            "message_id": next(self._message_ids),
            "date": int(time.time()),
            "chat": {"id": chat, "type": "private" if chat > 0 else "supergroup"},
            "from": {
                "id": user, "is_bot": False, "first_name": "Li",
                "language_code": more.pop("language_code", "zh-hans"),
            },
        }  # fmt: skip
        if text is not None:
            message["text"] = text
            entities = [
                {"type": kind_, "offset": _utf16(text[: m.start()]), "length": _utf16(m[0])}
                for kind_, pattern in (
                    ("bot_command", r"^/\w+(@\w+)?"),
                    ("mention", r"(?<!\w)@\w+"),
                )
                for m in re.finditer(pattern, text)
            ]
            if entities:
                message["entities"] = entities
        return self.update(**{kind: message | more})

    def press(self, sent: Sent, row: int, user: int | None = None) -> dict[str, Any]:
        """Return the update of a pressed inline button."""
        data = sent.keyboard[row][0]["callback_data"]
        return self.press_data(sent.chat_id, data, user)

    def press_data(self, chat: int, data: str, user: int | None = None) -> dict[str, Any]:
        return self.update(
            callback_query={
                "id": str(next(self._message_ids)),
                "from": {"id": user or chat, "is_bot": False, "first_name": "Li"},
                "chat_instance": "1",
                "data": data,
                "message": {
                    "message_id": 1, "date": int(time.time()),
                    "chat": {"id": chat, "type": "private"},
                },
            }
        )  # fmt: skip

    def texts(self, chat: int) -> list[str]:
        """Return what a chat shows of the bot."""
        return [sent.text for sent in self.sent if sent.chat_id == chat]

    # ---- the API ---------------------------------------------------------------------------

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        if request.match_info["token"] != TOKEN:
            return _error(401, "Unauthorized")
        values = {}
        for key, value in (await request.post()).items():
            if isinstance(value, web.FileField):
                # A file in the request itself stands under the name of its parameter.
                self.uploaded[value.filename] = value.file.read()
                values[key] = value.filename
            else:
                values[key] = str(value)
        self.calls.append((method, values))
        faults = self.start_faults if method == "getMe" else self.faults
        if faults and method in ("getMe", "sendMessage", "sendPhoto"):
            fault = faults.popleft()
            self.refused_at = time.monotonic()
            if fault == "reset":
                assert request.transport is not None
                request.transport.abort()
                return web.Response()
            if fault == "hang":
                await never_answer()
            if fault == "500":
                return _error(500, "Internal Server Error")
            return _error(429, f"Too Many Requests: retry after {fault}", retry_after=fault)
        try:
            before = len(self.sent)
            response: web.Response = await getattr(self, f"_{method}")(values)
            mine = self.sent[before:]
            for sent in mine:
                sent.process = int(request.match_info.get("process", 0))
            if mine:
                await let_hang_ups_arrive()
            if request.transport is None or request.transport.is_closing():
                for sent in mine:
                    sent.heard = False
            return response
        except BadRequest as error:
            return _error(400, f"Bad Request: {error}")

    async def _file(self, request: web.Request) -> web.Response:
        content = self.files.get(request.match_info["path"].removeprefix("files/"))
        if request.match_info["token"] != TOKEN or content is None:
            return web.Response(status=404)
        return web.Response(body=content)

    async def _getFile(self, values: dict[str, str]) -> web.Response:
        if values["file_id"] not in self.files:
            raise BadRequest("wrong file_id or the file is temporarily unavailable")
        identifier = values["file_id"]
        return _ok(
            {"file_id": identifier, "file_unique_id": "u", "file_path": f"files/{identifier}"}
        )

    async def _getMe(self, _: dict[str, str]) -> web.Response:
        return _ok({"id": BOT_ID, "is_bot": True, "first_name": "Yingda", "username": BOT_NAME})

    async def _getUpdates(self, values: dict[str, str]) -> web.Response:
        if self.webhook:
            return _error(409, "Conflict: can't use getUpdates method while webhook is active")
        offset = int(values.get("offset", 0))
        self._waiting = [u for u in self._waiting if u["update_id"] >= offset]
        deadline = time.monotonic() + float(values.get("timeout", 0))
        while not self._waiting and time.monotonic() < deadline:
            self._arrived.clear()
            try:
                async with asyncio.timeout(deadline - time.monotonic()):
                    await self._arrived.wait()
            except TimeoutError:
                break
        return _ok(self._waiting[: int(values.get("limit", 100))])

    async def _setWebhook(self, values: dict[str, str]) -> web.Response:
        if not values["url"].startswith("https://"):
            raise BadRequest("bad webhook: An HTTPS URL must be provided for webhook")
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,256}", values.get("secret_token", "x")):
            raise BadRequest("secret token contains unallowed characters")
        self.webhook = values
        return _ok(True)

    async def _deleteWebhook(self, _: dict[str, str]) -> web.Response:
        self.webhook = {}
        return _ok(True)

    async def _getWebhookInfo(self, _: dict[str, str]) -> web.Response:
        info = {
            "url": self.webhook.get("url", ""), "has_custom_certificate": False,
            "pending_update_count": 0,
            "allowed_updates": json.loads(self.webhook.get("allowed_updates", "[]")),
        }  # fmt: skip
        return _ok(info)

    async def _setMyCommands(self, values: dict[str, str]) -> web.Response:
        for command in json.loads(values["commands"]):
            if not re.fullmatch(r"[a-z0-9_]{1,32}", command["command"]):
                raise BadRequest("BOT_COMMAND_INVALID")
            if not 1 <= len(command["description"]) <= 256:
                raise BadRequest("BOT_COMMAND_DESCRIPTION_INVALID")
        return _ok(True)

    async def _answerCallbackQuery(self, values: dict[str, str]) -> web.Response:
        if _utf16(values.get("text", "")) > 200:
            raise BadRequest("MESSAGE_TOO_LONG")
        self.answered_queries.append(values)
        return _ok(True)

    async def _sendChatAction(self, values: dict[str, str]) -> web.Response:
        return _ok(True)

    async def _sendMessage(self, values: dict[str, str]) -> web.Response:
        return self._send(values, values.get("text", ""), 4096)

    async def _sendPhoto(self, values: dict[str, str]) -> web.Response:
        if not values["photo"].endswith((".png", ".jpg")):
            raise BadRequest("wrong type of the web page content")
        content = self.uploaded.get(values["photo"])
        if content is not None and not content.startswith((b"\xff\xd8", b"\x89PNG")):
            raise BadRequest("IMAGE_PROCESS_FAILED")
        return self._send(values, values.get("caption", "") or "[photo]", 1024)

    async def _sendDocument(self, values: dict[str, str]) -> web.Response:
        if not self.uploaded[values["document"]]:
            raise BadRequest("file must be non-empty")
        return self._send(values, values.get("caption", "") or "[document]", 1024)

    def _send(self, values: dict[str, str], text: str, limit: int) -> web.Response:
        chat_id = int(values["chat_id"])
        if chat_id in self.blocked:
            return _error(403, "Forbidden: bot was blocked by the user")
        if values.get("parse_mode") == "HTML":
            bare = html.unescape(re.sub(r"</?[^>]*>", "", text))
            parser = _Entities()
            parser.feed(text)
            parser.close()
            if parser.open or "<" in re.sub(r"</?\w+[^>]*>", "", text):
                raise BadRequest("can't parse entities: Can't find end tag")
            text = bare
        if not text.strip():
            raise BadRequest("message text is empty")
        if _utf16(text) > limit:
            raise BadRequest("message is too long")
        keyboard = json.loads(values.get("reply_markup", "{}")).get("inline_keyboard", [])
        for button in itertools.chain(*keyboard):
            if not 1 <= len(button["callback_data"].encode()) <= 64:
                raise BadRequest("BUTTON_DATA_INVALID")
        if (wait := self._flood(chat_id)) is not None:
            return _error(429, f"Too Many Requests: retry after {wait}", retry_after=wait)
        self.sent.append(Sent(chat_id, text, time.monotonic(), values, keyboard))
        message = {
            "message_id": next(self._message_ids), "date": int(time.time()), "text": text,
            "chat": {"id": chat_id, "type": "private" if chat_id > 0 else "supergroup"},
        }  # fmt: skip
        return _ok(message)

    def _flood(self, chat_id: int) -> int | None:
        """Count a message; a limit that it breaks is answered with how long to wait."""
        limits: list[tuple[object, int, float]] = [("all", 30, 1.0)]
        # "avoid sending more than one message per second" in a chat; the clock of the other side
        # is not ours, so a message that is 50 ms early still passes.
        limits.append((chat_id, 1, 0.95) if chat_id > 0 else (chat_id, 20, 60.0))
        now = time.monotonic()
        for key, most, seconds in limits:
            times = self._times[key]
            while times and times[0] <= now - seconds:
                times.popleft()
            if len(times) >= most:
                self.flooded += 1
                if self.enforce_floods:
                    return max(1, round(times[0] + seconds - now))
        for key, _, _ in limits:
            self._times[key].append(now)
        return None


def _utf16(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def _ok(result: Any) -> web.Response:
    return web.json_response({"ok": True, "result": result})


def _error(code: int, description: str, **parameters: Any) -> web.Response:
    content: dict[str, Any] = {"ok": False, "error_code": code, "description": description}
    if parameters:
        content["parameters"] = parameters
    return web.json_response(content, status=code)
