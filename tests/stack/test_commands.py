"""The commands as a user runs them."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from bot.settings import Settings
from tests.stack.running import Stack, free_port, processes_of


def _yingda(
    *arguments: str, input_text: str | None = None, environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "bot.cli", *arguments],
        input=input_text,
        capture_output=True,
        text=True,
        timeout=250,
        env={**os.environ, "COLUMNS": "200", **(environment or {})},
        check=False,
    )


def _environment_of(stack: Stack) -> dict[str, str]:
    return {
        "YINGDA_VAR": str(stack.settings.var),
        "YINGDA_PORT": str(stack.settings.port),
        "YINGDA_ENGINE_PORT": str(stack.settings.engine_port),
    }


@pytest.mark.parametrize(
    "command",
    [(), ("up",), ("chat",), ("understand",), ("desk",), ("desk", "answer"), ("db",), ("faq",)],
)
def test_help_explains_itself_with_an_example(command: tuple[str, ...]) -> None:
    done = _yingda(*command, "--help")
    assert done.returncode == 0
    assert "Usage" in done.stdout
    if command and command[0] not in ("desk", "db", "faq"):
        assert f"yingda {command[0]}" in done.stdout


def test_understand_reports_each_line_in_order() -> None:
    lines = [
        {"id": 1, "text": "包邮吗"},
        {"id": "two", "text": "where is my order SO20261105001", "conversation": "c"},
        {"id": 3, "text": "６６８８", "conversation": "c"},
        {"id": 4, "text": "谁会赢下世界杯冠军"},
    ]
    done = _yingda("understand", input_text="\n".join(json.dumps(line) for line in lines))
    assert done.returncode == 0, done.stderr
    first, second, third, fourth = map(json.loads, done.stdout.splitlines())
    assert [r["id"] for r in (first, second, third, fourth)] == [1, "two", 3, 4]
    assert first["decision"] == "answer:delivery-fee"
    assert first["language"] == "zh"
    assert first["faq"][0]["id"] == "delivery-fee"
    assert second["decision"] == "flow:order_status"
    assert second["entities"][0] | {"value": "SO20261105001"} == second["entities"][0]
    assert third["decision"] == "flow:order_status", "a line continues its conversation"
    assert not fourth["decision"].startswith(("answer:", "flow:"))
    assert all(r["latency_ms"] > 0 for r in (first, second, third, fourth))


def test_understand_refuses_a_bad_line_with_its_number() -> None:
    done = _yingda("understand", input_text='{"id": 1, "text": "hi"}\n包邮吗\n')
    assert done.returncode == 2
    assert "line 2" in done.stderr
    assert done.stdout == ""


def test_an_agent_answers_from_the_terminal(stack: Stack) -> None:
    sender = f"desk-{time.time_ns()}"
    stack.ask(sender, "转人工")
    environment = _environment_of(stack)
    listed = _yingda("desk", "list", environment=environment)
    (beginning,) = re.findall(r"([0-9a-f]{8}).*asked_for", listed.stdout)[-1:]
    answered = _yingda("desk", "answer", beginning, "您好，我是小陈", environment=environment)
    assert answered.returncode == 0, answered.stderr
    shown = _yingda("desk", "show", beginning, environment=environment)
    assert "转人工" in shown.stdout
    closed = _yingda("desk", "close", beginning, environment=environment)
    assert closed.returncode == 0, closed.stderr
    texts = [str(reply["text"]) for reply in stack.ask(sender, "谢谢")]
    assert texts[0] == "您好，我是小陈"
    assert len(texts) == 3, "the agent's line, one closing line, the bot's answer"


@pytest.mark.timeout(300)
def test_up_starts_everything_and_ctrl_c_leaves_no_process(tmp_path: Path) -> None:
    # What is encoded once for all tests; nothing else is shared.
    (tmp_path / "cache").symlink_to((Settings().var / "cache").resolve())
    environment = {
        **os.environ,
        "YINGDA_VAR": str(tmp_path),
        "YINGDA_PORT": str(free_port()),
        "YINGDA_ENGINE_PORT": str(free_port()),
    }
    log = tmp_path / "up.log"
    with log.open("w") as output:
        up = subprocess.Popen(
            [sys.executable, "-m", "bot.cli", "up"],
            env=environment, stdout=output, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
    try:
        deadline = time.monotonic() + 200
        while "Ctrl-C" not in log.read_text() and time.monotonic() < deadline:
            assert up.poll() is None, log.read_text()
            time.sleep(0.3)
        assert "SO20261105001" in log.read_text()
        assert "Demo log-in (agent)" in log.read_text()
        ready = httpx.get(f"http://127.0.0.1:{environment['YINGDA_PORT']}/readyz", timeout=30)
        assert ready.json()["status"] == "ok"
        taken = _yingda("up", environment=environment)
        assert taken.returncode == 1
        assert "YINGDA_PORT" in taken.stdout
        children = _children(up.pid)
        assert len(children) == 2
        os.kill(up.pid, signal.SIGINT)
        assert up.wait(30) == 0
        assert [pid for group in children for pid in processes_of(group)] == []
    finally:
        up.kill()


def _children(pid: int) -> list[int]:
    found = []
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = entry.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(fields[1]) == pid:
            found.append(int(entry.parent.name))
    return found
