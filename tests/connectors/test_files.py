"""Pictures from every channel reach the conversation, and nobody reads or sends somebody else's."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.conversations.files import LIMIT_BYTES
from connectors.files import Uploads
from connectors.texts import ChannelTexts
from connectors.web.session import WebSessions
from tests.bot.conversations.test_files import picture
from tests.connectors.harness import RunningApp, running_app, until
from tests.connectors.telegram.fake import TOKEN, FakeTelegram
from tests.connectors.wechat.conftest import account
from tests.connectors.wechat.fake import FakeWeChat


@pytest.fixture
async def app(root: Path, tmp_path: Path) -> AsyncIterator[RunningApp]:
    async with running_app(root, tmp_path) as app:
        yield app


async def test_a_file_is_handed_in_by_a_visitor_and_served_so_that_it_can_do_nothing(
    app: RunningApp,
) -> None:
    key = app.settings.secrets.session_key
    token, user = WebSessions(key).issue()
    bearer = {"authorization": f"Bearer {token}"}
    answer = await app.http.post("/files?name=杯子.jpg", content=picture(), headers=bearer)
    receipt, attachment = answer.json()["receipt"], answer.json()["attachment"]
    assert attachment["name"] == "杯子.jpg"
    (kept,) = Uploads(key).read(user, [receipt])
    assert kept.id == attachment["id"]
    served = await app.http.get(f"/files/{kept.id}")
    assert served.headers["content-type"] == "image/jpeg"
    assert served.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in served.headers["content-security-policy"]
    pdf = (await app.http.post("/files", content=b"%PDF-1.7", headers=bearer)).json()["attachment"]
    headers = (await app.http.get(f"/files/{pdf['id']}")).headers
    assert headers["content-disposition"] == "attachment"
    # A receipt is good for its visitor only, and none can be made up.
    for other, text in (("somebody", receipt), (user, receipt[:-2])):
        with pytest.raises(ValueError, match="expected a receipt"):
            Uploads(key).read(other, [text])


async def test_what_may_not_be_sent_is_refused_in_words(app: RunningApp) -> None:
    token, _ = WebSessions(app.settings.secrets.session_key).issue()
    bearer = {"authorization": f"Bearer {token}"}
    assert (await app.http.post("/files", content=picture())).status_code == 401
    for content, status in ((b"", 400), (b"<svg/>", 415), (b"x" * (LIMIT_BYTES + 1), 413)):
        answer = await app.http.post("/files", content=content, headers=bearer)
        assert answer.status_code == status
        assert {"zh", "en"} < set(answer.json()["error"])
    for path in ("0" * 32 + ".jpg", "..%2Fsecrets.json", "x"):
        assert (await app.http.get(f"/files/{path}")).status_code == 404


async def test_pictures_on_telegram_and_wechat_are_kept_and_answered(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connectors.telegram.channel._CHAT_EVERY_S", 0.02)
    line = ChannelTexts(root / "data/channels/texts.yml").say("picture", "zh")
    async with FakeTelegram() as telegram, FakeWeChat() as wechat:
        telegram.files["f"] = wechat.files["m"] = picture()
        telegram.enforce_floods = False
        chosen = account(wechat) | {"telegram_token": TOKEN, "telegram_api_url": telegram.url}
        async with running_app(root, tmp_path, **chosen) as app:
            wechat.http = app.http
            photo = [{"file_id": "f", "file_unique_id": "u", "width": 40, "height": 20}]
            telegram.message(1, photo=photo)
            await until(lambda: telegram.texts(1) == [line.text])
            image = wechat.message("oLi", MsgType="image", PicUrl="http://p", MediaId="m")
            answer = await wechat.deliver(image)
            assert answer is not None
            assert answer.startswith(line.text)
            telegram.message(1, photo=photo, caption="杯子碎了")
            await until(lambda: "re 杯子碎了" in telegram.texts(1))
            # In the middle of a task the dialogue gets it, since it may have asked for it.
            app.dialogue.decision = "flow:wrong_or_damaged_item"
            telegram.message(1, "收到的杯子是坏的")
            telegram.message(1, photo=photo)
            await until(lambda: len(telegram.texts(1)) == 4)
            rows = [row for row in await app.messages("in") if row.body.get("attachments")]
            assert [row.body["text"] for row in rows] == ["", "", "杯子碎了", ""]
            for row in rows:
                (attachment,) = row.body["attachments"]
                assert (await app.http.get(f"/files/{attachment['id']}")).status_code == 200
            assert [len(files) for files in app.dialogue.files] == [1, 0, 1]
