"""Parting what was joined: the desk takes a link of a customer's channels back."""

from __future__ import annotations

from fastapi import APIRouter, HTTPException
from pydantic import BaseModel, Field
from starlette.responses import JSONResponse

from bot.accounts import audit
from bot.linking.service import Links
from connectors.accounts import Talker
from connectors.desk.parts import DeskParts


class Parted(BaseModel):
    """The conversation that shall stand for itself again."""

    conversation_id: str = Field(max_length=32)


def linked_router(parts: DeskParts, links: Links) -> APIRouter:
    """Return the route; it belongs into the desk's router."""
    router = APIRouter()

    @router.post("/conversations/{conversation_id}/part")
    async def part(conversation_id: str, parted: Parted, me: Talker) -> JSONResponse:
        """Let a customer on one channel be somebody else again; the audit log notes it."""
        if not await links.part(conversation_id, parted.conversation_id):
            raise HTTPException(404, "these conversations are not joined")
        async with parts.database.write() as session:
            audit.note(
                session, me.login, "part", conversation_id, conversation=parted.conversation_id
            )
        return parts.done(conversation_id)

    return router
