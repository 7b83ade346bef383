"""``/healthz``, ``/readyz`` and ``/metrics``: is the process alive, can it answer, how does it do."""

from __future__ import annotations

import asyncio
import contextlib

import structlog
from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from bot.background import Background
from bot.conversations.engine_client import EngineClient, EngineError
from bot.storage.engine import Database

_log = structlog.get_logger(__name__)

_PROBE_EVERY_S = 1.0
_WARM_UP_SENDER = "readiness-probe"


class Readiness:
    """Watches the engine. It counts as ready once it has answered a real turn since it came up."""

    def __init__(self, database: Database, engine: EngineClient) -> None:
        self._database = database
        self._engine = engine
        self._background = Background(self._watch)
        self.engine_ready = False

    def start(self) -> None:
        """Begin to watch."""
        self._background.start()

    async def close(self) -> None:
        """Stop watching."""
        await self._background.close()

    async def database_ready(self) -> bool:
        """Tell whether the database answers."""
        try:
            async with self._database.read() as session:
                await session.execute(text("SELECT 1"))
        except (SQLAlchemyError, OSError):
            return False
        return True

    async def _watch(self) -> None:
        turns = 0
        while True:
            if not await self._engine.is_up():
                self.engine_ready = False
            elif not self.engine_ready:
                turns += 1
                # The first turn also loads what the engine loads late, so no customer waits for it.
                with contextlib.suppress(EngineError):
                    await self._engine.turn(
                        _WARM_UP_SENDER, "你好", f"probe-{turns}", {"language": "zh"}
                    )
                    self.engine_ready = True
                    _log.info("engine ready")
            await asyncio.sleep(_PROBE_EVERY_S)


def health_router(readiness: Readiness) -> APIRouter:
    """Return the routes for supervisors and monitoring."""
    router = APIRouter(tags=["health"])

    @router.get("/healthz")
    async def healthz() -> dict[str, str]:
        """The process is alive."""
        return {"status": "ok"}

    @router.get("/readyz")
    async def readyz() -> JSONResponse:
        """Customers get answers: database and engine both respond."""
        parts = {"database": await readiness.database_ready(), "engine": readiness.engine_ready}
        return JSONResponse(
            {"status": "ok" if all(parts.values()) else "not ready", **parts},
            status_code=200 if all(parts.values()) else 503,
        )

    @router.get("/metrics", include_in_schema=False)
    async def metrics() -> Response:
        """Figures for Prometheus."""
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    return router
