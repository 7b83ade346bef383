"""Files of customers over HTTP: the widget hands them in, and who knows a file's name may read it.

Threat model. A file comes from anybody, so it is checked by ``Files`` and served so that it can do
nothing: a sandboxed content policy, no sniffing of its type, and everything but a picture as a
download. Its name is random (128 bits) and stands only in the conversation that it belongs to, so
whoever knows it may read the conversation anyway. A message may only carry files that were handed in
by the same visitor: the receipt of an upload is signed and names them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from fastapi import APIRouter, Header, Request, Response
from fastapi.responses import FileResponse, JSONResponse
from itsdangerous import BadSignature, URLSafeTimedSerializer

from bot.conversations.files import LIMIT_BYTES, FileRefusedError, Files
from bot.conversations.model import Attachment, FileKind
from bot.language import Language
from connectors.guards import Rates, read_body
from connectors.web.session import WebSessions

PATH = "/files"
_RECEIPT_GOOD_FOR_S = 24 * 3600
_PER_MINUTE = 20
_BEARER = "Bearer "
_REFUSALS = {
    "empty": (400, "这个文件是空的。", "This file is empty."),
    "size": (413, "文件太大了，最多10 MB。", "This file is too large, 10 MB at most."),
    "type": (
        415,
        "只能发图片（JPG、PNG、WebP、GIF）、PDF或MP4视频。",
        "Only pictures (JPG, PNG, WebP, GIF), PDFs and MP4 videos can be sent.",
    ),
    "virus": (422, "这个文件没有通过安全检查。", "This file did not pass the security check."),
    "rate": (429, "发得太快了，请稍等一会儿。", "That was quick. Please wait a moment."),
}


class Uploads:
    """Receipts for files that were handed in.

    Args:
        key: the installation's session key.
    """

    def __init__(self, key: str) -> None:
        self._serializer = URLSafeTimedSerializer(key, salt="yingda-upload")

    def receipt(self, user: str, attachment: Attachment) -> str:
        """Return what a message names the file by."""
        return str(self._serializer.dumps([user, asdict(attachment)]))

    def read(self, user: str, receipts: Sequence[str]) -> tuple[Attachment, ...]:
        """Return the files of one visitor's receipts.

        Raises:
            ValueError: when a receipt is forged, too old or somebody else's.
        """
        found = []
        for receipt in receipts:
            try:
                owner, data = self._serializer.loads(receipt, max_age=_RECEIPT_GOOD_FOR_S)
            except BadSignature as error:
                raise ValueError("expected a receipt that we signed today") from error
            if owner != user:
                raise ValueError("expected a receipt of this visitor")
            found.append(Attachment(**{**data, "kind": FileKind(data["kind"])}))
        return tuple(found)


def files_router(files: Files, sessions: WebSessions, uploads: Uploads) -> APIRouter:
    """Return the routes."""
    router = APIRouter(prefix=PATH, include_in_schema=False)
    rates = Rates(_PER_MINUTE)

    @router.post("")
    async def hand_in(
        request: Request, name: str = "", authorization: str = Header("")
    ) -> JSONResponse:
        """Take one file as the body; answers ``{"receipt", "attachment"}``."""
        user = sessions.user_of(authorization.removeprefix(_BEARER))
        if user is None:
            return JSONResponse({"error": {"code": "session"}}, 401)
        if not await rates.allow(user):
            return _refused("rate")
        if int(request.headers.get("content-length") or 0) > LIMIT_BYTES:
            return _refused("size")
        try:
            attachment = await files.keep(await read_body(request, LIMIT_BYTES), name)
        except FileRefusedError as error:
            return _refused(error.reason)
        receipt = uploads.receipt(user, attachment)
        return JSONResponse({"receipt": receipt, "attachment": asdict(attachment)})

    @router.get("/{identifier}")
    async def read(identifier: str) -> Response:
        """Return one file."""
        try:
            path = files.path_of(identifier)
        except ValueError:
            return Response(status_code=404)
        if not path.is_file():
            return Response(status_code=404)
        media_type = files.media_type_of(identifier)
        headers: dict[str, Any] = {
            "Cache-Control": "private, max-age=86400, immutable",
            "Content-Security-Policy": "default-src 'none'; sandbox",
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
            "Cross-Origin-Resource-Policy": "cross-origin",
        }
        if not media_type.startswith("image/"):
            headers["Content-Disposition"] = "attachment"
        return FileResponse(path, media_type=media_type, headers=headers)

    return router


def refusal(reason: str, language: Language) -> tuple[int, str]:
    """Return the status and the words for a file that was not taken."""
    status, zh, en = _REFUSALS[reason]
    return status, zh if language == "zh" else en


def _refused(reason: str) -> JSONResponse:
    status, zh, en = _REFUSALS[reason]
    return JSONResponse({"error": {"code": reason, "zh": zh, "en": en}}, status)
