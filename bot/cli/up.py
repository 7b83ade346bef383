"""``yingda up``: everything, in one command."""

from __future__ import annotations

import socket
import sys
import time
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

    from bot.settings import Settings
    from bot.supervisor import Supervisor

_READY_WITHIN_S = 240.0
_LOOK_EVERY_S = 0.3
_DEATHS_AT_START = 2


def up() -> None:
    """Start engine and app, keep both running, stop both with Ctrl-C.

    Trains the model and creates the database when needed.

    Examples:

        yingda up
        YINGDA_PORT=9000 yingda up
    """
    from rich.console import Console

    from bot.cli.db import fill, seed_accounts
    from bot.cli.train import train_engine
    from bot.engine_process import engine_environment, is_trained, run_command
    from bot.faq.news import FILE_NAME, News
    from bot.settings import Settings
    from bot.storage.migrate import upgrade
    from bot.supervisor import Child, Supervisor

    console = Console()
    settings = Settings()
    _refuse_taken_ports(settings, console)
    if not is_trained(settings) and not train_engine(settings):
        _fail(
            console,
            f"Training failed; the reason is at the end of {settings.var / 'logs/train.log'}.",
        )
    upgrade(settings.database)
    if settings.demo:
        import asyncio

        asyncio.run(fill(settings.database))
        asyncio.run(seed_accounts(settings))
    logs = settings.var / "logs"
    environment = engine_environment(settings)
    supervisor = Supervisor(
        [
            Child("engine", run_command(settings), environment, settings.root, logs / "engine.log"),
            Child(
                "app", [sys.executable, "-m", "bot.cli", "serve"], environment, settings.root,
                logs / "app.log",
            ),
        ]
    )  # fmt: skip
    supervisor.start()
    try:
        if _wait_until_ready(supervisor, settings, console):
            _print_addresses(settings, console)
        news = News(settings.var / FILE_NAME, settings.default_language)
        while not supervisor.stopping:
            for line in news.lines():
                console.print(line, style="yellow", markup=False, highlight=False, soft_wrap=True)
            for name in supervisor.tend():
                console.print(
                    f"[yellow]The {name} had stopped and was started again[/yellow] (log: {logs / name}.log)"
                )
            time.sleep(_LOOK_EVERY_S)
    finally:
        console.print("Stopping …")
        supervisor.stop()


def _refuse_taken_ports(settings: Settings, console: Console) -> None:
    for port, host, name in (
        (settings.port, settings.host, "YINGDA_PORT"),
        (settings.engine_port, "127.0.0.1", "YINGDA_ENGINE_PORT"),
    ):
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError as error:
                _fail(
                    console,
                    f"Port {port} on {host} can't be used ({error.strerror}): stop what uses it, or set {name} to another.",
                )


def _wait_until_ready(supervisor: Supervisor, settings: Settings, console: Console) -> bool:
    """Wait until a real turn was answered; false when told to stop meanwhile."""
    import httpx
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn()
    deadline = time.monotonic() + _READY_WITHIN_S
    died = Counter[str]()
    with Progress(*columns, console=console, transient=True) as progress:
        progress.add_task("Starting engine and app")
        while not supervisor.stopping:
            died.update(supervisor.tend())
            for name in (name for name, times in died.items() if times > _DEATHS_AT_START):
                log = settings.var / "logs" / f"{name}.log"
                last = log.read_text("utf-8", "replace").strip().splitlines()[-1:]
                _fail(console, f"The {name} can't start: {''.join(last)}\nMore in {log}.")
            try:
                if httpx.get(f"{settings.app_url}/readyz", timeout=2).status_code == httpx.codes.OK:
                    return True
            except httpx.TransportError:
                pass
            if time.monotonic() > deadline:
                _fail(
                    console,
                    f"Not ready after {_READY_WITHIN_S:.0f} s; the reason is at the end of the files in {settings.var / 'logs'}.",
                )
            time.sleep(_LOOK_EVERY_S)
    return False


def _print_addresses(settings: Settings, console: Console) -> None:
    from rich import box
    from rich.table import Table

    from bot.accounts.demo import demo_logins
    from bot.orders.demo import demo_orders

    here = settings.app_url
    title = "Yingda (应答) is answering"
    # Without side lines it fits a terminal of 80 columns.
    table = Table("What", "Where", title=title, title_justify="left", box=box.SIMPLE_HEAD)
    table.add_row("Demo shop with the widget", f"{here}/")
    table.add_row("Desk for agents", f"{here}/desk/")
    table.add_row("Editor of the FAQ", f"{here}/editor/")
    table.add_row("REST channel, as Rasa's", f"{here}/webhooks/rest/webhook")
    table.add_row("Health, readiness", f"{here}/healthz  /readyz")
    table.add_row("Metrics", f"{here}/metrics")
    table.add_row("In the terminal", ".venv/bin/yingda chat   .venv/bin/yingda desk")
    if settings.demo:
        table.add_section()
        for person in demo_logins(settings.var):
            table.add_row(f"Demo log-in ({person.role})", f"{person.login}  {person.password}")
        table.add_section()
        for order in demo_orders():
            table.add_row(f"Order {order.number}, …{order.last_four}", order.shows.en)
    console.print(table)
    console.print("Stop with Ctrl-C.")


def _fail(console: Console, reason: str) -> None:
    console.print(f"[red]{reason}[/red]", soft_wrap=True)
    sys.exit(1)
