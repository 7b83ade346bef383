"""A small shop and an encoder without weights, so that the tests need neither model nor network."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from bot.faq.calibration import FILE_NAME, Calibration, LanguageCalibration
from bot.faq.index import FEATURES, NONE_FEATURES

# One word of each group in a text sets the group's direction: this encoder "knows" that the words of a
# group mean the same, in both languages, as a real one does.
MEANINGS = [
    ("包邮", "运费", "邮费", "shipping", "delivery fee", "postage"),
    ("退货", "退款", "不想要", "return", "refund"),
    ("尺码", "多大", "size"),
    ("发票", "invoice"),
    ("iphone", "手机壳", "case"),
    ("货到付款", "cod", "cash on delivery"),
]


class MeaningEncoder:
    """Vectors of 64 dimensions: the first for meanings, the others a hash of the text."""

    dimension = 64
    fingerprint = "meaning-1"

    def __init__(self) -> None:
        self.encoded: list[str] = []

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.encoded += texts
        rows = np.zeros((len(texts), self.dimension), np.float32)
        for row, text in zip(rows, texts, strict=True):
            noise = np.random.default_rng(zlib.crc32(text.lower().encode()))
            row[len(MEANINGS) :] = noise.normal(0, 0.08, self.dimension - len(MEANINGS))
            for number, words in enumerate(MEANINGS):
                row[number] = any(word in text.lower() for word in words)
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)


SHOP = """\
# Comments are the editor's own and stay.
category: delivery
title: {zh: 配送, en: Delivery}
records:
  - id: delivery-fee
    zh:
      questions:
        - 包邮吗
        - 运费怎么算
        - 满多少免邮费
      answer: |
        单笔满 **¥99 包邮**，不满收 ¥10 运费。
        - 新疆、西藏、内蒙古加收 ¥15
    en:
      questions:
        - Is shipping free?
        - how much is the delivery fee
        - postage
      answer: |
        **Free shipping from ¥99** per order, else ¥10. See [the list](https://shop.example/fees).
    links: [{url: "https://shop.example/fees", zh: 运费表, en: Fees}]
  - id: returns-how
    zh:
      questions:
        - 怎么退货
        - 不想要了怎么办
      answer: 签收后7天内可以无理由退货。
    en:
      questions:
        - how do I return something
        - can I get a refund
      answer: You can return unused goods within 7 days.
"""

PRODUCTS = """\
category: products
title: {zh: 商品, en: Products}
records:
  - id: products-size
    zh:
      questions: [尺码怎么选, 我该穿多大的]
      answer: 详情页有尺码表。
    en:
      questions: [how do I pick a size, size chart]
      answer: Every page has a size chart.
  - id: products-iphone15-case
    zh:
      questions: [有iPhone15的手机壳吗, 苹果15手机壳]
      answer: 有 iPhone 15 的手机壳，¥39 起。
    en:
      questions: [do you sell a case for iPhone 15, iphone15 case]
      answer: Yes, cases for iPhone 15 from ¥39.
  - id: products-iphone14-case
    zh:
      questions: [有iPhone14的手机壳吗, 苹果14手机壳]
      answer: 有 iPhone 14 的手机壳，¥29 起。
    en:
      questions: [do you sell a case for iPhone 14, iphone14 case]
      answer: Yes, cases for iPhone 14 from ¥29.
"""


NLU = """\
version: "3.1"
nlu:
- intent: out_of_scope
  examples: |
    - 今天天气如何
    - tell me a joke
- intent: inform
  examples: |
    - 订单号是[SO20261105001](order_number)
- intent: return_request
  examples: |
    - 我要退货
"""


def many_records(count: int) -> str:
    """Return an FAQ file of ``count`` records about numbered topics."""
    records = "".join(
        f"""\
  - id: topic-{i}
    zh:
      questions: [主题{i}怎么样, 主题{i}的第{i % 9}问]
      answer: 关于主题{i}，请看第{i % 9}页。
    en:
      questions: [where is topic {i}, {i % 9} of topic {i}]
      answer: Topic {i} is on page {i % 9}.
"""
        for i in range(count)
    )
    return f"category: big\ntitle: {{zh: 大, en: Big}}\nrecords:\n{records}"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two correct FAQ files with a calibration for ``MeaningEncoder``, and ``../nlu`` beside them."""
    return write_small_faq(tmp_path)


def write_small_faq(tmp_path: Path) -> Path:
    """Write what the fixture ``folder`` gives."""
    folder = tmp_path / "faq"
    folder.mkdir()
    (folder / "delivery.yml").write_text(SHOP, "utf-8")
    (folder / "products.yml").write_text(PRODUCTS, "utf-8")
    (tmp_path / "nlu").mkdir()
    (tmp_path / "nlu" / "all.yml").write_text(NLU, "utf-8")
    names = (*FEATURES, *NONE_FEATURES)
    weights = dict(zip(names, (8.0, 12.0, 1.0, 1.0, 3.0, 6.0, 1.0), strict=True))
    side = LanguageCalibration(bias=-4.0, weights=weights, answer=0.6, suggest=0.2)
    calibration = Calibration(
        encoder=MeaningEncoder.fingerprint, languages={"zh": side, "en": side}, fitted={}
    )
    calibration.save(folder / FILE_NAME)
    return folder


@pytest.fixture
def encoder() -> MeaningEncoder:
    """A fresh encoder that remembers what it encoded."""
    return MeaningEncoder()
