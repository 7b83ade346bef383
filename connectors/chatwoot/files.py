"""Files on their way between our customers and agents in Chatwoot.

Threat model. The webhook's address is a secret, but what a call says is not believed further than that:
a file is fetched from Chatwoot's own address only (which may send us on to its storage), never more of
it than we keep, and it goes through the same checks as a customer's. A file that does not pass, or that
lies elsewhere, reaches the customer as a link with its address in plain sight.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

import structlog

from bot.conversations.files import FileRefusedError
from bot.conversations.model import Attachment, FileKind, Link
from bot.language import Language
from connectors.chatwoot.client import ChatwootClient, ChatwootError, Upload
from connectors.desk.files import DeskFiles

_log = structlog.get_logger(__name__)

_NAMES = {
    FileKind.PICTURE: {"zh": "图片", "en": "Picture"},
    FileKind.FILE: {"zh": "文件", "en": "File"},
}


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file of an agent's message: where Chatwoot has it."""

    url: str

    @property
    def name(self) -> str:
        """What the agent called it."""
        return unquote(urlsplit(self.url).path.rpartition("/")[2]) or "file"


class Carried(NamedTuple):
    """A file as one message to a customer: attached, or as a link to it."""

    attachments: tuple[Attachment, ...]
    link: Link | None


class ChatwootFiles:
    """Brings files from one side to the other.

    Args:
        client: fetches those of agents.
        files: keeps them, and knows what each channel can show.
    """

    def __init__(self, client: ChatwootClient, files: DeskFiles) -> None:
        self._client = client
        self._files = files

    async def of_customer(self, attachments: Sequence[Attachment]) -> list[Upload]:
        """Return a customer's files for sending; those deleted meanwhile are left out."""
        uploads = []
        for one in attachments:
            path = self._files.files.path_of(one.id)
            try:
                content = await asyncio.to_thread(path.read_bytes)
            except FileNotFoundError:
                continue
            uploads.append(Upload(one.name or one.id, content, one.media_type))
        return uploads

    async def of_agent(self, file: RemoteFile, channel: str) -> Carried:
        """Fetch an agent's file and return it as ``channel`` carries it.

        Raises:
            ChatwootError: it can't be had now.
        """
        content = await self._client.fetch(file.url)
        if content is not None:
            try:
                kept = await self._files.files.keep(content, file.name)
                return Carried(*self._files.carried(kept, channel))
            except (FileRefusedError, ValueError) as error:
                _log.info("an agent's file goes out as a link", reason=str(error))
        if urlsplit(file.url).scheme not in {"http", "https"}:
            raise ChatwootError(f"expected the web address of a file, got {file.url[:80]!r}")
        return Carried((), Link(file.url, file.name))


def told(text: str, attachments: Sequence[Attachment], language: Language) -> str:
    """Return a message in words, its files by kind and name."""
    names = [f"[{_NAMES[one.kind][language]}] {one.name}".rstrip() for one in attachments]
    return "\n".join(filter(None, [text, *names]))
