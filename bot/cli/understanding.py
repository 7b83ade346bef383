"""A private stack for ``yingda understand``: its own engine, actions and demo orders, thrown away after use."""

from __future__ import annotations

import asyncio
import json
import socket
import tempfile
import uuid
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel, ConfigDict, ValidationError
from rich.console import Console
from rich.progress import Progress

from bot.cli.train import train_engine
from bot.cli.wiring import Parts, build_parts
from bot.clock import Clock, utc_now
from bot.conversations.dialogue import Outcome
from bot.conversations.engine_client import EngineError
from bot.engine_process import engine_environment, is_trained, run_command
from bot.language import Language
from bot.orders.demo import seed_demo
from bot.settings import Settings
from bot.storage.migrate import upgrade_async
from bot.supervisor import Child
from connectors.actions_route import actions_router

_READY_WITHIN_S = 240.0
# Enough to keep the engine busy while the app searches the FAQ; more only makes latencies longer.
_DIALOGUES_AT_ONCE = 2


class BadLineError(Exception):
    """A line of the input is not what is expected."""


class Line(BaseModel):
    """One line of input."""

    model_config = ConfigDict(extra="ignore")

    id: str | int
    text: str
    conversation: str | int | None = None


async def run(settings: Settings, lines: Iterable[str], output: TextIO) -> None:
    """Understand every line and write one JSON line for each, in the order of the input.

    Raises:
        BadLineError: at the first line that is not valid; nothing was understood then.
    """
    dialogues = _dialogues(_parse(lines))
    results: dict[int, dict[str, Any]] = {}
    total = sum(map(len, dialogues))
    async with private_stack(settings) as parts:
        with Progress(console=Console(stderr=True), transient=True) as progress:
            task = progress.add_task("Understanding", total=total)
            slots = asyncio.Semaphore(_DIALOGUES_AT_ONCE)

            async def talk(dialogue: list[tuple[int, Line]]) -> None:
                async with slots:
                    conversation_id, language = uuid.uuid4().hex, None
                    for position, line in dialogue:
                        results[position], language = await _one(
                            parts, conversation_id, position, line, language
                        )
                        progress.advance(task)

            await asyncio.gather(*map(talk, dialogues))
    for position in sorted(results):
        output.write(json.dumps(results[position], ensure_ascii=False) + "\n")


@asynccontextmanager
async def private_stack(settings: Settings, clock: Clock = utc_now) -> AsyncIterator[Parts]:
    """Start an engine with actions and a demo order book of its own on free ports; stop all at the end.

    Args:
        clock: the time that actions go by.
    """
    if not is_trained(settings) and not await asyncio.to_thread(train_engine, settings):
        raise RuntimeError(f"training failed, see {settings.var / 'logs/train.log'}")
    secrets = settings.secrets
    with tempfile.TemporaryDirectory(prefix="yingda-") as folder:
        private = settings.model_copy(
            update={
                "database_url": f"sqlite+aiosqlite:///{folder}/yingda.sqlite3",
                "port": _free_port(),
                "engine_port": _free_port(),
            }
        )
        environment = {
            **engine_environment(private),
            "YINGDA_TRACKER_DB": f"{folder}/tracker.sqlite3",
        }
        log = settings.var / "logs" / "understand-engine.log"
        engine = Child("engine", run_command(private), environment, private.root, log)
        engine.start()
        try:
            await upgrade_async(private.database)
            parts = await asyncio.to_thread(build_parts, private, clock)
            await seed_demo(parts.database, datetime.now(UTC))
            api = FastAPI()
            api.include_router(actions_router(parts.executor, secrets.actions_token))
            server = uvicorn.Server(
                uvicorn.Config(api, port=private.port, log_level="warning", access_log=False)
            )
            serving = asyncio.create_task(server.serve())
            await _until_up(parts, engine, log)
            yield parts
            server.should_exit = True
            await serving
            await parts.engine.close()
            await parts.database.close()
        finally:
            await asyncio.to_thread(engine.stop)


async def _one(
    parts: Parts, conversation_id: str, position: int, line: Line, before: Language | None
) -> tuple[dict[str, Any], Language | None]:
    try:
        outcome = await parts.dialogue.turn(
            conversation_id, str(position), line.text, before=before
        )
    except EngineError as error:
        return {"id": line.id, "decision": "handoff:engine_down", "error": str(error)}, before
    return _report(line, outcome), outcome.reply_language


def _report(line: Line, outcome: Outcome) -> dict[str, Any]:
    turn = outcome.turn
    return {
        "id": line.id,
        "language": outcome.language,
        "intent": turn.intent,
        "confidence": turn.confidence,
        "entities": turn.entities,
        "faq": [{"id": hit.faq_id, "score": round(hit.score, 4)} for hit in outcome.faq],
        "decision": turn.decision,
        "latency_ms": round(outcome.latency_ms, 1),
    }


def _parse(lines: Iterable[str]) -> list[Line]:
    parsed = []
    for number, text in enumerate(lines, start=1):
        if not text.strip():
            continue
        try:
            parsed.append(Line.model_validate_json(text))
        except ValidationError as error:
            raise BadLineError(
                f'line {number}: expected JSON such as {{"id": 1, "text": "包邮吗"}}, '
                f"got {text.strip()[:80]!r}"
            ) from error
    return parsed


def _dialogues(lines: list[Line]) -> list[list[tuple[int, Line]]]:
    """Group (position, line) by conversation, in order; a line without one is a dialogue by itself."""
    grouped: dict[object, list[tuple[int, Line]]] = {}
    for position, line in enumerate(lines):
        key = ("alone", position) if line.conversation is None else line.conversation
        grouped.setdefault(key, []).append((position, line))
    return list(grouped.values())


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def _until_up(parts: Parts, engine: Child, log: Path) -> None:
    deadline = asyncio.get_running_loop().time() + _READY_WITHIN_S
    while not await parts.engine.is_up():
        if not engine.running or asyncio.get_running_loop().time() > deadline:
            raise RuntimeError(f"the engine did not start; the reason is at the end of {log}")
        await asyncio.sleep(0.2)
