"""Chatwoot's HTTP interface, as far as a hand-off needs it.

The customer's side goes through the client API of an API inbox, what only people may see through the
application API with a token (https://developers.chatwoot.com/api-reference/introduction).
"""

from __future__ import annotations

from typing import Any

import httpx

_TIMEOUT_S = 10.0


class ChatwootError(RuntimeError):
    """Chatwoot did not do what was asked; the message says what it answered."""


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

    async def customer_says(self, source_id: str, conversation: int, text: str, echo: str) -> None:
        """Add a customer's message."""
        await self._post(
            f"{self._public}/{source_id}/conversations/{conversation}/messages",
            {"content": text, "echo_id": echo},
        )

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
        try:
            response = await self._http.post(path, json=body, headers=headers)
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
