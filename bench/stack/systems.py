"""The systems under measurement: how each is trained, started, asked and judged."""

from __future__ import annotations

import os
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

import httpx
from ruamel.yaml import YAML

from bench.stack.plain import ANSWER, GREETING
from bot.engine_process import engine_command, engine_environment
from bot.settings import Settings
from bot.storage.migrate import upgrade
from bot.supervisor import Child
from tests.stack.running import Stack, free_port

_READY_WITHIN_S = 600.0
_MODEL = "bench"


class Turn(StrEnum):
    """The two turns that are measured."""

    BARE = "without an action"
    ACTION = "with one action"


@dataclass(frozen=True, slots=True)
class Line:
    """One way to talk to a system.

    Args:
        name: how it is called in the table.
        url: address of the webhook; a GET of its parent folder answers 200 when it is up.
        body: builds the request from conversation and text.
        judge: whether a response is that of the turn which was meant.
        headers: of each request.
    """

    name: str
    url: str
    body: Callable[[str, str], dict[str, Any]]
    judge: Callable[[Turn, Any], bool]
    headers: Mapping[str, str] = field(default_factory=dict)

    async def ask(
        self, client: httpx.AsyncClient, turn: Turn, conversation: str, text: str
    ) -> bool:
        """Run one turn; returns whether it was answered as meant.

        Raises:
            httpx.HTTPError: no answer, or one with an error's status.
        """
        response = await client.post(
            self.url, json=self.body(conversation, text), headers=dict(self.headers)
        )
        response.raise_for_status()
        return self.judge(turn, response.json())

    def is_up(self) -> bool:
        """Tell whether the webhook listens and its model is loaded."""
        try:
            health = self.url.removesuffix("webhook")
            return httpx.get(health, timeout=2, trust_env=False).status_code == httpx.codes.OK
        except httpx.TransportError:
            return False


@dataclass(frozen=True, slots=True)
class System:
    """Processes that belong together, and the lines to them; the last one is the longest way."""

    children: list[Child]
    lines: list[Line]

    @contextmanager
    def running(self, greeting: str) -> Iterator[dict[str, float]]:
        """Start the processes; yields the seconds until the first answer, by line."""
        try:
            started = time.monotonic()
            for child in self.children:
                child.start()
            seconds: dict[str, float] = {}
            while len(seconds) < len(self.lines):
                for line in self.lines:
                    if line.name not in seconds and _answers(line, greeting):
                        seconds[line.name] = time.monotonic() - started
                self._check(time.monotonic() - started)
                time.sleep(0.1)
            yield seconds
        finally:
            for child in reversed(self.children):
                child.stop()

    def memory_mb(self) -> dict[str, float]:
        """Return the resident memory of each child with all it started, in MB."""
        lines = subprocess.run(
            ["ps", "-A", "-o", "pgid=,rss="], capture_output=True, text=True, check=True
        ).stdout.splitlines()
        table = [(int(group), int(kilobytes)) for group, kilobytes in map(str.split, lines)]
        return {
            child.name: sum(size for group, size in table if group == child.pid) / 1024
            for child in self.children
        }

    def _check(self, waited_s: float) -> None:
        for child in self.children:
            if not child.running or waited_s > _READY_WITHIN_S:
                tail = child.log.read_text("utf-8", "replace")[-2000:]
                raise RuntimeError(
                    f"expected {child.name} to answer within {_READY_WITHIN_S:g} s, "
                    f"but it {'did not' if child.running else 'ended'}. Its log ends:\n{tail}"
                )


def train(command: list[str], folder: Path, environment: Mapping[str, str], log: Path) -> float:
    """Run a training; returns its seconds.

    Raises:
        RuntimeError: it failed; the message holds the end of its log.
    """
    started = time.monotonic()
    with log.open("wb") as output:
        done = subprocess.run(
            command, cwd=folder, env=dict(environment), stdout=output, stderr=output, check=False
        )
    if done.returncode != 0:
        raise RuntimeError(
            f"training failed: {' '.join(command)}\n{log.read_text('utf-8')[-2000:]}"
        )
    return time.monotonic() - started


def plain_environment() -> dict[str, str]:
    """Return this process's environment with Rasa's telemetry off, which tries the network."""
    # Without compiled modules Rasa starts far slower than it does for anybody.
    dropped = ("PYTHONDONTWRITEBYTECODE", "PYTHONPATH")
    kept = {name: value for name, value in os.environ.items() if name not in dropped}
    return {**kept, "RASA_TELEMETRY_ENABLED": "false"}


def plain_training(settings: Settings) -> list[str]:
    """Return the command that trains the plain project in its folder."""
    return [
        *(str(settings.engine_python), "-m", "rasa", "train", "--skip-validation"),
        *("--fixed-model-name", _MODEL),
    ]


def plain_system(settings: Settings, project: Path, actions_port: int) -> System:
    """Return the plain project's two servers."""
    port, python, logs = free_port(), str(settings.engine_python), project / "logs"
    environment = plain_environment()
    server = [
        *(python, "-m", "rasa", "run", "--interface", "127.0.0.1", "--port", str(port)),
        *("--model", f"models/{_MODEL}.tar.gz"),
    ]
    actions = [python, "-m", "rasa_sdk", "--actions", "actions", "--port", str(actions_port)]
    return System(
        [
            Child("rasa", server, environment, project, logs / "rasa.log"),
            Child("rasa_sdk", actions, environment, project, logs / "rasa_sdk.log"),
        ],
        [Line("plain Rasa", _rest(port), _rest_body, _judge_plain)],
    )


def our_training(settings: Settings, folder: Path) -> tuple[list[str], dict[str, str]]:
    """Return command and environment that train our engine's model into ``folder``."""
    command = engine_command(
        settings,
        *("train", "--skip-validation", "--fixed-model-name", _MODEL, "--out", str(folder)),
    )
    return command, engine_environment(settings)


def model_in(folder: Path) -> Path:
    """Return the file that ``our_training`` writes."""
    return folder / f"{_MODEL}.tar.gz"


def our_system(folder: Path) -> System:
    """Return engine and app with a database and dialogues of their own under ``folder``."""
    # One customer of the long conversation writes faster than anybody may.
    stack = Stack.build(folder, customer_messages_per_minute=0)
    upgrade(stack.settings.database)
    _serve(stack, model_in(folder))
    said = _responses(stack.settings.root)
    return System(
        [stack.engine, stack.app],
        [
            _engine_line(stack, "Yingda, engine", _judge_events),
            Line(
                "Yingda, whole path",
                _rest(stack.settings.port),
                _rest_body,
                lambda turn, replies: _judge_replies(turn, replies, said),
            ),
        ],
    )


def engine_alone(folder: Path, model: Path, actions_port: int) -> System:
    """Return our engine with plain Rasa's action in place of the app's: what a turn costs the engine itself."""
    folder.mkdir()
    stack = Stack.build(folder)
    _serve(stack, model)
    actions = {"YINGDA_ACTIONS_URL": f"http://127.0.0.1:{actions_port}/webhook"}
    environment = {**stack.engine.environment, **actions}
    return System(
        [replace(stack.engine, name="engine alone", environment=environment)],
        [_engine_line(stack, "Yingda, engine, that action", _judge_said)],
    )


def _serve(stack: Stack, model: Path) -> None:
    place = stack.engine.command.index("--model") + 1
    stack.engine.command[place] = str(model)


def _engine_line(stack: Stack, name: str, judge: Callable[[Turn, Any], bool]) -> Line:
    return Line(
        name,
        f"{stack.settings.engine_url}/webhooks/turn/webhook",
        _turn_body,
        judge,
        {"Authorization": f"Bearer {stack.settings.secrets.engine_token}"},
    )


def _answers(line: Line, greeting: str) -> bool:
    if not line.is_up():
        return False
    # A conversation of its own each time: a failed try may have handed the last one to a person.
    body = line.body(f"start-{uuid.uuid4().hex}", greeting)
    try:
        response = httpx.post(
            line.url, json=body, headers=dict(line.headers), timeout=30, trust_env=False
        )
    except httpx.TransportError:
        return False
    return response.status_code == httpx.codes.OK and line.judge(Turn.BARE, response.json())


def _rest(port: int) -> str:
    return f"http://127.0.0.1:{port}/webhooks/rest/webhook"


def _rest_body(conversation: str, text: str) -> dict[str, Any]:
    return {"sender": conversation, "message": text}


def _turn_body(conversation: str, text: str) -> dict[str, Any]:
    return {
        **_rest_body(conversation, text),
        "message_id": uuid.uuid4().hex,
        "metadata": {"language": "en" if text.isascii() else "zh"},
    }


def _judge_plain(turn: Turn, replies: list[dict[str, Any]]) -> bool:
    expected = GREETING if turn is Turn.BARE else ANSWER
    return [reply.get("text") for reply in replies] == [expected]


def _judge_events(turn: Turn, answer: dict[str, Any]) -> bool:
    events: list[dict[str, Any]] = answer["events"]
    if turn is Turn.BARE:
        return any(event.get("name") == "utter_greet" for event in events)
    decisions = [str(event["value"]) for event in events if event.get("name") == "decision"]
    return decisions != [] and decisions[-1].startswith("answer:")


def _judge_said(turn: Turn, answer: dict[str, Any]) -> bool:
    if turn is Turn.BARE:
        return _judge_events(turn, answer)
    return [e["text"] for e in answer["events"] if e["event"] == "bot"] == [ANSWER]


def _judge_replies(
    turn: Turn, replies: list[dict[str, Any]], said: Mapping[str, frozenset[str]]
) -> bool:
    """The FAQ's answers are no responses of the domain; every other reply to a question is one."""
    texts = {str(reply.get("text")) for reply in replies}
    if turn is Turn.BARE:
        return texts != set() and texts <= said["utter_greet"]
    return texts != set() and not any(texts & canned for canned in said.values())


def _responses(root: Path) -> dict[str, frozenset[str]]:
    domain = YAML(typ="safe").load((root / "domain.yml").read_text("utf-8"))
    return {
        name: frozenset(str(variation.get("text")) for variation in variations)
        for name, variations in domain["responses"].items()
    }
