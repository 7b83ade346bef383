"""``POST /webhooks/rest/webhook``: the messages of Rasa's REST channel, served by the app.

Existing clients of Rasa work by changing the address. The caller waits for the turn; lines that an
agent wrote in between come with the next answer, since this channel cannot speak first. A caller who
gives a ``message_id`` may ask again under it when the response got lost: it is given what that
response had in it, each reply with the ``seq`` by which repetitions are told.
"""

from __future__ import annotations

import time
import uuid
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, HTTPException, Request
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy import ColumnElement, func, select

from bot.conversations import transcript
from bot.conversations.inbox import Accepted
from bot.conversations.metrics import ANSWER_SECONDS, DELIVERIES
from bot.conversations.model import Body, Direction, Inbound, MessageState
from bot.linking.codes import LinkCodes
from bot.orders.identity import Identity, SignInError
from bot.storage.conversations import Address, MessageRow
from bot.storage.engine import Database
from connectors.guards import read_body
from connectors.service import Reception

CHANNEL = "rest"
_BODY_LIMIT_BYTES = 100_000


class RestMessage(BaseModel):
    """What a client of Rasa's REST channel posts.

    ``customer_token`` says which customer of the shop writes (see ``bot.orders.identity``), ``origin``
    from which network address.
    """

    model_config = ConfigDict(extra="ignore")

    sender: str = Field("default", min_length=1, max_length=128)
    message: str = Field(min_length=1)
    message_id: str | None = Field(None, max_length=100)
    customer_token: str | None = Field(None, max_length=4096)
    origin: str | None = Field(None, max_length=64)


def rest_router(
    reception: Reception, database: Database, identity: Identity, codes: LinkCodes
) -> APIRouter:
    """Return the routes of the REST channel."""
    router = APIRouter(prefix="/webhooks/rest", tags=["rest"])

    @router.get("/")
    async def health() -> dict[str, str]:
        """Say that the channel is there, as Rasa does."""
        return {"status": "ok"}

    @router.post("/webhook")
    async def webhook(request: Request) -> list[dict[str, Any]]:
        """Answer one ``RestMessage`` with the list of replies."""
        began = time.perf_counter()
        try:
            message = RestMessage.model_validate_json(await read_body(request, _BODY_LIMIT_BYTES))
        except ValidationError as error:
            wrong = error.errors(include_url=False, include_context=False, include_input=False)
            raise HTTPException(422, wrong) from error
        if message.customer_token:
            async with database.write() as session:
                theirs = await transcript.open_conversation(session, CHANNEL, message.sender)
            try:
                await identity.sign_in(theirs.id, message.customer_token, datetime.now(UTC))
            except SignInError as error:
                raise HTTPException(401, str(error)) from error
        accepted = await reception.accept(
            Inbound(
                channel=CHANNEL,
                user=message.sender,
                message_id=f"{message.sender}:{message.message_id or uuid.uuid4().hex}",
                text=message.message,
                payload=message.message if message.message.startswith("/") else None,
                origin=message.origin,
            ),
            guarded=False,  # the caller is a program of the shop
        )
        await reception.workers.idle(accepted.conversation_id)
        named = message.message_id is not None
        replies = await _collect(database, message.sender, accepted, named=named)
        if replies and accepted.new:
            ANSWER_SECONDS.labels(CHANNEL).observe(time.perf_counter() - began)
        return [
            _as_rasa(message.sender, codes.reveal(body))
            | ({"seq": seq} if message.message_id else {})
            for seq, body in replies
        ]

    return router


async def _collect(
    database: Database, user: str, accepted: Accepted, *, named: bool
) -> list[tuple[int, Body]]:
    """Take the waiting replies to a customer of this channel out of the outbox, in order.

    A message that is repeated also gets what was taken since it came and before the next one did.

    Args:
        named: the sender can tell replies apart, so that the message's own come with it in any case.
    """
    theirs = transcript.lines_at(Address(CHANNEL, user))
    async with database.write() as session:
        wanted: ColumnElement[bool] = MessageRow.state == MessageState.PENDING.value
        if not accepted.new:
            next_at = await session.scalar(
                select(func.min(MessageRow.created_at)).where(
                    theirs,
                    MessageRow.direction == Direction.IN.value,
                    MessageRow.seq > accepted.entry.seq,
                )
            )
            taken = MessageRow.done_at >= accepted.entry.at
            wanted |= taken & (MessageRow.done_at < next_at) if next_at else taken
        if named:
            # The request of a later message may have taken it along, into a response that got lost.
            asked = select(MessageRow.id).where(theirs, MessageRow.seq == accepted.entry.seq)
            wanted |= MessageRow.answers_id.in_(asked)
        rows = await session.scalars(
            select(MessageRow)
            .where(theirs, MessageRow.direction == Direction.OUT.value, wanted)
            .order_by(MessageRow.seq)
        )
        replies = []
        for row in rows:
            if row.state == MessageState.PENDING.value:
                row.state, row.done_at = MessageState.DONE.value, datetime.now(UTC)
                DELIVERIES.labels(CHANNEL, "delivered").inc()
            replies.append((row.seq, Body.from_json(row.body)))
        return replies


def _as_rasa(recipient: str, body: Body) -> dict[str, Any]:
    reply: dict[str, Any] = {"recipient_id": recipient, "text": body.text}
    if body.buttons:
        reply["buttons"] = [{"title": b.title, "payload": b.payload} for b in body.buttons]
    if body.picture:
        reply["image"] = body.picture
    if body.link:
        reply["custom"] = {"link": {"url": body.link.url, "title": body.link.title}}
    return reply
