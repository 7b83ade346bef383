"""The tokenizer for both languages: offsets hold for every text, and real sentences split well."""

from __future__ import annotations

import jieba
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from rasa.shared.nlu.training_data.message import Message

from bot.components.bilingual_tokenizer import BilingualTokenizer

TOKENIZER = BilingualTokenizer(BilingualTokenizer.get_default_config())
# Arbitrary text, and text in which scripts, digits and white space meet more often than by chance.
_MIXED = st.text(alphabet=st.sampled_from("我订单的 SO1a.é٣３ß。，\u3000\n\t\u200b👍🏽𠮷らー龥"))
_TEXTS = st.one_of(st.text(), _MIXED, st.text(alphabet=st.characters(min_codepoint=0x3400)))


def words(text: str) -> list[str]:
    return [token.text for token in TOKENIZER.tokenize(Message({"text": text}), "text")]


@settings(max_examples=150, deadline=None)
@given(_TEXTS)
@example("我的order到哪了")
@example("👨‍👩‍👧 family")
@example("\ud800")
def test_every_token_stands_where_it_says(text: str) -> None:
    """Offsets are exact, tokens are in order and apart, and only white space lies between them."""
    end = 0
    for token in TOKENIZER.tokenize(Message({"text": text}), "text"):
        assert token.text
        assert text[token.start : token.end] == token.text
        assert token.start >= end
        assert not text[end : token.start].strip()
        end = token.end
    assert not text[end:].strip()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("我的order到哪了", ["我", "的", "order", "到", "哪", "了"]),
        ("订单SO20261105001怎么还没到", ["订单", "SO20261105001", "怎么", "还", "没到"]),
        ("where is my order?", ["where", "is", "my", "order", "?"]),
        ("don't want it", ["do", "n't", "want", "it"]),
        ("支持货到付款吗", ["支持", "货到付款", "吗"]),
        ("帮我转人工", ["帮", "我", "转人工"]),
        ("iPhone15有货吗", ["iPhone15", "有货", "吗"]),
        ("", []),
        (" \u3000\n", []),
    ],
)
def test_real_sentences(text: str, expected: list[str]) -> None:
    assert words(text) == expected


@pytest.mark.parametrize(
    "code", ["SO20261105001", "SF1234567890123", "712345678901", "13812345678", "ＡＢＣ１２３"]
)
def test_a_code_stays_one_token_between_han_characters(code: str) -> None:
    assert code in words(f"我的{code}呢")
    assert code in words(f"check {code} please")


@pytest.mark.parametrize("text", ["訂單還沒到", "我要退貨👍", "👍🏽好评", "运费多少￥"])
def test_traditional_characters_and_emoji_lose_nothing(text: str) -> None:
    assert "".join(words(text)) == text


@pytest.mark.parametrize("surname", ["欧阳", "万俟", "尉迟", "澹台", "令狐"])
def test_two_character_surnames_stay_whole(surname: str) -> None:
    """jieba takes some of them apart; the shop's dictionary holds them together."""
    assert surname in words(f"我是{surname}女士")


def test_the_shops_words_do_not_leak_into_jieba_itself() -> None:
    jieba.setLogLevel(60)
    assert "应答优选" in words("应答优选的客服")
    assert "应答优选" not in jieba.lcut("应答优选的客服")


def test_the_dictionary_is_loaded_before_the_first_message() -> None:
    tokenizer = BilingualTokenizer(BilingualTokenizer.get_default_config())
    assert tokenizer._han.initialized


def test_a_missing_dictionary_says_what_to_do() -> None:
    config = {**BilingualTokenizer.get_default_config(), "dictionary": "no/such/file.txt"}
    with pytest.raises(FileNotFoundError, match=r"no/such/file\.txt.*config\.yml"):
        BilingualTokenizer(config)
