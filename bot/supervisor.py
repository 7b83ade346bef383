"""Keeps the engine and the app running: starts them, restarts what dies, stops both cleanly."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

_GRACE_S = 8.0
_LONGEST_PAUSE_S = 30.0
# A process that lived this long was well: its next death is a new story.
_WELL_AFTER_S = 60.0


@dataclass
class Child:
    """One process to keep running.

    Args:
        name: how it is called in messages.
        command: program and arguments.
        environment: its whole environment.
        folder: its working folder.
        log: file that takes its output.
    """

    name: str
    command: list[str]
    environment: Mapping[str, str]
    folder: Path
    log: Path
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)
    _started_at: float = field(default=0.0, init=False)
    _deaths: int = field(default=0, init=False)
    _next_start_at: float = field(default=0.0, init=False)

    def start(self) -> None:
        """Start the process in a session of its own, so that Ctrl-C reaches the supervisor alone."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as output:
            self._process = subprocess.Popen(
                self.command,
                env=dict(self.environment),
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._started_at = time.monotonic()

    @property
    def running(self) -> bool:
        """Tell whether the process lives."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int | None:
        """The process id while it lives."""
        return self._process.pid if self._process is not None and self.running else None

    def revive(self) -> bool:
        """Restart the process if it died and its pause has passed; returns whether it was restarted."""
        now = time.monotonic()
        if self.running:
            return False
        if self._next_start_at == 0.0:
            self._deaths = 1 if now - self._started_at > _WELL_AFTER_S else self._deaths + 1
            self._next_start_at = now + min(2.0 ** (self._deaths - 1) - 1, _LONGEST_PAUSE_S)
        if now < self._next_start_at:
            return False
        self._next_start_at = 0.0
        self.start()
        return True

    def signal_all(self, number: signal.Signals) -> None:
        """Send a signal to the process and all that it started."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, number)

    def stop(self) -> None:
        """End the process and all that it started: politely first, then for good."""
        if self._process is None:
            return
        self.signal_all(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_GRACE_S)
        self.signal_all(signal.SIGKILL)
        self._process.wait()


class Supervisor:
    """Runs children until it is told to stop by SIGINT or SIGTERM."""

    def __init__(self, children: list[Child]) -> None:
        self.children = children
        self.stopping = False

    def start(self) -> None:
        """Start every child and take over SIGINT and SIGTERM."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._on_signal)
        for child in self.children:
            child.start()

    def tend(self) -> list[str]:
        """Restart what died; returns the names of the restarted."""
        return [child.name for child in self.children if not self.stopping and child.revive()]

    def stop(self) -> None:
        """End every child: politely first, then for good. Nothing is left behind."""
        for child in self.children:
            child.signal_all(signal.SIGTERM)
        for child in self.children:
            child.stop()

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self.stopping = True
