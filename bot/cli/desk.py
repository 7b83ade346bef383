"""``yingda desk``: the queue in the terminal. Read it, answer as a person, close."""

from __future__ import annotations

import asyncio
import getpass
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli import accounts
from bot.cli.database import open_database

if TYPE_CHECKING:
    from bot.desk.service import HandoffDesk
    from bot.storage.engine import Database

app = typer.Typer(
    help="Answer customers as a person: list, show, answer, close. Accounts for the web desk: "
    "add-user, users, set-password, disable-user.",
    no_args_is_help=True,
)
accounts.register(app)

_Agent = Annotated[str, typer.Option("--agent", help="Your name.", default_factory=getpass.getuser)]
_Conversation = Annotated[str, typer.Argument(help="Conversation id, or its first characters.")]


@app.command("list")
def list_queue() -> None:
    """Show who waits, the longest waiting first.

    Example:

        yingda desk list
    """

    async def work(desk: HandoffDesk, _: Database) -> None:
        from datetime import UTC, datetime

        from rich.console import Console
        from rich.table import Table

        table = Table("Conversation", "State", "Reason", "Language", "Channel", "Agent", "Waiting")
        for row in await desk.queue():
            minutes = (datetime.now(UTC) - row.since).total_seconds() / 60
            table.add_row(
                row.conversation_id[:8], row.state, row.reason, row.language, row.channel,
                row.agent or "", f"{minutes:.0f} min",
            )  # fmt: skip
        Console().print(table if table.row_count else "Nobody waits.")

    _run(work)


@app.command()
def show(conversation: _Conversation) -> None:
    """Show a conversation from the beginning.

    Example:

        yingda desk show 3f2a
    """

    async def work(desk: HandoffDesk, database: Database) -> None:
        from rich.console import Console

        from bot.accounts import audit
        from bot.conversations import transcript

        whole_id = await _find(desk, conversation)
        async with database.write() as session:
            await audit.note_view(session, getpass.getuser(), whole_id)
        console = Console()
        async with database.read() as session:
            for entry in await transcript.entries(session, whole_id):
                at = entry.at.astimezone().strftime("%m-%d %H:%M")
                console.print(
                    f"{at} {entry.author:>8}  {entry.body.text}", markup=False, soft_wrap=True
                )

    _run(work)


@app.command()
def answer(conversation: _Conversation, text: str, agent: _Agent) -> None:
    """Answer the customer; takes the conversation first if nobody has it.

    Example:

        yingda desk answer 3f2a "您好，我是小陈，马上帮您查。"
    """

    async def work(desk: HandoffDesk, _: Database) -> None:
        from bot.desk.service import Agent

        await desk.answer(await _find(desk, conversation), Agent(agent, agent), text)
        typer.echo("Sent.")

    _run(work)


@app.command()
def close(
    conversation: _Conversation,
    agent: _Agent,
    resolution: Annotated[str, typer.Option(help="How it ended.")] = "solved",
) -> None:
    """Close: the customer gets one closing line and the bot answers again.

    Example:

        yingda desk close 3f2a --resolution solved
    """

    async def work(desk: HandoffDesk, _: Database) -> None:
        from bot.desk.service import Agent

        await desk.close(await _find(desk, conversation), Agent(agent, agent), resolution)
        typer.echo("Closed.")

    _run(work)


@app.command()
def chatwoot() -> None:
    """Print the address that Chatwoot calls; it belongs into the API inbox as its webhook.

    Example:

        yingda desk chatwoot
    """
    from bot.settings import Settings

    settings = Settings()
    base = settings.public_url.rstrip("/") or f"http://{settings.host}:{settings.port}"
    typer.echo(f"{base}/webhooks/chatwoot/{settings.chatwoot_key}")


def _run(work: Callable[[HandoffDesk, Database], Awaitable[None]]) -> None:
    from bot.conversations.handoff import IllegalTransitionError
    from bot.conversations.phrases import Phrases
    from bot.desk.catalogue import Catalogue
    from bot.desk.service import HandoffDesk
    from bot.settings import Settings

    settings = Settings()

    async def go() -> None:
        database = open_database(settings)
        phrases = Phrases(settings.root / "domain.yml")
        catalogue = Catalogue.load(settings.desk_folder)
        desk = HandoffDesk(database, phrases, settings.default_language, catalogue)
        try:
            await work(desk, database)
        finally:
            await database.close()

    try:
        asyncio.run(go())
    except (IllegalTransitionError, LookupError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error


async def _find(desk: HandoffDesk, beginning: str) -> str:
    """Return the whole id of the one open conversation that begins so."""
    ids = [row.conversation_id for row in await desk.queue()]
    found = [whole for whole in ids if whole.startswith(beginning)]
    if len(found) != 1:
        raise LookupError(
            f"expected one waiting conversation that begins with {beginning!r}, "
            f"found {len(found)}; 'yingda desk list' shows them"
        )
    return found[0]
