"""Pinyin, homophones and slips are read as they were meant; what is right stays as it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.faq.questions import nlu_examples
from bot.faq.records import load_corpus
from bot.language import normalise
from bot.spelling import Speller

ROOT = Path(__file__).resolve().parents[3]
# Of the shop's own right texts; some of the training examples hold slips on purpose.
MOST_CHANGED = 0.03  # two or three phrasings in a hundred are misspelt on purpose


@pytest.fixture(scope="module")
def texts() -> list[str]:
    phrasings = [p.text for p in load_corpus(ROOT / "data/faq").phrasings]
    return phrasings + [text for _, text in nlu_examples(ROOT / "data/nlu")]


@pytest.fixture(scope="module")
def speller(texts: list[str]) -> Speller:
    return Speller.learn(texts)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("shen me shi hou fa huo", "什么时候发货"),
        ("tuihuo怎么弄", "退货怎么弄"),
        ("我的kuaidi呢", "我的快递呢"),
        ("dizhi xie cuo le!", "地址写错了"),
        ("mei you shou dao huo", "没有收到货"),
        ("ＸＩＥＸＩＥ", "谢谢"),
    ],
)
def test_pinyin_becomes_characters(speller: Speller, typed: str, meant: str) -> None:
    assert speller.read(typed) == meant


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("推货要几天", "退货要几天"),
        ("怎么申请退宽", "怎么申请退款"),
        ("今天能发或吗", "今天能发货吗"),
        ("唔該，驗正碼收唔到", "唔该,验证码收唔到"),
    ],
)
def test_a_homophone_becomes_the_shops_word(speller: Speller, typed: str, meant: str) -> None:
    assert speller.read(typed) == meant


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("when will my pakage arive", "when will my package arrive"),
        ("cancell teh odrer pls", "cancel teh order pls"),
        ("does the waranty cover the baterry", "does the warranty cover the battery"),
    ],
)
def test_a_slip_becomes_the_nearest_word(speller: Speller, typed: str, meant: str) -> None:
    assert speller.read(typed) == meant


@pytest.mark.parametrize(
    "typed",
    [
        "包邮吗",
        "我的order到哪了",
        "where is my order SO20261105001",
        "SF1234567890123",
        "you can",
        "women",
        "my name is Zhang Wei",
        "北京市海淀区中关村大街5号3单元",
        "amy.lee@mail.example",
        "iPhone15 Pro Max 有货吗",
        "ok",
        "👍🏽",
        "",
        "   ",
        "/greet",
        "¿dónde está mi pedido?",
    ],
)
def test_what_is_right_or_unknown_stays(speller: Speller, typed: str) -> None:
    assert speller.read(typed) == typed


def test_the_shops_own_words_stay(speller: Speller, texts: list[str]) -> None:
    changed = [text for text in texts if speller.read(text) not in (text, normalise(text))]
    assert len(changed) <= MOST_CHANGED * len(texts), changed
