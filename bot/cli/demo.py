"""``yingda demo``: stories that show what the bot does, played in the terminal."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

app = typer.Typer(help="Stories to watch in the terminal.", no_args_is_help=True)


class _Language(StrEnum):
    ZH = "zh"
    EN = "en"


@app.callback()
def stories() -> None:
    """Stories to watch in the terminal."""


@app.command()
def cod(
    language: Annotated[_Language, typer.Option(help="The customer's language.")] = _Language.ZH,
    pause_s: Annotated[float, typer.Option(help="Seconds between two lines.")] = 0.6,
) -> None:
    """Play a cash-on-delivery order from the order to the door, with time sped up.

    Engine, database and order are private copies that end with the command.

    Examples:

        yingda demo cod
        yingda demo cod --language en --pause-s 0
    """
    import asyncio

    from bot.cli.cod_story import CodStory
    from bot.settings import Settings

    asyncio.run(CodStory(Settings(), language.value, pause_s).play())
