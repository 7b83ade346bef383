"""Questions that customers settled by pressing a suggestion are labels for the thresholds."""

from __future__ import annotations

from bot.editing.thresholds import settled_by_customers
from bot.faq.thresholds import Labelled
from bot.storage.engine import Database
from tests.desk.month import fill_month


async def test_a_pressed_suggestion_labels_the_question_before_it(database: Database) -> None:
    await fill_month(database, [("邮费谁出", "delivery-fee"), ("能退吗", "returns-how")])
    assert await settled_by_customers(database) == [
        Labelled("邮费谁出", frozenset({"delivery-fee"})),
        Labelled("能退吗", frozenset({"returns-how"})),
    ]
