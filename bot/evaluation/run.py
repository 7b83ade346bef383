"""The measuring itself: rows of figures, in the order in which they come."""

from __future__ import annotations

import resource
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from scipy.stats import spearmanr
from sklearn.metrics import roc_auc_score

from bot.evaluation.files import IntentSet, Labelled, Pairs
from bot.evaluation.reliability import Bin, calibration_error, reliability
from bot.evaluation.systems import Baseline, Product, System, Vectors, milliseconds

FEW = 10  # examples of an intent in the few-shot rows
DIET = "Rasa's default (DIET)"
_INSIDE_KEPT = 0.95


@dataclass(frozen=True)
class Row:
    """One measurement of one system; a value for each draw of the examples."""

    measure: str
    system: str
    tested: int
    values: tuple[float, ...]
    unit: str = "%"
    bins: tuple[Bin, ...] = ()  # of the last draw; calibration errors alone have them

    @property
    def mean(self) -> float:
        """Mean over the draws."""
        return float(np.mean(self.values))

    @property
    def spread(self) -> float | None:
        """Standard deviation over the draws; None of a single one."""
        return float(np.std(self.values, ddof=1)) if len(self.values) > 1 else None


def systems(
    vectors: Vectors, intent_names: bool, diet: Callable[[], System] | None = None
) -> dict[str, Callable[[], System]]:
    """Return what is compared, by the name in the table; ``diet`` makes Rasa's pipeline."""
    found: dict[str, Callable[[], System]] = {
        "Yingda": lambda: Product(vectors, intent_names=intent_names),
        "TF-IDF + logistic regression": Baseline,
    }
    return found | ({DIET: diet} if diet else {})


def draw(data: Labelled, per_intent: int, seed: int) -> Labelled:
    """Return at most ``per_intent`` examples of each intent, drawn by chance."""
    by_intent: dict[str, list[int]] = defaultdict(list)
    for i, intent in enumerate(data.intents):
        by_intent[intent].append(i)
    rng = np.random.default_rng(seed)
    chosen = [i for found in by_intent.values() for i in rng.permutation(found)[:per_intent]]
    return Labelled([data.texts[i] for i in chosen], [data.intents[i] for i in chosen])


def measure_intents(
    data: IntentSet,
    name: str,
    make: Callable[[], System],
    vectors: Vectors,
    draws: int,
    quick: bool,
    crossed: tuple[str, Labelled] | None = None,
) -> Iterator[Row]:
    """Yield accuracy, out-of-scope figures and costs of one system on one set.

    Args:
        data: what to train and test on.
        name: the system's, for the table.
        make: returns an untrained system.
        vectors: the encoder; what it costs is added to the product's own time.
        draws: of 10 examples for each intent; DIET gets the first alone.
        quick: leave out training on all examples.
        crossed: (name, test part) in the other language.
    """
    parts = [(f"{FEW} per intent", [draw(data.train, FEW, seed) for seed in range(draws)])]
    if not quick:
        parts.append(("all examples", [data.train]))
    if name == DIET:  # takes minutes for a draw, hours for all examples
        parts = [(size, trainings[:1]) for size, trainings in parts[:1]]
    encoding = name == "Yingda"
    for size, trainings in parts:
        found: dict[tuple[str, str, int], list[float]] = defaultdict(list)
        bins: dict[str, tuple[Bin, ...]] = {}
        for part in trainings:
            system = make()
            if encoding:
                vectors(part.texts)  # read before the clock starts; its cost is added below
            began = system.clock()
            system.fit(part.texts, part.intents)
            seconds = system.clock() - began
            if encoding:
                seconds += vectors.seconds * len(part.texts)
            tested = len(data.test.texts)
            inside = system.predict(data.test.texts)
            asked = [(data.name, inside, data.test.intents)]
            if crossed:
                asked.append((crossed[0], system.predict(crossed[1].texts), crossed[1].intents))
            for subject, guess, truth in asked:
                right = guess.right(truth)
                error = f"{subject}, {size}: calibration error"
                bins[error] = reliability(guess.probability, right)
                found[f"{subject}, {size}", "%", len(right)].append(100 * float(right.mean()))
                found[error, "points", len(right)].append(100 * calibration_error(bins[error]))
            if data.strange:
                outside = system.predict(list(data.strange)).familiarity
                auroc, recall = out_of_scope(inside.familiarity, outside)
                both = tested + len(outside)
                found[f"{data.name} out of scope, AUROC, {size}", "", both].append(auroc)
                found[
                    f"{data.name} out of scope, found at 95% in scope kept, {size}", "%", both
                ].append(recall)
            found[f"{data.name}, {size}: training", "CPU s", len(part.texts)].append(seconds)
            found[f"{data.name}, {size}: a message", "CPU ms", 100].append(
                milliseconds(system, data.test.texts, vectors.seconds if encoding else 0.0)
            )
            system.close()
        for (measure, unit, tested), values in found.items():
            yield Row(measure, name, tested, tuple(values), unit, bins.get(measure, ()))


def out_of_scope(
    inside: np.typing.NDArray[np.float64], outside: np.typing.NDArray[np.float64]
) -> tuple[float, float]:
    """Return (AUROC, percent of ``outside`` below the score that keeps 95% of ``inside``)."""
    truth = [1] * len(inside) + [0] * len(outside)
    limit = np.quantile(inside, 1 - _INSIDE_KEPT)
    return (
        float(roc_auc_score(truth, np.concatenate([inside, outside]))),
        100 * float((outside < limit).mean()),
    )


def measure_pairs(data: Pairs, vectors: Vectors) -> Iterator[Row]:
    """Yield Spearman's correlation x 100 of the cosine, and of the cosine mixed with shared characters."""
    cosine = (vectors(data.first) * vectors(data.second)).sum(axis=1)
    shared = np.array([_shared(a, b) for a, b in zip(data.first, data.second, strict=True)])
    for name, scores in (
        ("Yingda's encoder, cosine", cosine),
        ("shared character pairs alone", shared),
        ("cosine + 0.3 x shared character pairs", cosine + 0.3 * shared),
    ):
        value = 100 * float(spearmanr(scores, data.likeness).statistic)
        yield Row(f"{data.name}, Spearman x 100", name, len(cosine), (value,), "")


def peak_megabytes() -> float:
    """Return the most memory this process ever held, everything included."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 1024


def _shared(first: str, second: str) -> float:
    """Return the Dice coefficient (0 to 1) of the characters and character pairs of two texts."""
    a, b = ({*text} | {text[i : i + 2] for i in range(len(text) - 1)} for text in (first, second))
    return 2 * len(a & b) / max(1, len(a) + len(b))
