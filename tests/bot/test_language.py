"""The language of each message, and the normal form that the engine reads."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.language import conversation_language, detect, normalise, reply_language


@pytest.mark.parametrize(
    ("text", "language", "reply"),
    [
        ("包邮吗", "zh", "zh"),
        ("where is my order SO20261105001", "en", "en"),
        ("我的order到哪了", "mixed", "zh"),
        ("please check 订单 for me thank you", "mixed", "en"),
        ("订单SO20261105001怎么还没到", "zh", "zh"),
        ("請問我的訂單到哪裡了", "zh", "zh"),
        ("iPhone15 有货吗", "zh", "zh"),
        ("ＷＨＥＲＥ　ｉｓ　ｉｔ", "en", "en"),
        ("发票发到amy@mail.example就行", "zh", "zh"),
        ("https://shop.example/p/1这款有货吗", "zh", "zh"),
        ("ok", None, None),
        ("123456", None, None),
        ("SO20261105001", None, None),
        ("👍🏽", None, None),
        ("", None, None),
    ],
)
def test_language_of_a_message(text: str, language: str | None, reply: str | None) -> None:
    assert detect(text) == language
    assert reply_language(text) == reply


def test_the_language_is_never_locked() -> None:
    assert conversation_language(["ok", "where is it", "你好"]) == "en"
    assert conversation_language(["6688", "查一下", "hello there"]) == "zh"
    assert conversation_language(["1", "👍"], default="en") == "en"


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("訂單ＳＯ２０２６１１０５００１", "订单SO20261105001"),
        ("尾號　６６８８！", "尾号 6688!"),
        ("謝謝\u200b👍🏽", "谢谢👍🏽"),
        ("  a\n\tb  ", "a b"),
        ("\x00\u202e", ""),
    ],
)
def test_normal_form(text: str, normal: str) -> None:
    assert normalise(text) == normal


@given(st.text())
def test_normal_form_of_anything_is_stable(text: str) -> None:
    once = normalise(text)
    assert normalise(once) == once
