"""Which classifier should tell the intents apart?

    .venv-engine/bin/python -m bench.classifiers              every candidate
    .venv-engine/bin/python -m bench.classifiers gated        those whose name holds a word
    .venv-engine/bin/python -m bench.classifiers --most 60    at most 60 examples of an intent: DIET in minutes

Runs in the engine's environment, from the project's root. Prints a table, and writes
bench/results/classifiers.png.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from matplotlib.figure import Figure

from bench.classifiers.candidates import CANDIDATES
from bench.classifiers.measure import Figures, Gate, compare, read_examples, try_gate

ROOT = Path(__file__).resolve().parents[2]
_HEAD = (
    "| classifier | accuracy | zh | en | mean recall | same action | training, s | a message, ms |\n"
    "|---|---|---|---|---|---|---|---|"
)


def main() -> None:
    """Compare, print, draw."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("word", nargs="?", default="", help="only candidates whose name holds it")
    parser.add_argument("--most", type=int, default=100_000, help="examples taken of one intent")
    options = parser.parse_args()
    word = options.word
    chosen = [candidate for candidate in CANDIDATES if word in candidate.name]
    examples = read_examples(ROOT, options.most)
    print(f"{len(examples)} examples")
    _print_gate(try_gate(examples, CANDIDATES[0]))
    print(f"\n{_HEAD}", flush=True)
    rows = []
    for figures in compare(examples, chosen):
        rows.append(figures)
        print(_row(figures), flush=True)
    _draw(rows, ROOT / "bench/results/classifiers.png")


def _row(f: Figures) -> str:
    shares = " | ".join(f"{100 * s:.1f}%" for s in (f.accuracy, f.zh, f.en, f.mean_recall, f.alike))
    return f"| {f.name} | {shares} | {f.train_s:.1f} | {f.per_message_ms:.2f} |"


def _print_gate(gate: Gate) -> None:
    print(
        f"\nStrange or ours, area under the curve: probability {gate.probability:.3f}, "
        f"similarity {gate.similarity:.3f}\n\n"
        "| threshold | similarity | strange texts refused | ours refused |\n|---|---|---|---|"
    )
    for threshold, similarity, strange, ours in gate.rows:
        print(f"| {threshold:.2f} | {similarity:.2f} | {100 * strange:.1f}% | {100 * ours:.1f}% |")


def _draw(rows: list[Figures], path: Path) -> None:
    figure = Figure(figsize=(9, 0.5 * len(rows) + 1.5))
    axes = figure.subplots()
    names = [f.name for f in reversed(rows)]
    for shift, (label, values) in enumerate(
        {"zh": [f.zh for f in reversed(rows)], "en": [f.en for f in reversed(rows)]}.items()
    ):
        axes.barh(
            [i + 0.38 * shift for i in range(len(rows))],
            [100 * value for value in values],
            height=0.36,
            label=label,
        )
    axes.set_yticks([i + 0.19 for i in range(len(rows))])
    axes.set_yticklabels(names)
    axes.set_xlabel("messages with the right intent, %")
    axes.legend()
    figure.tight_layout()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=150)


if __name__ == "__main__":
    main()
