"""The card that asks about cash on delivery, in a real browser: its buttons, and the part that is paid first."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

from playwright.sync_api import Page, expect

from connectors.web.session import WebSessions
from tests.bot.orders.shop_events import created, event, shipped
from tests.browser.conftest import NewPage
from tests.browser.test_widget import Widget
from tests.stack.running import Stack

_numbers = itertools.count(701)


def _customer(page: Page, stack: Stack, language: str) -> tuple[Widget, str]:
    """Open the chat, and return it with the name by which the shop knows the visitor."""
    page.goto(f"{stack.url}/{language}/")
    widget = Widget(page)
    widget.open()
    expect(widget.messages.first).to_be_visible()
    tokens = page.evaluate("Object.values(localStorage)")
    sessions = WebSessions(stack.settings.secrets.session_key)
    users = {sessions.user_of(token) for token in tokens} - {None}
    (user,) = users
    assert user is not None
    return widget, user


def _order(stack: Stack, user: str, language: str, **more: Any) -> str:
    number, contact = f"SO20260101{next(_numbers)}", {"channel": "web", "user": user}
    now = datetime.now(UTC)
    more = {"price": 12900, "customer": user} | more
    stack.tell(created(number, now, contact=contact, language=language, **more))
    return number


def _expect(widget: Widget, text: str, count: int = 1) -> None:
    expect(widget.from_bot(text)).to_have_count(count, timeout=30_000)


def test_cancelling_by_the_cards_button_and_taking_it_back(new_page: NewPage, stack: Stack) -> None:
    widget, user = _customer(new_page(), stack, "zh")
    number = _order(stack, user, "zh")
    _expect(widget, number)
    widget.press("取消订单")
    _expect(widget, f"要取消订单{number}")
    widget.press("再想想")
    _expect(widget, f"订单{number}没有改动")
    widget.say(f"取消订单{number}")
    _expect(widget, f"要取消订单{number}", 2)
    widget.press("确定取消")
    _expect(widget, "撤销")
    widget.press("撤销")
    _expect(widget, "等您确认")
    widget.press("确认发货")
    _expect(widget, "已确认")


def test_a_person_by_the_cards_button(new_page: NewPage, stack: Stack) -> None:
    widget, user = _customer(new_page("en-GB"), stack, "en")
    number = _order(stack, user, "en")
    _expect(widget, number)
    widget.press("Talk to a person")
    _expect(widget, "getting a colleague")


def test_who_refused_parcels_twice_pays_a_part_first(new_page: NewPage, stack: Stack) -> None:
    page = new_page()
    widget, user = _customer(page, stack, "zh")
    before = datetime.now(UTC) - timedelta(days=30)
    for day in range(2):
        number, at = f"SO20260101{next(_numbers)}", before + timedelta(days=day)
        stack.tell(created(number, at, contact=None, customer=user))
        stack.tell(shipped(number, at + timedelta(hours=2), f"SF{number[2:]:0>13}"))
        stack.tell(event("delivery_failed", number, at + timedelta(hours=9), refused=True))
        stack.tell(event("returned", number, at + timedelta(hours=20)))
    number = _order(stack, user, "zh")
    _expect(widget, number)
    widget.press("确认发货")
    _expect(widget, "¥26.80定金")
    link = page.get_by_role("link", name="shop.yingda.example/pay")
    expect(link).to_have_attribute("href", f"https://shop.yingda.example/pay/{number}")
    stack.tell(event("paid", number, datetime.now(UTC), amount=2680))
    widget.say(f"{number} 到哪了")
    _expect(widget, "已付款")
    _expect(widget, "请准备好¥107.20")
