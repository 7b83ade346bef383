"""``yingda eval tune``: the FAQ's thresholds from labelled questions."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.table import Table

    from bot.faq.calibration import LanguageCalibration
    from bot.faq.fit import Ranked
    from bot.language import Language


def tune(
    messages: Annotated[
        Path,
        typer.Option(metavar="FILE.jsonl", help="Lines with text and expected decision(s)."),
    ],
    wrong_cost: Annotated[
        float, typer.Option(min=0, help="What a wrong answer costs; a right one is worth 1.")
    ] = 5.0,
    write: Annotated[
        bool, typer.Option("--write", help="Write the thresholds into calibration.json.")
    ] = False,
    folder: Annotated[
        Path | None, typer.Option("--folder", help="FAQ files; the setting's folder if not given.")
    ] = None,
) -> None:
    """Choose from which probability the FAQ answers and suggests, in each language.

    Prints what would become of the questions at each answer threshold, and the thresholds of the
    highest value: a right answer counts 1, the right record among the buttons 0.5, buttons in vain
    -0.2, a wrong answer minus the cost. Tasks are left out, the FAQ has no say in them. Labels are
    best from customers of the shop, and not from the FAQ's own phrasings.

    Examples:

        yingda eval tune --messages messages.jsonl
        yingda eval tune --messages messages.jsonl --wrong-cost 3 --write
    """
    from rich.console import Console

    from bot.cli.wiring import load_speller
    from bot.encoder import EncoderError, load_encoder
    from bot.evaluation.files import BadFileError, read_messages
    from bot.faq.calibration import FILE_NAME
    from bot.faq.errors import FaqError
    from bot.faq.knowledge import Knowledge
    from bot.faq.thresholds import from_expected, rank_labelled
    from bot.faq.thresholds import tune as choose
    from bot.settings import Settings

    settings = Settings()
    folder = folder or settings.faq_folder
    try:
        labels = [from_expected(m["text"], m["expected"]) for m in read_messages(messages)]
        questions = [label for label in labels if label]
        encoder = load_encoder(settings.encoder)
        knowledge = Knowledge.load(folder, encoder, settings.var / "cache")
        speller = load_speller(
            settings, knowledge
        )  # the FAQ is asked what was meant, as in service
        questions = [replace(one, text=speller.read(one.text)) for one in questions]
        ranked = rank_labelled(knowledge, questions)
    except (BadFileError, EncoderError, FaqError, ValueError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from error
    if not ranked:
        typer.echo(f"{messages}: expected questions for the FAQ, got tasks alone", err=True)
        raise typer.Exit(2)
    tuned = choose(knowledge.calibration, ranked, wrong_cost)
    console = Console(width=None if Console().is_terminal else 120)
    for language, found in ranked.items():
        before, after = knowledge.calibration.languages[language], tuned.languages[language]
        console.print(_curve(language, found, after))
        typer.echo(
            f"{language}: answer from {after.answer:.2f}, suggest from {after.suggest:.2f} "
            f"(now {before.answer:.2f} and {before.suggest:.2f})\n"
        )
    file = folder / FILE_NAME
    if write:
        tuned.save(file)
        typer.echo(f"Written to {file}.")
    else:
        typer.echo("Nothing was written; --write keeps these thresholds.")


def _curve(language: Language, ranked: Ranked, chosen: LanguageCalibration) -> Table:
    from rich.table import Table

    from bot.faq.thresholds import curve

    table = Table(
        title=f"{language}: what becomes of {len(ranked.score)} questions, in percent",
        caption=f"suggested from {chosen.suggest:.2f}",
    )
    for column in ("answer from", "answered right", "answered wrong", "suggested", "handed off"):
        table.add_column(column, justify="right")
    for point in curve(ranked, chosen.suggest):
        shares = point.right, point.wrong, point.suggested, point.passed_on
        table.add_row(f"{point.threshold:.2f}", *(f"{100 * share:.1f}" for share in shares))
    return table
