"""`yingda orders show`: words instead of codes, and why a confirmation waits."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.cli.order_history import print_history
from bot.language import Language
from bot.orders.cod import CodState
from bot.orders.demo import insert_shop
from bot.orders.policy import CodPolicy
from bot.orders.record import COD_TIMER, move, pending, set_timer
from bot.storage.engine import Database
from tests.bot.orders.conftest import known_customers

_WAITING = "SO20261105002"
_NIGHT = datetime(2026, 11, 22, 20, tzinfo=UTC)  # four in the morning where the customer lives
_DAY = _NIGHT + timedelta(hours=8)


@pytest.fixture
async def shop(database: Database) -> Database:
    async with database.write() as session:
        await insert_shop(session, known_customers())
    return database


@pytest.fixture
def policy(root: Path) -> CodPolicy:
    return CodPolicy.load(root / "data/policy/cod.yml")


@pytest.mark.parametrize(
    ("now", "language", "said"),
    [
        (_NIGHT, "en", "quiet hours: the customer is written to at Mon 23 Nov, 08:30"),
        (_NIGHT, "zh", "免打扰时段，11月23日（周一）08:30再联系顾客"),
        (_DAY, "en", "next step at Mon 23 Nov, 12:00"),
    ],
)
async def test_it_says_why_a_confirmation_waits(
    shop: Database,
    policy: CodPolicy,
    capsys: pytest.CaptureFixture[str],
    now: datetime,
    language: Language,
    said: str,
) -> None:
    async with shop.write() as session:
        session.add(pending(_WAITING, now))
        await set_timer(session, _WAITING, COD_TIMER, now)
    assert await print_history(shop, policy, _WAITING, language, now)
    assert said in capsys.readouterr().out


async def test_who_can_not_be_reached_is_left_to_people_and_events_have_words(
    shop: Database, policy: CodPolicy, capsys: pytest.CaptureFixture[str]
) -> None:
    async with shop.write() as session:
        cod = pending(_WAITING, _DAY)
        session.add(cod)
        await session.flush()
        move(session, cod, CodState.UNREACHABLE, actor="bot", at=_DAY)
    assert await print_history(shop, policy, _WAITING, "en", _DAY)
    printed = capsys.readouterr().out
    assert "people are to call" in printed
    assert "cod." not in printed
    assert "can't be" in printed


async def test_an_order_without_events_has_no_empty_table_and_an_unknown_one_none(
    shop: Database, policy: CodPolicy, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await print_history(shop, policy, "SO20261105001", "en", _DAY)
    printed = capsys.readouterr().out
    assert "Nothing has happened to order SO20261105001" in printed
    assert "When" not in printed
    assert not await print_history(shop, policy, "SO20261105999", "en", _DAY)
