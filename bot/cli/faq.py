"""``yingda faq``: check the FAQ files, see what a question would find, refit the scores."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

if TYPE_CHECKING:
    from rich.table import Table

    from bot.faq.model import Corpus

app = typer.Typer(help="The FAQ: check it, ask it, refit its scores.", no_args_is_help=True)

_FolderOption = Annotated[
    Path | None, typer.Option("--folder", help="FAQ files; the setting's folder if not given.")
]


@app.command()
def check(folder: _FolderOption = None) -> None:
    """Read all FAQ files; print a table, warnings, or every mistake with file, line and column."""
    from rich.console import Console

    from bot.faq.model import LANGUAGES
    from bot.faq.records import near_duplicates

    corpus = _read(folder)
    console = Console()
    console.print(_overview(corpus))
    for first, second, likeness in near_duplicates(corpus):
        console.print(
            f"{second.place}: {second.text!r} is nearly {first.text!r} of another record "
            f"({first.place}, likeness {likeness:.2f})",
            style="yellow",
            markup=False,
            soft_wrap=True,
        )
    for record in corpus.records:
        for language in LANGUAGES:
            if not record.button(language):
                console.print(
                    f"{record.id}: no {language} question is short enough for a button; add one",
                    style="yellow",
                    markup=False,
                    soft_wrap=True,
                )


@app.command()
def test(
    question: Annotated[str, typer.Argument(help="What a customer might ask.")],
    limit: Annotated[int, typer.Option(min=1, help="How many records to show.")] = 5,
    folder: _FolderOption = None,
) -> None:
    """Show which records a question finds, how surely, and why."""
    from rich.console import Console
    from rich.table import Table

    from bot.encoder import EncoderError, load_encoder
    from bot.faq.errors import FaqError
    from bot.faq.knowledge import Knowledge
    from bot.settings import Settings

    settings = Settings()
    try:
        encoder = load_encoder(settings.encoder)
        knowledge = Knowledge.load(
            folder or settings.faq_folder,
            encoder,
            settings.var / "cache",
            answer=settings.faq_answer_threshold,
            suggest=settings.faq_suggest_threshold,
        )
    except (FaqError, EncoderError) as error:
        _fail(error)
    console = Console()
    hits = knowledge.search(question, limit)
    if not hits:
        console.print("Nothing to search for: the question has neither a letter nor a digit.")
        return
    from bot.faq.index import FEATURES, NONE_FEATURES

    table = Table()
    table.add_column("score", justify="right")
    table.add_column("record", no_wrap=True)
    table.add_column("nearest phrasing")
    for name in FEATURES:
        table.add_column(name.replace("_", " "), justify="right")
    for hit in hits:
        parts = [f"{hit.evidence[name]:.2f}" for name in FEATURES]
        table.add_row(f"{hit.score:.3f}", hit.faq_id, hit.phrasing.text, *parts)
    console.print(table)
    against = [f"{n.replace('_', ' ')} {hits[0].evidence[n]:.2f}" for n in NONE_FEATURES]
    console.print("Evidence that nothing answers: " + ", ".join(against))
    thresholds = knowledge.thresholds(question)
    answer, suggest = thresholds.answer, thresholds.suggest
    best = hits[0].score
    verdict = "answered" if best >= answer else "suggested" if best >= suggest else "not found"
    console.print(f"{verdict.capitalize()} (answer from {answer:.2f}, suggest from {suggest:.2f})")


@app.command()
def fit(
    chitchat: Annotated[
        Path | None,
        typer.Option(help="Folder like the ChatterBot corpus, more examples of off-topic talk."),
    ] = None,
    answer: Annotated[
        float | None, typer.Option(help="Keep this answer threshold instead of the fitted one.")
    ] = None,
    suggest: Annotated[
        float | None, typer.Option(help="Keep this suggest threshold instead of the fitted one.")
    ] = None,
    folder: _FolderOption = None,
) -> None:
    """Refit the scores and thresholds: after a change of encoder or of very many records.

    Writes calibration.json beside the FAQ files. Takes about a minute on 2 cores. The fitted
    thresholds come from phrasings left out one at a time, which are stranger to the FAQ than most
    customers' questions; labelled customer messages (python -m bench.product) tell better.

    Example:

        yingda faq fit --answer 0.75
    """
    from bot.encoder import EncoderError, load_encoder
    from bot.faq.calibration import FILE_NAME
    from bot.faq.errors import FaqError
    from bot.faq.fit import fit as fit_calibration
    from bot.faq.index import FaqIndex
    from bot.faq.questions import labelled_questions, off_topic_examples
    from bot.settings import Settings

    settings = Settings()
    corpus = _read(folder)
    nlu = settings.root / "data" / "nlu"
    try:
        encoder = load_encoder(settings.encoder)
        index = FaqIndex(corpus, encoder, settings.var / "cache", list(off_topic_examples(nlu)))
        questions = labelled_questions(corpus, nlu, chitchat)
    except (FaqError, EncoderError) as error:
        _fail(error)
    calibration = fit_calibration(index, encoder.fingerprint, questions)
    calibration = calibration.with_thresholds(answer, suggest)
    file = (folder or settings.faq_folder) / FILE_NAME
    calibration.save(file)
    for language, fitted in calibration.languages.items():
        typer.echo(
            f"{language}: answer from {fitted.answer:.2f}, suggest from {fitted.suggest:.2f}"
        )
    typer.echo(f"Written to {file}. 'python -m bench.faq' shows what this means.")


def _read(folder: Path | None) -> Corpus:
    from bot.faq.errors import FaqError
    from bot.faq.records import load_corpus
    from bot.settings import Settings

    try:
        return load_corpus(folder or Settings().faq_folder)
    except FaqError as error:
        _fail(error)


def _fail(error: Exception) -> NoReturn:
    typer.echo(str(error), err=True)
    raise typer.Exit(1) from error


def _overview(corpus: Corpus) -> Table:
    from rich.table import Table

    from bot.faq.model import LANGUAGES

    table = Table(title=f"{len(corpus.records)} records", show_footer=True)
    table.add_column("category", "all")
    table.add_column("records", str(len(corpus.records)), justify="right")
    for language in LANGUAGES:
        total = sum(p.language == language for p in corpus.phrasings)
        table.add_column(f"{language} questions", str(total), justify="right")
    for category in corpus.categories:
        counts = [sum(len(r.side(n).questions) for r in category.records) for n in LANGUAGES]
        table.add_row(category.category, str(len(category.records)), *map(str, counts))
    return table
