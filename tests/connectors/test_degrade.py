"""A rich message becomes what a plain channel can show, and nothing of it is lost."""

from __future__ import annotations

import json
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.conversations.model import Body, Button, Card, Link
from connectors.base import Capabilities, degrade, split_text

PLAIN = Capabilities(buttons=False, pictures=False, links=False, text_limit=40)
RICH = Capabilities(buttons=True, pictures=True, links=True, text_limit=40)
BODY = Body(
    "您想问哪一个？",
    buttons=(Button("运费", "/a"), Button("退货", "/b")),
    picture="https://shop.example/p.png",
    link=Link("https://shop.example/h", "帮助"),
)


def test_a_rich_channel_gets_the_message_as_it_is() -> None:
    assert degrade(BODY, RICH) == [BODY]


def test_buttons_become_numbers_and_addresses_become_text() -> None:
    parts = degrade(BODY, PLAIN)
    text = "\n".join(part.text for part in parts)
    assert "1. 运费" in text
    assert "2. 退货" in text
    assert "https://shop.example/h" in text
    assert all(part.buttons == () and part.link is None for part in parts)


def test_long_text_is_split_at_sentence_ends_and_the_buttons_come_last() -> None:
    body = Body("第一句话在这里。" * 3 + "Second one is here. " * 3, buttons=BODY.buttons)
    parts = degrade(body, RICH)
    assert len(parts) > 1
    assert all(part.text.endswith(("。", ".")) for part in parts)
    assert [bool(part.buttons) for part in parts] == [False] * (len(parts) - 1) + [True]


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=120), st.integers(min_value=1, max_value=50))
def test_no_part_is_too_long_and_no_letter_is_lost(text: str, limit: int) -> None:
    parts = split_text(text, limit)
    assert all(len(part) <= limit for part in parts)
    assert "".join("".join(parts).split()) == "".join(text.split())


def test_what_is_seen_as_one_character_is_not_torn() -> None:
    family, flag, accent = "👨\u200d👩\u200d👧", "🇨🇳", "e\u0301"
    for whole in (family, flag, accent):
        parts = split_text(f"ab{whole}cd{whole}", 2 + len(whole) - 1)
        assert sum(part.count(whole) for part in parts) == 2, parts


def test_text_is_measured_as_the_platform_counts_it() -> None:
    def utf8(text: str) -> int:
        return len(text.encode())

    parts = split_text("您好，" * 500, 2048, utf8)
    assert max(map(utf8, parts)) <= 2048
    assert "".join(parts) == "您好，" * 500
    assert len(parts) == 3


def test_words_are_kept_whole_where_there_are_spaces() -> None:
    assert split_text("alpha beta gamma", 11) == ["alpha beta", "gamma"]


def test_cards_give_way_to_the_text_that_says_the_same() -> None:
    look = Button("查看 SO1", '/order_status{"order_number": "SO1"}')
    card = Card("棉袜", "运输中", (("订单号", "SO1"),), look.payload)
    body = Body("- SO1：棉袜 · 运输中", buttons=(look,), cards=(card,), lead="您最近的订单：")
    assert Body.from_json(json.loads(json.dumps(body.to_json()))) == body
    assert degrade(body, replace(RICH, cards=True)) == [body]
    assert degrade(body, RICH) == [Body(body.text, buttons=(look,))]
    assert degrade(body, PLAIN) == [Body("- SO1：棉袜 · 运输中\n1. 查看 SO1")]
