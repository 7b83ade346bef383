"""``yingda eval``: how well the bot understands, on files of one's own."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.cli.tune import tune

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.evaluation.files import IntentSet, Labelled, Pairs
    from bot.evaluation.run import Row
    from bot.evaluation.systems import Vectors
    from bot.settings import Settings

app = typer.Typer(help="How well the bot understands, on files of one's own.")
app.command("tune")(tune)


@app.callback(invoke_without_command=True)
def evaluate(
    context: typer.Context,
    clinc: Annotated[
        Path | None, typer.Option(metavar="FILE.json", help="CLINC150: train, test or val, oos_….")
    ] = None,
    banking: Annotated[
        tuple[Path, Path] | None,
        typer.Option(metavar="TRAIN.csv TEST.csv", help="Columns text and category."),
    ] = None,
    hwu: Annotated[
        tuple[Path, Path] | None,
        typer.Option(metavar="TRAIN.csv TEST.csv", help="HWU64, columns text and category."),
    ] = None,
    massive: Annotated[
        tuple[Path, Path] | None,
        typer.Option(metavar="TRAIN.jsonl TEST.jsonl", help="Lines with id, intent, zh, en."),
    ] = None,
    pairs: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE.tsv", help="Two sentences and a number; may be repeated."),
    ] = None,
    messages: Annotated[
        Path | None,
        typer.Option(metavar="FILE.jsonl", help="Lines with text and expected decision(s)."),
    ] = None,
    shop: Annotated[
        bool, typer.Option("--shop", help="The shop's own examples, a quarter held out.")
    ] = False,
    draws: Annotated[int, typer.Option(min=1, help="Draws of 10 examples per intent.")] = 3,
    diet: Annotated[
        bool,
        typer.Option("--diet", help="Rasa's default pipeline as well, on the first draw: slow."),
    ] = False,
    quick: Annotated[bool, typer.Option("--quick", help="Not with all examples.")] = False,
    intent_names: Annotated[
        bool, typer.Option(help="Read an intent's name as one more example of it.")
    ] = True,
    plot: Annotated[Path | None, typer.Option(metavar="FILE.png", help="Draw it as well.")] = None,
    output: Annotated[
        Path | None, typer.Option(metavar="FILE.json", help="Write the figures as well.")
    ] = None,
) -> None:
    """Train the product's features and classifier on each set and print one table.

    Every set is measured with 10 examples per intent (mean and spread of the draws) and with all
    of them, beside TF-IDF with logistic regression. A calibration error is the mean gap between a
    probability and the share that came out right. Files may be gzipped (.gz). ``--messages`` asks
    the whole bot, as it is trained, counts its decisions, and judges the FAQ's scores.

    Examples:

        yingda eval --banking train.csv test.csv --quick
        yingda eval --massive train.jsonl test.jsonl --pairs lcqmc.tsv --pairs bq.tsv
        yingda eval --banking train.csv test.csv --quick --diet --draws 1
        yingda eval --clinc data.json --draws 5 --plot clinc.png
        yingda eval --messages messages.jsonl
    """
    if context.invoked_subcommand:
        return
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    from bot.encoder import EncoderError, load_encoder
    from bot.evaluation import files
    from bot.evaluation.run import peak_megabytes
    from bot.evaluation.systems import Vectors
    from bot.settings import Settings

    try:  # all files before any work: a slip in the last one must not cost an hour
        sets: list[tuple[IntentSet, tuple[str, Labelled] | None]] = []
        if clinc:
            sets.append((files.read_clinc(clinc), None))
        for name, found in (("Banking77", banking), ("HWU64", hwu)):
            if found:
                train, test = (files.read_csv(path) for path in found)
                sets.append((files.IntentSet(name, train, test), None))
        if massive:
            both, tested = (files.read_two_languages(path) for path in massive)
            for own, other in (("en", "zh"), ("zh", "en")):
                data = files.IntentSet(f"MASSIVE {own}", both[own], tested[own])
                sets.append((data, (f"MASSIVE {own} to {other}", tested[other])))
        matching = [files.read_pairs(path) for path in pairs or ()]
        asked = files.read_messages(messages) if messages else []
    except files.BadFileError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from error
    if not (sets or matching or asked or shop):
        typer.echo(
            "Nothing to measure: name a file, such as --pairs FILE.tsv (see --help).", err=True
        )
        raise typer.Exit(2)
    settings = Settings()
    rows: list[Row] = []
    columns = SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn()
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("Loading the encoder")
        try:
            encoder = load_encoder(settings.encoder)
        except EncoderError as error:
            typer.echo(str(error), err=True)
            raise typer.Exit(1) from error
        vectors = Vectors(encoder, lambda step: progress.update(task, description=step))
        for row in _measure(settings, sets, matching, vectors, draws, quick, intent_names, diet):
            rows.append(row)
            _keep(rows, output)  # after each row: a run that is cut short keeps what it has
            progress.update(task, description=f"{row.measure}, {row.system}: {row.mean:.2f}")
        if shop or asked:
            progress.update(task, description="The shop's own words")
            rows.extend(_own(settings, vectors, shop, asked))
    if asked:
        rows.extend(_ask(settings, asked))
    _keep(rows, output)
    note = intent_names and bool(sets)
    Console(width=None if Console().is_terminal else 160).print(_table(rows, note))
    typer.echo(f"Most memory that this process held: {peak_megabytes():.0f} MB")
    if plot:
        from bot.evaluation.plot import draw_plot

        draw_plot(rows, plot)


def _keep(rows: list[Row], output: Path | None) -> None:
    if output:
        found = [{**asdict(row), "mean": row.mean, "spread": row.spread} for row in rows]
        output.write_text(json.dumps(found, ensure_ascii=False, indent=1) + "\n", "utf-8")


def _measure(
    settings: Settings,
    sets: list[tuple[IntentSet, tuple[str, Labelled] | None]],
    matching: list[Pairs],
    vectors: Vectors,
    draws: int,
    quick: bool,
    intent_names: bool,
    diet: bool,
) -> Iterator[Row]:
    from bot.evaluation.diet import Diet, DietError
    from bot.evaluation.run import measure_intents, measure_pairs, systems

    def rasa() -> Diet:
        return Diet(settings.engine_python, settings.root, settings.var / "logs/diet.log")

    compared = systems(vectors, intent_names, rasa if diet else None)
    for data, crossed in sets:
        for name, make in compared.items():
            try:
                yield from measure_intents(data, name, make, vectors, draws, quick, crossed)
            except DietError as error:
                typer.echo(str(error), err=True)
                raise typer.Exit(1) from error
    for one in matching:
        yield from measure_pairs(one, vectors)


def _own(
    settings: Settings, vectors: Vectors, shop: bool, asked: list[dict[str, Any]]
) -> Iterator[Row]:
    from bot.cli.wiring import load_speller
    from bot.evaluation.shop import measure_faq, measure_shop, read_shop
    from bot.evaluation.systems import Product
    from bot.faq.errors import FaqError
    from bot.faq.knowledge import Knowledge
    from bot.faq.records import load_corpus
    from bot.faq.thresholds import from_expected

    try:
        if shop:
            data = read_shop(settings.root / "data" / "nlu", load_corpus(settings.faq_folder))
            yield from measure_shop(data, Product(vectors, intent_names=False))
        labels = [from_expected(one["text"], one["expected"]) for one in asked]
        if questions := [label for label in labels if label]:
            knowledge = Knowledge.load(settings.faq_folder, vectors.encoder, settings.var / "cache")
            speller = load_speller(settings, knowledge)
            meant = [replace(one, text=speller.read(one.text)) for one in questions]
            yield from measure_faq(knowledge, meant)
    except (FaqError, ValueError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from error


def _table(rows: list[Row], intent_names: bool) -> object:
    from rich.table import Table

    note = "Yingda reads intent names as one more example each" if intent_names else None
    table = Table(title="Understanding", caption=note)
    for column in ("measure", "system"):
        table.add_column(column)
    for column in ("of", "mean", "spread", ""):
        table.add_column(column, justify="right" if column else "left")
    for row in sorted(rows, key=lambda row: [r.measure for r in rows].index(row.measure)):
        digits = 4 if "AUROC" in row.measure else 2
        spread = "" if row.spread is None else f"{row.spread:.{digits}f}"
        table.add_row(
            row.measure, row.system, str(row.tested), f"{row.mean:.{digits}f}", spread, row.unit
        )
    return table


def _ask(settings: Settings, asked: list[dict[str, Any]]) -> Iterator[Row]:
    """Ask the whole bot; yield the share of each kind of outcome."""
    import asyncio
    import io
    from collections import Counter

    from bot.cli.understanding import run
    from bot.evaluation.decisions import harmless, judge_decision
    from bot.evaluation.run import Row

    answers = io.StringIO()
    lines = [json.dumps({"id": i, "text": m["text"]}) for i, m in enumerate(asked)]
    asyncio.run(run(settings, lines, answers))
    decisions = [json.loads(line)["decision"] for line in answers.getvalue().splitlines()]
    pairs = list(zip(decisions, (one["expected"] for one in asked), strict=True))
    kinds = Counter(judge_decision(decision, expected) for decision, expected in pairs)
    for kind, count in kinds.most_common():
        yield Row(f"messages: {kind}", "Yingda", len(asked), (100 * count / len(asked),))
    off_topic = [harmless(*pair) for pair in pairs if pair[1][0].startswith("decline")]
    if off_topic:
        share = 100 * sum(off_topic) / len(off_topic)
        subject = "off-topic messages: neither answered nor acted on"
        yield Row(subject, "Yingda", len(off_topic), (share,))
