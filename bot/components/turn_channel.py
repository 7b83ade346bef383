"""The engine's one channel: a message in, all events of its turn out."""

from __future__ import annotations

import asyncio
import hmac
import logging
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from rasa.core.channels.channel import CollectingOutputChannel, InputChannel, UserMessage
from rasa.core.nlg.response import TemplatedNaturalLanguageGenerator
from rasa.core.processor import MessageProcessor
from rasa.exceptions import ModelNotFound
from rasa.shared.core.events import Event, UserUttered
from rasa.shared.exceptions import RasaException
from sanic import Blueprint, response
from sanic.request import Request
from sanic.response import HTTPResponse

from bot.components.patches import ActionFailedError

logger = logging.getLogger(__name__)

TOKEN_VARIABLE = "YINGDA_ENGINE_TOKEN"  # noqa: S105 - the variable's name
_BEARER = "Bearer "
_LONGEST_MESSAGE = 4000  # characters; the app cuts earlier, this guards the engine itself


class TurnInput(InputChannel):
    """``POST /webhooks/turn/webhook`` for the app, and for nobody else.

    Request: ``{"sender", "message", "message_id", "metadata": {"language"}}``; answer:
    ``{"events": [...]}``, the events of this turn as Rasa writes them, the customer's message with
    its ``parse_data`` first. Rasa's REST channel would answer with the texts alone and hide every
    failure in an empty list; the app needs intent, slots and the truth.

    ``POST /webhooks/turn/understand`` takes the same request and answers with the ``parse_data`` alone:
    nothing is said, done or remembered.

    ``PUT /webhooks/turn/model`` with ``{"model": file}`` loads a model while turns go on, then goes over to it.

    ``DELETE /webhooks/turn/conversations/<sender>`` forgets one; an unknown one is as good as forgotten.

    A repeated ``message_id`` answers with the same events and runs nothing again, so the app may
    ask again after a lost answer. The app sends the messages of one sender one after the other.

    Rasa's ``--auth-token`` does not cover channels, so this one asks for its own:
    ``Authorization: Bearer <YINGDA_ENGINE_TOKEN>``.
    """

    @classmethod
    def name(cls) -> str:
        """Return the channel's name, which is also its place under ``/webhooks/``."""
        return "turn"

    @classmethod
    def from_credentials(cls, credentials: dict[str, Any] | None) -> TurnInput:
        """Read the token from credentials.yml, which takes it from the environment.

        Raises:
            RasaException: no token is set; an open engine would take orders from any local user.
        """
        token = (credentials or {}).get("token") or os.environ.get(TOKEN_VARIABLE)
        if not token:
            raise RasaException(
                f"The turn channel needs a token and found none: set {TOKEN_VARIABLE} to the same "
                "value for engine and app. `yingda up` does that itself."
            )
        return cls(str(token))

    def __init__(self, token: str) -> None:
        """Keep the token that requests must carry."""
        self._expected = f"{_BEARER}{token}".encode()

    def blueprint(self, on_new_message: Callable[[UserMessage], Awaitable[Any]]) -> Blueprint:
        """Return the channel's routes."""
        blueprint = Blueprint("turn_webhook")

        async def ready(request: Request) -> HTTPResponse:
            is_ready = _agent(request).is_ready()
            return response.json({"ready": is_ready}, status=200 if is_ready else 503)

        async def receive(request: Request) -> HTTPResponse:
            message = self._message(request)
            if isinstance(message, HTTPResponse):
                return message
            store = _agent(request).tracker_store
            events = await store.last_turn(message.sender_id)
            if not _is_turn_of(events, message.message_id):
                try:
                    await on_new_message(message)
                except (Exception, ActionFailedError):
                    logger.exception("Turn %s of %s failed.", message.message_id, message.sender_id)
                    return _error(500, "turn_failed", "The turn failed; the engine's log says why.")
                events = await store.last_turn(message.sender_id)
            return response.json({"events": [event.as_dict() for event in events]})

        async def understand(request: Request) -> HTTPResponse:
            message = self._message(request)
            if isinstance(message, HTTPResponse):
                return message
            return response.json(await _agent(request).processor.parse_message(message))

        async def load(request: Request) -> HTTPResponse:
            if not self._is_authorised(request):
                return _error(401, "unauthorised", "Send the engine's token as Bearer token.")
            model = Path(str((request.json or {}).get("model", "")))
            agent = _agent(request)
            try:
                processor = await asyncio.to_thread(_processor, agent, model)
            except ModelNotFound as error:
                return _error(400, "no_such_model", str(error))
            except Exception as error:
                logger.exception("The model %s could not be loaded; the old one stays.", model)
                return _error(500, "load_failed", repr(error))
            # In one step, between turns: one that is running holds the old processor.
            agent.processor, agent.domain = processor, processor.domain
            agent.tracker_store.domain = processor.domain
            if isinstance(agent.nlg, TemplatedNaturalLanguageGenerator):
                agent.nlg.responses = processor.domain.responses
            return response.json({"loaded": str(model)})

        async def forget(request: Request, sender: str) -> HTTPResponse:
            if not self._is_authorised(request):
                return _error(401, "unauthorised", "Send the engine's token as Bearer token.")
            await _agent(request).tracker_store.delete(sender)
            return response.json({"forgotten": sender})

        blueprint.add_route(forget, "/conversations/<sender:str>", methods=["DELETE"])
        blueprint.add_route(load, "/model", methods=["PUT"])
        blueprint.add_route(ready, "/", methods=["GET"])
        blueprint.add_route(understand, "/understand", methods=["POST"])
        blueprint.add_route(receive, "/webhook", methods=["POST"])
        return blueprint

    def _message(self, request: Request) -> UserMessage | HTTPResponse:
        """Return the message of a request, or the answer that refuses it."""
        if not self._is_authorised(request):
            return _error(401, "unauthorised", "Send the engine's token as Bearer token.")
        try:
            message = _read(request.json)
        except ValueError as error:
            return _error(400, "bad_request", str(error))
        if not _agent(request).is_ready():
            return _error(503, "no_model", "The engine has no model loaded: `yingda doctor`.")
        return message

    def _is_authorised(self, request: Request) -> bool:
        given = request.headers.get("Authorization", "").encode()
        return hmac.compare_digest(given, self._expected)


def _processor(agent: Any, model: Path) -> MessageProcessor:
    """Load a model as ``Agent.load_model`` does, but beside the one in use.

    Raises:
        ModelNotFound: There is no such file, or it is no model.
    """
    if not model.is_file():
        raise ModelNotFound(f"`model` must be a model file, got {model}")
    return MessageProcessor(
        model_path=str(model),
        tracker_store=agent.tracker_store,
        lock_store=agent.lock_store,
        action_endpoint=agent.action_endpoint,
        generator=agent.nlg,
        http_interpreter=agent.http_interpreter,
    )


def _agent(request: Request) -> Any:
    return request.app.ctx.agent


def _read(body: Any) -> UserMessage:
    """Return the message of a request's body.

    Raises:
        ValueError: a field is missing or of the wrong kind; the text says which.
    """
    if not isinstance(body, dict):
        raise ValueError(f"expected a JSON object, got {type(body).__name__}")  # noqa: TRY004 - a 400 whatever is wrong
    for field in ("sender", "message", "message_id"):
        if not isinstance(body.get(field), str) or not body[field].strip():
            raise ValueError(
                f"`{field}` must be a string that is not empty, got {body.get(field)!r}"
            )
    if len(body["message"]) > _LONGEST_MESSAGE:
        raise ValueError(
            f"`message` has {len(body['message'])} characters, at most {_LONGEST_MESSAGE} fit"
        )
    metadata = body.get("metadata") or {}
    if not isinstance(metadata, dict):
        raise ValueError(f"`metadata` must be an object, got {type(metadata).__name__}")  # noqa: TRY004
    return UserMessage(
        body["message"],
        CollectingOutputChannel(),
        body["sender"],
        input_channel=TurnInput.name(),
        message_id=body["message_id"],
        metadata=metadata,
    )


def _is_turn_of(events: list[Event], message_id: str) -> bool:
    first = events[0] if events else None
    return isinstance(first, UserUttered) and first.message_id == message_id


def _error(status: int, code: str, message: str) -> HTTPResponse:
    return response.json({"error": {"code": code, "message": message}}, status=status)
