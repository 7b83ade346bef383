"""Guards against floods: how much one customer or one address may send, how large a request may be."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping

from aiolimiter import AsyncLimiter
from fastapi import Request
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# Keys remembered at a time; the one that was quiet for longest is forgotten first.
_KEYS = 20_000


class Rates:
    """A leaky bucket for each key.

    Args:
        per_minute: how many each key may have in a minute, all at once if it likes; 0 is no limit.
    """

    def __init__(self, per_minute: float) -> None:
        self._per_minute = per_minute
        self._buckets: OrderedDict[str, AsyncLimiter] = OrderedDict()

    async def allow(self, key: str) -> bool:
        """Tell whether ``key`` may have one more now, and count it if so."""
        if not self._per_minute:
            return True
        bucket = self._buckets.pop(key, None) or AsyncLimiter(self._per_minute, 60)
        self._buckets[key] = bucket
        if len(self._buckets) > _KEYS:
            self._buckets.popitem(last=False)
        if not bucket.has_capacity():
            return False
        await bucket.acquire()
        return True


class BodyLimit:
    """Refuses requests whose body is too long, before anything reads them into memory.

    Args:
        most_bytes: longest body.
        larger: other limits, by the beginning of the path.
    """

    def __init__(self, app: ASGIApp, most_bytes: int, larger: Mapping[str, int]) -> None:
        self._app = app
        self._most_bytes = most_bytes
        self._larger = larger

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and stop it where its body goes beyond the limit."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path = scope["path"]
        most = next((n for start, n in self._larger.items() if path.startswith(start)), None)
        most = most or self._most_bytes
        stated = Headers(scope=scope).get("content-length", "")
        if stated.isdecimal() and int(stated) > most:
            refusal = PlainTextResponse(f"expected at most {most} bytes", 413)
            await refusal(scope, receive, send)
            return
        seen = 0

        async def counted() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > most:
                raise HTTPException(413, f"expected at most {most} bytes")
            return message

        await self._app(scope, counted, send)


async def read_body(request: Request, limit_bytes: int) -> bytes:
    """Return the body of a request.

    Raises:
        HTTPException: 413 when it is longer than ``limit_bytes``, read no further than that; 400 when
            the sender hung up before the end.
    """
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > limit_bytes:
                raise HTTPException(413, f"expected at most {limit_bytes} bytes")
    except ClientDisconnect as gone:
        raise HTTPException(400, "expected the whole body, the sender hung up") from gone
    return bytes(body)
