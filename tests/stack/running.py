"""The real stack for tests: engine and app as processes, on free ports, with a folder of their own."""

from __future__ import annotations

import os
import signal
import socket
import sys
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from bot.engine_process import engine_environment, run_command
from bot.settings import Settings
from bot.storage.migrate import upgrade
from bot.supervisor import Child
from tests.apps import ALWAYS_OPEN
from tests.bot.orders.shop_events import signed

_READY_WITHIN_S = 180.0


@dataclass
class Stack:
    """Engine and app; both can be killed and started again."""

    settings: Settings
    engine: Child
    app: Child

    @classmethod
    def build(cls, var: Path, **chosen: object) -> Self:
        """Prepare a stack with its own database and dialogues under ``var``; its desk never closes."""
        chosen.setdefault("desk_hours", ALWAYS_OPEN)
        # Encoded FAQ phrasings depend on nothing else in the folder; encode them once for all tests.
        cache = Settings().var / "cache"
        cache.mkdir(parents=True, exist_ok=True)
        (var / "cache").symlink_to(cache)
        settings = Settings(var=var, port=free_port(), engine_port=free_port(), **chosen)  # type: ignore[arg-type]
        environment = {
            **engine_environment(settings),
            "YINGDA_VAR": str(var),
            "YINGDA_PORT": str(settings.port),
            "YINGDA_ENGINE_PORT": str(settings.engine_port),
            **{f"YINGDA_{name.upper()}": str(value) for name, value in chosen.items()},
        }
        logs = var / "logs"
        return cls(
            settings,
            Child("engine", run_command(settings), environment, settings.root, logs / "engine.log"),
            Child(
                "app",
                [sys.executable, "-m", "bot.cli", "serve"],
                environment,
                settings.root,
                logs / "app.log",
            ),
        )

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.settings.port}"

    def __enter__(self) -> Self:
        upgrade(self.settings.database)
        self.engine.start()
        self.app.start()
        try:
            self.wait_until_ready()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.app.stop()
        self.engine.stop()

    def wait_until_ready(self) -> None:
        deadline = time.monotonic() + _READY_WITHIN_S
        while True:
            try:
                if httpx.get(f"{self.url}/readyz", timeout=2).status_code == httpx.codes.OK:
                    return
            except httpx.TransportError:
                pass
            for child in (self.engine, self.app):
                if not child.running:
                    raise RuntimeError(f"the {child.name} ended:\n{child.log.read_text()[-3000:]}")
            if time.monotonic() > deadline:
                raise RuntimeError(f"not ready:\n{self.engine.log.read_text()[-3000:]}")
            time.sleep(0.2)

    def wait_until_engine_answers(self) -> None:
        """Wait for an engine that was just started; readiness may still show the one before."""
        deadline = time.monotonic() + _READY_WITHIN_S
        while time.monotonic() < deadline:
            try:
                httpx.get(
                    f"{self.settings.engine_url}/webhooks/turn/", timeout=2
                ).raise_for_status()
                break
            except httpx.HTTPError:
                time.sleep(0.2)
        self.wait_until_ready()

    def kill(self, child: Child) -> None:
        """End a process without a warning, as a crash does."""
        child.signal_all(signal.SIGKILL)
        while child.running:
            time.sleep(0.01)

    def ask(self, sender: str, message: str) -> list[dict[str, object]]:
        """Send one message over the REST channel and return the replies."""
        response = httpx.post(
            f"{self.url}/webhooks/rest/webhook",
            json={"sender": sender, "message": message},
            timeout=30,
        )
        response.raise_for_status()
        replies: list[dict[str, object]] = response.json()
        return replies

    def tell(self, event: dict[str, Any]) -> None:
        """Send an order event as the shop does, under an id of its own."""
        told = signed(event | {"id": uuid.uuid4().hex}, self.settings.order_key)
        httpx.post(f"{self.url}/api/v1/order-events", **told).raise_for_status()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def processes_of(group: int) -> list[int]:
    """Return the living processes of a process group (Linux)."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if os.getpgid(int(entry.name)) == group:
                found.append(int(entry.name))
        except ProcessLookupError:
            continue
    return found
