"""Files that agents send: handed in first, then named in an answer, in the form that the channel can show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, HTTPException, Query, Request
from starlette.responses import JSONResponse

from bot.conversations.files import LIMIT_BYTES, FileRefusedError, Files
from bot.conversations.model import Attachment, FileKind, Link
from connectors.accounts import Talker
from connectors.base import Capabilities
from connectors.files import PATH, Uploads, refusal
from connectors.guards import read_body


class DeskFiles:
    """What agents may send where.

    Args:
        channels: what each channel can show. A file that it can't goes out as a link to it, where
            there is a public address; without one it can't be sent.
        public_url: where customers reach this installation; empty where they can't.
    """

    def __init__(
        self,
        files: Files,
        uploads: Uploads,
        channels: Mapping[str, Capabilities],
        public_url: str,
    ) -> None:
        self.files = files
        self._uploads = uploads
        self._channels = channels
        self._public_url = public_url.rstrip("/")
        # Where the platform counts what is sent after a customer's message.
        self.counted = frozenset(n for n, known in channels.items() if known.reply_window)

    def accepted(self) -> dict[str, list[FileKind]]:
        """Return which kinds of files can be sent on each channel."""
        return {
            name: [kind for kind in FileKind if self._public_url or kind in known.files]
            for name, known in self._channels.items()
        }

    def receipt(self, login: str, attachment: Attachment) -> str:
        """Return what an answer names the file by."""
        return self._uploads.receipt(_owner(login), attachment)

    def content(
        self, login: str, receipt: str, channel: str
    ) -> tuple[tuple[Attachment, ...], Link | None]:
        """Return a file as a message on ``channel`` carries it: as it is, or as a link.

        Raises:
            ValueError: for somebody else's receipt, or a file that can't be sent there.
        """
        (file,) = self._uploads.read(_owner(login), [receipt])
        return self.carried(file, channel)

    def carried(self, file: Attachment, channel: str) -> tuple[tuple[Attachment, ...], Link | None]:
        """Return a kept file as a message on ``channel`` carries it; raises ``ValueError`` like ``content``."""
        known = self._channels.get(channel)
        if known is not None and file.kind in known.files:
            return (file,), None
        if known is None or not self._public_url:
            raise ValueError(f"expected a channel that takes a {file.kind}, got {channel!r}")
        return (), Link(f"{self._public_url}{PATH}/{file.id}", file.name or file.kind)


def desk_files_router(parts: DeskFiles) -> APIRouter:
    """Return the route that takes files; the router that includes it guards against other sites."""
    router = APIRouter()

    @router.post("/files")
    async def hand_in(
        request: Request, me: Talker, name: Annotated[str, Query(max_length=1000)] = ""
    ) -> JSONResponse:
        """Take one file as the body; answers ``{"receipt", "attachment"}``."""
        try:
            file = await parts.files.keep(await read_body(request, LIMIT_BYTES), name)
        except FileRefusedError as error:
            status, why = refusal(error.reason, me.language)
            raise HTTPException(status, why) from error
        return JSONResponse({"receipt": parts.receipt(me.login, file), "attachment": asdict(file)})

    return router


def _owner(login: str) -> str:
    # No visitor is called so: their names are hexadecimal.
    return f"desk:{login}"
