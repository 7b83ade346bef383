"""What keeps the set-up from going on is one line that says what to do."""

from __future__ import annotations

import importlib.util
import os
import socket
import subprocess
import sys
from collections import namedtuple
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "tools" / "bootstrap.py"
UV = ROOT / ".tools" / "bin" / "uv"
NOBODY = "http://127.0.0.1:9/simple"  # the discard port: nothing listens there


@pytest.fixture
def bootstrap() -> ModuleType:
    """The script as a module; tools/ is no package."""
    spec = importlib.util.spec_from_file_location("bootstrap", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def make(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["make", "--no-print-directory", *arguments],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_make_alone_lists_the_targets() -> None:
    shown = make()
    assert shown.returncode == 0
    listed = {line.split()[1] for line in shown.stdout.splitlines() if line.startswith("  make ")}
    assert listed >= {"setup", "run", "test", "bench", "clean"}


def test_without_a_python_make_says_which_to_install() -> None:
    shown = make("setup", "PYTHON=python-that-is-not-there")
    assert shown.returncode != 0
    (line,) = shown.stdout.splitlines()
    assert "install Python 3.11, 3.12 or 3.13" in line


@pytest.mark.parametrize("name", ["YINGDA_PORT", "YINGDA_ENGINE_PORT"])
def test_a_taken_port_is_named_before_anything_is_set_up(name: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            other = free.getsockname()[1]
        ports = {"YINGDA_PORT": other, "YINGDA_ENGINE_PORT": other, name: port}
        shown = subprocess.run(
            [sys.executable, str(SCRIPT), "--run"],
            env={**os.environ, **{key: str(value) for key, value in ports.items()}},
            capture_output=True, text=True, check=False,
        )  # fmt: skip
    assert shown.returncode == 1
    assert shown.stdout == ""
    (line,) = shown.stderr.splitlines()
    assert f"port {port}" in line
    assert f"set {name} to another" in line


def test_another_python_is_refused_with_the_versions_that_do(
    bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 9, 1))
    with pytest.raises(bootstrap.SetupError, match=r"3\.11, 3\.12 or 3\.13 is needed"):
        bootstrap.set_up(tests=False)


def test_a_full_disk_is_said_before_the_first_step(
    bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(bootstrap, "TOOLS", tmp_path)
    monkeypatch.setattr(bootstrap.shutil, "disk_usage", lambda _: usage(10**10, 10**10, 10**8))

    def work() -> None:
        raise AssertionError("begun all the same")

    with pytest.raises(bootstrap.SetupError, match=r"only 100 MB are free .* 9000 MB are needed"):
        bootstrap._step("the app's environment", [], work, tmp_path / "nothing")


def test_without_a_network_the_registries_are_named(bootstrap: ModuleType, tmp_path: Path) -> None:
    """uv itself, which finds nobody where its packages should be."""
    environment = {**os.environ, "UV_CACHE_DIR": str(tmp_path / "cache"), "UV_HTTP_RETRIES": "0"}
    for name in ("UV_FIND_LINKS", "UV_INDEX", "UV_EXTRA_INDEX_URL"):
        environment.pop(name, None)
    environment |= {"UV_INDEX_URL": NOBODY, "UV_DEFAULT_INDEX": NOBODY}
    target = str(tmp_path / "packages")
    command = [str(UV), "pip", "install", "--python", sys.executable, "--target", target, "six"]
    with pytest.raises(
        bootstrap.SetupError, match="registries can't be reached, check the network"
    ):
        bootstrap._run(command, environment)


def test_without_the_engines_python_it_is_named(bootstrap: ModuleType, tmp_path: Path) -> None:
    """uv itself, asked for a version that is nowhere and may not be fetched."""
    environment = {**os.environ, "UV_PYTHON_DOWNLOADS": "never", "PATH": str(tmp_path)}
    command = [str(UV), "venv", "--python", "3.7.99", str(tmp_path / "venv")]
    with pytest.raises(bootstrap.SetupError, match=r"Python 3\.10 is missing"):
        bootstrap._run(command, environment)


def test_a_step_is_done_again_when_its_inputs_change(
    bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(bootstrap, "TOOLS", tmp_path / "tools")
    monkeypatch.setattr(bootstrap, "ROOT", tmp_path)
    monkeypatch.setattr(bootstrap, "_DISK_NEEDED_MB", 0)
    source, result = tmp_path / "source", tmp_path / "result"
    source.write_text("one")
    done: list[str] = []

    def work() -> None:
        result.write_text(source.read_text())
        done.append(source.read_text())

    for text in ("one", "one", "two"):
        source.write_text(text)
        bootstrap._step("a step", [source], work, result)
    result.unlink()
    bootstrap._step("a step", [source], work, result)
    assert done == ["one", "two", "two"]
