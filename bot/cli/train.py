"""``yingda train``: train the engine's model when its inputs changed."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer


def train(
    force: Annotated[
        bool, typer.Option("--force", help="Train even when nothing changed.")
    ] = False,
) -> None:
    """Train the engine's model if config, domain, examples or FAQ questions changed.

    Examples:

        yingda train
        yingda train --force
    """
    from rich.console import Console

    from bot.engine_process import is_trained
    from bot.settings import Settings

    console = Console(stderr=True)
    settings = Settings()
    if is_trained(settings) and not force:
        console.print("The model is up to date.")
        return
    if not train_engine(settings):
        console.print(f"[red]Training failed.[/red] The log is {settings.var / 'logs/train.log'}.")
        sys.exit(1)


def train_engine(settings: object) -> bool:
    """Train with visible progress; returns whether it worked. The log goes to var/logs/train.log."""
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    from bot.engine_process import (
        engine_environment,
        inputs_fingerprint,
        model_file,
        take_model,
        train_command,
    )
    from bot.settings import Settings

    assert isinstance(settings, Settings)  # noqa: S101 - keeps the import of pydantic lazy
    log = settings.var / "logs" / "train.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    fingerprint = inputs_fingerprint(settings)
    columns = SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn()
    task = "Training the engine's model (about a minute)"
    console = Console(stderr=True)
    if not console.is_terminal:
        console.print(task)  # a log would show the bar only at its end
    with (
        tempfile.TemporaryDirectory(dir=model_file(settings).parent, prefix="training-") as name,
        log.open("w", encoding="utf-8") as output,
        Progress(*columns, console=console, disable=not console.is_terminal) as progress,
    ):
        progress.add_task(task)
        done = subprocess.run(
            train_command(settings, Path(name)),
            env=engine_environment(settings),
            cwd=settings.root,
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
        )
        if done.returncode == 0:
            take_model(settings, Path(name), fingerprint)
    return done.returncode == 0
