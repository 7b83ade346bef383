"""``yingda chat``: talk to the running bot in the terminal, as a customer on the widget would."""

from __future__ import annotations

from typing import Annotated

import typer


def chat(
    decisions: Annotated[
        bool, typer.Option("--decisions", help="Show what was understood and decided each turn.")
    ] = False,
    language: Annotated[
        str, typer.Option(help="Language of the greeting: zh, en or auto.")
    ] = "auto",
) -> None:
    """Talk to the running bot. Type the number of a button to press it; end with Ctrl-D.

    Examples:

        yingda chat
        yingda chat --decisions
    """
    import asyncio

    from bot.cli.terminal_chat import TerminalChat
    from bot.settings import Settings

    asyncio.run(TerminalChat(Settings(), decisions, language).run())
