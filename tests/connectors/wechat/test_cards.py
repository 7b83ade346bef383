"""Links as cards, passively and as messages that count; pages of the shop's mini program."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.conversations.model import Body, Button, Link
from connectors.wechat.cards import news, read_pages
from tests.connectors.harness import SHOP, RunningApp, running_app, until
from tests.connectors.wechat.conftest import account
from tests.connectors.wechat.fake import FakeWeChat, Shown

_NEWS = f"[怎么退货 | 退货分三步，都在这里。 | {SHOP}/returns]"
_PAGES = f"""
mini_programs:
  - {{address: "{SHOP}/orders/", app_id: wx00000000000000aa, page: "pages/order?id={{rest}}", picture: card.png}}
"""


async def test_a_short_answer_with_a_link_is_a_card(
    wechat: FakeWeChat, app: RunningApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await wechat.say("oLi", "link") == _NEWS
    message = wechat.message("oLi", MsgType="text", Content="link")
    for _ in range(2):  # a response that got lost is given once more
        assert "<MsgType><![CDATA[news]]>" in (await wechat.post(*wechat.sealed(message))).text
    monkeypatch.setattr("connectors.wechat.callback._ANSWER_WITHIN_S", 0.0)
    await wechat.say("oWang", "link")
    await until(lambda: wechat.shown[-1] == Shown("oWang", _NEWS, "service"))


def test_what_a_card_does_not_hold_whole_stays_text() -> None:
    link = Link(f"{SHOP}/returns", "怎么退货")
    assert news(Body("短", link=link)) is not None
    assert news(Body("长" * 121, link=link)) is None
    assert news(Body("短", link=link, buttons=(Button("包邮吗", "/a"),))) is None
    assert news(Body("短")) is None


async def test_a_link_into_the_mini_program_opens_it(
    wechat: FakeWeChat, root: Path, tmp_path: Path
) -> None:
    (tmp_path / "card.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    (tmp_path / "pages.yml").write_text(_PAGES, "utf-8")
    pages = str(tmp_path / "pages.yml")
    async with running_app(root, tmp_path, **account(wechat), wechat_mini_programs=pages) as app:
        wechat.http = app.http
        for _ in range(2):
            await wechat.say("oLi", "order link")
        assert await wechat.say("oLi", "link") == _NEWS  # another page of the shop
    card = "[看订单 wx00000000000000aa pages/order?id=SO20261105001]"
    assert wechat.texts("oLi") == ["您的订单在路上。", card] * 2 + [_NEWS]
    assert len(wechat.uploaded) == 1


def test_a_file_of_pages_says_what_is_wrong(tmp_path: Path) -> None:
    file = tmp_path / "pages.yml"
    file.write_text(_PAGES, "utf-8")
    with pytest.raises(ValueError, match=r"expected a picture .* no .*card\.png"):
        read_pages(file)
    file.write_text(_PAGES.replace("wx00000000000000aa", "shop"), "utf-8")
    with pytest.raises(ValueError, match="app_id"):
        read_pages(file)
