"""The time: every part that goes by it takes a clock, so that tests and demos can move it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

# The zone of opening hours and of every moment that customers and colleagues read.
SHOP_ZONE = ZoneInfo("Asia/Shanghai")

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """Return the current time."""
    return datetime.now(UTC)
