"""What travels between the widget and the app; both sides agree on these shapes.

client -> server: ``connect`` with ``Hello``; ``say`` with ``Say``, acknowledged with
``{"ok": true, "seq": n}`` or ``{"ok": false, "error": {"code", "zh", "en"}}``; ``resume`` with
``{"last_seq": n}``, acknowledged with ``{"messages": [...]}``; ``rate`` with ``Rate`` and ``erase``
with nothing, acknowledged like ``say`` without the ``seq``.
server -> client: ``ready``, ``message``, ``typing`` ``{"on", "author"}``, ``state`` ``{"state"}``,
``service`` ``{"agent", "position"}``: the agent's name, or the place in the queue from 1;
``rated`` with ``Rate``, to a visitor's other tabs; ``erased`` ``{"session"}``: the chat is deleted,
and this is the new visitor's token.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, Field, model_validator

from bot.conversations.model import Author, Body
from bot.conversations.transcript import Entry
from bot.desk.feed import Service


class Hello(BaseModel):
    """How a widget introduces itself."""

    session: str | None = Field(None, max_length=400)
    lang: Literal["zh", "en", "auto"] = "auto"
    # The language the widget itself is shown in: the greeting's, never that of a reply.
    ui_lang: Literal["zh", "en"] | None = None
    last_seq: int = Field(0, ge=0)
    # A token of the shop's page for its signed-in customer (bot.orders.identity).
    customer_token: str | None = Field(None, max_length=4096)


class Say(BaseModel):
    """One message or pressed button; repeated with the same ``client_id`` until acknowledged."""

    client_id: str = Field(min_length=8, max_length=64, pattern=r"^[A-Za-z0-9_-]+$")
    text: str = Field(max_length=8000)
    payload: str | None = Field(None, max_length=500)
    # Receipts of files that were handed in before (connectors/files.py).
    files: list[Annotated[str, Field(max_length=2000)]] = Field([], max_length=5)

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.text and not self.files:
            raise ValueError("expected a text or a file")
        return self


class Resume(BaseModel):
    """Asks for everything after ``last_seq``."""

    last_seq: int = Field(ge=0)


class Rate(BaseModel):
    """What the visitor thinks of the answer at ``seq``; ``None`` takes it back."""

    seq: int = Field(ge=1)
    helpful: bool | None


def to_wire(entry: Entry) -> dict[str, Any]:
    """Return a transcript entry as the widget reads it."""
    wire = {
        "seq": entry.seq,
        "author": entry.author.value,
        "at": entry.at.isoformat(),
        **body_to_wire(entry.body),
    }
    if entry.author_name:
        wire["name"] = entry.author_name
    if entry.helpful is not None and entry.body.rateable:
        wire["helpful"] = entry.helpful
    if entry.author is Author.CUSTOMER and entry.channel_message_id:
        wire["client_id"] = entry.channel_message_id.partition(":")[2]
    return wire


def body_to_wire(body: Body) -> dict[str, Any]:
    """Return the content of a message; what only the server uses stays there."""
    data = body.to_json()
    for ours in ("payload", "link_code"):
        data.pop(ours, None)
    return {"text": "", **data}


def service_to_wire(service: Service) -> dict[str, Any]:
    """Return who answers now as the widget reads it."""
    return {
        "agent": service.agent,
        "position": service.position,
        "wait_minutes": service.wait_minutes,
    }
