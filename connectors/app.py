"""The app: every face of Yingda behind one address."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import socketio
from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware
from rasa_sdk.executor import ActionExecutor

from bot.accounts.accounts import Accounts
from bot.conversations.dialogue import Dialogue
from bot.conversations.engine_client import EngineClient
from bot.conversations.inbox import Inbox
from bot.conversations.outbox import Outbox
from bot.conversations.phrases import Phrases
from bot.conversations.worker import Workers
from bot.desk.board import Board
from bot.desk.feed import Feed
from bot.desk.rules import DeskRules
from bot.desk.service import HandoffDesk
from bot.faq.knowledge import Knowledge
from bot.orders.book import OrderBook
from bot.settings import Settings
from bot.storage.engine import Database
from connectors.accounts import accounts_router
from connectors.actions_route import actions_router
from connectors.desk.live import DeskLive
from connectors.desk.parts import DeskParts
from connectors.desk.routes import desk_router
from connectors.health import Readiness, health_router
from connectors.pages import Pages
from connectors.rest.routes import rest_router
from connectors.service import Reception
from connectors.web.channel import GREETING, WebChannel
from connectors.web.session import WebSessions

_PAGES = Path(__file__).parent / "ui" / "dist"


def create_app(
    settings: Settings,
    database: Database,
    engine: EngineClient,
    dialogue: Dialogue,
    phrases: Phrases,
    executor: ActionExecutor,
    knowledge: Knowledge,
    orders: OrderBook,
    rules: DeskRules,
) -> socketio.ASGIApp:
    """Return the ASGI app; it opens nothing before its lifespan starts and closes ``database`` and ``engine``."""
    web = WebChannel(
        database,
        WebSessions(settings.secrets.session_key),
        phrases,
        settings.default_language,
        settings.allowed_origins,
    )
    outbox = Outbox(database, {web.name: web}, settings.outbox_attempts)
    accounts = Accounts(database)
    board = Board(database, rules.catalogue)
    feed = Feed(board)

    def changed(conversation_id: str) -> None:
        outbox.wake(conversation_id)
        feed.changed(conversation_id)

    workers = Workers(
        database,
        dialogue,
        phrases,
        on_reply=changed,
        on_typing=web.typing,
        queue_ack_every=timedelta(minutes=settings.queue_ack_minutes),
        desk=rules,
    )
    desk = DeskParts(
        database,
        HandoffDesk(database, phrases, settings.default_language, rules.catalogue),
        board,
        rules.catalogue,
        knowledge,
        orders,
        DeskLive(web.server, accounts, web, board.holds),
        changed,
        feed.look,
        rules.hours.zone,
    )
    feed.add(desk.live)
    greeting_offers = frozenset(
        button.payload
        for language in ("zh", "en")
        for button in phrases.say(GREETING, language).buttons
    )
    reception = Reception(
        Inbox(database, settings.message_limit_chars, greeting_offers), workers, feed.changed
    )
    readiness = Readiness(database, engine)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        web.open(reception, feed.service_of)
        outbox.start()
        feed.start()
        desk.live.start()
        readiness.start()
        await workers.recover()
        yield
        await readiness.close()
        await workers.close()
        await feed.close()
        await desk.live.close()
        await outbox.close()
        await engine.close()
        await database.close()

    api = FastAPI(title="Yingda", lifespan=lifespan, docs_url=None, redoc_url=None)
    api.include_router(health_router(readiness))
    api.include_router(actions_router(executor, settings.secrets.actions_token))
    api.include_router(rest_router(reception, database))
    api.state.accounts = accounts
    api.include_router(accounts_router(accounts))
    api.include_router(desk_router(desk, accounts))
    # A shop's page on another origin loads the widget's script; nothing else is shared.
    api.add_middleware(
        CORSMiddleware, allow_origins=settings.allowed_origins, allow_methods=["GET"]
    )
    if _PAGES.is_dir():
        api.mount("/", Pages(directory=_PAGES, html=True))
    return socketio.ASGIApp(web.server, other_asgi_app=api)
