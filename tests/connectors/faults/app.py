"""The app with its scripted dialogue as a process: ``python -m tests.connectors.faults.app PORT NUMBER SETTINGS``.

NUMBER says which process it is, in ``x-process`` of every response; SETTINGS is JSON. Killed and started again on the same folder, as a supervisor would do it.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

import uvicorn

from bot.logs import configure_logs
from bot.settings import Settings
from bot.storage.base import Base
from bot.storage.engine import Database
from tests.apps import app_without_engine
from tests.connectors.harness import ScriptedDialogue


async def _create_tables(url: str) -> None:
    database = Database(url)
    async with database.engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    await database.close()


def main() -> None:
    """Serve until killed."""
    port, number, chosen = int(sys.argv[1]), sys.argv[2], json.loads(sys.argv[3])
    settings = Settings(root=Path.cwd(), log_level="warning", **chosen)
    configure_logs(settings)
    asyncio.run(_create_tables(settings.database))
    app = app_without_engine(settings, Database(settings.database), ScriptedDialogue())
    headers = [("x-process", number)]
    uvicorn.run(
        app, host="127.0.0.1", port=port, log_level="error", access_log=False, headers=headers
    )


if __name__ == "__main__":
    main()
