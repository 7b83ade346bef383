"""The client of a shop's order API: time-outs, a few tries, and a rest when nobody answers.

A request is tried three times with growing, random pauses; after several requests in a row failed,
none is sent for a while (a circuit breaker), so that customers hear at once that the shop's system
is down, and it can come back in peace. Changes carry an ``Idempotency-Key``: a try whose answer was
lost does not change an order twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote

import httpx
import stamina
import structlog
from purgatory import AsyncCircuitBreakerFactory
from purgatory.domain.model import OpenedState
from pydantic import TypeAdapter, ValidationError

from bot.orders.book import BookDownError, ChangeRefusedError, UnknownOrderError
from bot.orders.fields import Changes
from bot.orders.model import Order
from bot.orders.remote.wire import OrderBody, RefusalBody, changes_to_json

_log = structlog.get_logger(__name__)

_ATTEMPTS = 3
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.1, 1.0
_FAILURES_TO_REST, _REST_S = 3, 20.0
_ORDERS = TypeAdapter(list[OrderBody])


class _TryAgainError(Exception):
    """The shop answered that it can't answer now."""


class HttpOrderBook:
    """Orders in a shop's own system, behind the API that docs/order-api.yml describes.

    Args:
        url: the API's address, for instance ``https://shop.example/api/support/v1``.
        token: sent as ``Authorization: Bearer``.
        timeout_s: seconds to wait for one answer.
        rest_s: seconds without requests after several failed.
    """

    def __init__(self, url: str, token: str, timeout_s: float, rest_s: float = _REST_S) -> None:
        self._http = httpx.AsyncClient(
            base_url=url,
            headers={"Authorization": f"Bearer {token}"},
            timeout=timeout_s,
            limits=httpx.Limits(max_connections=32),
        )
        self._breakers = AsyncCircuitBreakerFactory(
            default_threshold=_FAILURES_TO_REST, default_ttl=rest_s
        )

    async def find(self, reference: str) -> Order | None:
        """Return the order with this order or tracking number, ``None`` if there is none."""
        if not reference:
            return None
        response = await self._send("GET", f"orders/{quote(reference, safe='')}")
        if response.status_code == httpx.codes.NOT_FOUND:
            return None
        return _order(response)

    async def of_same_customer(self, order: Order, *, limit: int) -> Sequence[Order]:
        """Return at most ``limit`` orders of the same customer to the same phone, newest first."""
        return await self._list(
            {"customer_id": order.customer_id, "phone": order.phone, "limit": limit}
        )

    async def of_customer(self, customer_id: str, *, limit: int) -> Sequence[Order]:
        """Return at most ``limit`` orders of a customer, newest first."""
        return await self._list({"customer_id": customer_id, "limit": limit})

    async def _list(self, query: Mapping[str, str | int]) -> Sequence[Order]:
        response = await self._send("GET", "orders", params=query)
        if response.status_code != httpx.codes.OK:
            raise _unexpected(response)
        try:
            bodies = _ORDERS.validate_json(response.content)
        except ValidationError as error:
            raise BookDownError(f"expected orders from the shop, got: {error}") from error
        return [body.read() for body in bodies]

    async def change(
        self,
        number: str,
        changes: Changes,
        *,
        confirmed_at: datetime | None = None,
        key: str,
        at: datetime,
    ) -> Order:
        """Have the shop change an order; see ``OrderBook.change``."""
        body = changes_to_json(changes) | {"at": at.isoformat()}
        if confirmed_at:
            body["confirmed_at"] = confirmed_at.isoformat()
        response = await self._send(
            "PATCH", f"orders/{quote(number, safe='')}", json=body,
            headers={"Idempotency-Key": key},
        )  # fmt: skip
        if response.status_code == httpx.codes.NOT_FOUND:
            raise UnknownOrderError(f"expected the number of an order, got {number!r}")
        if response.status_code == httpx.codes.CONFLICT:
            try:
                refusal = RefusalBody.model_validate_json(response.content)
            except ValidationError as error:
                raise BookDownError(f"expected the reason of a refusal, got: {error}") from error
            raise ChangeRefusedError(refusal.order.read(), refusal.field)
        return _order(response)

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def _send(self, method: str, path: str, **more: Any) -> httpx.Response:
        """Return the shop's answer.

        Raises:
            BookDownError: there was none, or only that it can't answer now.
        """
        try:
            async with await self._breakers.get_breaker("order-api"):
                return await self._try(method, path, **more)
        except (httpx.TransportError, _TryAgainError) as error:
            _log.warning("order API failed", method=method, path=path, error=str(error))
            raise BookDownError(
                f"expected an answer of {self._http.base_url}, got: {error}"
            ) from error
        except OpenedState as error:
            raise BookDownError(f"{self._http.base_url} rests after several failures") from error

    async def _try(self, method: str, path: str, **more: Any) -> httpx.Response:
        async for attempt in stamina.retry_context(
            on=(httpx.TransportError, _TryAgainError),
            attempts=_ATTEMPTS,
            timeout=None,
            wait_initial=_FIRST_PAUSE_S,
            wait_max=_LONGEST_PAUSE_S,
            wait_jitter=_FIRST_PAUSE_S,
        ):
            with attempt:
                response = await self._http.request(method, path, **more)
                again = response.status_code == httpx.codes.TOO_MANY_REQUESTS
                if again or response.is_server_error:
                    raise _TryAgainError(f"status {response.status_code}")
                return response
        raise AssertionError("unreachable: the last attempt returns or raises")


def _order(response: httpx.Response) -> Order:
    if response.status_code != httpx.codes.OK:
        raise _unexpected(response)
    try:
        return OrderBody.model_validate_json(response.content).read()
    except ValidationError as error:
        raise BookDownError(f"expected an order from the shop, got: {error}") from error


def _unexpected(response: httpx.Response) -> BookDownError:
    request = response.request
    return BookDownError(
        f"expected 200 from {request.method} {request.url.path}, got {response.status_code}"
    )
