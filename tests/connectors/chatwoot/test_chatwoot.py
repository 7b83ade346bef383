"""Chatwoot as the help desk, against a fake that speaks its documented interface."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from PIL import Image

from bot.conversations import transcript
from bot.conversations.files import Files
from bot.conversations.handoff import BACK_TO_BOT
from bot.conversations.model import Author, FileKind, Inbound, State
from bot.conversations.transcript import Entry
from bot.desk.catalogue import Catalogue
from bot.desk.service import HandoffDesk
from bot.storage.conversations import ConversationRow
from connectors.base import Capabilities
from connectors.chatwoot.bridge import ChatwootDesk
from connectors.chatwoot.client import ChatwootClient, ChatwootError
from connectors.chatwoot.files import ChatwootFiles
from connectors.chatwoot.routes import chatwoot_router
from connectors.desk.files import DeskFiles
from connectors.files import Uploads
from tests.bot.conversations.conftest import *  # noqa: F403 - its fixtures
from tests.bot.conversations.conftest import Desk
from tests.connectors.chatwoot.fake import (
    ACCOUNT,
    INBOX,
    TOKEN,
    FakeChatwoot,
    message_created,
    status_changed,
)


@pytest.fixture
def engine_url(tmp_path: object) -> str:
    """One database is enough here."""
    return f"sqlite+aiosqlite:///{tmp_path}/test.sqlite3"


class Outside:
    """The shop's side and Chatwoot's."""

    def __init__(self, desk: Desk, catalogue: Catalogue, folder: Path) -> None:
        self.desk = desk
        self.fake = FakeChatwoot()
        client = ChatwootClient("http://cw", ACCOUNT, INBOX, TOKEN, self.fake.transport())
        deeds = HandoffDesk(desk.database, desk.phrases, "zh", catalogue)
        takes = Capabilities(
            buttons=True,
            pictures=True,
            links=True,
            text_limit=2000,
            files=frozenset({FileKind.PICTURE}),
        )
        self.store = Files(folder)
        files = DeskFiles(self.store, Uploads("key"), {"test": takes}, "https://shop.example")
        self.bridge = ChatwootDesk(
            desk.database, client, deeds, catalogue, "zh", ChatwootFiles(client, files)
        )
        app = FastAPI()
        app.include_router(chatwoot_router(self.bridge, "the-key", lambda _: None))
        self.web = httpx.AsyncClient(
            transport=httpx.ASGITransport(app=app), base_url="http://yingda"
        )

    async def webhook(self, call: dict[str, object], key: str = "the-key") -> int:
        return (await self.web.post(f"/webhooks/chatwoot/{key}", json=call)).status_code

    async def state(self, conversation_id: str) -> str:
        async with self.desk.database.read() as session:
            return (await session.get_one(ConversationRow, conversation_id)).state

    async def lines(self, conversation_id: str) -> list[Entry]:
        async with self.desk.database.read() as session:
            return await transcript.entries(session, conversation_id)


@pytest.fixture
async def outside(desk: Desk, catalogue: Catalogue, tmp_path: Path) -> AsyncIterator[Outside]:
    both = Outside(desk, catalogue, tmp_path / "files")
    yield both
    await both.bridge.close()
    await both.web.aclose()


async def test_the_whole_way_there_and_back(outside: Outside) -> None:
    conversation = await outside.desk.say("包邮吗")
    await outside.desk.say("person", message_id="p")
    await outside.bridge.sync(conversation)
    (number,) = outside.fake.conversations
    there = outside.fake.conversations[number]["messages"]
    assert [(m["type"], m["private"]) for m in there] == [("outgoing", True), ("incoming", False)]
    assert "包邮吗" in there[0]["content"], "the story so far, for people only"
    assert there[1]["content"] == "person"
    await outside.desk.say("在吗", message_id="q")
    await outside.bridge.sync(conversation)
    await outside.bridge.sync(conversation)
    assert [m["content"] for m in there[2:]] == ["在吗"], "once"

    call = message_created(number, 41, "您好，我是 Mia")
    assert await outside.webhook(call) == 200
    assert await outside.webhook(call) == 200
    assert await outside.state(conversation) == State.AGENT
    answers = [e for e in await outside.lines(conversation) if e.author is Author.AGENT]
    assert [(e.author_name, e.body.text) for e in answers] == [("Mia", "您好，我是 Mia")]

    assert await outside.webhook(status_changed(number, "resolved")) == 200
    assert await outside.webhook(status_changed(number, "resolved")) == 200
    assert await outside.state(conversation) == State.BOT
    closing = {outside.desk.phrases.say("utter_agent_closed", lang).text for lang in ("zh", "en")}
    said = [e.body.text for e in await outside.lines(conversation)]
    assert len(closing & set(said)) == 1
    assert sum(text in closing for text in said) == 1, "one closing line"


async def test_notes_and_our_own_messages_do_not_come_back(outside: Outside) -> None:
    conversation = await outside.desk.say("person")
    await outside.bridge.sync(conversation)
    (number,) = outside.fake.conversations
    await outside.webhook(message_created(number, 1, "only for us", private=True))
    await outside.webhook(message_created(number, 2, "person", kind="incoming"))
    await outside.webhook(message_created(999, 3, "another shop's customer"))
    assert await outside.state(conversation) == State.QUEUED
    assert not [e for e in await outside.lines(conversation) if e.author is Author.AGENT]


async def test_a_wrong_key_is_nothing_here(outside: Outside) -> None:
    assert await outside.webhook(status_changed(1, "resolved"), key="guess") == 404


async def test_what_chatwoot_did_not_take_is_sent_later(outside: Outside) -> None:
    outside.fake.down = True
    conversation = await outside.desk.say("person")
    with pytest.raises(ChatwootError, match="503"):
        await outside.bridge.sync(conversation)
    outside.fake.down = False
    await outside.bridge.sync(conversation)
    assert len(outside.fake.conversations) == 1


async def test_a_customer_who_leaves_the_queue_is_resolved_there_and_comes_back_as_open(
    outside: Outside,
) -> None:
    desk = outside.desk
    desk.inbox = type(desk.inbox)(desk.database, 2000, frozenset({BACK_TO_BOT}))
    conversation = await desk.say("person")
    await outside.bridge.sync(conversation)
    await desk.say("back", payload=BACK_TO_BOT)
    await outside.bridge.sync(conversation)
    (number,) = outside.fake.conversations
    assert outside.fake.conversations[number]["status"] == "resolved"
    await desk.say("person", message_id="again")
    await outside.bridge.sync(conversation)
    assert outside.fake.conversations[number]["status"] == "open"
    assert len(outside.fake.conversations) == 1


async def test_a_customer_s_file_without_a_word_arrives_there(outside: Outside) -> None:
    desk = outside.desk
    conversation = await desk.say("person")
    await outside.bridge.sync(conversation)
    picture = await outside.store.keep(_picture(), "坏了.png")
    gone = await outside.store.keep(_picture(), "没了.png")
    await outside.store.delete(gone.id)
    for file in (picture, gone):
        inbound = Inbound("test", "u1", file.id, "", attachments=(file,))
        desk.workers.wake((await desk.inbox.accept(inbound)).conversation_id)
        await desk.workers.idle(conversation)
        await outside.bridge.sync(conversation)
    (number,) = outside.fake.conversations
    *_, sent, named = outside.fake.conversations[number]["messages"]
    assert [name for name, _ in sent["files"]] == ["坏了.png"]
    assert sent["files"][0][1] == outside.store.path_of(picture.id).read_bytes()
    assert (named["content"], named["files"]) == ("[Picture] 没了.png", [])


async def test_an_agent_s_file_without_a_word_reaches_the_customer_once(outside: Outside) -> None:
    conversation = await outside.desk.say("person")
    await outside.bridge.sync(conversation)
    (number,) = outside.fake.conversations
    outside.fake.stored = {"label.png": _picture(), "form.docx": b"no file that we keep"}
    there = "http://cw/rails/active_storage/blobs/redirect/"
    urls = [f"{there}label.png", f"{there}form.docx", "https://elsewhere.example/a.png"]
    call = message_created(number, 7, "", files=urls)
    assert await outside.webhook(call) == 200
    assert await outside.webhook(call) == 200
    said = [e.body for e in await outside.lines(conversation) if e.author is Author.AGENT]
    assert [[a.name for a in body.attachments] for body in said] == [["label.png"], [], []]
    assert [body.link and body.link.url for body in said] == [None, *urls[1:]]
    outside.fake.down = True
    again = message_created(number, 8, "here", files=urls[:1])
    assert await outside.webhook(again) == 502, "Chatwoot is to call again"
    outside.fake.down = False
    assert await outside.webhook(again) == 200
    said = [e.body for e in await outside.lines(conversation) if e.author is Author.AGENT]
    assert [body.text for body in said[3:]] == ["here", ""]


def _picture() -> bytes:
    drawn = io.BytesIO()
    Image.new("RGB", (40, 30), "teal").save(drawn, "PNG")
    return drawn.getvalue()
