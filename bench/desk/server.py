"""The app under load, in a process of its own."""

from __future__ import annotations

from multiprocessing.synchronize import Event
from pathlib import Path

from bot.accounts.model import Role
from bot.language import Language
from tests.desk.running import DeskApp, real_knowledge

AGENTS = 10


def serve(var: str, port: int, ready: Event, done: Event) -> None:
    """Run the app with ten agents until ``done``."""
    chinese: Language = "zh"
    people = [(f"agent{n:02}", f"客服{n:02}", Role.AGENT, chinese) for n in range(AGENTS)]
    with DeskApp(Path(var), real_knowledge(), port=port, people=people):
        ready.set()
        done.wait()
