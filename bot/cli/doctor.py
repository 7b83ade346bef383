"""``yingda doctor``: is this installation whole, and what to do where it is not."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from bot.settings import Settings

_DISK_MB = 500


class _ProblemError(Exception):
    """What is wrong and how to mend it."""


def doctor() -> None:
    """Check environments, model, encoder, FAQ, database, pages, disk, and what is running.

    Exits with 1 when something needs mending.

    Example:

        yingda doctor
    """
    from rich.console import Console
    from rich.table import Table

    from bot.settings import Settings

    settings = Settings()
    table = Table("", "Check", "Finding", show_lines=False)
    failed = False
    for name, check in _CHECKS.items():
        try:
            table.add_row("[green]ok[/green]", name, check(settings))
        except _ProblemError as problem:
            failed = True
            table.add_row("[red]no[/red]", name, str(problem))
        except Exception as error:  # what no check foresaw must not hide what the others found
            failed = True
            table.add_row("[red]no[/red]", name, f"{type(error).__name__}: {error}")
    Console().print(table)
    if failed:
        raise typer.Exit(1)


def _engine(settings: Settings) -> str:
    if not settings.engine_python.exists():
        raise _ProblemError(f"{settings.engine_python} is missing: run 'make setup'")
    done = subprocess.run(
        [settings.engine_python, "-c", "import importlib.metadata as m; print(m.version('rasa'))"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise _ProblemError("the engine's environment has no Rasa: run 'make setup'")
    return f"Rasa {done.stdout.strip()}"


def _model(settings: Settings) -> str:
    from bot.engine_process import is_trained, model_file

    if not model_file(settings).exists():
        raise _ProblemError("not trained yet: run 'yingda train'")
    if not is_trained(settings):
        raise _ProblemError("its inputs have changed since: run 'yingda train'")
    return "trained from the files as they are"


def _encoder(settings: Settings) -> str:
    from bot.encoder import load_encoder

    try:
        encoder = load_encoder(settings.encoder)
    except Exception as error:
        raise _ProblemError(
            f"{settings.encoder} can't be loaded ({error}): run 'make setup'"
        ) from error
    return f"{settings.encoder}, {encoder.dimension} dimensions, {encoder.fingerprint}"


def _faq(settings: Settings) -> str:
    from bot.faq.errors import FaqError
    from bot.faq.records import load_corpus

    try:
        corpus = load_corpus(settings.faq_folder)
    except FaqError as error:
        raise _ProblemError(str(error)) from error
    return f"{len(corpus.records)} records"


def _database(settings: Settings) -> str:
    import asyncio

    from sqlalchemy import func, select
    from sqlalchemy.exc import SQLAlchemyError

    from bot.storage.engine import Database
    from bot.storage.orders import OrderRow

    async def count() -> int:
        database = Database(settings.database)
        try:
            async with database.read() as session:
                return await session.scalar(select(func.count()).select_from(OrderRow)) or 0
        finally:
            await database.close()

    try:
        return f"{asyncio.run(count())} orders"
    except (SQLAlchemyError, OSError) as error:
        raise _ProblemError("not there or too old: run 'yingda db upgrade'") from error


def _pages(settings: Settings) -> str:
    built = settings.root / "connectors" / "ui" / "dist" / "index.html"
    if not built.exists():
        raise _ProblemError("not built: run 'make setup'")
    return "built"


def _disk(settings: Settings) -> str:
    free = shutil.disk_usage(settings.root).free // 1_000_000
    if free < _DISK_MB:
        raise _ProblemError(f"only {free} MB free, {_DISK_MB} MB needed: make room")
    return f"{free} MB free"


def _running(settings: Settings) -> str:
    import httpx

    try:
        ready = httpx.get(f"{settings.app_url}/readyz", timeout=2)
    except httpx.TransportError:
        return "not running (start it with 'yingda up')"
    if ready.status_code != httpx.codes.OK:
        raise _ProblemError(f"not ready: {ready.json()}; see {settings.var / 'logs'}")
    return f"answering at {settings.app_url}"


_CHECKS: dict[str, Callable[[Settings], str]] = {
    "engine environment": _engine,
    "sentence encoder": _encoder,
    "engine model": _model,
    "FAQ files": _faq,
    "database": _database,
    "pages": _pages,
    "disk": _disk,
    "running": _running,
}
