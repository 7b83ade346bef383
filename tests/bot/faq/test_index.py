"""Evidence and candidates, held against brute force."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bot.faq.affinity import Affinity
from bot.faq.index import FEATURES, FaqIndex
from bot.faq.records import load_corpus
from bot.faq.texts import answer_sentences, prepare
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
def big(tmp_path_factory: pytest.TempPathFactory) -> FaqIndex:
    """120 records, so that candidates are a choice."""
    folder = tmp_path_factory.mktemp("big")
    (folder / "big.yml").write_text(many_records(120), "utf-8")
    return FaqIndex(load_corpus(folder), MeaningEncoder(), off_topic=["今天天气怎么样", "hi"])


def test_dense_evidence_equals_brute_force(folder: Path, encoder: MeaningEncoder) -> None:
    """The best cosine of each record, and the phrasing it comes from, as plain numpy finds them."""
    corpus = load_corpus(folder)
    index = FaqIndex(corpus, encoder)
    vectors = encoder.encode([prepare(p.text) for p in corpus.phrasings])
    owners = np.array([p.record for p in corpus.phrasings])
    for text in QUESTIONS:
        vector = index.encode([text])[0]
        found = index.candidates(text, vector)
        cosines = vectors @ vector
        for row, record in enumerate(found.records):
            mine = np.where(owners == record, cosines, -np.inf)
            assert found.evidence[row, FEATURES.index("dense")] == pytest.approx(
                mine.max(), abs=1e-5
            )
            assert found.phrasings[row] == mine.argmax()
        sentences = [s for r in corpus.records for s in answer_sentences(r.zh.answer)]
        assert sentences[0] == "单笔满 ¥99 包邮，不满收 ¥10 运费。"


@pytest.mark.parametrize("text", QUESTIONS)
def test_candidates_hold_the_best_of_all_records(big: FaqIndex, text: str) -> None:
    """FAISS and the postings together miss none of the five best by any kind of evidence."""
    vector = big.encode([text])[0]
    some, everything = big.candidates(text, vector), big.candidates(text, vector, everything=True)
    assert len(some.records) < len(everything.records) == 120
    assert some.evidence == pytest.approx(everything.evidence[some.records], abs=1e-6)
    for name in ("lexical", "answer_lexical", "affinity", "dense"):
        column = everything.evidence[:, FEATURES.index(name)]
        best = np.argsort(-column, kind="stable")[:5]
        worst_taken = some.evidence[:, FEATURES.index(name)]
        assert np.sort(worst_taken)[::-1][:5] == pytest.approx(column[best], abs=1e-6)


def test_faiss_returns_what_sorting_all_cosines_returns(big: FaqIndex) -> None:
    for text in QUESTIONS:
        vector = big.encode([text])[0]
        scores, rows = big._faiss.search(vector[None], 20)
        cosines = big._vectors @ vector
        assert scores[0] == pytest.approx(np.sort(cosines)[::-1][:20], abs=1e-5)
        assert cosines[rows[0]] == pytest.approx(scores[0], abs=1e-5)


def test_leaving_a_phrasing_out_equals_an_index_without_it(
    folder: Path, encoder: MeaningEncoder
) -> None:
    corpus = load_corpus(folder)
    number = next(i for i, p in enumerate(corpus.phrasings) if p.text == "运费怎么算")
    with_it = FaqIndex(corpus, encoder)
    vector = with_it.encode(["运费怎么算"])[0]
    left_out = with_it.candidates("运费怎么算", vector, with_it.phrasing_row(number))
    assert left_out.phrasings[0] != number

    file = folder / "delivery.yml"
    file.write_text(file.read_text("utf-8").replace("        - 运费怎么算\n", ""), "utf-8")
    without = FaqIndex(load_corpus(folder), encoder).candidates("运费怎么算", vector)
    for name in ("dense", "answer_dense"):
        column = FEATURES.index(name)
        assert left_out.evidence[:, column] == pytest.approx(without.evidence[:, column], abs=1e-5)


def test_left_out_affinity_equals_a_fit_without_the_row() -> None:
    """The closed form against solving again, on centred data as the class assumes."""
    rng = np.random.default_rng(7)
    vectors = rng.normal(size=(400, 12)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    owners = rng.integers(0, 5, 400)
    whole = Affinity(vectors, owners, 5)
    keep = np.arange(400) != 17
    again = Affinity(vectors[keep], owners[keep], 5)
    assert whole.left_out_scores(vectors[17], 17) == pytest.approx(
        again.scores(vectors[17]), abs=0.01
    )
    assert whole.scores(vectors[17])[owners[17]] > again.scores(vectors[17])[owners[17]]


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
