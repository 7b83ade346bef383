"""The mood model on messages it has never seen, and what several messages add up to."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from bench.product.score import split
from bot.encoder import load_encoder
from bot.encoder.memo import Remembering
from bot.mood import ANGRY, Mood, MoodError, temper
from bot.mood.fit import encode, read_examples
from bot.settings import Settings


@pytest.fixture(scope="module")
def encoder() -> Remembering:
    return Remembering(load_encoder(Settings().encoder))


@pytest.fixture(scope="module")
def mood(encoder: Remembering) -> Mood:
    return Mood.load(Settings().mood_file, encoder.fingerprint)


def _scores(mood: Mood, encoder: Remembering, texts: list[str]) -> list[float]:
    vectors = encode(encoder, texts)
    return [mood.anger(text, vector) for text, vector in zip(texts, vectors, strict=True)]


def test_angry_messages_stand_out_and_calm_ones_stay_calm(mood: Mood, encoder: Remembering) -> None:
    held_out = read_examples(Path(__file__).with_name("held_out.yml"))
    angry = _scores(mood, encoder, held_out.angry)
    calm = _scores(mood, encoder, held_out.calm)
    pairs = sum(a > c for a in angry for c in calm) / (len(angry) * len(calm))
    assert pairs > 0.95, "share of pairs in the right order (area under the ROC curve)"
    assert sum(score >= ANGRY for score in calm) <= 1
    assert sum(score >= ANGRY for score in angry) >= 0.4 * len(angry)


def test_ordinary_messages_with_bad_news_are_no_alarm(
    mood: Mood, encoder: Remembering, root: Path
) -> None:
    lines = (root / "tests/understanding/messages.jsonl").read_text("utf-8").splitlines()
    messages = [json.loads(line) for line in lines]
    # Every third of those without a complaint: enough to see a model that cries wolf.
    calm = [
        m["text"] for m in messages
        if split(m["id"]) == "dev" and "handoff:complaint" not in m["expected"]
    ][::3]  # fmt: skip
    alarms = [t for t, s in zip(calm, _scores(mood, encoder, calm), strict=True) if s >= ANGRY]
    assert len(alarms) <= len(calm) / 100, alarms


def test_nothing_held_out_was_trained_on() -> None:
    trained = read_examples(Settings().mood_folder / "examples.yml")
    held_out = read_examples(Path(__file__).with_name("held_out.yml"))
    assert not {*trained.angry, *trained.calm} & {*held_out.angry, *held_out.calm}


def test_two_bad_messages_weigh_as_much_as_one_very_bad() -> None:
    assert temper([0.9]) >= ANGRY
    assert temper([0.6]) < ANGRY
    assert temper([0.65, 0.65]) >= ANGRY
    assert temper([0.1, 1.0, 1.0]) < ANGRY, "who has calmed down is calm"


def test_it_costs_less_than_a_millisecond(mood: Mood, encoder: Remembering) -> None:
    text = "你们是不是有病啊，一个快递送了半个月 what the hell"
    vector = encoder.encode([text])[0]
    times = []
    for _ in range(200):
        started = time.perf_counter()
        mood.anger(text, vector)
        times.append(time.perf_counter() - started)
    assert min(times) < 0.001


def test_weights_of_another_encoder_are_refused() -> None:
    with pytest.raises(MoodError, match=r"bot\.mood\.fit"):
        Mood.load(Settings().mood_file, "another")
