"""``/webhooks/wechat``: WeChat's callbacks."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import structlog
from fastapi import APIRouter, Request, Response
from starlette.background import BackgroundTask

from bot.conversations.metrics import REJECTED
from connectors.guards import Rates, read_body
from connectors.service import Reception
from connectors.wechat.cards import Content
from connectors.wechat.customers import Customers
from connectors.wechat.envelope import Envelopes, ForgedError, Letter, UnreadableError
from connectors.wechat.intake import CHANNEL, Intake, message_id, moment
from connectors.wechat.passive import PassiveReplies, Waiting
from connectors.wechat.xml import Value, write_xml

_log = structlog.get_logger(__name__)

PATH = "/webhooks/wechat"
_BODY_LIMIT_BYTES = 100_000
# WeChat gives up after 5 s; the rest is for the way back.
_ANSWER_WITHIN_S = 4.5
_SETTLED_WITHIN_S = 10.0
_SUCCESS = "success"
_NEEDED = ("ToUserName", "FromUserName", "CreateTime", "MsgType")


class Callback:
    """Answers callbacks, passively where the answer is there in time."""

    def __init__(
        self,
        envelopes: Envelopes,
        intake: Intake,
        reception: Reception,
        replies: PassiveReplies,
        customers: Customers,
    ) -> None:
        self._envelopes = envelopes
        self._intake = intake
        self._reception = reception
        self._replies = replies
        self._customers = customers

    async def answer(self, query: Mapping[str, str], body: bytes) -> Response:
        """Return the response to one callback.

        Raises:
            ForgedError: when WeChat did not send it.
            UnreadableError: when it can't be read.
        """
        deadline = time.monotonic() + _ANSWER_WITHIN_S
        self._envelopes.check(query, body)
        letter = self._envelopes.open(query, body)
        message = letter.message
        if not all(message.get(name) for name in _NEEDED):
            raise UnreadableError(f"expected {', '.join(_NEEDED)}, got {sorted(message)}")
        user, identifier = message["FromUserName"], message_id(message)
        age_s = (datetime.now(UTC) - moment(message)).total_seconds()
        if self._replies.is_last_try(identifier, age_s) and await self._sent_instead(message):
            return Response(_SUCCESS, media_type="text/plain")
        waiting = self._replies.enter(user, identifier)
        try:
            # Storing is never cut short: what is not stored must not be confirmed.
            accepted = await self._intake.take(message)
            if accepted is not None:
                if not accepted.new:
                    await self._answer_again(waiting, user, accepted.conversation_id)
                await self._wait(waiting, accepted.conversation_id, deadline)
        finally:
            content = self._replies.leave(user, identifier)
        if content is None:
            return Response(_SUCCESS, media_type="text/plain")
        return _reply(letter, content, waiting)

    async def _sent_instead(self, message: Mapping[str, str]) -> bool:
        """Answer by a message that counts; false when none may be sent.

        A response to the last try that gets lost is not asked for again, and nobody would know; a
        customer-service message is confirmed. What responses to the tries before had in them was
        not shown, else WeChat would not ask.
        """
        user = message["FromUserName"]
        if self._replies.are_the_only_way:
            return False
        accepted = await self._intake.take(message)
        if accepted is None:
            return True
        if not await self._customers.may_send(user, keep_last=True):
            return False
        self._replies.give_up(user, message_id(message))
        given = await self._customers.answer_to(user, message_id(message))
        if given is not None:
            outbox = self._reception.outbox
            await outbox.deliver_again(accepted.conversation_id, given.rows)
        return True

    async def _answer_again(self, waiting: Waiting, user: str, conversation_id: str) -> None:
        """WeChat asks again: either the answer is still to come, or it got lost on its way."""
        if await self._reception.outbox.has_pending(conversation_id):
            self._reception.outbox.wake(conversation_id)
            return
        given = await self._customers.answer_to(user, waiting.message_id)
        if given is not None and not waiting.answer.done():
            waiting.answer.set_result(given.content)

    async def _wait(self, waiting: Waiting, conversation_id: str, deadline: float) -> None:
        """Wait until there is an answer, or nothing more to wait for.

        An answer that is being recorded as delivered is waited for beyond the deadline: should
        WeChat not be there any more, it asks again and gets it.
        """
        quiet = asyncio.create_task(self._quiet(conversation_id))
        either: set[asyncio.Future[Any]] = {waiting.answer, quiet}
        left_s = max(0.0, deadline - time.monotonic())
        try:
            await asyncio.wait(either, timeout=left_s, return_when=asyncio.FIRST_COMPLETED)
            if waiting.settling and not waiting.answer.done():
                await asyncio.wait({waiting.answer}, timeout=_SETTLED_WITHIN_S)
        finally:
            quiet.cancel()

    async def _quiet(self, conversation_id: str) -> None:
        await self._reception.workers.idle(conversation_id)
        await self._reception.outbox.idle(conversation_id)


def callback_router(
    envelopes: Envelopes, addresses: Rates, callback: Callable[[], Callback | None]
) -> APIRouter:
    """Return the routes.

    Args:
        callback: ``None`` until the channel is open; WeChat then asks again.
    """
    router = APIRouter(include_in_schema=False)

    @router.get(PATH)
    async def verify(request: Request) -> Response:
        """Prove to WeChat that this address is ours, when the server configuration is saved."""
        try:
            envelopes.check(request.query_params)
        except ForgedError as error:
            return _rejected(str(error))
        return Response(request.query_params.get("echostr", ""), media_type="text/plain")

    @router.post(PATH)
    async def receive(request: Request) -> Response:
        """Take one message or event."""
        address = request.client.host if request.client else ""
        if not await addresses.allow(address):
            REJECTED.labels(CHANNEL, "rate").inc()
            return Response(status_code=429)
        body = await read_body(request, _BODY_LIMIT_BYTES)
        answering = callback()
        if answering is None:
            return Response(status_code=503)
        try:
            return await answering.answer(request.query_params, body)
        except ForgedError as error:
            return _rejected(str(error))
        except UnreadableError as error:
            _log.warning("wechat callback not readable", error=str(error))
            REJECTED.labels(CHANNEL, "body").inc()
            return Response(status_code=400)

    return router


def _in_xml(content: Content) -> dict[str, Value]:
    """Return a message as a passive reply says it ("回复用户消息")."""
    if content["msgtype"] == "text":
        return {"MsgType": "text", "Content": content["text"]["content"]}
    (article,) = content["news"]["articles"]  # one is what a reply to a message may have
    item: dict[str, Value] = {
        "Title": article["title"], "Description": article["description"],
        "PicUrl": article["picurl"], "Url": article["url"],
    }  # fmt: skip
    return {"MsgType": "news", "ArticleCount": 1, "Articles": {"item": item}}


def _rejected(reason: str) -> Response:
    REJECTED.labels(CHANNEL, reason).inc()
    return Response(status_code=403)


def _reply(letter: Letter, content: Content, waiting: Waiting) -> Response:
    xml = write_xml(
        {
            "ToUserName": letter.message["FromUserName"],
            "FromUserName": letter.message["ToUserName"],
            "CreateTime": int(time.time()),
            **_in_xml(content),
        }
    )

    async def responded() -> None:
        waiting.responded.set()

    return Response(
        letter.seal(xml), media_type="application/xml", background=BackgroundTask(responded)
    )
