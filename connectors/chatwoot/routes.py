"""``POST /webhooks/chatwoot/<key>``: what agents do in Chatwoot.

Chatwoot's API inboxes do not sign their calls in released versions, so the address itself is the
secret; the key is compared in constant time.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from typing import Literal

from fastapi import APIRouter, HTTPException
from pydantic import BaseModel, ConfigDict

from bot.desk.service import Agent
from connectors.chatwoot.bridge import ChatwootDesk
from connectors.chatwoot.client import ChatwootError
from connectors.chatwoot.files import RemoteFile

_NAME_CHARS = 60


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore")


class Sender(_Part):
    """Who wrote a message; agents are of type ``user``."""

    name: str | None = None
    type: str | None = None


class Conversation(_Part):
    """The conversation of a message."""

    id: int


class File(_Part):
    """A file of a message."""

    data_url: str = ""


class Event(_Part):
    """A webhook call; which fields are there depends on ``event``."""

    event: str
    id: int | None = None
    content: str | None = None
    message_type: Literal["incoming", "outgoing", "activity", "template"] | None = None
    private: bool = False
    status: str | None = None
    sender: Sender | None = None
    conversation: Conversation | None = None
    attachments: list[File] = []


def chatwoot_router(desk: ChatwootDesk, key: str, changed: Callable[[str], None]) -> APIRouter:
    """Return the route that Chatwoot calls; ``changed`` is told each conversation an agent changed."""
    router = APIRouter(prefix="/webhooks/chatwoot", tags=["chatwoot"])

    @router.post("/{given}")
    async def receive(given: str, event: Event) -> dict[str, bool]:
        """Take an agent's words, or the end of a conversation; everything else is no news."""
        if not hmac.compare_digest(given.encode(), key.encode()):
            raise HTTPException(404)
        conversation_id = None
        agent = _agent(event.sender)
        if _is_answer(event) and event.conversation and event.id is not None:
            text = (event.content or "").strip()
            files = [RemoteFile(one.data_url) for one in event.attachments if one.data_url]
            try:
                conversation_id = await desk.agent_says(
                    event.conversation.id, agent, text, event.id, files
                )
            except ChatwootError as error:
                raise HTTPException(502, str(error)) from error
        elif event.event == "conversation_status_changed" and event.status == "resolved":
            conversation_id = await desk.resolved(event.id, agent) if event.id is not None else None
        if conversation_id is not None:
            changed(conversation_id)
        return {"ok": True}

    return router


def _is_answer(event: Event) -> bool:
    return (
        event.event == "message_created"
        and event.message_type == "outgoing"
        and not event.private
        and bool((event.content or "").strip() or event.attachments)
        and (event.sender is None or event.sender.type in {"user", None})
    )


def _agent(sender: Sender | None) -> Agent:
    """Return the agent; whoever answers there may, so they direct here."""
    name = ((sender.name if sender else None) or "Chatwoot")[:_NAME_CHARS]
    return Agent(name, name, directs=True)
