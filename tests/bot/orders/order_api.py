"""Writes docs/order-api.yml from the reference shop: ``python -m tests.bot.orders.order_api``."""

from __future__ import annotations

from pathlib import Path

from ruamel.yaml import YAML

from bot.orders.book import SqlOrderBook
from bot.storage.engine import Database
from tests.bot.orders.reference_shop import create_shop

if __name__ == "__main__":
    yaml = YAML()
    yaml.default_flow_style = False
    yaml.width = 120
    document = create_shop(SqlOrderBook(Database("sqlite+aiosqlite://"))).openapi()
    with Path("docs/order-api.yml").open("w", encoding="utf-8") as file:
        yaml.dump(document, file)
