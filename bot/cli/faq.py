"""``yingda faq``: check the FAQ files, see what a question would find, refit the scores."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

if TYPE_CHECKING:
    from rich.table import Table

    from bot.faq.knowledge import Knowledge
    from bot.faq.model import Corpus

app = typer.Typer(help="The FAQ: check it, ask it, refit its scores.", no_args_is_help=True)


class Tongue(StrEnum):
    """Language of messages."""

    ZH = "zh"
    EN = "en"


_LanguageOption = Annotated[Tongue, typer.Option("--lang", help="Language of the messages.")]
_FolderOption = Annotated[
    Path | None, typer.Option("--folder", help="FAQ files; the setting's folder if not given.")
]


@app.command()
def check(
    folder: _FolderOption = None,
    language: _LanguageOption = Tongue.EN,
    links: Annotated[
        bool,
        typer.Option("--links", help="Also try every link; without a network they are skipped."),
    ] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Fail on warnings too.")] = False,
    json_lines: Annotated[
        bool, typer.Option("--json", help="One JSON object per problem.")
    ] = False,
) -> None:
    """Find mistakes, and what is worth a second look: file, line, column, and how to mend it.

    Errors keep the files from being published. Warnings: nearly the same question in two records, answers
    that contradict each other, one language changed and the other not, what has expired, what is too long
    for a channel. The command fails when there are errors.

    Examples:

        yingda faq check

        yingda faq check --lang zh --links
    """
    import json

    from rich.console import Console

    from bot.faq.checks import check as find_problems
    from bot.faq.errors import Severity
    from bot.faq.linkcheck import check_links
    from bot.faq.records import Reader

    place = _folder(folder)
    reader = Reader(place)
    problems = find_problems(place, reader=reader, channels=_channels())
    if links:
        problems += check_links(reader.read())
    if json_lines:
        for problem in problems:
            typer.echo(json.dumps(problem.to_json(), ensure_ascii=False))
    else:
        console = Console()
        corpus = reader.read().corpus
        if corpus is not None:
            console.print(_overview(corpus))
        colours = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.HINT: "dim"}
        for problem in problems:
            line = problem.say(language.value)
            console.print(
                line, style=colours[problem.severity], markup=False, highlight=False, soft_wrap=True
            )
        counts = {s: sum(p.severity is s for p in problems) for s in Severity}
        console.print(", ".join(f"{n} {s if n == 1 else f'{s}s'}" for s, n in counts.items()))
    bad = {Severity.ERROR, Severity.WARNING} if strict else {Severity.ERROR}
    if any(problem.severity in bad for problem in problems):
        raise typer.Exit(1)


@app.command()
def agree(
    records: Annotated[list[str], typer.Argument(help="Ids of records.")],
    folder: _FolderOption = None,
) -> None:
    """Say that both languages of a record are right as they are, though only one was changed.

    Example:

        yingda faq agree delivery-fee
    """
    from bot.faq.pairs import note_pairs

    place = _folder(folder)
    corpus = _read(place)
    for faq_id in records:
        corpus.number(faq_id)
    note_pairs(place, corpus.records, records)
    typer.echo(f"Noted in {place / 'pairs.json'}.")


@app.command()
def test(
    question: Annotated[str, typer.Argument(help="What a customer might ask.")],
    limit: Annotated[int, typer.Option(min=1, help="How many records to show.")] = 5,
    channel: Annotated[
        str | None, typer.Option(help="As on this channel: web, telegram, wechat, wecom, rest.")
    ] = None,
    folder: _FolderOption = None,
) -> None:
    """Show what a customer would get for a question, which records it finds, how surely, and why.

    Examples:

        yingda faq test "包邮吗"

        yingda faq test "do I pay for shipping" --channel telegram
    """
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
        fail(error)
    hits = knowledge.search(question, limit, channel)
    if not hits:
        typer.echo("Nothing to search for: the question has neither a letter nor a digit.")
        return
    for line in _verdict(knowledge, question, channel):
        typer.echo(line)
    from bot.faq.index import FEATURES, NONE_FEATURES

    # Lines, no table: an answer's evidence is read in a terminal of any width.
    for hit in hits:
        parts = ", ".join(f"{n.replace('_', ' ')} {hit.evidence[n]:.2f}" for n in FEATURES)
        typer.echo(f"\n{hit.score:.3f}  {hit.faq_id}")
        typer.echo(f"       nearest phrasing: {hit.phrasing.text}\n       {parts}")
    against = [f"{n.replace('_', ' ')} {hits[0].evidence[n]:.2f}" for n in NONE_FEATURES]
    typer.echo("\nEvidence that nothing answers: " + ", ".join(against))


def _verdict(knowledge: Knowledge, question: str, channel: str | None) -> Iterator[str]:
    """Yield what a customer would get, and from which probabilities on."""
    from bot.language import reply_language

    language = reply_language(question) or "zh"
    ruling, thresholds = knowledge.rule(question, channel), knowledge.thresholds(question)
    limits = f"(answer from {thresholds.answer:.2f}, suggest from {thresholds.suggest:.2f})"
    if ruling.answer:
        yield f"Answered by {ruling.answer} {limits}:"
        yield textwrap.indent(knowledge.answer(ruling.answer, language), "  ")
    elif ruling.suggest:
        yield f"Suggested {limits}:"
        yield from (f"  {knowledge.question(one, language)} ({one})" for one in ruling.suggest)
    else:
        yield f"Not found {limits}"


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
        fail(error)
    calibration = fit_calibration(index, encoder.fingerprint, questions)
    calibration = calibration.with_thresholds(answer, suggest)
    file = (folder or settings.faq_folder) / FILE_NAME
    calibration.save(file)
    for language, fitted in calibration.languages.items():
        typer.echo(
            f"{language}: answer from {fitted.answer:.2f}, suggest from {fitted.suggest:.2f}"
        )
    typer.echo(f"Written to {file}. 'python -m bench.faq' shows what this means.")


def _folder(folder: Path | None) -> Path:
    from bot.settings import Settings

    return folder or Settings().faq_folder


def _channels() -> tuple[str, ...]:
    from bot.faq.checks import channel_names
    from bot.settings import Settings

    return channel_names(Settings().extra_channels)


def _read(folder: Path | None) -> Corpus:
    from bot.faq.errors import FaqError
    from bot.faq.records import load_corpus

    try:
        return load_corpus(_folder(folder))
    except FaqError as error:
        fail(error)


def fail(error: Exception) -> NoReturn:
    """Print the error and leave with exit code 1."""
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
