"""Chatwoot's HTTP interface, as far as a hand-off needs it.

The customer's side goes through the client API of an API inbox, what only people may see through the
application API with a token (https://developers.chatwoot.com/api-reference/introduction).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx

from bot.conversations.files import LIMIT_BYTES

_TIMEOUT_S = 10.0


class ChatwootError(RuntimeError):
    """Chatwoot did not do what was asked; the message says what it answered."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A file to send."""

    name: str
    content: bytes
    media_type: str


class ChatwootClient:
    """Talks to one inbox of one account.

    Args:
        url: address of the installation.
        account: number of the account.
        inbox: identifier of the API inbox.
        token: an agent's or agent bot's access token.
        transport: how requests travel; the network if not given.
    """

    def __init__(
        self,
        url: str,
        account: int,
        inbox: str,
        token: str,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._public = f"/public/api/v1/inboxes/{inbox}/contacts"
        self._private = f"/api/v1/accounts/{account}/conversations"
        self._token = {"api_access_token": token}
        self._host = urlsplit(url).netloc
        self._http = httpx.AsyncClient(base_url=url, timeout=_TIMEOUT_S, transport=transport)

    async def contact(self, identifier: str, name: str, attributes: dict[str, str]) -> str:
        """Return the source id of a customer; the same identifier gives the same contact."""
        answer = await self._post(
            self._public,
            {"identifier": identifier, "name": name, "custom_attributes": attributes},
        )
        return str(answer["source_id"])

    async def conversation(self, source_id: str) -> int:
        """Open a conversation of a customer; returns its number."""
        answer = await self._post(f"{self._public}/{source_id}/conversations", {})
        return int(answer["id"])

    async def customer_says(
        self,
        source_id: str,
        conversation: int,
        text: str,
        echo: str,
        files: Sequence[Upload] = (),
    ) -> None:
        """Add a customer's message: words, files, or both."""
        path = f"{self._public}/{source_id}/conversations/{conversation}/messages"
        body = {"content": text, "echo_id": echo}
        if not files:
            await self._post(path, body)
            return
        parts = [("attachments[]", (f.name, f.content, f.media_type)) for f in files]
        await self._send(path, data=body, files=parts)

    async def fetch(self, url: str) -> bytes | None:
        """Return a file of this installation; ``None`` for one that lies elsewhere or is too large to keep.

        Chatwoot answers with a redirection to its storage, which is followed.

        Raises:
            ChatwootError: it could not be had.
        """
        if urlsplit(url).netloc != self._host:
            return None
        content = bytearray()
        try:
            async with self._http.stream("GET", url, follow_redirects=True) as response:
                response.raise_for_status()
                async for part in response.aiter_bytes():
                    content += part
                    if len(content) > LIMIT_BYTES:
                        return None
        except httpx.HTTPError as error:
            raise ChatwootError(f"expected a file from Chatwoot at {url}: {error}") from error
        return bytes(content)

    async def note(self, conversation: int, text: str) -> None:
        """Add a note that the customer never sees."""
        await self._post(
            f"{self._private}/{conversation}/messages",
            {"content": text, "message_type": "outgoing", "private": True},
            self._token,
        )

    async def set_status(self, conversation: int, status: str) -> None:
        """Make a conversation ``open`` or ``resolved``."""
        await self._post(
            f"{self._private}/{conversation}/toggle_status", {"status": status}, self._token
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def _post(
        self, path: str, body: dict[str, Any], headers: dict[str, str] | None = None
    ) -> dict[str, Any]:
        return await self._send(path, json=body, headers=headers)

    async def _send(self, path: str, **request: Any) -> dict[str, Any]:
        try:
            response = await self._http.post(path, **request)
            response.raise_for_status()
            answer = response.json() if response.content else {}
        except httpx.HTTPStatusError as error:
            raise ChatwootError(
                f"expected success from Chatwoot for {path}, got {error.response.status_code}: "
                f"{error.response.text[:200]}"
            ) from error
        except (httpx.TransportError, ValueError) as error:
            raise ChatwootError(f"expected an answer from Chatwoot for {path}: {error}") from error
        return answer if isinstance(answer, dict) else {}
