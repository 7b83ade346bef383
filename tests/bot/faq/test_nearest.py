"""The approximate search against the exact one, and where the code goes over from one to the other."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bot.faq.index import FaqIndex
from bot.faq.nearest import NearestTexts
from bot.faq.records import load_corpus
from tests.bot.faq.conftest import MeaningEncoder, many_records


def test_few_texts_are_compared_exactly_many_by_an_inverted_file(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rng = np.random.default_rng(5)
    centres = rng.normal(size=(400, 32))
    rows = centres[rng.integers(0, 400, 6000)] + rng.normal(0, 0.5, (6000, 32))
    vectors = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    asked = vectors[:200] + rng.normal(0, 0.05, (200, 32)).astype(np.float32)
    asked /= np.linalg.norm(asked, axis=1, keepdims=True)
    exact = NearestTexts(vectors)
    assert exact.exact
    monkeypatch.setattr("bot.faq.nearest.CROSSOVER", 5000)
    cells = NearestTexts(vectors)
    assert not cells.exact
    again = NearestTexts(vectors[60:], cells)
    assert again.cosines(vectors[100]).argmax() == 40
    right, found = ([n.cosines(v) for v in asked] for n in (exact, cells))
    assert np.mean([a.argmax() == b.argmax() for a, b in zip(right, found, strict=True)]) > 0.9
    for a, b in zip(right, found, strict=True):
        looked = b != 0
        assert looked.sum() < 1000
        assert a[looked] == pytest.approx(b[looked], abs=1e-5)


def test_a_big_faq_is_found_through_the_inverted_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "big.yml").write_text(many_records(300), "utf-8")
    monkeypatch.setattr("bot.faq.nearest.CROSSOVER", 1000)
    corpus = load_corpus(tmp_path)
    index = FaqIndex(corpus, MeaningEncoder())
    right = 0
    for number in range(0, 1200, 40):
        phrasing = corpus.phrasings[number]
        found = index.candidates(phrasing.text, index.encode([phrasing.text])[0])
        right += found.records[found.evidence.sum(axis=1).argmax()] == phrasing.record
    assert right == 30
