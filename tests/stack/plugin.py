"""The fixture ``stack``: one real engine and app for every test that talks to them.

``tests/conftest.py`` names this module in ``pytest_plugins``, so tests/conversations, tests/browser
and tests/stack share one start-up. A test that kills a process builds a ``Stack`` of its own.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.cli.db import fill
from bot.cli.train import train_engine
from bot.engine_process import is_trained
from bot.settings import Settings
from bot.storage.migrate import upgrade
from tests.stack.running import Stack

# What the shop's page signs its customers in with.
CUSTOMER_TOKEN_KEY = "the key that the shop's page and the tests sign with"


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Engine and app with a fresh database and the demo shop; trains the engine when that is due.

    A waiting customer hears "a colleague will answer" to every message and not every two minutes,
    so that a test need not wait, and orders are asked about at any hour; tests/bot/conversations keeps the pause itself under test.
    """
    settings = Settings()
    if not is_trained(settings) and not train_engine(settings):
        log = settings.var / "logs" / "train.log"
        pytest.fail(f"the engine could not be trained; the end of {log}:\n{_tail(log.read_text())}")
    var = tmp_path_factory.mktemp("stack")
    stack = Stack.build(
        var,
        queue_ack_minutes=0,
        policy_folder=policy_without_nights(settings, var / "policy"),
        customer_token_key=CUSTOMER_TOKEN_KEY,
    )
    upgrade(stack.settings.database)
    asyncio.run(fill(stack.settings.database))
    with stack:
        yield stack


def policy_without_nights(settings: Settings, folder: Path) -> Path:
    """Copy the policies into ``folder`` with no quiet hours and no delay, whatever the time is now."""
    shutil.copytree(settings.policy_folder, folder)
    file = folder / "cod.yml"
    text = file.read_text("utf-8")
    for before, after in (
        ('{from: "21:30", to: "08:30"}', '{from: "00:00", to: "00:00"}'),
        ("delay_seconds: 5 ", "delay_seconds: 0 "),
    ):
        assert before in text
        text = text.replace(before, after)
    file.write_text(text, "utf-8")
    return folder


def _tail(text: str, lines: int = 30) -> str:
    return "\n".join(text.splitlines()[-lines:])
