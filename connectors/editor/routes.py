"""``/editor/api``: everything that the editor's page asks for and does."""

from __future__ import annotations

from fastapi import APIRouter, Depends

from connectors.accounts import guard
from connectors.editor.insight import insight_router
from connectors.editor.parts import EditorParts
from connectors.editor.records import records_router
from connectors.editor.work import work_router


def editor_router(parts: EditorParts) -> APIRouter:
    """Return the editor's routes; every one asks for the right to edit."""
    router = APIRouter(prefix="/editor/api", tags=["editor"], dependencies=[Depends(guard)])
    for make in (records_router, work_router, insight_router):
        router.include_router(make(parts))
    return router
