"""``yingda desk add-user`` and its kin: who may sign in to the web pages."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated

import typer

from bot.accounts.model import Role
from bot.language import Language

if TYPE_CHECKING:
    from bot.accounts.accounts import Accounts

# Where a role works; elsewhere it is the desk.
_PAGES = {Role.EDITOR: "/editor/", Role.REVIEWER: "/editor/"}
_Login = Annotated[str, typer.Argument(help="Login: letters, digits, '.', '_' or '-'.")]
_Password = Annotated[
    str,
    typer.Option(
        "--password",
        prompt=True,
        confirmation_prompt=True,
        hide_input=True,
        envvar="YINGDA_NEW_PASSWORD",
        help="Asked for when not given; at least 10 characters.",
    ),
]


def register(app: typer.Typer) -> None:
    """Add the commands about accounts to ``app``."""
    app.command("add-user")(add_user)
    app.command("users")(users)
    app.command("set-password")(set_password)
    app.command("disable-user")(disable_user)


def add_user(
    login: _Login,
    password: _Password,
    name: Annotated[str, typer.Option(help="What customers see; the login when not given.")] = "",
    role: Annotated[Role, typer.Option(help="What they may do.")] = Role.AGENT,
    language: Annotated[Language, typer.Option(help="Language of their pages.")] = "zh",
) -> None:
    """Make an account for the web desk and the editor.

    Example:

        yingda desk add-user xiaochen --name 小陈 --role agent
    """

    async def work(accounts: Accounts) -> None:
        account = await accounts.add(login, name or login, role, password, language)
        page = _PAGES.get(account.role, "/desk/")
        typer.echo(f"{account.login} ({account.role}) may sign in at {page}.")

    _run(work)


def users() -> None:
    """List who may sign in.

    Example:

        yingda desk users
    """

    async def work(accounts: Accounts) -> None:
        from rich.console import Console
        from rich.table import Table

        table = Table("Login", "Name", "Role", "Language")
        for account in await accounts.everyone():
            table.add_row(account.login, account.name, account.role, account.language)
        Console().print(table if table.row_count else "There are no accounts yet.")

    _run(work)


def set_password(login: _Login, password: _Password) -> None:
    """Give an account another password; its open sessions end.

    Example:

        yingda desk set-password xiaochen
    """

    async def work(accounts: Accounts) -> None:
        await accounts.set_password(login, password)
        typer.echo("Changed. Open sessions have ended.")

    _run(work)


def disable_user(login: _Login) -> None:
    """Let somebody sign in no more; their open sessions end.

    Example:

        yingda desk disable-user xiaochen
    """

    async def work(accounts: Accounts) -> None:
        await accounts.disable(login)
        typer.echo(
            "They can't sign in any more. What they have in hand waits in 'yingda desk list'."
        )

    _run(work)


def _run(work: Callable[[Accounts], Awaitable[None]]) -> None:
    from bot.accounts.accounts import AccountError, Accounts
    from bot.settings import Settings
    from bot.storage.engine import Database

    settings = Settings()

    async def go() -> None:
        database = Database(settings.database)
        try:
            await work(Accounts(database))
        finally:
            await database.close()

    try:
        asyncio.run(go())
    except AccountError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
