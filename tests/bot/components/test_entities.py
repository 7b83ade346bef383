"""Codes, phones and amounts as customers write them."""

from __future__ import annotations

import pytest
from rasa.shared.nlu.training_data.message import Message

from bot.components.bare_code_classifier import BareCodeClassifier
from bot.components.code_extractor import CodeExtractor
from bot.components.money_extractor import MoneyExtractor, read_numerals
from bot.components.normaliser import Normaliser
from bot.components.phone_extractor import PhoneExtractor

EXTRACTORS = [Normaliser(), CodeExtractor(), PhoneExtractor(), MoneyExtractor()]


def read(text: str) -> Message:
    message = Message({"text": text})
    for component in EXTRACTORS:
        component.process([message])
    return message


def entities(text: str) -> list[tuple[str, str]]:
    return [(e["entity"], e["value"]) for e in read(text).get("entities")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("订单SO20261105001怎么还没到", [("order_number", "SO20261105001")]),
        ("ＳＯ２０２６１１０５００１", [("order_number", "SO20261105001")]),
        ("so 20261105 001", [("order_number", "SO20261105001")]),
        ("my order is #20261105001", [("order_number", "SO20261105001")]),
        ("SO20261399001", []),  # there is no month 13
        ("SO202611050012", []),  # a digit too many
        ("SF1234567890123到哪了", [("tracking_number", "SF1234567890123")]),
        ("sf 1234567890123", [("tracking_number", "SF1234567890123")]),
        ("中通 75312345678901", [("tracking_number", "75312345678901")]),
        ("SF123", []),
    ],
)
def test_codes(text: str, expected: list[tuple[str, str]]) -> None:
    assert entities(text) == expected


@pytest.mark.parametrize(
    ("text", "phone"),
    [
        ("我电话13812345678", "+8613812345678"),
        ("１３８１２３４５６７８", "+8613812345678"),
        ("138 1234 5678", "+8613812345678"),
        ("+86 138-1234-5678", "+8613812345678"),
        ("call me at +852 9123 4567", "+85291234567"),
        ("my HK number is 91234567", "+85291234567"),
    ],
)
def test_phones_come_with_their_last_four_digits(text: str, phone: str) -> None:
    assert entities(text) == [("phone", phone), ("last_four", phone[-4:])]


@pytest.mark.parametrize(
    ("text", "digits"),
    [
        ("尾号是5678", "5678"),
        ("手机后四位 5678", "5678"),
        ("5678结尾的", "5678"),
        ("ending in 5678", "5678"),
        ("last four digits are 5678", "5678"),
        ("5678", "5678"),
        ("是5678", "5678"),
        ("it's 5678", "5678"),
        ("SO20261105001 5678", "5678"),
    ],
)
def test_four_digits_that_identify_a_customer(text: str, digits: str) -> None:
    assert ("last_four", digits) in entities(text)


@pytest.mark.parametrize(
    "text",
    ["2026年买的", "1999元的手机", "有没有5000毫安的充电宝", "the 4090 card", "12345", "SO2026"],
)
def test_four_digits_that_mean_something_else(text: str) -> None:
    assert "last_four" not in {entity for entity, _ in entities(text)}


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("¥1,299", "1299.00"),
        ("￥９９", "99.00"),
        ("花了299.9元", "299.90"),
        ("50块钱", "50.00"),
        ("三百五十块", "350.00"),
        ("三十五块五", "35.50"),
        ("35块5", "35.50"),
        ("两万元", "20000.00"),
        ("300 yuan", "300.00"),
        ("RMB120", "120.00"),
        ("cny 88.5", "88.50"),
    ],
)
def test_money(text: str, amount: str) -> None:
    assert entities(text) == [("money", amount)]


@pytest.mark.parametrize("text", ["一块买", "$20", "元旦放假吗", "300"])
def test_what_is_no_money(text: str) -> None:
    assert "money" not in {entity for entity, _ in entities(text)}


@pytest.mark.parametrize(
    ("numerals", "number"),
    [
        ("十二", 12),
        ("三百五十", 350),
        ("两万零三", 20003),
        ("一千零一十", 1010),
        ("二零二六", 2026),
    ],
)
def test_numerals(numerals: str, number: int) -> None:
    assert read_numerals(numerals) == number


@pytest.mark.parametrize(
    "text", ["SO20261105001", "13812345678", "SO20261105001，5678", "5678。", "sf1234567890123 ?"]
)
def test_a_message_of_bare_codes_is_inform(text: str) -> None:
    message = read(text)
    message.set("intent", {"name": "goodbye", "confidence": 0.4})
    BareCodeClassifier().process([message])
    assert message.get("intent") == {"name": "inform", "confidence": 1.0}


@pytest.mark.parametrize("text", ["SO20261105001到哪了", "cancel SO20261105001", "你好", "¥99"])
def test_a_message_with_words_keeps_its_intent(text: str) -> None:
    message = read(text)
    message.set("intent", {"name": "order_status", "confidence": 0.9})
    BareCodeClassifier().process([message])
    assert message.get("intent")["name"] == "order_status"


@pytest.mark.parametrize("text", ["订单SO20261105001，电话13812345678，付了299元", "a", "。"])
def test_an_entity_stands_where_it_says(text: str) -> None:
    """No two extractors read one character, except that a phone's end is also its last four."""
    taken: set[int] = set()
    for entity in read(text).get("entities"):
        assert 0 <= entity["start"] < entity["end"] <= len(text)
        if entity["entity"] != "last_four":
            span = set(range(entity["start"], entity["end"]))
            assert not span & taken
            taken |= span


def test_what_is_not_understood_is_about_the_order_it_names() -> None:
    for text, codes, intent in (
        ("SO20261105005 重新派送", [("order_number", 0, 13)], "inform"),
        ("尾号4419 重新派送", [("last_four", 2, 6)], "nlu_fallback"),
    ):
        message = Message(data={"text": text, "intent": {"name": "nlu_fallback"}})
        found = [{"entity": e, "start": start, "end": end} for e, start, end in codes]
        message.set("entities", found)
        BareCodeClassifier().process([message])
        assert message.get("intent")["name"] == intent
