"""Where the parts are put together: the only place that knows domain, actions and connectors."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from actions import FaqLadder, build_executor
from bot.clock import Clock, utc_now
from bot.conversations.dialogue import Dialogue
from bot.conversations.engine_client import EngineClient
from bot.conversations.phrases import Phrases
from bot.desk.catalogue import Catalogue
from bot.desk.hours import load_hours, load_team_hours
from bot.desk.rules import DeskRules
from bot.desk.teams import load_teams
from bot.encoder import Encoder, load_encoder
from bot.encoder.memo import Remembering
from bot.faq.knowledge import Knowledge
from bot.faq.live import LiveKnowledge
from bot.faq.questions import nlu_examples
from bot.linking.service import Links
from bot.mood import load_mood
from bot.orders.cases import CaseKind, CasePolicy
from bot.orders.code_senders import LogSender, SmtpSender
from bot.orders.codes import CodeSender
from bot.orders.remote.client import HttpOrderBook
from bot.orders.service import Orders
from bot.settings import Settings
from bot.spelling import Speller
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
    knowledge: LiveKnowledge
    executor: ActionExecutor
    orders: Orders
    links: Links


def build_parts(settings: Settings, clock: Clock = utc_now) -> Parts:
    """Load the knowledge base and connect the parts; opens no port and no connection yet.

    Args:
        clock: the time that actions go by; a demo lets it run faster.
    """
    database = Database(settings.database)
    phrases = Phrases(settings.root / "domain.yml")
    # The FAQ and the mood read the same message: it is encoded once.
    encoder = Remembering(load_encoder(settings.encoder))
    knowledge = LiveKnowledge(load_knowledge(settings, encoder), settings.faq_folder)
    engine = EngineClient(
        settings.engine_url, settings.secrets.engine_token, settings.engine_timeout_s
    )
    ladder = FaqLadder(knowledge, phrases)
    orders = Orders.build(
        database,
        settings.policy_folder,
        phrases,
        settings.default_language,
        sender=_code_sender(settings),
        key=settings.secrets.session_key,
        customer_key=settings.customer_token_key.get_secret_value(),
        shop=_order_api(settings),
        clock=clock,
        hours=load_hours(_hours_file(settings)),
    )
    links = Links(database, settings.secrets.session_key)
    return Parts(
        settings=settings,
        database=database,
        engine=engine,
        dialogue=Dialogue(
            engine,
            knowledge,
            load_speller(settings, knowledge.now),
            phrases,
            settings.default_language,
            load_mood(settings.mood_file, encoder),
        ),
        phrases=phrases,
        knowledge=knowledge,
        executor=build_executor(ladder, orders, links, clock),
        orders=orders,
        links=links,
    )


def _order_api(settings: Settings) -> HttpOrderBook | None:
    if not settings.order_api_url:
        return None
    token = settings.order_api_token.get_secret_value()
    return HttpOrderBook(settings.order_api_url, token, settings.order_api_timeout_s)


def _code_sender(settings: Settings) -> CodeSender:
    url = settings.code_smtp_url.get_secret_value()
    if not url:
        return LogSender()
    return SmtpSender(url, settings.code_smtp_to, settings.code_smtp_from)


def build_app(settings: Settings) -> socketio.ASGIApp:
    """Return the app of ``settings``."""
    from connectors.app import create_app

    parts = build_parts(settings)
    return create_app(
        settings,
        parts.database,
        parts.engine,
        parts.dialogue,
        parts.phrases,
        parts.executor,
        parts.knowledge,
        parts.orders,
        parts.links,
        load_rules(settings),
    )


def load_rules(settings: Settings) -> DeskRules:
    """Return the desk's words and opening hours."""
    file = _hours_file(settings)
    hours = load_hours(file)
    cases = CasePolicy.load(settings.policy_folder / "cases.yml")
    return DeskRules(
        Catalogue.load(settings.desk_folder),
        hours,
        promise=timedelta(minutes=settings.desk_promise_minutes),
        capacity=settings.desk_capacity,
        assigns=settings.desk_auto_assign,
        nps_every=timedelta(days=settings.nps_every_days),
        teams=load_teams(file),
        team_hours=load_team_hours(file),
        complaint_within=timedelta(hours=cases.answer_within_hours[CaseKind.COMPLAINT]),
    )


def _hours_file(settings: Settings) -> Path:
    return settings.desk_hours or settings.desk_folder / "hours.yml"


def load_knowledge(settings: Settings, encoder: Encoder | None = None) -> Knowledge:
    """Return the FAQ, indexed; ``encoder`` spares loading the setting's once more."""
    return Knowledge.load(
        settings.faq_folder,
        encoder or load_encoder(settings.encoder),
        cache=settings.var / "cache",
        answer=settings.faq_answer_threshold,
        suggest=settings.faq_suggest_threshold,
    )


def load_speller(settings: Settings, knowledge: Knowledge) -> Speller:
    """Return the speller, which learns from all that the bot can understand and say."""
    examples = (text for _, text in nlu_examples(settings.root / "data" / "nlu"))
    return Speller.learn(chain(examples, knowledge.texts))
