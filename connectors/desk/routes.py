"""``/desk/api``: what the desk's page asks for and does. Live changes come over Socket.IO."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, time, timedelta
from typing import Annotated, Any, Literal, Self

from fastapi import APIRouter, Depends, HTTPException, Path, Query
from fastapi.routing import APIRoute
from pydantic import BaseModel, Field, model_validator
from sqlalchemy.exc import NoResultFound
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from bot.accounts import audit
from bot.accounts.accounts import Accounts
from bot.accounts.model import Account, Right
from bot.clock import SHOP_ZONE
from bot.conversations.handoff import IllegalTransitionError
from bot.conversations.model import Attachment
from bot.desk.brief import brief_of
from bot.desk.customer import customer_of
from bot.desk.report import Figures, GroupBy, as_csv, every_day, service_report
from bot.desk.service import Agent, UnknownResolutionError
from bot.desk.view import deeds_of, lines_of, notes_of
from bot.desk.window import window_of
from bot.linking.service import Links
from bot.storage.conversations import ConversationRow
from connectors.accounts import Director, Talker, guard
from connectors.desk.cases import cases_router
from connectors.desk.direction import direction_router
from connectors.desk.files import desk_files_router
from connectors.desk.linked import linked_router
from connectors.desk.parts import DeskParts
from connectors.wire import WireResponse

# What the desk's deeds raise, and how it is answered.
_STATUS: dict[type[Exception], int] = {
    NoResultFound: 404,
    IllegalTransitionError: 409,
    UnknownResolutionError: 422,
}


class _DeskRoute(APIRoute):
    """Answers the desk's own errors."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def answer(request: Request) -> Response:
            try:
                return await handle(request)
            except tuple(_STATUS) as error:
                status = next(code for kind, code in _STATUS.items() if isinstance(error, kind))
                return JSONResponse({"detail": str(error)}, status_code=status)

        return answer


_Days = Annotated[int, Query(ge=1, le=366)]
_Id = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")]


class Answer(BaseModel):
    """An agent's words or file; repeated with the same ``client_id`` until acknowledged."""

    text: str = Field("", max_length=4000)
    client_id: str = Field(pattern=r"^[A-Za-z0-9_-]{8,64}$")
    # The receipt of a file that was handed in before.
    file: str | None = Field(None, max_length=2000)

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.text and not self.file:
            raise ValueError("expected a text or a file")
        return self


class NoteText(BaseModel):
    """An internal note."""

    text: str = Field(min_length=1, max_length=4000)


class PassOn(BaseModel):
    """Whom to hand a conversation to; nobody means into the queue, of ``team`` if it is named."""

    to: str | None = None
    team: str | None = None


class Snooze(BaseModel):
    """For how long to put a conversation out of sight; 0 brings it back."""

    minutes: int = Field(ge=0, le=7 * 24 * 60)


class Close(BaseModel):
    """How it ended."""

    resolution: str


class Seen(BaseModel):
    """Up to where the agent has read."""

    seq: int = Field(ge=0)


def desk_router(parts: DeskParts, accounts: Accounts, links: Links) -> APIRouter:
    """Return the desk's routes; every one asks for the right to talk to customers."""
    router = APIRouter(
        prefix="/desk/api", tags=["desk"], dependencies=[Depends(guard)], route_class=_DeskRoute
    )
    database, desk, catalogue = parts.database, parts.desk, parts.catalogue

    @router.get("/catalogue")
    async def words(_: Talker) -> JSONResponse:
        """Give the words and lists that the page shows."""
        return WireResponse(
            {
                "reasons": catalogue.reasons,
                "resolutions": {c: r for c, r in catalogue.resolutions.items() if r.offered},
                "outcomes": catalogue.resolutions,
                "replies": catalogue.replies,
                "intents": catalogue.intents,
                "teams": parts.teams,
                "files": parts.files.accepted(),
            }
        )

    @router.get("/conversations")
    async def conversations(
        _: Talker, kind: Literal["open", "bot"] = Query("open", alias="list")
    ) -> JSONResponse:
        """List the open conversations, or recent ones with the bot."""
        board = parts.board
        return WireResponse(await (board.open() if kind == "open" else board.with_bot()))

    @router.get("/agents")
    async def agents(_: Talker) -> JSONResponse:
        """List who may be handed a conversation, with what they have in hand."""
        async with database.read() as session:
            return WireResponse(await parts.staff.everyone(session, parts.live.online()))

    @router.get("/report")
    async def report(
        _: Director,
        days: _Days = 7,
        by: GroupBy = GroupBy.ALL,
    ) -> JSONResponse:
        """Give the service figures of the last days, today included."""
        return WireResponse(await figures(days, by))

    @router.get("/report.csv")
    async def report_csv(_: Director, days: _Days = 7, by: GroupBy = GroupBy.ALL) -> Response:
        """Give the same as a file, every figure by its name."""
        name = f"service-{by}-{days}-days.csv"
        return Response(
            as_csv(await figures(days, by)),
            media_type="text/csv; charset=utf-8",
            headers={
                "Cache-Control": "no-store",
                "Content-Disposition": f'attachment; filename="{name}"',
            },
        )

    async def figures(days: int, by: GroupBy) -> list[Figures]:
        now, zone = datetime.now(UTC), SHOP_ZONE
        today = datetime.combine(now.astimezone(zone).date(), time(), zone)
        since = today - timedelta(days=days - 1)
        async with database.read() as session:
            lines = await service_report(session, since, now, zone, by)
        return every_day(lines, since, now, zone) if lines and by is GroupBy.DAY else lines

    @router.get("/conversations/{conversation_id}")
    async def view(conversation_id: _Id, me: Talker) -> JSONResponse:
        """Give everything about one conversation; the audit log notes who looked."""
        now = datetime.now(UTC)
        async with database.read() as session:
            row = await parts.board.one(session, conversation_id)
            if row is None:
                raise HTTPException(404, "there is no such conversation")
            seen = {
                "row": row,
                "lines": await lines_of(session, parts.knowledge.now, conversation_id),
                "notes": await notes_of(session, conversation_id),
                "deeds": await deeds_of(session, conversation_id),
                "brief": await brief_of(session, catalogue, parts.knowledge.now, conversation_id),
                "customer": await customer_of(
                    session, parts.orders, parts.identity, conversation_id, now
                ),
                "window": await window_of(session, conversation_id, parts.files.counted, now),
            }
        async with database.write() as session:
            await audit.note_view(session, me.login, conversation_id)
        return WireResponse(seen)

    @router.get("/conversations/{conversation_id}/suggestions")
    async def suggestions(conversation_id: _Id, me: Talker) -> JSONResponse:
        """Search the FAQ for the customer's last words; answers come in both languages."""
        return WireResponse(await parts.suggest(conversation_id))

    @router.post("/conversations/{conversation_id}/take")
    async def take(conversation_id: _Id, me: Talker) -> JSONResponse:
        """Take a waiting conversation, or step into one that the bot has."""
        await desk.take(conversation_id, _agent(me), step_in=True, announce=True)
        return parts.done(conversation_id)

    @router.post("/conversations/{conversation_id}/answer")
    async def answer(conversation_id: _Id, sent: Answer, me: Talker) -> JSONResponse:
        """Send words, or a file, to the customer."""
        attachments: tuple[Attachment, ...] = ()
        link = None
        if sent.file is not None:
            async with database.read() as session:
                conversation = await session.get_one(ConversationRow, conversation_id)
            try:
                attachments, link = parts.files.content(
                    me.login, sent.file, conversation.address.channel
                )
            except ValueError as error:
                raise HTTPException(422, str(error)) from error
        entry = await desk.answer(
            conversation_id, _agent(me), sent.text, sent.client_id, attachments, link
        )
        return parts.done(conversation_id, seq=entry.seq)

    @router.post("/conversations/{conversation_id}/note")
    async def note(conversation_id: _Id, written: NoteText, me: Talker) -> JSONResponse:
        """Write an internal note."""
        await desk.add_note(conversation_id, _agent(me), written.text)
        return parts.done(conversation_id)

    @router.post("/conversations/{conversation_id}/pass-on")
    async def pass_on(conversation_id: _Id, whom: PassOn, me: Talker) -> JSONResponse:
        """Hand it to a colleague, or into the queue."""
        to = await accounts.find(whom.to) if whom.to else None
        if whom.to and (to is None or not to.may(Right.TALK)):
            raise HTTPException(422, f"expected the login of an agent, got {whom.to!r}")
        if whom.team is not None and whom.team not in parts.teams:
            raise HTTPException(422, f"expected a team of hours.yml, got {whom.team!r}")
        await desk.pass_on(conversation_id, _agent(me), _agent(to) if to else None, whom.team)
        return parts.done(conversation_id)

    @router.post("/conversations/{conversation_id}/snooze")
    async def snooze(conversation_id: _Id, wish: Snooze, me: Talker) -> JSONResponse:
        """Put it out of sight for a while."""
        until = datetime.now(UTC) + timedelta(minutes=wish.minutes) if wish.minutes else None
        await desk.snooze(conversation_id, _agent(me), until)
        return parts.done(conversation_id)

    @router.post("/conversations/{conversation_id}/give-back")
    async def give_back(conversation_id: _Id, me: Talker) -> JSONResponse:
        """Give it back to the bot."""
        await desk.give_back(conversation_id, _agent(me))
        return parts.done(conversation_id)

    @router.post("/conversations/{conversation_id}/close")
    async def close(conversation_id: _Id, chosen: Close, me: Talker) -> JSONResponse:
        """Close it with a resolution."""
        await desk.close(conversation_id, _agent(me), chosen.resolution)
        return parts.done(conversation_id)

    @router.post("/conversations/{conversation_id}/seen")
    async def seen(conversation_id: _Id, upto: Seen, _: Talker) -> JSONResponse:
        """Note up to where it was read."""
        await desk.seen(conversation_id, upto.seq)
        parts.looked(conversation_id)
        return WireResponse({"ok": True})

    router.include_router(direction_router(parts, accounts))
    router.include_router(desk_files_router(parts.files))
    router.include_router(cases_router(parts))
    router.include_router(linked_router(parts, links))
    return router


def _agent(account: Account) -> Agent:
    return Agent(account.login, account.name, directs=account.may(Right.DIRECT))
