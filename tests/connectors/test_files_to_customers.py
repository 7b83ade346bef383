"""Pictures and files that an agent sends: as they are where the platform takes them, by each one's contract."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image

from bot.conversations.files import Files
from bot.conversations.model import Attachment, FileKind
from bot.conversations.phrases import Phrases
from bot.desk.catalogue import Catalogue
from bot.desk.service import Agent, HandoffDesk
from connectors.base import Capabilities
from connectors.desk.files import DeskFiles
from connectors.files import Uploads
from tests.connectors.harness import RunningApp, running_app, until
from tests.connectors.telegram.fake import TOKEN, FakeTelegram
from tests.connectors.wechat.conftest import account
from tests.connectors.wechat.fake import FakeWeChat

CHEN = Agent("chen", "小陈")
PICTURES = frozenset({FileKind.PICTURE})


def _picture() -> bytes:
    drawn = io.BytesIO()
    Image.new("RGB", (40, 30), "teal").save(drawn, "PNG")
    return drawn.getvalue()


async def _send(app: RunningApp, phrases: Phrases, *files: Attachment) -> None:
    """Answer the only waiting customer with files, each a message of its own."""
    desk = HandoffDesk(app.database, phrases, "zh", Catalogue.load(app.settings.desk_folder))
    (waiting,) = await desk.queue()
    for file in files:
        await desk.answer(waiting.conversation_id, CHEN, "", attachments=(file,))


async def test_telegram_gets_a_photo_and_a_document(
    root: Path, tmp_path: Path, phrases: Phrases, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connectors.telegram.channel._CHAT_EVERY_S", 0.02)
    async with (
        FakeTelegram() as telegram,
        running_app(root, tmp_path, telegram_token=TOKEN, telegram_api_url=telegram.url) as app,
    ):
        telegram.enforce_floods = False
        telegram.message(1, "/human")
        await until(lambda: len(telegram.texts(1)) == 1)
        store = Files(app.settings.files_folder)
        picture = await store.keep(_picture(), "标签.png")
        paper = await store.keep(b"%PDF-1.7 invoice", "发票.pdf")
        await _send(app, phrases, picture, paper)
        await until(lambda: len(telegram.sent) == 3)
        assert telegram.texts(1)[1:] == ["[photo]", "[document]"]
        assert sorted(map(len, telegram.uploaded.values())) == sorted(
            [len(b"%PDF-1.7 invoice"), picture.size_bytes]
        )


async def test_wechat_gets_a_picture_that_was_handed_in_first(
    root: Path, tmp_path: Path, phrases: Phrases
) -> None:
    async with (
        FakeWeChat() as wechat,
        running_app(root, tmp_path, **account(wechat)) as app,
    ):
        wechat.http = app.http
        await wechat.say("oLi", "buttons")
        await wechat.say("oLi", "3")  # a person, please
        store = Files(app.settings.files_folder)
        picture = await store.keep(_picture(), "标签.png")
        wechat.expire_tokens()
        await _send(app, phrases, picture)
        await until(lambda: wechat.texts("oLi")[-1] == "[media-0]")
        assert len(wechat.uploaded["media-0"]) == picture.size_bytes


async def test_what_a_channel_can_not_show_goes_as_a_link_or_not_at_all(tmp_path: Path) -> None:
    store, uploads = Files(tmp_path), Uploads("key")
    paper = await store.keep(b"%PDF-1.7 invoice", "发票.pdf")
    picture = await store.keep(_picture(), "图.png")
    wechat = {"wechat": Capabilities(False, False, False, 100, files=PICTURES)}
    here = DeskFiles(store, uploads, wechat, public_url="")
    public = DeskFiles(store, uploads, wechat, public_url="https://shop.example/")
    assert here.accepted() == {"wechat": [FileKind.PICTURE]}
    assert public.accepted() == {"wechat": [FileKind.PICTURE, FileKind.FILE]}
    assert here.content("chen", here.receipt("chen", picture), "wechat") == ((picture,), None)
    files, link = public.content("chen", public.receipt("chen", paper), "wechat")
    assert files == ()
    assert link is not None
    assert (link.url, link.title) == (f"https://shop.example/files/{paper.id}", "发票.pdf")
    for login, channel in (("chen", "wechat"), ("grace", "wechat"), ("chen", "phone")):
        with pytest.raises(ValueError, match="expected"):
            here.content(login, here.receipt("chen", paper), channel)
