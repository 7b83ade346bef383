"""``POST /actions/webhook``: where the engine runs its actions, inside the app's process."""

from __future__ import annotations

import hmac
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from rasa_sdk.executor import ActionExecutor
from rasa_sdk.interfaces import ActionExecutionRejection, ActionNotFoundException


def actions_router(executor: ActionExecutor, token: str) -> APIRouter:
    """Return the route, which answers as rasa_sdk's own server does, to callers that know ``token``."""
    router = APIRouter(prefix="/actions", include_in_schema=False)
    expected = f"Bearer {token}".encode()

    @router.get("/health")
    async def health() -> dict[str, str]:
        """Say that actions can run."""
        return {"status": "ok"}

    @router.post("/webhook")
    async def webhook(request: Request) -> JSONResponse:
        """Run one action."""
        given = request.headers.get("authorization", "").encode()
        if not hmac.compare_digest(given, expected):
            return JSONResponse({"error": "expected the engine's token"}, status_code=401)
        call: dict[str, Any] = await request.json()
        try:
            result = await executor.run(call)
        except ActionExecutionRejection as rejection:
            return _error(400, str(rejection), rejection.action_name)
        except ActionNotFoundException as missing:
            return _error(404, str(missing), missing.action_name)
        return JSONResponse(result.model_dump() if result is not None else {})

    return router


def _error(status: int, error: str, action_name: str) -> JSONResponse:
    return JSONResponse({"error": error, "action_name": action_name}, status_code=status)
