"""Everything that is done with orders, put together once for app, actions and commands."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from bot.conversations.phrases import Phrases
from bot.language import Language
from bot.orders.book import SqlOrderBook
from bot.orders.cases import CaseDesk, CasePolicy
from bot.orders.changes import ChangeDesk
from bot.orders.claims.policy import AftersalesPolicy
from bot.orders.cod_desk import CodDesk
from bot.orders.code_senders import LogSender
from bot.orders.codes import CodeSender, OneTimeCodes
from bot.orders.desk import OrderDesk
from bot.orders.intake import OrderIntake
from bot.orders.policy import CodPolicy
from bot.storage.engine import Database


@dataclass(frozen=True, slots=True)
class Orders:
    """The desks: who may see an order, what may be changed, what is confirmed, what the shop tells."""

    policy: CodPolicy
    book: SqlOrderBook
    desk: OrderDesk
    changes: ChangeDesk
    cod: CodDesk
    intake: OrderIntake
    cases: CaseDesk
    aftersales: AftersalesPolicy
    codes: OneTimeCodes

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
    ) -> Self:
        """Put the desks together.

        Args:
            policies: folder with ``cod.yml``, ``cases.yml`` and ``aftersales.yml``.
            sender: brings one-time codes to telephones; the log if there is none.
            key: keys the hashes of one-time codes; a passing one if there is none.

        Raises:
            ValueError: a policy file is not valid; the text says where and why.
        """
        policy, book = CodPolicy.load(policies / "cod.yml"), SqlOrderBook(database)
        return cls(
            policy=policy,
            book=book,
            desk=OrderDesk(book, database),
            changes=ChangeDesk(database, policy),
            cod=CodDesk(database, policy, phrases, default_language),
            intake=OrderIntake(database, policy),
            codes=OneTimeCodes(database, sender or LogSender(), key or secrets.token_hex()),
            aftersales=AftersalesPolicy.load(policies / "aftersales.yml"),
            cases=CaseDesk(database, CasePolicy.load(policies / "cases.yml")),
        )
