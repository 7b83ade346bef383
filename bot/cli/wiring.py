"""Where the parts are put together: the only place that knows domain, actions and connectors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from actions import FaqLadder, build_executor
from bot.conversations.dialogue import Dialogue
from bot.conversations.engine_client import EngineClient
from bot.conversations.phrases import Phrases
from bot.desk.catalogue import Catalogue
from bot.desk.hours import load_hours
from bot.desk.rules import DeskRules
from bot.encoder import load_encoder
from bot.faq.knowledge import Knowledge
from bot.orders.book import SqlOrderBook
from bot.orders.desk import OrderDesk
from bot.settings import Settings
from bot.storage.engine import Database

if TYPE_CHECKING:
    import socketio
    from rasa_sdk.executor import ActionExecutor


@dataclass(frozen=True)
class Parts:
    """What the app and ``yingda understand`` are made of."""

    settings: Settings
    database: Database
    engine: EngineClient
    dialogue: Dialogue
    phrases: Phrases
    knowledge: Knowledge
    orders: SqlOrderBook
    executor: ActionExecutor


def build_parts(settings: Settings) -> Parts:
    """Load the knowledge base and connect the parts; opens no port and no connection yet."""
    database = Database(settings.database)
    phrases = Phrases(settings.root / "domain.yml")
    knowledge = load_knowledge(settings)
    engine = EngineClient(
        settings.engine_url, settings.secrets.engine_token, settings.engine_timeout_s
    )
    ladder = FaqLadder(knowledge, phrases)
    orders = SqlOrderBook(database)
    return Parts(
        settings=settings,
        database=database,
        engine=engine,
        dialogue=Dialogue(engine, knowledge, settings.default_language),
        phrases=phrases,
        knowledge=knowledge,
        orders=orders,
        executor=build_executor(ladder, OrderDesk(orders, database)),
    )


def build_app(settings: Settings) -> socketio.ASGIApp:
    """Return the app of ``settings``."""
    from connectors.app import create_app

    parts = build_parts(settings)
    return create_app(
        settings, parts.database, parts.engine, parts.dialogue, parts.phrases, parts.executor,
        parts.knowledge, parts.orders, load_rules(settings),
    )  # fmt: skip


def load_rules(settings: Settings) -> DeskRules:
    """Return the desk's words and opening hours."""
    hours = load_hours(settings.desk_hours or settings.desk_folder / "hours.yml")
    return DeskRules(Catalogue.load(settings.desk_folder), hours)


def load_knowledge(settings: Settings) -> Knowledge:
    """Return the FAQ, indexed."""
    return Knowledge.load(
        settings.faq_folder,
        load_encoder(settings.encoder),
        cache=settings.var / "cache",
        answer=settings.faq_answer_threshold,
        suggest=settings.faq_suggest_threshold,
    )
