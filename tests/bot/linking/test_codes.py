"""How link codes look, and that nothing at rest holds one."""

from __future__ import annotations

import pytest

from bot.conversations.model import Body, Link
from bot.linking.codes import HIDDEN, HIDDEN_IN_LINK, LinkCodes, read_code, written

CODES = LinkCodes("the installation's key")


@pytest.mark.parametrize(
    "text",
    [
        "YD-7K3M-Q9XP",
        "yd 7k3m q9xp",
        "ＹＤ－７Ｋ３Ｍ－Ｑ９ＸＰ",
        "我的码是YD7K3MQ9XP，谢谢",
        "Code: yd-7k3mq9xp.",
    ],
)
def test_a_code_is_read_however_it_is_typed(text: str) -> None:
    assert read_code(text) == "7K3MQ9XP"


@pytest.mark.parametrize(
    "text",
    [
        "YD-7K3M-Q9X",
        "YD-7K3M-Q9XPA",
        "SO20261105001",
        "YD-1O3M-Q9XP",
        "SF1234567890123",
        "7K3MQ9XP",
    ],
)
def test_other_codes_are_none(text: str) -> None:
    assert read_code(text) is None


def test_a_message_holds_dots_until_it_is_sent() -> None:
    nonce = CODES.new()
    code = CODES.code_of(nonce)
    stored = Body(
        f"您的接续码是 {HIDDEN}", link=Link(f"https://t.me/shop?start={HIDDEN_IN_LINK}", "T"),
        link_code=nonce,
    )  # fmt: skip
    assert Body.from_json(stored.to_json()) == stored
    assert code not in str(stored.to_json())
    sent = CODES.reveal(stored)
    assert read_code(sent.text) == code
    assert sent.link is not None
    assert sent.link.url == f"https://t.me/shop?start=link_{code}"
    assert sent.link_code is None
    assert CODES.reveal(Body("你好")) == Body("你好")


def test_only_the_key_leads_from_the_number_to_the_code() -> None:
    nonce = CODES.new()
    others = LinkCodes("another key")
    assert others.code_of(nonce) != CODES.code_of(nonce)
    assert others.hash_of("7K3MQ9XP") != CODES.hash_of("7K3MQ9XP")
    assert written("7K3MQ9XP") == "YD-7K3M-Q9XP"
