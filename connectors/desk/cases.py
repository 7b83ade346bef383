"""``/desk/api/cases``: what was promised to customers, and the answers that close it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, HTTPException, Path, Query
from fastapi.encoders import jsonable_encoder
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse

from bot.accounts import audit
from bot.desk.casework import closed_cases, count_open, open_cases
from bot.orders.cases import UnknownCaseError
from connectors.accounts import Talker
from connectors.desk.parts import DeskParts

_Number = Annotated[str, Path(pattern=r"^CS\d{14}$")]


class CaseAnswer(BaseModel):
    """What the customer is told."""

    model_config = ConfigDict(str_strip_whitespace=True)

    answer: str = Field(min_length=1, max_length=4000)


def cases_router(parts: DeskParts) -> APIRouter:
    """Return the routes; the router that includes them guards against other sites."""
    router = APIRouter()

    @router.get("/cases")
    async def cases(
        me: Talker, kind: Literal["open", "closed"] = Query("open", alias="list")
    ) -> JSONResponse:
        """List the open cases, or the last closed ones; the audit log notes who looked."""
        now = datetime.now(UTC)
        listed = open_cases if kind == "open" else closed_cases
        async with parts.database.read() as session:
            cards = await listed(session, parts.orders, now)
        async with parts.database.write() as session:
            await audit.note_view(session, me.login, None, "view_cases")
        return JSONResponse(jsonable_encoder(cards), headers={"Cache-Control": "no-store"})

    @router.get("/cases/count")
    async def count(_: Talker) -> JSONResponse:
        """Count the open cases, and those of them that are late."""
        async with parts.database.read() as session:
            waiting, late = await count_open(session, datetime.now(UTC))
        return JSONResponse({"open": waiting, "late": late}, headers={"Cache-Control": "no-store"})

    @router.post("/cases/{number}/close")
    async def close(number: _Number, sent: CaseAnswer, me: Talker) -> JSONResponse:
        """Close a case; the customer gets the answer in the conversation it came from."""
        try:
            told = await parts.cases.close(
                number, sent.answer, agent=me.login, name=me.name, now=datetime.now(UTC)
            )
        except UnknownCaseError as error:
            raise HTTPException(409, str(error)) from error
        if told is not None:
            parts.changed(told)
        return JSONResponse({"ok": True, "told": told is not None})

    return router
