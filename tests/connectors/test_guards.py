"""A flood of one does not touch another."""

from __future__ import annotations

from connectors.guards import Rates


async def test_each_key_has_its_own_bucket() -> None:
    rates = Rates(per_minute=3)
    assert [await rates.allow("a") for _ in range(5)] == [True, True, True, False, False]
    assert await rates.allow("b")


async def test_zero_is_no_limit() -> None:
    rates = Rates(per_minute=0)
    assert all([await rates.allow("a") for _ in range(1000)])
