"""Children are restarted when they die and leave nothing behind when stopped."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

import pytest

from bot.supervisor import Child


@pytest.fixture
def child(tmp_path: Path) -> Child:
    """A process with a child of its own, both deaf to SIGTERM."""
    program = (
        "import signal, subprocess, sys, time; signal.signal(15, signal.SIG_IGN);"
        "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']);"
        "time.sleep(600)"
    )
    return Child("test", [sys.executable, "-c", program], os.environ, tmp_path, tmp_path / "log")


def _alive_in_group(group: int) -> int:
    alive = 0
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = entry.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        alive += int(fields[2]) == group and fields[0] != "Z"
    return alive


@pytest.mark.skipif(not Path("/proc").exists(), reason="reads Linux's /proc")
def test_stopping_ends_the_process_and_all_it_started(
    child: Child, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.supervisor._GRACE_S", 0.3)
    child.start()
    group = child.pid
    assert group is not None
    deadline = time.monotonic() + 20
    while _alive_in_group(group) < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert _alive_in_group(group) == 2
    child.stop()
    deadline = time.monotonic() + 20
    while _alive_in_group(group) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert _alive_in_group(group) == 0
    assert not child.running


def test_a_dead_child_is_started_again(child: Child) -> None:
    child.start()
    first = child.pid
    child.signal_all(signal.SIGKILL)
    deadline = time.monotonic() + 20
    while not child.revive() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert child.running
    assert child.pid != first
    child.signal_all(signal.SIGKILL)
    child.stop()
