"""``yingda understand``: what the bot would make of messages, without telling anyone."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def understand(
    file: Annotated[
        Path | None, typer.Argument(help="JSON lines; standard input when left out.")
    ] = None,
) -> None:
    """Read JSON lines {"id", "text", "conversation"?} and write what was understood and decided.

    Lines of one conversation are turns of one dialogue; a line without one stands alone. Nothing is
    sent and nothing is kept: engine, dialogues and orders are fresh copies that end with the command.

    Examples:

        echo '{"id": 1, "text": "包邮吗"}' | yingda understand
        yingda understand messages.jsonl > understood.jsonl
    """
    import asyncio
    import sys

    from bot.cli.understanding import BadLineError, run
    from bot.logs import configure_logs
    from bot.settings import Settings

    settings = Settings()
    configure_logs(settings)
    lines = sys.stdin if file is None else file.open(encoding="utf-8")
    typer.echo("Starting an engine of its own, about twenty seconds …", err=True)
    try:
        asyncio.run(run(settings, lines, sys.stdout))
    except BadLineError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from error
