"""The app: every face of Yingda behind one address."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path

import socketio
from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware
from rasa_sdk.executor import ActionExecutor

from bot.accounts import audit
from bot.accounts.accounts import Accounts
from bot.clock import utc_now
from bot.conversations.dialogue import Dialogue
from bot.conversations.engine_client import EngineClient
from bot.conversations.erasure import Erasure
from bot.conversations.files import LIMIT_BYTES, Files
from bot.conversations.handoff import BACK_TO_BOT
from bot.conversations.inbox import Inbox
from bot.conversations.outbox import Outbox
from bot.conversations.phrases import Phrases
from bot.conversations.worker import Workers
from bot.desk.board import Board
from bot.desk.catalogue import Catalogue
from bot.desk.feed import Feed
from bot.desk.keeper import Keeper
from bot.desk.rules import DeskRules
from bot.desk.service import HandoffDesk
from bot.desk.staff import Staff
from bot.desk.view import Line, newest_lines
from bot.editing.library import FaqLibrary
from bot.faq.checks import channel_names
from bot.faq.live import LiveKnowledge
from bot.faq.news import FILE_NAME as NEWS_FILE
from bot.faq.watching import Watcher
from bot.linking.service import Links
from bot.linking.talk import LinkTalk
from bot.orders.service import Orders
from bot.orders.ticker import Ticker
from bot.retraining import Retrainer
from bot.settings import Settings
from bot.storage.conversations import Address, ConversationRow
from bot.storage.engine import Database
from connectors.accounts import accounts_router
from connectors.actions_route import actions_router
from connectors.chatwoot.bridge import ChatwootDesk
from connectors.chatwoot.client import ChatwootClient
from connectors.chatwoot.files import ChatwootFiles
from connectors.chatwoot.routes import chatwoot_router
from connectors.desk.case_count import CaseCount
from connectors.desk.files import DeskFiles
from connectors.desk.live import DeskLive
from connectors.desk.parts import DeskParts
from connectors.desk.routes import desk_router
from connectors.editor.parts import EditorParts
from connectors.editor.routes import editor_router
from connectors.files import PATH as FILES_PATH
from connectors.files import Uploads, files_router
from connectors.guards import BodyLimit
from connectors.health import Readiness, health_router
from connectors.orders.routes import order_events_router
from connectors.pages import Pages
from connectors.registry import Fittings, build_channels
from connectors.rest.routes import rest_router
from connectors.service import Reception
from connectors.texts import ChannelTexts
from connectors.web.channel import GREETING, WebChannel
from connectors.web.rasa_webchat import RasaWebchat
from connectors.web.session import WebSessions

# Nothing that is no file needs more, and no request is held in memory that is larger.
_MOST_BODY_BYTES = 1_000_000
_LARGER_BODIES = {
    "/actions/": 20_000_000,  # the engine's trackers, behind its token
    # Their own limits have their own words.
    "/desk/api/files": LIMIT_BYTES + 1_000_000,
    "/editor/api/": 21_000_000,
    FILES_PATH: LIMIT_BYTES + 1_000_000,
}
# Enough for what a customer writes in one breath; a page that misses more asks for the whole.
_NEWEST_LINES = 4
_PAGES = Path(__file__).parent / "ui" / "dist"


def create_app(
    settings: Settings,
    database: Database,
    engine: EngineClient,
    dialogue: Dialogue,
    phrases: Phrases,
    executor: ActionExecutor,
    knowledge: LiveKnowledge,
    orders: Orders,
    links: Links,
    rules: DeskRules,
) -> socketio.ASGIApp:
    """Return the ASGI app; it opens nothing before its lifespan starts and closes ``database`` and ``engine``."""
    files = Files(settings.files_folder, settings.upload_scan_command)
    sessions = WebSessions(settings.secrets.session_key)
    uploads = Uploads(settings.secrets.session_key)
    web = WebChannel(
        database,
        sessions,
        uploads,
        phrases,
        settings.default_language,
        settings.allowed_origins,
        orders.identity,
        links,
    )
    texts = ChannelTexts(settings.channel_texts_file)
    webchat = RasaWebchat(web.server, database, sessions, phrases, settings.default_language)
    fittings = Fittings(settings, database, phrases, texts, files, links, orders.identity)
    channels = [web, webchat, *build_channels(fittings)]
    by_name = {channel.name: channel for channel in channels}
    orders.identity.listen(links.proved)
    outbox = Outbox(
        database,
        by_name,
        settings.outbox_attempts,
        merging={channel.name for channel in channels if channel.capabilities.merges},
        reveal=links.codes.reveal,
    )
    accounts = Accounts(database)
    board = Board(database, rules.catalogue)
    feed = Feed(board, rules.waits)

    def changed(conversation_id: str) -> None:
        outbox.wake(conversation_id)
        feed.changed(conversation_id)

    erasure = Erasure(database, files, engine.forget)

    async def erase(conversation_id: str) -> None:
        await workers.alone(conversation_id, partial(erasure.erase, conversation_id))
        feed.changed(conversation_id)

    async def newest(conversation_id: str) -> list[Line]:
        async with database.read() as session:
            return await newest_lines(session, knowledge.now, conversation_id, _NEWEST_LINES)

    async def looks(conversation_id: str, login: str) -> bool:
        async with database.write() as session:
            known = await session.get(ConversationRow, conversation_id) is not None
            if known:
                await audit.note_view(session, login, conversation_id)
        return known

    async def on_typing(address: Address, on: bool) -> None:
        if address.channel in by_name:
            await by_name[address.channel].typing(address.user, on)

    workers = Workers(
        database,
        dialogue,
        phrases,
        on_reply=changed,
        on_typing=on_typing,
        queue_ack_every=timedelta(minutes=settings.queue_ack_minutes),
        desk=rules,
        unread=lambda kind, language: texts.say(kind.value, language),
        links=LinkTalk(database, links, phrases, changed),
    )
    deeds = HandoffDesk(database, phrases, settings.default_language, rules.catalogue)
    staff = Staff(database, rules.capacity, rules.assigns)
    desk = DeskParts(
        database,
        deeds,
        board,
        rules.catalogue,
        knowledge,
        orders.copy,
        orders.identity.policy,
        orders.cases,
        DeskLive(web.server, accounts, web, board.holds, looks, newest),
        changed,
        feed.look,
        staff,
        rules.teams,
        rules.waits,
        DeskFiles(
            files,
            uploads,
            {name: channel.capabilities for name, channel in by_name.items()},
            settings.public_url,
        ),
    )
    feed.add(desk.live)
    chatwoot = _chatwoot(settings, database, deeds, rules.catalogue, desk.files)
    if chatwoot is not None:
        feed.add(chatwoot)
    keeper = Keeper(
        database, deeds, rules, staff, settings.default_language, desk.live.online, changed
    )
    editor = knowledge.folder and EditorParts.assemble(
        database,
        accounts,
        FaqLibrary(knowledge, knowledge.folder, git=settings.faq_git),
        settings.faq_pinned,
        settings.faq_broken_share_max,
        channel_names(settings.extra_channels),
    )
    greeting_offers = frozenset(
        button.payload
        for language in ("zh", "en")
        for button in phrases.say(GREETING, language).buttons
    )
    reception = Reception(
        # The widget's strip offers the way out of the queue without a message.
        Inbox(database, settings.message_limit_chars, greeting_offers | {BACK_TO_BOT}),
        workers,
        outbox,
        texts,
        settings.default_language,
        settings.customer_messages_per_minute,
        feed.changed,
        settings.address_requests_per_minute,
        settings.channel_messages_per_minute,
    )
    readiness = Readiness(database, engine)
    watcher = Watcher(knowledge, settings.var / NEWS_FILE)
    retrainer = Retrainer(settings, engine, knowledge)
    ticker = Ticker(
        orders.timers, on_message=changed, outages=orders.outages, unfinished=orders.unfinished
    )

    case_count = CaseCount(database, web.server, desk.live.online)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        web.ask_service(feed.service_of)
        web.erase_with(erase)
        for channel in channels:
            channel.open(reception)
        outbox.start()
        feed.start()
        desk.live.start()
        case_count.start()
        keeper.start()
        if chatwoot is not None:
            chatwoot.start()
        readiness.start()
        # Before the turns that were cut off are played again: they shall find what they began.
        await orders.unfinished.finish(utc_now(), timedelta())
        await workers.recover()
        ticker.start()
        retrainer.start()
        watcher.start()
        yield
        await watcher.close()
        await retrainer.close()
        await ticker.close()
        await case_count.close()
        await readiness.close()
        await workers.close()
        await keeper.close()
        if chatwoot is not None:
            await chatwoot.close()
        await feed.close()
        await desk.live.close()
        await outbox.close()
        for channel in channels:
            await channel.close()
        await engine.close()
        await orders.close()
        await database.close()

    api = FastAPI(title="Yingda", lifespan=lifespan, docs_url=None, redoc_url=None)
    api.include_router(health_router(readiness))
    api.include_router(actions_router(executor, settings.secrets.actions_token))
    api.include_router(rest_router(reception, database, orders.identity, links.codes))
    api.include_router(order_events_router(orders.intake, settings.order_key))
    api.state.accounts = accounts
    api.include_router(accounts_router(accounts))
    api.include_router(desk_router(desk, accounts, links))
    if chatwoot is not None:
        api.include_router(chatwoot_router(chatwoot, settings.chatwoot_key, changed))
    api.include_router(files_router(files, sessions, uploads))
    if editor:
        api.include_router(editor_router(editor))
    for channel in channels:
        if (routes := channel.routes()) is not None:
            api.include_router(routes)
    # Inside of what answers other origins, so that they may read the refusal.
    api.add_middleware(BodyLimit, most_bytes=_MOST_BODY_BYTES, larger=_LARGER_BODIES)
    # A shop's page on another origin loads the widget's script and sends files; nothing else is shared.
    api.add_middleware(
        CORSMiddleware,
        allow_origins=settings.allowed_origins,
        allow_methods=["GET", "POST"],
        allow_headers=["authorization"],
    )
    if _PAGES.is_dir():
        api.mount("/", Pages(directory=_PAGES, html=True))
    return socketio.ASGIApp(web.server, other_asgi_app=api)


def _chatwoot(
    settings: Settings,
    database: Database,
    desk: HandoffDesk,
    catalogue: Catalogue,
    files: DeskFiles,
) -> ChatwootDesk | None:
    if not settings.chatwoot_url:
        return None
    client = ChatwootClient(
        settings.chatwoot_url,
        settings.chatwoot_account,
        settings.chatwoot_inbox,
        settings.chatwoot_token.get_secret_value(),
    )
    return ChatwootDesk(
        database, client, desk, catalogue, settings.default_language, ChatwootFiles(client, files)
    )
