"""The engine's channel: who may speak, what comes back, and what a repeated message does."""

from __future__ import annotations

import asyncio
import json
from types import SimpleNamespace
from typing import Any

import pytest
from rasa.core.channels.channel import UserMessage
from rasa.shared.core.events import BotUttered, Event, UserUttered
from rasa.shared.exceptions import RasaException

from bot.components.turn_channel import TurnInput

GOOD = {"sender": "c1", "message": "你好", "message_id": "m1", "metadata": {"language": "zh"}}


class Engine:
    """Stands for the agent: answers every message with its text, keeps the last turn of a sender."""

    def __init__(self, error: Exception | None = None, is_ready: bool = True) -> None:
        self.turns: dict[str, list[Event]] = {}
        self.handled: list[UserMessage] = []
        self.tracker_store = self
        self.processor = self
        self.is_ready = lambda: is_ready
        self._error = error

    async def handle(self, message: UserMessage) -> None:
        if self._error:
            raise self._error
        self.handled.append(message)
        user = UserUttered(message.text, message_id=message.message_id, metadata=message.metadata)
        self.turns[message.sender_id] = [user, BotUttered(f"re: {message.text}")]

    async def parse_message(self, message: UserMessage) -> dict[str, Any]:
        return {
            "text": message.text,
            "intent": {"name": "greet", "confidence": 0.9},
            "entities": [],
        }

    async def last_turn(self, sender: str) -> list[Event]:
        return self.turns.get(sender, [])


def post(
    engine: Engine, body: Any = GOOD, token: str | None = "Bearer secret", what: str = "receive"
) -> tuple[int, Any]:
    blueprint = TurnInput("secret").blueprint(engine.handle)
    handler = next(r.handler for r in blueprint._future_routes if r.handler.__name__ == what)
    request = SimpleNamespace(
        headers={"Authorization": token} if token else {},
        json=body,
        app=SimpleNamespace(ctx=SimpleNamespace(agent=engine)),
    )
    answer = asyncio.run(handler(request))
    return answer.status, json.loads(answer.body)


def test_understanding_runs_no_turn() -> None:
    engine = Engine()
    status, answer = post(engine, what="understand")
    assert (status, answer["intent"]["name"]) == (200, "greet")
    assert engine.handled == []
    assert engine.turns == {}
    assert post(engine, token=None, what="understand")[0] == 401


def test_the_answer_holds_the_events_of_the_turn() -> None:
    status, answer = post(Engine())
    assert status == 200
    assert [event["event"] for event in answer["events"]] == ["user", "bot"]
    assert answer["events"][0]["message_id"] == "m1"
    assert answer["events"][0]["metadata"]["language"] == "zh"


def test_a_repeated_message_answers_the_same_and_runs_nothing() -> None:
    engine = Engine()
    first, again = post(engine), post(engine)
    assert first == again
    assert len(engine.handled) == 1


def test_the_next_message_runs() -> None:
    engine = Engine()
    post(engine)
    post(engine, {**GOOD, "message_id": "m2"})
    assert [message.message_id for message in engine.handled] == ["m1", "m2"]


@pytest.mark.parametrize("token", [None, "", "secret", "Bearer wrong", "Bearer", "Bearer 错"])
def test_without_the_token_nothing_runs(token: str | None) -> None:
    engine = Engine()
    status, _ = post(engine, token=token)
    assert status == 401
    assert engine.handled == []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (None, "JSON object"),
        ([], "JSON object"),
        ({**GOOD, "sender": ""}, "sender"),
        ({**GOOD, "message": None}, "message"),
        ({**GOOD, "message": "  "}, "message"),
        ({**GOOD, "message": "x" * 4001}, "message"),
        ({**GOOD, "message_id": 7}, "message_id"),
        ({**GOOD, "metadata": "zh"}, "metadata"),
    ],
)
def test_a_bad_request_is_told_what_is_wrong(body: Any, field: str) -> None:
    engine = Engine()
    status, answer = post(engine, body)
    assert status == 400
    assert field in answer["error"]["message"]
    assert engine.handled == []


def test_a_failing_turn_is_an_error_and_not_an_empty_answer() -> None:
    status, answer = post(Engine(error=RuntimeError("broken")))
    assert status == 500
    assert answer["error"]["code"] == "turn_failed"


def test_an_engine_without_a_model_says_so() -> None:
    status, answer = post(Engine(is_ready=False))
    assert status == 503
    assert answer["error"]["code"] == "no_model"


def test_a_channel_without_token_does_not_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("YINGDA_ENGINE_TOKEN", raising=False)
    with pytest.raises(RasaException, match="YINGDA_ENGINE_TOKEN"):
        TurnInput.from_credentials({"token": ""})
