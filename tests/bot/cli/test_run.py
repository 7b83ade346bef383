"""What a user can mend is said in one line, not as a traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize(
    ("arguments", "environment", "said"),
    [
        (["settings"], {"YINGDA_PORT": "abc"}, "YINGDA_PORT: "),
        (["desk", "list"], {"YINGDA_VAR": "{tmp}/nowhere"}, "run 'make run'"),
    ],
)
def test_a_fault_of_the_installation_is_one_line(
    arguments: list[str], environment: dict[str, str], said: str, tmp_path: Path
) -> None:
    values = {name: value.format(tmp=tmp_path) for name, value in environment.items()}
    done = subprocess.run(
        [sys.executable, "-m", "bot.cli", *arguments],
        cwd=ROOT, env={**os.environ, **values}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert said in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
