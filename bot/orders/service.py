"""Everything that is done with orders, put together once for app, actions and commands."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from bot.clock import Clock, utc_now
from bot.conversations.phrases import Phrases
from bot.desk.hours import Hours
from bot.language import Language
from bot.orders.book import OrderBook, SqlOrderBook
from bot.orders.cases import CaseDesk, CasePolicy
from bot.orders.changes import ChangeDesk
from bot.orders.claims.policy import AftersalesPolicy
from bot.orders.cod_desk import CodDesk
from bot.orders.code_senders import LogSender
from bot.orders.codes import CodeSender, OneTimeCodes
from bot.orders.desk import OrderDesk
from bot.orders.identity import Identity, IdentityPolicy
from bot.orders.intake import OrderIntake
from bot.orders.outages import Outages
from bot.orders.policy import CodPolicy
from bot.orders.remote.client import HttpOrderBook
from bot.orders.remote.mirror import MirroredOrderBook
from bot.orders.timers import Timers
from bot.orders.unfinished import Unfinished
from bot.storage.engine import Database


@dataclass(frozen=True, slots=True)
class Orders:
    """The desks: who may see an order, what may be changed, what is confirmed, what the shop tells.

    ``copy`` is what our own tables hold: the same as ``book`` unless the shop has an order API.
    """

    policy: CodPolicy
    book: OrderBook
    copy: SqlOrderBook
    desk: OrderDesk
    changes: ChangeDesk
    cod: CodDesk
    timers: Timers
    intake: OrderIntake
    cases: CaseDesk
    aftersales: AftersalesPolicy
    codes: OneTimeCodes
    outages: Outages
    identity: Identity
    unfinished: Unfinished
    shop: HttpOrderBook | None = None

    @classmethod
    def build(
        cls,
        database: Database,
        policies: Path,
        phrases: Phrases,
        default_language: Language,
        *,
        sender: CodeSender | None = None,
        key: str = "",
        customer_key: str = "",
        shop: HttpOrderBook | None = None,
        clock: Clock = utc_now,
        hours: Hours | None = None,
    ) -> Self:
        """Put the desks together.

        Args:
            policies: folder with ``cod.yml``, ``cases.yml``, ``aftersales.yml`` and ``identity.yml``.
            sender: brings one-time codes to telephones; the log if there is none.
            key: keys the hashes of one-time codes; a passing one if there is none.
            customer_key: the shop's page signs the tokens of its customers with it.
            shop: the shop's own order API, where it has one; else orders live in our own book.
            clock: when its answers came.
            hours: when people answer cases; at any hour if not given.

        Raises:
            ValueError: a policy file is not valid; the text says where and why.
        """
        policy = CodPolicy.load(policies / "cod.yml")
        copy = SqlOrderBook(database)
        book: OrderBook = copy
        if shop is not None:
            book = MirroredOrderBook(shop, database, clock)
        return cls(
            policy=policy,
            book=book,
            copy=copy,
            desk=OrderDesk(book, database),
            changes=ChangeDesk(database, policy, book if shop else None),
            cod=CodDesk(database, policy),
            timers=Timers(database, policy, phrases, default_language, book if shop else None),
            intake=OrderIntake(database, policy),
            codes=OneTimeCodes(database, sender or LogSender(), key or secrets.token_hex()),
            outages=Outages(database, book, phrases, default_language),
            identity=Identity(
                database, IdentityPolicy.load(policies / "identity.yml"), customer_key
            ),
            unfinished=Unfinished(database, policy, book if shop else None),
            shop=shop,
            aftersales=AftersalesPolicy.load(policies / "aftersales.yml"),
            cases=CaseDesk(database, CasePolicy.load(policies / "cases.yml"), hours),
        )

    async def close(self) -> None:
        """Close the connections to the shop."""
        if self.shop is not None:
            await self.shop.close()
