"""How well the FAQ is found, with the calibration in force.

    python -m bench.faq                          tables, and bench/results/faq.png
    python -m bench.faq --chitchat FOLDER        with more off-topic talk (ChatterBot corpus)
    python -m bench.faq --confusions 20          and the records that are mistaken for each other

What the figures can and cannot tell is written in bench/faq/README.md.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from rich.console import Console
from rich.table import Table

from bench.faq import measure
from bot.encoder import load_encoder
from bot.evaluation.reliability import calibration_error, reliability
from bot.faq.fit import Ranked, outcomes
from bot.faq.knowledge import Knowledge
from bot.faq.model import LANGUAGES
from bot.faq.questions import labelled_questions
from bot.language import Language
from bot.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
_THRESHOLDS = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95)
_LATENCY_TEXTS = 200


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--chitchat", type=Path, help="folder in the form of the ChatterBot corpus")
    parser.add_argument(
        "--questions", type=Path, default=Path(__file__).with_name("questions.jsonl")
    )
    parser.add_argument("--confusions", type=int, default=0, metavar="N")
    parser.add_argument("--plot", type=Path, default=ROOT / "bench" / "results" / "faq.png")
    options = parser.parse_args(arguments)

    settings = Settings()
    encoder = load_encoder(settings.encoder)
    knowledge = Knowledge.load(settings.faq_folder, encoder, settings.var / "cache")
    corpus, index = knowledge.corpus, knowledge.index
    console = Console(width=140)
    questions = labelled_questions(corpus, settings.root / "data" / "nlu", options.chitchat)
    measured = {language: measure.measure(index, questions, language) for language in LANGUAGES}

    console.print(_recall_table(measured))
    for language in LANGUAGES:
        console.print(_threshold_table(measured[language], knowledge, language))
    crossed = {n: measure.cross_language(corpus, encoder, knowledge, n) for n in LANGUAGES}
    for language, got in crossed.items():
        console.print(
            f"{language} questions, only the other side indexed: recall@1 {got.at_1:.3f}, "
            f"@3 {got.at_3:.3f} (n={got.n})"
        )
    blind = measure.blind(knowledge, options.questions)
    console.print(_blind_table(blind))
    for language, got_blind in blind.items():
        for failure in got_blind.failures:
            console.print(f"  {language} {failure}", markup=False, highlight=False)
    texts = [q.text for q in questions[:: max(len(questions) // _LATENCY_TEXTS, 1)]]
    encode_ms, search_ms, slow_ms = measure.latency_ms(index, texts)
    console.print(
        f"per message: encode {encode_ms:.2f} ms, search {search_ms:.2f} ms (medians), "
        f"together {slow_ms:.2f} ms at the 95th percentile"
    )
    for language in LANGUAGES if options.confusions else ():
        console.print(f"\n{language}: asked for, found instead, times")
        pairs = measure.confusions(measured[language], corpus, index)
        for (asked, found), times in pairs.most_common(options.confusions):
            console.print(f"  {asked} -> {found}: {times}")
    options.plot.parent.mkdir(parents=True, exist_ok=True)
    _plot(measured, knowledge).savefig(options.plot, dpi=120)
    console.print(f"Plot: {options.plot}")


def _recall_table(measured: dict[Language, measure.Measured]) -> Table:
    table = Table(title="Leave-one-out: recall@1 / @3")
    table.add_column("evidence")
    for language, got in measured.items():
        table.add_column(f"{language} (n={got.of('new wording').sum()})", justify="right")
    alone = {language: measure.recall_by_feature(got) for language, got in measured.items()}
    for name in alone["zh"]:
        cells = [alone[language][name] for language in measured]
        table.add_row(f"{name} alone", *(f"{r.at_1:.3f} / {r.at_3:.3f}" for r in cells))
    for title, source in (("all together", "new wording"), ("all together, typing slips", "slip")):
        cells = [
            measure.recall(got.probabilities, got.evidence.right, got.of(source))
            for got in measured.values()
        ]
        table.add_row(title, *(f"{r.at_1:.3f} / {r.at_3:.3f} (n={r.n})" for r in cells))
    errors = [f"{_calibration_error(got.ranked):.3f}" for got in measured.values()]
    table.add_row("expected calibration error", *errors)
    return table


def _calibration_error(ranked: Ranked) -> float:
    return calibration_error(reliability(ranked.score, ranked.first, ranked.weights))


def _threshold_table(got: measure.Measured, knowledge: Knowledge, language: Language) -> Table:
    fitted = knowledge.calibration.languages[language]
    table = Table(
        title=f"{language}: share of all messages at an answer threshold (counts in brackets); "
        f"suggest from {fitted.suggest:.2f}"
    )
    names = ("right", "wrong", "suggested", "suggested_in_vain", "missed", "declined")
    table.add_column("answer from", justify="right")
    for name in names:
        table.add_column(name.replace("_", " "), justify="right")
    table.add_column("off-topic answered", justify="right")
    for threshold in sorted({*_THRESHOLDS, fitted.answer}):
        shares = outcomes(got.ranked, threshold, min(fitted.suggest, threshold))
        answered = got.ranked.score >= threshold
        counts = {
            "right": (answered & got.ranked.first).sum(),
            "wrong": (answered & ~got.ranked.first).sum(),
        }
        off_topic = answered[~got.ranked.answerable]
        mark = " *" if threshold == fitted.answer else ""
        table.add_row(
            f"{threshold:.2f}{mark}",
            *(f"{shares[n]:.3f}" + (f" ({counts[n]})" if n in counts else "") for n in names),
            f"{off_topic.mean():.3f} ({off_topic.sum()} of {len(off_topic)})",
        )
    return table


def _blind_table(blind: dict[Language, measure.Blind]) -> Table:
    table = Table(title="Questions written without looking at the phrasings")
    names = ("right", "wrong", "suggested", "in vain", "missed",
             "off-topic answered", "off-topic suggested", "off-topic declined")  # fmt: skip
    for title in ("", "recall@1", "@3", *names):
        table.add_column(title, justify="right")
    for language, got in blind.items():
        table.add_row(
            f"{language} (n={got.recall.n})",
            f"{got.recall.at_1:.3f}",
            f"{got.recall.at_3:.3f}",
            *(str(got.counts[name]) for name in names),
        )
    return table


def _plot(measured: dict[Language, measure.Measured], knowledge: Knowledge) -> Figure:
    figure = Figure(figsize=(11, 4.5), layout="constrained")
    axes = figure.subplots(1, len(measured), sharey=True)
    grid = np.linspace(0.05, 0.99, 95)
    for axis, (language, got) in zip(axes, measured.items(), strict=True):
        fitted = knowledge.calibration.languages[language]
        curves = [outcomes(got.ranked, t, min(fitted.suggest, t)) for t in grid]
        for name, colour in (("right", "#1a7f5a"), ("wrong", "#c0392b"), ("suggested", "#2d6cb5"),
                             ("suggested_in_vain", "#9aa7b5"), ("missed", "#d08a1d")):  # fmt: skip
            values = [curve[name] for curve in curves]
            axis.plot(grid, values, color=colour, label=name.replace("_", " "))
        axis.axvline(fitted.answer, color="black", linestyle=":", label="answer threshold")
        axis.set(title=f"{language}, leave-one-out", xlabel="answer threshold", xlim=(0, 1))
        axis.grid(alpha=0.3)
    axes[0].set_ylabel("share of all messages")
    axes[0].legend(fontsize=8)
    return figure


if __name__ == "__main__":
    main()
