"""Fitting the calibration: it recovers what generated the data, and keeps its promises."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bot.faq.calibration import LanguageCalibration, load_calibration
from bot.faq.errors import FaqError
from bot.faq.fit import (
    Costs,
    Evidence,
    Ranked,
    choose_thresholds,
    collect,
    fit,
    fit_weights,
    held_out_probabilities,
    outcomes,
    probabilities,
    rank,
)
from bot.faq.index import FEATURES, NONE_FEATURES, Candidates, FaqIndex
from bot.faq.questions import (
    labelled_questions,
    nlu_examples,
    off_topic_examples,
    own_phrasings,
    slipped_phrasings,
    unanswerable,
)
from bot.faq.records import load_corpus
from tests.bot.faq.conftest import MeaningEncoder, many_records


def synthetic(n: int = 4000) -> tuple[Evidence, np.ndarray]:
    """Questions whose right record is drawn from a conditional logit with known weights."""
    rng = np.random.default_rng(3)
    truth = np.array([-4.0, 6.0, 0.0, 2.0, 0.0, 3.0, 2.0, 0.0])
    values = rng.uniform(0, 1, (n, 6, len(FEATURES)))
    none = rng.uniform(0, 1, (n, len(NONE_FEATURES)))
    present = np.ones((n, 6), bool)
    p = probabilities(truth, values, none, present)
    draw = rng.uniform(size=(n, 1))
    chosen = (np.cumsum(p, axis=1) < draw).sum(axis=1)
    right = np.where(chosen < 6, chosen, -1)
    evidence = Evidence(
        values, none, present, right, right >= 0, np.full(n, 1 / n), np.arange(n) % 5
    )
    return evidence, truth


def test_the_weights_that_generated_the_answers_are_found() -> None:
    evidence, truth = synthetic()
    assert fit_weights(evidence) == pytest.approx(truth, abs=0.5)


def test_held_out_probabilities_are_calibrated() -> None:
    """Where the fit says 70 to 80%, it is right in 70 to 80% of the cases; likewise elsewhere."""
    evidence, _ = synthetic()
    ranked = rank(evidence, held_out_probabilities(evidence))
    for low in (0.3, 0.5, 0.7):
        inside = (ranked.score >= low) & (ranked.score < low + 0.2)
        assert inside.sum() > 200
        assert ranked.first[inside].mean() == pytest.approx(ranked.score[inside].mean(), abs=0.06)


def test_one_question_and_many_are_scored_alike() -> None:
    evidence, truth = synthetic(20)
    many = probabilities(truth, evidence.values, evidence.none, evidence.present)
    names = (*FEATURES, *NONE_FEATURES)
    one = LanguageCalibration(
        bias=truth[0], weights=dict(zip(names, truth[1:], strict=True)), answer=1, suggest=0
    )
    for i in range(20):
        found = Candidates(np.arange(6), np.arange(6), evidence.values[i], evidence.none[i])
        assert one.probabilities(found) == pytest.approx(many[i])


def test_weights_are_never_negative() -> None:
    """Evidence that misleads is ignored, not turned round: more of it never lowers a score."""
    evidence, _ = synthetic(500)
    misleading = evidence.values.copy()
    misleading[..., 0] = 1 - misleading[..., 0]
    turned = Evidence(
        misleading, evidence.none, evidence.present, evidence.right,
        evidence.answerable, evidence.weights, evidence.folds,
    )  # fmt: skip
    theta = fit_weights(turned)
    assert theta[1] == pytest.approx(0, abs=0.2)
    assert (theta[1:] >= 0).all()


def test_outcomes_add_up_to_all_messages() -> None:
    right = np.array([1, 0, 1, 0, 0, 0], bool)
    answerable = np.array([1, 1, 1, 1, 1, 0], bool)
    score = np.array([0.9, 0.8, 0.5, 0.4, 0.1, 0.05])
    some = Ranked(score, right, right, answerable, np.full(6, 1 / 6))
    got = outcomes(some, answer=0.7, suggest=0.3)
    assert got == {
        "right": pytest.approx(1 / 6),
        "wrong": pytest.approx(1 / 6),
        "suggested": pytest.approx(1 / 6),
        "suggested_in_vain": pytest.approx(1 / 6),
        "missed": pytest.approx(1 / 6),
        "declined": pytest.approx(1 / 6),
    }


def test_thresholds_keep_wrong_answers_below_their_bound() -> None:
    evidence, _ = synthetic()
    found = rank(evidence, held_out_probabilities(evidence))
    for bound in (0.005, 0.02, 0.1):
        costs = Costs(wrong=0.0, most_wrong=bound)
        answer, suggest = choose_thresholds(found, costs)
        assert 0 < suggest <= answer <= 1
        assert outcomes(found, answer, suggest)["wrong"] <= bound


def test_a_dearer_mistake_raises_the_answer_threshold() -> None:
    evidence, _ = synthetic()
    found = rank(evidence, held_out_probabilities(evidence))
    loose = Costs(most_wrong=1.0, most_off_topic_suggested=1.0)
    cheap, _ = choose_thresholds(found, Costs(**{**vars_of(loose), "wrong": -0.5}))
    dear, _ = choose_thresholds(found, Costs(**{**vars_of(loose), "wrong": -10.0}))
    assert dear > cheap + 0.1


def vars_of(costs: Costs) -> dict[str, float]:
    return {name: getattr(costs, name) for name in Costs.__dataclass_fields__}


@pytest.fixture
def big(tmp_path: Path) -> Path:
    folder = tmp_path / "big"
    folder.mkdir()
    (folder / "big.yml").write_text(many_records(30), "utf-8")
    return folder


def test_fit_writes_what_load_accepts_and_says_how_it_came_about(
    folder: Path, big: Path, encoder: MeaningEncoder, tmp_path: Path
) -> None:
    corpus = load_corpus(big)
    nlu = folder.parent / "nlu"
    index = FaqIndex(corpus, encoder, off_topic=list(off_topic_examples(nlu)))
    questions = labelled_questions(corpus, nlu, None)
    calibration = fit(index, encoder.fingerprint, questions)
    again = fit(index, encoder.fingerprint, questions)
    assert calibration == again
    calibration.save(tmp_path / "calibration.json")
    assert load_calibration(tmp_path / "calibration.json", encoder.fingerprint) == calibration
    counts = calibration.fitted["held_out"]["zh"]["questions"]
    assert counts["new wording"] == 60
    assert sum(calibration.fitted["held_out"]["en"]["share_of_messages"].values()) == pytest.approx(
        1, abs=0.001
    )


def test_a_phrasing_is_not_found_by_itself(big: Path, encoder: MeaningEncoder) -> None:
    corpus = load_corpus(big)
    index = FaqIndex(corpus, encoder)
    evidence = collect(index, own_phrasings(corpus))
    assert evidence.values[..., FEATURES.index("dense")].max() < 0.999
    assert evidence.values[..., FEATURES.index("lexical")].max() < 0.999


def test_folds_keep_a_records_phrasings_together(big: Path, encoder: MeaningEncoder) -> None:
    corpus = load_corpus(big)
    questions = own_phrasings(corpus)
    folds = collect(FaqIndex(corpus, encoder), questions).folds
    by_record: dict[int | None, set[int]] = {}
    for question, fold in zip(questions, folds.tolist(), strict=True):
        by_record.setdefault(question.record, set()).add(fold)
    assert all(len(found) == 1 for found in by_record.values())
    assert len(set(folds.tolist())) == 5


def test_training_data_are_read_without_entity_marks(folder: Path) -> None:
    nlu = folder.parent / "nlu"
    assert ("inform", "订单号是SO20261105001") in list(nlu_examples(nlu))
    assert off_topic_examples(nlu) == {
        "今天天气如何": "off-topic",
        "tell me a joke": "off-topic",
        "订单号是SO20261105001": "small talk",
    }


def test_small_talk_is_read_from_a_folder_like_the_chatterbot_corpus(
    folder: Path, tmp_path: Path
) -> None:
    for name, text in (("chinese", "你喝酒吗"), ("english", "do you drink")):
        (tmp_path / "talk" / name).mkdir(parents=True)
        talk = f"conversations:\n- - {text}\n  - no\n- - '???'\n  - no\n"
        (tmp_path / "talk" / name / "ai.yml").write_text(talk, "utf-8")
    questions = unanswerable(folder.parent / "nlu", tmp_path / "talk")
    talk_only = [(q.text, q.language) for q in questions if q.source == "chitchat"]
    assert talk_only == [("你喝酒吗", "zh"), ("do you drink", "en")]
    with pytest.raises(FaqError, match="expected chinese"):
        unanswerable(folder.parent / "nlu", tmp_path)


def test_slips_change_the_text_by_one_character_and_keep_the_record(folder: Path) -> None:
    corpus = load_corpus(folder)
    slips = slipped_phrasings(corpus, every=1)
    assert slips
    originals = {p.text: p.record for p in corpus.phrasings}
    for slip in slips:
        near = [
            t
            for t in originals
            if 0 <= len(t) - len(slip.text) <= 1 and originals[t] == slip.record
        ]
        assert slip.text not in originals
        assert any(sorted(slip.text) == sorted(t) or len(t) == len(slip.text) + 1 for t in near)
