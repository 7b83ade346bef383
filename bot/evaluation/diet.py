"""Rasa's default pipeline as one of the systems compared: it trains and answers in the engine's environment."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any

import numpy as np

from bot.evaluation.systems import Prediction


class DietError(RuntimeError):
    """The process that runs Rasa ended."""


class Diet:
    """A process of the engine's Python that holds one trained pipeline.

    Args:
        python: the engine's interpreter.
        root: the project's folder.
        log: where everything goes that Rasa and TensorFlow print.
    """

    def __init__(self, python: Path, root: Path, log: Path) -> None:
        self._log, self._seconds = log, 0.0
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as noise:
            self._process = subprocess.Popen(
                [python, "-m", "bot.evaluation.diet_worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=noise,
                cwd=root,
                encoding="utf-8",
                env={**os.environ, "RASA_TELEMETRY_ENABLED": "false", "PYTHONPATH": str(root)},
            )
        self._read()

    def fit(self, texts: Sequence[str], intents: Sequence[str]) -> None:
        """See `System.fit`."""
        self._ask({"texts": list(texts), "intents": list(intents)})

    def predict(self, texts: Sequence[str]) -> Prediction:
        """See `System.predict`; familiarity is the confidence."""
        intents, confidence = zip(*self._ask({"texts": list(texts)}), strict=True)
        sure = np.array(confidence, np.float64)
        return Prediction(list(intents), sure, sure)

    def clock(self) -> float:
        """Return the processor seconds that the process had used at its last answer."""
        return self._seconds

    def close(self) -> None:
        """End the process."""
        pipe(self._process.stdin).close()
        self._process.wait()

    def _ask(self, what: dict[str, Any]) -> list[tuple[str, float]]:
        if self._process.poll() is None:
            pipe(self._process.stdin).write(json.dumps(what) + "\n")
            pipe(self._process.stdin).flush()
        return self._read()

    def _read(self) -> list[tuple[str, float]]:
        line = pipe(self._process.stdout).readline()
        if not line:
            raise DietError(f"Rasa's process ended; the reason is at the end of {self._log}")
        answer = json.loads(line)
        self._seconds = answer["seconds"]
        found: list[tuple[str, float]] = answer["found"]
        return found


def pipe(one: IO[str] | None) -> IO[str]:
    """Return a pipe that was asked for."""
    assert one is not None  # noqa: S101 - Popen was given PIPE
    return one
