"""WeChat."""

from __future__ import annotations

from connectors.base import Connector
from connectors.registry import Fittings


def build(fittings: Fittings) -> Connector | None:
    """Return nothing yet."""
    return None
