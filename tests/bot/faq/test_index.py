"""Evidence and candidates, held against brute force."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from bot.faq.affinity import Affinity
from bot.faq.index import FEATURES, FaqIndex
from bot.faq.records import load_corpus
from bot.faq.texts import answer_sentences
from tests.bot.faq.conftest import MeaningEncoder, many_records

QUESTIONS = [
    "包邮吗",
    "where is 12 of topic 7",
    "主题3的第4问",
    "iPhone15 case",
    "今天天气",
    "退货",
]


@pytest.fixture(scope="module")
def big_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """120 records, so that candidates are a choice."""
    folder = tmp_path_factory.mktemp("big")
    (folder / "big.yml").write_text(many_records(120), "utf-8")
    return folder


@pytest.fixture(scope="module")
def big(big_folder: Path) -> FaqIndex:
    return FaqIndex(load_corpus(big_folder), MeaningEncoder(), off_topic=["今天天气怎么样", "hi"])


def brute_force(index: FaqIndex, folder: Path, text: str) -> NDArray[np.float64]:
    """The cosine evidence of every record by plain numpy loops, shape (records, 2)."""
    corpus = load_corpus(folder)
    (question,) = index.encode([text])
    found = []
    for record in corpus.records:
        asked = index.encode([*record.zh.questions, *record.en.questions])
        answered = index.encode(
            answer_sentences(record.zh.answer) + answer_sentences(record.en.answer)
        )
        found.append([max(v @ question for v in asked), max(v @ question for v in answered)])
    return np.array(found, np.float64)


@pytest.mark.parametrize("text", QUESTIONS)
def test_faiss_finds_what_brute_force_finds(big: FaqIndex, big_folder: Path, text: str) -> None:
    expected = brute_force(big, big_folder, text)
    found = big.candidates(text, big.encode([text])[0])
    columns = [FEATURES.index("dense"), FEATURES.index("answer_dense")]
    assert found.evidence[:, columns] == pytest.approx(expected[found.records], abs=1e-5)


@pytest.mark.parametrize("text", QUESTIONS)
def test_the_candidates_are_those_with_the_most_evidence(
    big: FaqIndex, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    vector = big.encode([text])[0]
    some = big.candidates(text, vector)
    monkeypatch.setattr("bot.faq.index._CANDIDATES", 10**6)
    everything = big.candidates(text, vector)
    assert len(some.records) == 20
    assert everything.records.tolist() == list(range(120))
    total = everything.evidence.sum(axis=1)
    assert set(some.records) == set(np.argsort(-total, kind="stable")[:20])
    assert np.array_equal(some.evidence, everything.evidence[some.records])


def test_the_nearest_phrasing_is_named(folder: Path, encoder: MeaningEncoder) -> None:
    corpus = load_corpus(folder)
    index = FaqIndex(corpus, encoder)
    for number, phrasing in enumerate(corpus.phrasings):
        found = index.candidates(phrasing.text, index.encode([phrasing.text])[0])
        assert number in found.phrasings


def test_leaving_a_phrasing_out_equals_an_index_without_it(
    folder: Path, encoder: MeaningEncoder
) -> None:
    corpus = load_corpus(folder)
    number = next(i for i, p in enumerate(corpus.phrasings) if p.text == "运费怎么算")
    with_it = FaqIndex(corpus, encoder)
    vector = with_it.encode(["运费怎么算"])[0]
    left_out = with_it.candidates("运费怎么算", vector, with_it.phrasing_row(number))
    assert number not in left_out.phrasings

    file = folder / "delivery.yml"
    file.write_text(file.read_text("utf-8").replace("        - 运费怎么算\n", ""), "utf-8")
    without = FaqIndex(load_corpus(folder), encoder).candidates("运费怎么算", vector)
    for name in ("dense", "answer_dense", "affinity"):
        column = FEATURES.index(name)
        assert left_out.evidence[:, column] == pytest.approx(without.evidence[:, column], abs=1e-4)


def test_an_off_topic_example_speaks_for_no_record(big: FaqIndex) -> None:
    near = big.candidates("今天天气怎么样", big.encode(["今天天气怎么样"])[0])
    assert near.none[0] == pytest.approx(1.0, abs=1e-5)
    row = big.off_topic_row("今天天气怎么样")
    left = big.candidates("今天天气怎么样", big.encode(["今天天气怎么样"])[0], row)
    assert left.none[0] < 0.9
    assert left.none[1] < near.none[1]
    assert big.off_topic_row("never seen") is None


def test_one_side_alone_can_be_indexed(folder: Path, encoder: MeaningEncoder) -> None:
    index = FaqIndex(load_corpus(folder), encoder, languages=("en",))
    found = index.candidates("退货", index.encode(["退货"])[0])
    best = int(found.evidence[:, 0].argmax())
    assert found.records[best] == 1


def test_equal_questions_give_equal_results(big: FaqIndex) -> None:
    vector = big.encode(["主题3的第4问"])[0]
    first, second = (big.candidates("主题3的第4问", vector) for _ in range(2))
    assert np.array_equal(first.evidence, second.evidence)
    assert np.array_equal(first.records, second.records)


def test_a_restart_takes_the_solved_weights_from_disk(
    big_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    corpus = load_corpus(big_folder)
    first = FaqIndex(corpus, MeaningEncoder(), tmp_path, ["hi"])
    monkeypatch.setattr(Affinity, "_solve", lambda self: pytest.fail("solved again"))
    again = FaqIndex(corpus, MeaningEncoder(), tmp_path, ["hi"])
    vector = first.encode(["主题3的第4问"])[0]
    one, two = (i.candidates("主题3的第4问", vector) for i in (first, again))
    assert np.array_equal(one.evidence, two.evidence)
    with pytest.raises(pytest.fail.Exception, match="solved again"):
        FaqIndex(corpus, MeaningEncoder(), tmp_path, ["hi", "one more"])
