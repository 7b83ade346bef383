"""A process that has the shop change a phone number and is killed as soon as the shop has said yes.

``python -m tests.bot.orders.cut_off OUR_DATABASE_URL SHOP_URL ORDER PHONE``
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from datetime import datetime

from bot.orders.changes import ChangeDesk, Draft
from bot.orders.fields import Changes
from bot.orders.model import Order
from bot.orders.policy import CodPolicy
from bot.orders.remote.client import HttpOrderBook
from bot.orders.remote.mirror import MirroredOrderBook
from bot.settings import Settings
from bot.storage.engine import Database
from tests.bot.orders.conftest import NOW
from tests.bot.orders.reference_shop import TOKEN

ACTOR = "customer:c1"


class KilledAfterYes(HttpOrderBook):
    """Lets nothing of this process run after the shop's answer, not even a ``finally``."""

    async def change(
        self,
        number: str,
        changes: Changes,
        *,
        confirmed_at: datetime | None = None,
        key: str,
        at: datetime,
    ) -> Order:
        order = await super().change(number, changes, confirmed_at=confirmed_at, key=key, at=at)
        os.kill(os.getpid(), signal.SIGKILL)
        return order


async def main(our_url: str, shop_url: str, number: str, phone: str) -> None:
    database = Database(our_url)
    policy = CodPolicy.load(Settings().root / "data" / "policy" / "cod.yml")
    shop = KilledAfterYes(shop_url, TOKEN, timeout_s=30)
    desk = ChangeDesk(database, policy, MirroredOrderBook(shop, database, lambda: NOW))
    told = await desk.settle(number, Draft(phone=phone), actor=ACTOR, now=NOW)
    sys.exit(f"expected to be killed before an answer, got {told}")


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
