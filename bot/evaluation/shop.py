"""The shop's own words: intents on examples held out of training, and the FAQ's scores on labelled questions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from sklearn.model_selection import train_test_split

from bot.evaluation.files import Labelled
from bot.evaluation.reliability import calibration_error, reliability
from bot.evaluation.run import Row
from bot.evaluation.systems import System
from bot.faq.knowledge import Knowledge
from bot.faq.model import Corpus
from bot.faq.questions import nlu_examples
from bot.faq.thresholds import Labelled as Question
from bot.faq.thresholds import rank_labelled
from bot.language import reply_language

_HELD_OUT = 0.25


def read_shop(nlu: Path, corpus: Corpus) -> Labelled:
    """Return what the engine is trained on: its examples, and the FAQ's questions as ``ask_faq``."""
    examples = {text: intent for intent, text in nlu_examples(nlu)}
    for phrasing in corpus.phrasings:
        examples.setdefault(phrasing.text, "ask_faq")
    return Labelled(list(examples), list(examples.values()))


def measure_shop(data: Labelled, system: System) -> Iterator[Row]:
    """Yield accuracy and calibration error, by language, on a quarter that was not trained on."""
    seen, unseen = train_test_split(
        np.arange(len(data.texts)), test_size=_HELD_OUT, random_state=1, stratify=data.intents
    )
    system.fit([data.texts[i] for i in seen], [data.intents[i] for i in seen])
    texts = [data.texts[i] for i in unseen]
    found = system.predict(texts)
    right = found.right([data.intents[i] for i in unseen])
    languages = np.array([reply_language(text) or "zh" for text in texts])
    for language in np.unique(languages):
        own = languages == language
        bins = reliability(found.probability[own], right[own])
        subject, count = f"shop's intents {language}, held out", int(own.sum())
        yield Row(subject, "Yingda", count, (100 * float(right[own].mean()),))
        error = 100 * calibration_error(bins)
        yield Row(f"{subject}: calibration error", "Yingda", count, (error,), "points", bins)


def measure_faq(knowledge: Knowledge, questions: Sequence[Question]) -> Iterator[Row]:
    """Yield, by language, how often the best record is right and how well its score says so.

    Questions that no record answers count for the calibration error, not for the share.
    """
    for language, ranked in rank_labelled(knowledge, questions).items():
        subject, asked = f"FAQ {language}, best record right", int(ranked.answerable.sum())
        if asked:
            share = 100 * float(ranked.first[ranked.answerable].mean())
            yield Row(subject, "Yingda", asked, (share,))
        bins = reliability(ranked.score, ranked.first, ranked.weights)
        error = 100 * calibration_error(bins)
        yield Row(
            f"FAQ {language}, score: calibration error",
            "Yingda",
            len(ranked.score),
            (error,),
            "points",
            bins,
        )
