"""``yingda doctor``: is this installation whole, and what to do where it is not."""

from __future__ import annotations

import platform
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
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


def _app(settings: Settings) -> str:
    from importlib.metadata import PackageNotFoundError, version

    pinned = re.findall(
        r"^([\w.-]+)==([\w.]+)",
        (settings.root / "requirements" / "app.txt").read_text("utf-8"),
        re.M,
    )
    for name, wanted in pinned:
        try:
            found = version(name)
        except PackageNotFoundError:
            found = "missing"
        # A build's label such as +cpu does not count.
        if found.partition("+")[0] != wanted:
            raise _ProblemError(f"{name} is {found}, {wanted} is pinned: run 'make setup'")
    return f"Python {platform.python_version()}, {len(pinned)} packages as pinned"


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

    from sqlalchemy import text
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import SQLAlchemyError

    from bot.storage.engine import Database
    from bot.storage.migrate import newest_revision

    url = make_url(settings.database)
    if url.database and url.get_backend_name() == "sqlite" and not Path(url.database).exists():
        raise _ProblemError(f"{url.database} is not there: run 'yingda db upgrade'")

    async def revision() -> str:
        database = Database(settings.database)
        try:
            async with database.read() as session:
                await session.execute(text("SELECT 1"))
                try:
                    found = await session.scalar(text("SELECT version_num FROM alembic_version"))
                except SQLAlchemyError as error:
                    raise _ProblemError("it has no tables: run 'yingda db upgrade'") from error
                return str(found)
        finally:
            await database.close()

    try:
        found = asyncio.run(revision())
    except (SQLAlchemyError, OSError) as error:
        reason = str(getattr(error, "orig", None) or error).splitlines()[0]
        raise _ProblemError(
            f"{url.render_as_string()} can't be reached ({reason}): start it, or mend YINGDA_DATABASE_URL"
        ) from error
    if found != newest_revision():
        raise _ProblemError(
            f"its schema is {found}, {newest_revision()} is needed: run 'yingda db upgrade'"
        )
    return f"{url.get_backend_name()}, schema {found}"


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
    "app environment": _app,
    "engine environment": _engine,
    "sentence encoder": _encoder,
    "engine model": _model,
    "FAQ files": _faq,
    "database": _database,
    "pages": _pages,
    "disk": _disk,
    "running": _running,
}
