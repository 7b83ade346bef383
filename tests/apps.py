"""The real app around a scripted dialogue: everything but the engine."""

from __future__ import annotations

import functools
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from rasa_sdk.executor import ActionExecutor

from bot.cli.wiring import load_rules
from bot.conversations.engine_client import EngineClient
from bot.conversations.phrases import Phrases
from bot.faq.knowledge import Knowledge
from bot.faq.live import LiveKnowledge
from bot.linking.service import Links
from bot.orders.service import Orders
from bot.settings import Settings
from bot.storage.engine import Database
from connectors.app import create_app

ALWAYS_OPEN = Path(__file__).parent / "always_open.yml"


@functools.cache
def read_phrases(root: Path) -> Phrases:
    """Return the domain's responses, read once for all tests."""
    return Phrases(root / "domain.yml")


def app_without_engine(
    settings: Settings,
    database: Database,
    dialogue: Any,
    knowledge: Knowledge | LiveKnowledge | None = None,
) -> Any:
    """Return the app; without ``knowledge`` the desk can't suggest FAQ answers."""
    phrases = read_phrases(settings.root)
    live: Any = LiveKnowledge(knowledge) if isinstance(knowledge, Knowledge) else knowledge
    return create_app(
        settings,
        database,
        EngineClient("http://127.0.0.1:9", "no engine here", 1.0),
        dialogue,
        phrases,
        ActionExecutor(),
        live or SimpleNamespace(folder=None, listen=lambda listener: None),
        Orders.build(
            database,
            settings.policy_folder,
            phrases,
            settings.default_language,
            customer_key=settings.customer_token_key.get_secret_value(),
        ),
        Links(database, settings.secrets.session_key),
        load_rules(settings),
    )
