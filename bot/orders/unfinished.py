"""Finishes what the shop was asked for when this process died, or when the shop gave no answer."""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog

from bot.orders.book import (
    BookDownError,
    ChangeRefusedError,
    OrderBook,
    UnknownOrderError,
    locked,
)
from bot.orders.changes import write_change, write_undo
from bot.orders.fields import values_of
from bot.orders.intents import Intent, ask, begun_before, end
from bot.orders.model import Order
from bot.orders.policy import CodPolicy
from bot.orders.remote.mirror import keep
from bot.storage.engine import Database

_log = structlog.get_logger(__name__)
# Longer than the shop is asked for one change, with all tries: what is younger is still under way.
STILL_UNDER_WAY = timedelta(minutes=1)


class Unfinished:
    """Looks for changes without an end.

    A customer has said yes to each of them. The shop is asked again with the same key: it carries out
    what it has not yet, and nothing twice. Where the customer was told that nothing was changed, the
    shop is only looked at: what it did all the same is written down, and nothing more is done.

    Args:
        shop: the shop's order system; ``None`` where orders live in our own book, which needs no asking.
    """

    def __init__(self, database: Database, policy: CodPolicy, shop: OrderBook | None) -> None:
        self._database = database
        self._policy = policy
        self._shop = shop

    async def finish(self, now: datetime, older_than: timedelta = STILL_UNDER_WAY) -> int:
        """Finish what was begun longer ago than ``older_than``; returns how many changes that were.

        At the start of the app nothing is under way, so nothing needs to be left alone.
        """
        if self._shop is None:
            return 0
        done = 0
        for intent in await begun_before(self._database, now - older_than):
            try:
                await self._finish(self._shop, intent, now)
            except BookDownError:
                return done  # the next look is soon enough
            done += 1
        return done

    async def _finish(self, shop: OrderBook, intent: Intent, now: datetime) -> None:
        order: Order | None
        try:
            if intent.doubtful:
                order = await shop.find(intent.order_number)
                if order is not None and order.as_of is not None:
                    raise BookDownError("expected the shop's order, got our copy")
            else:
                order = await ask(shop, intent)
        except (ChangeRefusedError, UnknownOrderError) as error:
            _log.warning("a change was not finished", order=intent.order_number, why=str(error))
            order = None
        async with self._database.write() as session:
            if not await end(session, intent.key) or order is None:
                return
            # The shop's answer is how the order is now, also if more has happened to it since.
            await keep(session, order, now)
            row = await locked(session, order.number)
            if intent.doubtful and not (
                intent.touched
                and all(values_of(row, field) == intent.changes[field] for field in intent.touched)
            ):
                return
            if intent.undoes:
                await write_undo(session, self._policy, row, intent)
            else:
                await write_change(session, self._policy, row, intent)
        _log.info("a change was finished", order=intent.order_number, key=intent.key)
