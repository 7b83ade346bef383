"""``/desk/api``: what an agent says about themselves and the bot, and what those who direct see and set."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, HTTPException, Path
from fastapi.encoders import jsonable_encoder
from pydantic import BaseModel, Field
from starlette.responses import JSONResponse

from bot.accounts import audit
from bot.accounts.accounts import Accounts
from bot.accounts.model import Right
from bot.conversations.model import State
from bot.desk.board import BoardRow
from bot.desk.marks import MarkKind, NoTurnError, set_mark
from connectors.accounts import Director, Talker
from connectors.desk.parts import DeskParts

_Id = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")]


class MarkOf(BaseModel):
    """A word on the bot's answer to the customer's line ``seq``; no kind takes it back."""

    seq: int = Field(ge=1)
    kind: MarkKind | None
    comment: str = Field("", max_length=1000)


class Takes(BaseModel):
    """What an agent takes on; what is missing stays."""

    capacity: int | None = Field(None, ge=1, le=100)
    accepting: bool | None = None


class Switch(BaseModel):
    """On or off."""

    on: bool


def direction_router(parts: DeskParts, accounts: Accounts) -> APIRouter:
    """Return the routes; the router that includes them guards against other sites."""
    router = APIRouter()
    database, staff = parts.database, parts.staff

    @router.post("/conversations/{conversation_id}/mark")
    async def mark(conversation_id: _Id, given: MarkOf, me: Talker) -> JSONResponse:
        """Say that the bot's answer was wrong, or that there should be one."""
        async with database.write() as session:
            try:
                await set_mark(
                    session, conversation_id, given.seq, given.kind, me.login, given.comment
                )
            except NoTurnError as error:
                raise HTTPException(404, str(error)) from error
            audit.note(
                session, me.login, "mark", conversation_id,
                seq=given.seq, kind=given.kind.value if given.kind else "",
            )  # fmt: skip
        return parts.done(conversation_id)

    @router.get("/live")
    async def live(_: Director) -> JSONResponse:
        """Give the board: who waits and how long, by team, and what each agent has in hand."""
        now = datetime.now(UTC)
        rows = await parts.board.open()
        async with database.read() as session:
            people = await staff.everyone(session, parts.live.online())
            assigns = await staff.assigns(session)
        teams = {
            team: _waiting([row for row in rows if row.team == team], now) for team in parts.teams
        }
        return JSONResponse(
            jsonable_encoder(
                {
                    "all": _waiting(rows, now),
                    "teams": teams,
                    "agents": people,
                    "assigns": assigns,
                    "handling_s": parts.waits.handling_s,
                }
            ),
            headers={"Cache-Control": "no-store"},
        )

    @router.post("/agents/{login}")
    async def takes(login: str, wish: Takes, me: Talker) -> JSONResponse:
        """Set what an agent takes on; everybody for themselves whether they take any."""
        if not me.may(Right.DIRECT) and (login != me.login or wish.capacity is not None):
            raise HTTPException(403, "only who directs sets what others take on")
        account = await accounts.find(login)
        if account is None or not account.may(Right.TALK):
            raise HTTPException(404, "there is no such agent")
        await staff.set(me.login, login, capacity=wish.capacity, accepting=wish.accepting)
        return JSONResponse({"ok": True})

    @router.post("/assigns")
    async def assigns(wish: Switch, me: Director) -> JSONResponse:
        """Switch the assignment on or off."""
        await staff.set_assigns(me.login, wish.on)
        return JSONResponse({"ok": True})

    return router


def _waiting(rows: list[BoardRow], now: datetime) -> dict[str, float | int | None]:
    """Return how many wait, the longest wait in seconds, how many too long, how many are served."""
    queued = [row for row in rows if row.state is State.QUEUED]
    longest = min((row.since for row in queued if row.since), default=None)
    return {
        "waiting": len(queued),
        "longest_s": (now - longest).total_seconds() if longest else None,
        "late": sum(row.late for row in queued),
        "calls": sum(bool(row.callback or row.phone) for row in queued),
        "served": len(rows) - len(queued),
    }
