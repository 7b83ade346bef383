"""Asking the FAQ: what is found, how surely, and in which words it is shown."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from bot.faq.calibration import FILE_NAME, LanguageCalibration
from bot.faq.errors import CalibrationError, FaqError, FaqFileError, Place, UnknownRecordError
from bot.faq.knowledge import Hit, Knowledge, ruled, suggestions
from bot.faq.model import LANGUAGES, Corpus, Phrasing
from tests.bot.faq.conftest import MeaningEncoder


def hit(name: str, score: float) -> Hit:
    return Hit(name, score, Phrasing(0, "zh", name, None), {})  # type: ignore[arg-type]


@pytest.fixture
def knowledge(folder: Path, encoder: MeaningEncoder) -> Knowledge:
    return Knowledge.load(folder, encoder)


@pytest.mark.parametrize(
    ("question", "faq_id"),
    [
        ("包邮吗", "delivery-fee"),
        ("多少钱包邮", "delivery-fee"),
        ("包郵嗎", "delivery-fee"),
        ("包邮吗？？？", "delivery-fee"),
        ("包邮吗😊", "delivery-fee"),
        ("  包 邮 吗 ", "delivery-fee"),
        ("ｉｓ ｓｈｉｐｐｉｎｇ ｆｒｅｅ", "delivery-fee"),
        ("IS SHIPPING FREE", "delivery-fee"),
        ("is shiping free?", "delivery-fee"),
        ("shipping要多少", "delivery-fee"),
        ("怎么退貨", "returns-how"),
        ("咋退货", "returns-how"),
        ("不想要了怎么半", "returns-how"),
        ("i want a refnd, can i get it", "returns-how"),
        ("有iPhone 15的手机壳吗", "products-iphone15-case"),
        ("有iPhone14手机壳没", "products-iphone14-case"),
        ("ｉＰｈｏｎｅ１４ case", "products-iphone14-case"),
        ("尺碼怎麼選", "products-size"),
    ],
)
def test_customers_find_the_record(knowledge: Knowledge, question: str, faq_id: str) -> None:
    hits = knowledge.search(question)
    assert hits[0].faq_id == faq_id
    assert hits[0].score > hits[1].score


def test_every_phrasing_finds_its_own_record_surely(knowledge: Knowledge) -> None:
    for phrasing in knowledge.corpus.phrasings:
        best = knowledge.search(phrasing.text)[0]
        assert best.faq_id == knowledge.corpus.records[phrasing.record].id
        assert best.phrasing == phrasing
        assert best.score > 0.6


def test_a_question_finds_a_record_through_its_other_side(
    folder: Path, encoder: MeaningEncoder
) -> None:
    """The Chinese side of returns-how speaks of something else; the English side is found."""
    file = folder / "delivery.yml"
    text = (
        file.read_text("utf-8").replace("怎么退货", "七天之内").replace("不想要了怎么办", "无理由")
    )
    file.write_text(text.replace("签收后7天内可以无理由退货。", "七天之内都可以。"), "utf-8")
    best = Knowledge.load(folder, encoder).search("退货")[0]
    assert best.faq_id == "returns-how"
    assert best.phrasing.language == "en"


def test_hits_are_sorted_one_per_record_and_their_scores_sum_to_at_most_one(
    knowledge: Knowledge,
) -> None:
    hits = knowledge.search("手机壳包邮吗 shipping for the case", limit=5)
    scores = [hit.score for hit in hits]
    assert scores == sorted(scores, reverse=True)
    assert len({hit.faq_id for hit in hits}) == len(hits) == 5
    assert all(0 <= score <= 1 for score in scores)
    assert sum(scores) <= 1 + 1e-9


@pytest.mark.parametrize("text", ["", " ", "？！", "😂", "\u200b", "...", "\n\t"])
def test_text_without_a_word_finds_nothing(knowledge: Knowledge, text: str) -> None:
    assert knowledge.search(text) == []


def test_very_long_text_is_searched_by_its_beginning(
    knowledge: Knowledge, encoder: MeaningEncoder
) -> None:
    hits = knowledge.search("包邮吗" + "啊" * 100_000)
    assert hits[0].faq_id == "delivery-fee"
    assert max(map(len, encoder.encoded)) <= 400


def test_something_else_is_less_sure_than_a_question_of_the_faq(knowledge: Knowledge) -> None:
    assert knowledge.search("今天天气怎么样")[0].score < 0.2 < knowledge.search("包邮吗")[0].score


def test_the_same_question_gives_the_same_hits_also_from_many_threads(knowledge: Knowledge) -> None:
    expected = knowledge.search("包邮吗 iphone15", limit=5)
    got: list[list[Hit]] = []
    threads = [
        threading.Thread(target=lambda: got.append(knowledge.search("包邮吗 iphone15", limit=5)))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert got == [expected] * 8


def test_a_restart_encodes_nothing_and_finds_the_same(
    folder: Path, encoder: MeaningEncoder, tmp_path: Path
) -> None:
    before = Knowledge.load(folder, encoder, tmp_path / "cache").search("包邮吗")
    encoder.encoded.clear()
    again = Knowledge.load(folder, encoder, tmp_path / "cache")
    assert encoder.encoded == []
    assert again.search("包邮吗") == before


def test_an_edit_leaves_the_loaded_snapshot_alone(folder: Path, encoder: MeaningEncoder) -> None:
    old = Knowledge.load(folder, encoder)
    file = folder / "delivery.yml"
    file.write_text(file.read_text("utf-8").replace("7天内", "15天内"), "utf-8")
    assert "7天内" in old.answer("returns-how", "zh")
    assert "15天内" in Knowledge.load(folder, encoder).answer("returns-how", "zh")


def test_answers_and_buttons_come_in_the_language_asked_for(knowledge: Knowledge) -> None:
    assert knowledge.answer("delivery-fee", "zh").startswith("单笔满")
    assert knowledge.answer("delivery-fee", "en").startswith("**Free shipping")
    assert knowledge.question("delivery-fee", "zh") == "包邮吗"
    assert knowledge.question("delivery-fee", "en") == "Is shipping free?"
    with pytest.raises(UnknownRecordError, match="no-such-id"):
        knowledge.answer("no-such-id", "zh")


def test_a_button_takes_the_first_question_that_fits_or_cuts_the_shortest(
    folder: Path, encoder: MeaningEncoder
) -> None:
    file = folder / "products.yml"
    long_zh = "我身高一米七体重一百四十斤平时穿大码的应该选哪个尺码"
    text = file.read_text("utf-8").replace("[尺码怎么选, 我该", f"[{long_zh}, 我该")
    long_en = "i am rather tall and a little heavy, so which size would you advise me to take"
    file.write_text(text.replace("[how do I pick a size, size chart]", f'["{long_en}"]'), "utf-8")
    knowledge = Knowledge.load(folder, encoder)
    assert knowledge.question("products-size", "zh") == "我该穿多大的"
    cut = knowledge.question("products-size", "en")
    assert cut == "i am rather tall and a little heavy, so which size would…"


def test_thresholds_follow_the_language_of_the_question(knowledge: Knowledge) -> None:
    languages = knowledge.calibration.languages
    assert knowledge.thresholds("is shipping free") is languages["en"]
    assert knowledge.thresholds("包邮吗") is languages["zh"]
    assert knowledge.thresholds("COD 123") is languages["zh"]


def test_a_limit_below_one_is_refused(knowledge: Knowledge) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        knowledge.search("包邮吗", limit=0)


@pytest.mark.parametrize(
    ("scores", "any_record", "answer", "answer_if_any", "offered"),
    [
        ([0.7, 0.2], 0.95, "0", "0", 2),
        ([0.5, 0.2, 0.05], 0.75, None, "0", 3),  # two thirds of what is not "none of them"
        ([0.4, 0.35], 0.8, None, None, 2),  # two that are alike: both are offered
        ([0.2, 0.19, 0.1], 0.9, None, None, 3),  # one of many, as for a mere topic
        ([0.2, 0.01], 0.25, None, None, 0),  # too little to build on
        ([], 0.0, None, None, 0),
    ],
)
def test_once_it_is_known_that_an_entry_answers_its_share_among_the_entries_counts(
    scores: list[float],
    any_record: float,
    answer: str | None,
    answer_if_any: str | None,
    offered: int,
) -> None:
    thresholds = LanguageCalibration(bias=0, weights={}, answer=0.6, suggest=0.3)
    ruling = ruled([hit(str(n), score) for n, score in enumerate(scores)], any_record, thresholds)
    assert (ruling.answer, ruling.answer_if_any) == (answer, answer_if_any)
    assert len(ruling.suggest) == offered


def test_suggestions_come_along_when_they_are_near_the_first() -> None:
    hits = [hit("a", 0.5), hit("b", 0.2), hit("c", 0.01)]
    assert [h.faq_id for h in suggestions(hits, 0.3)] == ["a", "b"]
    assert suggestions(hits, 0.6) == []
    assert suggestions([], 0.1) == []


def test_broken_files_are_refused(folder: Path, encoder: MeaningEncoder) -> None:
    (folder / "delivery.yml").write_text("category: [", "utf-8")
    with pytest.raises(FaqFileError):
        Knowledge.load(folder, encoder)


def test_another_encoders_calibration_is_refused_with_the_command_that_mends_it(
    folder: Path, encoder: MeaningEncoder
) -> None:
    encoder.fingerprint = "other"
    with pytest.raises(CalibrationError, match=r"'meaning-1'.*'other'.*yingda faq fit"):
        Knowledge.load(folder, encoder)


@pytest.mark.parametrize("content", [None, "{", "{}", '{"encoder": 1}'])
def test_a_missing_or_damaged_calibration_is_refused(
    folder: Path, encoder: MeaningEncoder, content: str | None
) -> None:
    file = folder / FILE_NAME
    file.unlink()
    if content is not None:
        file.write_text(content, "utf-8")
    with pytest.raises(CalibrationError, match="yingda faq fit"):
        Knowledge.load(folder, encoder)


def test_training_data_without_off_topic_messages_are_refused(
    folder: Path, encoder: MeaningEncoder, tmp_path: Path
) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(FaqError, match="expected Rasa training data"):
        Knowledge.load(folder, encoder, nlu=tmp_path / "empty")


def test_many_questions_are_ruled_as_one_by_one(
    knowledge: Knowledge, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also while an edit is in force, and in several parts."""
    monkeypatch.setattr("bot.faq.knowledge._TOGETHER", 4)
    monkeypatch.setattr("bot.faq.index._TOGETHER", 3)
    first, *others = knowledge.corpus.records
    side = first.zh.model_copy(update={"questions": (*first.zh.questions, "顺丰要不要钱")})
    records = (first.model_copy(update={"zh": side}), *others)
    phrasings = tuple(
        Phrasing(number, language, text, Place(Path("x")))
        for number, record in enumerate(records)
        for language in LANGUAGES
        for text in record.side(language).questions
    )
    of = iter(records)
    categories = tuple(
        one.model_copy(update={"records": tuple(next(of) for _ in one.records)})
        for one in knowledge.corpus.categories
    )
    edited = knowledge.edited(Corpus(categories, phrasings, knowledge.corpus.places))
    assert edited.index.edits == 1
    texts = ["包邮吗", "？", "怎么退货", "size chart", "今天天气", "顺丰要不要钱", "手机壳"]
    for state in (knowledge, edited):
        together = list(state.rule_all(texts, state.index.encode(texts)))
        for text, found in zip(texts, together, strict=True):
            alone = state.rule(text)
            assert (found.answer, found.suggest) == (alone.answer, alone.suggest)
            assert [h.score for h in found.hits] == pytest.approx(
                [h.score for h in alone.hits], abs=1e-5
            )
