"""Who a customer is, in a real browser: signed in by the shop's page, or with a code sent to the phone."""

from __future__ import annotations

import re
import time

import jwt
from playwright.sync_api import Page, Route, expect

from bot.orders.demo_shop import CUSTOMER_PREFIX
from tests.browser.conftest import NewPage
from tests.browser.test_widget import Widget
from tests.stack.plugin import CUSTOMER_TOKEN_KEY
from tests.stack.running import Stack

_LIN_JING = f"{CUSTOMER_PREFIX}001"  # SO20261105001, the first of the demo orders, is hers
_EMMA, _HERS = f"{CUSTOMER_PREFIX}006", "SO20261105006"
_CODE = re.compile(r"one-time code.*?\bcode=(\d{6})")
_WITHIN_S = 30.0


def _signed_in_page(page: Page, customer: str) -> None:
    """Have the shop's page carry a token, as a shop's server writes it for who is signed in."""
    claims = {"sub": customer, "aud": "yingda", "exp": time.time() + 300}
    token = jwt.encode(claims, CUSTOMER_TOKEN_KEY, "HS256")

    def with_token(route: Route) -> None:
        answer = route.fetch()
        tag = f'<yingda-chat customer-token="{token}" '
        body = answer.text().replace("<yingda-chat ", tag)
        assert tag in body
        route.fulfill(response=answer, body=body)

    page.route(re.compile(r"/(?:zh|en)/$"), with_token)


def _codes(stack: Stack) -> list[str]:
    """Return the codes that the log sender has written down."""
    return _CODE.findall(stack.app.log.read_text("utf-8"))


def _new_code(stack: Stack, before: list[str]) -> str:
    deadline = time.monotonic() + _WITHIN_S
    while len(codes := _codes(stack)) == len(before):
        assert time.monotonic() < deadline, "expected a code in the app's log, got none"
        time.sleep(0.1)
    assert len(codes) == len(before) + 1
    return codes[-1]


def test_who_is_signed_in_to_the_shop_sees_her_orders_and_no_one_elses(
    new_page: NewPage, stack: Stack
) -> None:
    page = new_page()
    _signed_in_page(page, _LIN_JING)
    page.goto(f"{stack.url}/zh/")
    widget = Widget(page)
    widget.open()
    widget.say("我有哪些订单")
    expect(widget.from_bot("SO20261105001").last).to_be_visible()
    expect(widget.from_bot("后四位")).to_have_count(0)
    widget.say("SO20261105001到哪了")
    expect(widget.from_bot("SF1390020261105").last).to_be_visible()
    expect(widget.from_bot("后四位")).to_have_count(0)
    # The order of somebody else stays shut, whoever is signed in.
    widget.say("SO20261105003到哪了")
    expect(widget.from_bot("后四位").last).to_be_visible()
    # Her own are still to be had, whatever was asked for last.
    before = widget.from_bot("SO20261105001").count()
    widget.say("我有哪些订单")
    expect(widget.from_bot("SO20261105001")).to_have_count(before + 1)


def test_signing_out_of_the_shop_signs_out_of_the_chat(new_page: NewPage, stack: Stack) -> None:
    page = new_page("en-GB")
    _signed_in_page(page, _EMMA)
    page.goto(f"{stack.url}/en/")
    widget = Widget(page)
    widget.open()
    widget.say("show me my orders")
    expect(widget.from_bot(_HERS).last).to_be_visible()
    page.unroute_all()
    page.reload()
    expect(page.get_by_test_id("panel")).to_be_visible()
    widget.say("show me my orders")
    expect(widget.from_bot("send me the order number").last).to_be_visible()


def test_a_code_to_the_phone_opens_what_the_digits_do_not(new_page: NewPage, stack: Stack) -> None:
    page = new_page()
    page.goto(f"{stack.url}/zh/")
    widget = Widget(page)
    widget.open()
    before = _codes(stack)
    widget.say("SO20261105002 3321 改手机号 15812345678")
    expect(widget.from_bot("验证码").last).to_be_visible()
    first = _new_code(stack, before)
    # A wrong one opens nothing, and the next one sent takes the first one's place.
    widget.say(f"{(int(first) + 1) % 10**6:06d}")
    expect(widget.from_bot("验证码不对").last).to_be_visible()
    before = _codes(stack)
    widget.say("没收到验证码")
    expect(widget.from_bot("又发了一条").last).to_be_visible()
    widget.say(_new_code(stack, before))
    # The number given before the code is not asked for again.
    expect(widget.from_bot("15812345678").last).to_be_visible()
    widget.press("先不改")
    expect(widget.from_bot("先不动").last).to_be_visible()
    # What the code has shown holds for the order: the next change needs none.
    before = _codes(stack)
    widget.say("SO20261105002 改手机号 15812345679")
    expect(widget.from_bot("15812345679").last).to_be_visible()
    assert _codes(stack) == before
    widget.press("先不改")
    expect(widget.from_bot("先不动")).to_have_count(2)
