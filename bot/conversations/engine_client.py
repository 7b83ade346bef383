"""The app's line to the dialogue engine: one turn, one request."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

Event = dict[str, Any]
# Unpacking and loading takes seconds, on a busy machine many.
_LOADING_S = 120.0


class EngineError(Exception):
    """The engine did not answer a turn."""


class EngineDown(EngineError):
    """Nothing listens, or the connection broke."""


class EngineSlow(EngineError):
    """No answer within the time-out."""


class EngineFault(EngineError):
    """The engine answered with an error."""


class EngineClient:
    """Runs turns on the engine.

    Args:
        url: address of the engine, for instance ``http://127.0.0.1:5005``.
        token: the secret shared with the engine's turn channel.
        timeout_s: seconds to wait for a turn.
    """

    def __init__(self, url: str, token: str, timeout_s: float) -> None:
        self._timeout_s = timeout_s
        self._http = httpx.AsyncClient(
            base_url=url,
            headers={"Authorization": f"Bearer {token}"},
            timeout=httpx.Timeout(timeout_s, connect=2.0),
            limits=httpx.Limits(max_connections=64, max_keepalive_connections=32),
        )

    async def turn(
        self, conversation_id: str, message: str, message_id: str, metadata: Mapping[str, Any]
    ) -> list[Event]:
        """Run one turn and return its tracker events, the customer's own message first.

        Args:
            message: text, or a payload such as ``/order_status``.
            message_id: repeating the last one returns its events again and runs nothing.
            metadata: what components and actions may read: the ``language`` to answer in, and
                what the ``faq`` makes of the message (see ``bot.components.faq_arbiter``).

        Raises:
            EngineError: when the engine is down, slow or at fault.
        """
        answer = await self._post("webhook", conversation_id, message, message_id, metadata)
        events: list[Event] = answer["events"]
        return events

    async def understand(
        self, conversation_id: str, message: str, message_id: str, metadata: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Return what the engine reads in a message (Rasa's ``parse_data``); no turn is run.

        Raises:
            EngineError: as ``turn`` does.
        """
        return await self._post("understand", conversation_id, message, message_id, metadata)

    async def _post(
        self,
        what: str,
        conversation_id: str,
        message: str,
        message_id: str,
        metadata: Mapping[str, Any],
    ) -> dict[str, Any]:
        response = await self._ask(
            "POST",
            what,
            json={
                "sender": conversation_id,
                "message": message,
                "message_id": message_id,
                "metadata": metadata,
            },
        )
        answer: dict[str, Any] = response.json()
        return answer

    async def load_model(self, model: Path) -> None:
        """Have the engine load a model beside the one in use, and go over to it.

        Raises:
            EngineError: It did not; the model in use stays.
        """
        try:
            response = await self._http.put(
                "/webhooks/turn/model", json={"model": str(model)}, timeout=_LOADING_S
            )
        except httpx.TransportError as error:
            raise EngineDown(f"expected the engine to load {model}, got: {error!r}") from error
        if response.status_code != httpx.codes.OK:
            raise EngineFault(f"expected the engine to load {model}, got: {response.text}")

    async def forget(self, conversation_id: str) -> None:
        """Have the engine delete what it remembers of a conversation.

        Raises:
            EngineError: It did not say that it has.
        """
        await self._ask("DELETE", f"conversations/{conversation_id}")

    async def _ask(self, method: str, what: str, **content: Any) -> httpx.Response:
        try:
            response = await self._http.request(method, f"/webhooks/turn/{what}", **content)
        except httpx.TimeoutException as error:
            raise EngineSlow(
                f"expected an answer within {self._timeout_s:g} s, got none"
            ) from error
        except httpx.TransportError as error:
            raise EngineDown(
                f"expected the engine at {self._http.base_url}, got: {error!r}"
            ) from error
        if response.status_code != httpx.codes.OK:
            raise EngineFault(f"expected 200 from the engine, got {response.status_code}")
        return response

    async def is_up(self) -> bool:
        """Tell whether the engine's channel answers."""
        try:
            response = await self._http.get("/webhooks/turn/", timeout=2.0)
        except httpx.TransportError:
            return False
        return response.status_code == httpx.codes.OK

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()
