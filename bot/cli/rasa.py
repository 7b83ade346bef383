"""``yingda rasa …``: Rasa's own command line, in the engine's environment."""

from __future__ import annotations

import subprocess
import sys

import typer


def rasa(context: typer.Context) -> None:
    """Run Rasa's command line with this project's settings.

    Examples:

        yingda rasa train          yingda rasa shell
        yingda rasa data validate  yingda rasa test nlu
    """
    from bot.engine_process import engine_command, engine_environment
    from bot.settings import Settings

    settings = Settings()
    sys.exit(
        subprocess.call(
            engine_command(settings, *context.args),
            env=engine_environment(settings),
            cwd=settings.root,
        )
    )
