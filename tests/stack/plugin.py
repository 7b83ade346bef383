"""The fixture ``stack``: one real engine and app for every test that talks to them.

``tests/conftest.py`` names this module in ``pytest_plugins``, so tests/conversations, tests/browser
and tests/stack share one start-up. A test that kills a process builds a ``Stack`` of its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from bot.cli.db import fill
from bot.cli.train import train_engine
from bot.engine_process import is_trained
from bot.settings import Settings
from bot.storage.migrate import upgrade
from tests.stack.running import Stack


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Engine and app with a fresh database and the demo shop; trains the engine when that is due.

    A waiting customer hears "a colleague will answer" to every message and not every two minutes,
    so that a test need not wait; tests/bot/conversations keeps the pause itself under test.
    """
    settings = Settings()
    if not is_trained(settings) and not train_engine(settings):
        log = settings.var / "logs" / "train.log"
        pytest.fail(f"the engine could not be trained; the end of {log}:\n{_tail(log.read_text())}")
    stack = Stack.build(tmp_path_factory.mktemp("stack"), queue_ack_minutes=0)
    upgrade(stack.settings.database)
    asyncio.run(fill(stack.settings.database))
    with stack:
        yield stack


def _tail(text: str, lines: int = 30) -> str:
    return "\n".join(text.splitlines()[-lines:])
