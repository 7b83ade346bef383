"""The part of the app that takes order events and asks customers, as a process: no engine, no FAQ.

python -m bench.orders.server DATABASE_URL PORT KEY POLICY_FOLDER
"""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import uvicorn
from fastapi import FastAPI

from bot.conversations.phrases import Phrases
from bot.orders.service import Orders
from bot.orders.ticker import Ticker
from bot.settings import Settings
from bot.storage.engine import Database
from connectors.orders.routes import order_events_router


def main(url: str, port: int, key: str, policies: Path) -> None:
    database = Database(url)
    orders = Orders.build(database, policies, Phrases(Settings().root / "domain.yml"), "zh")
    ticker = Ticker(orders.timers, on_message=lambda _: None)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        ticker.start()
        yield
        await ticker.close()
        await database.close()

    app = FastAPI(lifespan=lifespan)
    app.include_router(order_events_router(orders.intake, key))
    uvicorn.run(app, port=port, log_level="warning", access_log=False)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3], Path(sys.argv[4]))
