"""Measures encoders on the public development sets and prints one table.

``python bench/encoder/measure.py --data DIR models/encoder all-MiniLM-L6-v2``

A model is whatever `bot.encoder.load_encoder` opens. Intent figures: logistic regression on the
vectors, 10 examples per intent drawn from the training part (mean of ``--draws`` draws), accuracy
on the development part. Matching and similarity: Spearman correlation of the cosine, x 100.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import json
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.stats import spearmanr
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from bot.encoder import Encoder, load_encoder

Vectors = NDArray[np.float32]
Labelled = tuple[list[str], list[str]]  # texts, labels
NEAREST = 5  # training examples that a message's distance is taken to
SHORT = ["什么时候发货", "能不能货到付款", "where is my parcel?", "退货运费谁出", "I want a refund"]


class Cached:
    """An encoder that reads each text once."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self._known: dict[str, Vectors] = {}

    def __call__(self, texts: Sequence[str]) -> Vectors:
        missing = sorted(set(texts) - self._known.keys())
        if missing:
            self._known.update(zip(missing, self._encoder.encode(missing), strict=True))
        return np.stack([self._known[text] for text in texts])


def pairs(path: Path, limit: int | None) -> tuple[list[str], list[str], list[float]]:
    """Reads (first, second, score) rows, tab or comma separated, with or without a header."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        if path.suffix == ".csv":
            rows = list(csv.reader(file))
        else:
            rows = [line.rstrip("\n").split("\t") for line in file]
    rows = [row for row in rows if len(row) == 3 and row[2].replace(".", "", 1).isdigit()]
    rows = rows[:limit]
    return [r[0] for r in rows], [r[1] for r in rows], [float(r[2]) for r in rows]


def matching(encode: Cached, path: Path, limit: int | None) -> float:
    first, second, score = pairs(path, limit)
    cosine = (encode(first) * encode(second)).sum(axis=1)
    return 100 * float(spearmanr(cosine, score).statistic)


def few(data: Labelled, per_intent: int, seed: int) -> list[int]:
    """Indices of at most `per_intent` examples of each intent."""
    by_intent: dict[str, list[int]] = defaultdict(list)
    for i, intent in enumerate(data[1]):
        by_intent[intent].append(i)
    rng = np.random.default_rng(seed)
    return [i for found in by_intent.values() for i in rng.permutation(found)[:per_intent]]


def accuracy(
    encode: Cached,
    train: Labelled,
    tests: Sequence[Labelled],
    draws: int,
    per_intent: int | None = 10,
) -> list[float]:
    """Accuracy in percent on each test set, mean over the draws (no draw with all examples)."""
    found: list[list[float]] = []
    for seed in range(draws if per_intent else 1):
        chosen = few(train, per_intent, seed) if per_intent else list(range(len(train[0])))
        model = LogisticRegression(C=20.0, max_iter=300)
        model.fit(encode([train[0][i] for i in chosen]), [train[1][i] for i in chosen])
        found.append([100 * model.score(encode(texts), intents) for texts, intents in tests])
    return [float(x) for x in np.mean(found, axis=0)]


def out_of_scope(encode: Cached, train: Labelled, inside: Labelled, outside: list[str]) -> float:
    """AUROC of the mean similarity to the nearest training examples."""
    known = encode(train[0])

    def nearness(texts: list[str]) -> Vectors:
        similar = encode(texts) @ known.T
        return np.partition(similar, -NEAREST, axis=1)[:, -NEAREST:].mean(axis=1)

    scores = np.concatenate([nearness(inside[0]), nearness(outside)])
    truth = [1] * len(inside[0]) + [0] * len(outside)
    return float(roc_auc_score(truth, scores))


def retrieval(encode: Cached, zh: list[str], en: list[str]) -> tuple[float, float]:
    """Share of translations found first among all of them, in percent: (zh to en, en to zh)."""
    similar = encode(zh) @ encode(en).T
    own = np.arange(len(zh))
    return (
        100 * float((similar.argmax(axis=1) == own).mean()),
        100 * float((similar.argmax(axis=0) == own).mean()),
    )


def speed(encoder: Encoder, texts: Sequence[str]) -> tuple[float, float]:
    """(median milliseconds of one short message, texts per second in batches).

    Time of this process's one thread on a core, so that a busy machine shows the same figure.
    """
    times = []
    for text in SHORT * 40:
        start = time.process_time()
        encoder.encode([text])
        times.append(time.process_time() - start)
    start = time.process_time()
    encoder.encode(texts)
    return 1000 * float(np.median(times)), len(texts) / (time.process_time() - start)


def massive(path: Path) -> list[dict[str, str]]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def banking(path: Path) -> Labelled:
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return [row["text"] for row in rows], [row["category"] for row in rows]


def measure(
    encoder: Encoder, data: Path, draws: int, limit: int | None, quick: bool
) -> dict[str, float]:
    """Every figure of one encoder."""
    encode = Cached(encoder)
    intent, match = data / "intent", data / "matching"
    train = massive(intent / "massive_train.jsonl.gz")
    test = massive(intent / "massive_validation.jsonl.gz")

    def side(rows: list[dict[str, str]], language: str) -> Labelled:
        return [row[language] for row in rows], [row["intent"] for row in rows]

    result: dict[str, float] = {}
    result["ms per short message"], result["phrasings/s"] = speed(
        encoder, [row[language] for row in test[:500] for language in ("zh", "en")]
    )
    zh, en = side(test, "zh"), side(test, "en")
    result["MASSIVE zh, 10 per intent"] = accuracy(encode, side(train, "zh"), [zh], draws)[0]
    result["MASSIVE en, 10 per intent"], result["MASSIVE en to zh, 10 per intent"] = accuracy(
        encode, side(train, "en"), [en, zh], draws
    )
    if not quick:
        result["MASSIVE zh, all"] = accuracy(encode, side(train, "zh"), [zh], 1, None)[0]
        result["MASSIVE en, all"], result["MASSIVE en to zh, all"] = accuracy(
            encode, side(train, "en"), [en, zh], 1, None
        )
    seen: set[str] = set()
    unique = [
        r for r in test if not (r["zh"] in seen or r["en"] in seen or seen.update(r.values()))
    ]
    result["MASSIVE zh finds en of 1000"], result["MASSIVE en finds zh of 1000"] = retrieval(
        encode, [r["zh"] for r in unique[:1000]], [r["en"] for r in unique[:1000]]
    )
    if quick:
        result["LCQMC"] = matching(encode, match / "lcqmc.dev.tsv", limit)
        return result
    with gzip.open(intent / "clinc150_train_val.json.gz", "rt", encoding="utf-8") as file:
        clinc = json.load(file)
    clinc_train: Labelled = ([t for t, _ in clinc["train"]], [i for _, i in clinc["train"]])
    clinc_val: Labelled = ([t for t, _ in clinc["val"]], [i for _, i in clinc["val"]])
    result["CLINC150, 10 per intent"] = accuracy(encode, clinc_train, [clinc_val], draws)[0]
    result["Banking77, 10 per intent"] = accuracy(
        encode,
        banking(intent / "banking77_train.csv"),
        [banking(intent / "banking77_dev.csv")],
        draws,
    )[0]
    result["CLINC150 out of scope, AUROC x 100"] = 100 * out_of_scope(
        encode, clinc_train, clinc_val, [text for text, _ in clinc["oos_val"]]
    )
    for name, file_name in {
        "LCQMC": "lcqmc.dev.tsv",
        "BQ": "bq.dev.csv",
        "ATEC": "atec_ccks.dev.tsv",
        "AFQMC": "afqmc.dev.tsv",
        "STS zh": "stsb.dev.tsv",
        "STS zh (translated)": "stsb-zh-dev.csv",
        "STS en": "stsb-en-dev.csv",
    }.items():
        result[name] = matching(encode, match / file_name, limit)
    return result


def table(columns: dict[str, dict[str, float]], show: Callable[[float], str]) -> str:
    """A Markdown table, one column per encoder."""
    names = list(columns)
    lines = ["| | " + " | ".join(names) + " |", "|---|" + "---:|" * len(names)]
    keys = dict.fromkeys(key for found in columns.values() for key in found)
    for key in keys:
        cells = [show(found[key]) if key in found else "" for found in columns.values()]
        lines.append(f"| {key} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("models", nargs="+", help="names or folders")
    parser.add_argument("--data", type=Path, required=True, help="folder of the public data")
    parser.add_argument("--draws", type=int, default=3)
    parser.add_argument("--limit", type=int, help="first so many pairs of each matching set")
    parser.add_argument("--quick", action="store_true", help="only MASSIVE and LCQMC")
    parser.add_argument("--json", type=Path, help="write the figures here as well")
    args = parser.parse_args()
    columns = {
        name: measure(load_encoder(name), args.data, args.draws, args.limit, args.quick)
        for name in args.models
    }
    print(table(columns, lambda value: f"{value:.1f}"))
    if args.json:
        args.json.write_text(json.dumps(columns, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
