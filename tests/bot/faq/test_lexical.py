"""The lexical score: characters, words and numbers, robust against one slip."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.faq.lexical import LexicalIndex, features

TEXTS = [
    "包邮吗",
    "怎么退货",
    "有iPhone15的手机壳吗",
    "有iPhone14的手机壳吗",
    "is shipping free over 99 yuan",
    "how do I return something",
    "新客满199减20是真的吗",
]


@pytest.fixture(scope="module")
def index() -> LexicalIndex:
    return LexicalIndex(TEXTS)


@pytest.mark.parametrize(
    ("question", "best"),
    [
        ("你们家包邮吗亲", 0),
        ("包郵嗎", 0),
        ("怎样退货", 1),
        ("苹果iphone 15手机壳", 2),
        ("ｉＰｈｏｎｅ１４壳", 3),
        ("shiping free?", 4),
        ("returning things", 5),
        ("199减20", 6),
    ],
)
def test_the_text_with_the_same_characters_wins(
    index: LexicalIndex, question: str, best: int
) -> None:
    assert int(index.scores(question).argmax()) == best


def test_scores_equal_the_cosine_of_dense_tf_idf_vectors(index: LexicalIndex) -> None:
    """The postings give what the textbook formula gives."""
    rows = [features(text) for text in TEXTS]
    names = sorted({name for row in rows for name in row})
    idf = {n: np.log((1 + len(rows)) / (1 + sum(n in row for row in rows))) + 1 for n in names}
    unknown = np.log(1 + len(rows)) + 1
    query = features("有没有iPhone15的新客优惠 free case")
    length = np.sqrt(sum((w * idf.get(n, unknown)) ** 2 for n, w in query.items()))
    expected = []
    for row in rows:
        dot = sum(w * idf[n] * query[n] * idf[n] for n, w in row.items() if n in query)
        expected.append(dot / length / np.sqrt(sum((w * idf[n]) ** 2 for n, w in row.items())))
    assert index.scores("有没有iPhone15的新客优惠 free case") == pytest.approx(expected, abs=1e-6)


def test_a_text_is_its_own_best_match_with_score_one(index: LexicalIndex) -> None:
    for number, text in enumerate(TEXTS):
        scores = index.scores(text)
        assert int(scores.argmax()) == number
        assert scores[number] == pytest.approx(1.0, abs=1e-6)


def test_unknown_words_lower_the_score(index: LexicalIndex) -> None:
    assert index.scores("怎么退货")[1] > index.scores("怎么做红烧肉")[1] * 2


@pytest.mark.parametrize("text", ["", "   ", "😂😂", "？！", "Ω"])
def test_nothing_in_common_scores_zero(index: LexicalIndex, text: str) -> None:
    assert not index.scores(text).any()


@given(st.text(max_size=80))
def test_scores_stay_between_zero_and_one(text: str) -> None:
    scores = LexicalIndex(TEXTS).scores(text)
    assert scores.shape == (len(TEXTS),)
    assert scores.min() >= 0
    assert scores.max() <= 1 + 1e-6
