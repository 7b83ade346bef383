"""``yingda faq import``, ``export`` and ``new``: FAQ records from and to tables and documents."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.faq import Tongue, fail

if TYPE_CHECKING:
    from bot.faq.importing import Import

_FolderOption = Annotated[
    Path | None, typer.Option("--folder", help="FAQ files; the setting's folder if not given.")
]
_LanguageOption = Annotated[Tongue, typer.Option("--lang", help="Language of the report.")]
_SHOWN = 20


def import_(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A table of records.")],
    category: Annotated[
        str, typer.Option(help="Category of rows that name none: lowercase letters and hyphens.")
    ] = "imported",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Report only, write nothing.")] = False,
    report: Annotated[
        Path | None, typer.Option(help="Write what was skipped, and why, as CSV.")
    ] = None,
    language: _LanguageOption = Tongue.EN,
    folder: _FolderOption = None,
) -> None:
    """Bring records of a .csv, .xlsx, .md or .json file into the FAQ.

    One row is one record; 'yingda faq export' shows the columns, Chinese titles (编号, 问题, 回答 …) work too.
    CSV may be UTF-8, UTF-16 or GBK. Records that exist are changed in place. Rows with a mistake are left
    out, and the report says why.

    Examples:

        yingda faq import questions.xlsx --dry-run

        yingda faq import questions.csv --category gifts --report skipped.csv
    """
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    from bot.faq.authoring import Author
    from bot.faq.errors import FaqError
    from bot.faq.importing import plan_import
    from bot.settings import Settings

    place = folder or Settings().faq_folder
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()
    with Progress(*columns, transient=True) as progress:
        task = progress.add_task("Reading", total=None)
        try:
            plan = plan_import(
                place, file, category,
                lambda done, total: progress.update(task, completed=done, total=total, description="Records"),
            )  # fmt: skip
        except FaqError as error:
            typer.echo(str(error), err=True)
            raise typer.Exit(1) from error
    if not dry_run:
        Author(place).apply(plan.change)
    _tell(plan, language, dry_run)
    if report is not None:
        _write_report(plan, report, language)
    if plan.skipped and not (plan.new or plan.changed or plan.same):
        raise typer.Exit(1)


def export(
    file: Annotated[Path, typer.Argument(help="Ends in .csv, .xlsx, .md or .json.")],
    encoding: Annotated[
        str, typer.Option(help="Of a CSV: utf-8-sig (Excel reads it right), utf-8 or gbk.")
    ] = "utf-8-sig",
    folder: _FolderOption = None,
) -> None:
    """Write all records into one file; 'import' reads it back without loss.

    Examples:

        yingda faq export faq.xlsx

        yingda faq export faq.csv --encoding gbk
    """
    from bot.faq.errors import FaqError
    from bot.faq.exchange import export as write
    from bot.faq.records import load_corpus
    from bot.settings import Settings

    try:
        count = write(load_corpus(folder or Settings().faq_folder), file, encoding)
    except (FaqError, LookupError) as error:
        fail(error)
    typer.echo(f"{count} records written to {file}.")


def new(
    faq_id: Annotated[str, typer.Argument(help="Lowercase letters, digits, hyphens.")],
    category: Annotated[str, typer.Option(help="An existing category, or a new one.")],
    zh: Annotated[list[str], typer.Option(help="Chinese question; repeat for more.")],
    zh_answer: Annotated[str, typer.Option(help="Chinese answer.")],
    en: Annotated[list[str], typer.Option(help="English question; repeat for more.")],
    en_answer: Annotated[str, typer.Option(help="English answer.")],
    title: Annotated[
        tuple[str, str] | None, typer.Option(help="Chinese and English name of a new category.")
    ] = None,
    folder: _FolderOption = None,
) -> None:
    """Add a record.

    Example:

        yingda faq new gifts-wrap --category ordering --zh 能包装成礼物吗 --zh-answer "可以，¥5 一份。"
        --en "do you wrap gifts" --en-answer "Yes, for ¥5."
    """
    from pydantic import ValidationError

    from bot.faq.authoring import Author
    from bot.faq.errors import FaqError, FaqFileError, Place
    from bot.faq.model import Record, Title
    from bot.faq.records import Reader, explain_record
    from bot.settings import Settings

    place = folder or Settings().faq_folder
    author = Author(place)
    data = {
        "id": faq_id,
        "zh": {"questions": zh, "answer": zh_answer},
        "en": {"questions": en, "answer": en_answer},
    }
    try:
        record = Record.model_validate(data)
        names = Title(zh=title[0], en=title[1]) if title else None
        reading = Reader(place).read(author.draft(record, category, names).files)
        if reading.corpus is None:
            fail(FaqFileError(reading.problems))
        stored = author.create(record, category, names)
    except ValidationError as error:
        fail(FaqFileError(explain_record(Place(place), data, error)))
    except FaqError as error:
        fail(error)
    typer.echo(f"Added at {stored.place}.")


def _tell(plan: Import, language: Tongue, dry_run: bool) -> None:
    would = "would be " if dry_run else ""
    typer.echo(
        f"{len(plan.new)} records {would}added, {len(plan.changed)} {would}changed, "
        f"{len(plan.same)} were there already, {len(plan.skipped)} rows skipped."
    )
    if plan.ignored:
        typer.echo(f"Columns not understood, and left out: {', '.join(plan.ignored)}")
    for problem in [*plan.untitled, *plan.skipped[:_SHOWN]]:
        typer.echo(problem.say(language.value))
    if len(plan.skipped) > _SHOWN:
        typer.echo(f"… and {len(plan.skipped) - _SHOWN} more; --report FILE lists them all.")


def _write_report(plan: Import, file: Path, language: Tongue) -> None:
    import csv

    with file.open("w", encoding="utf-8-sig", newline="") as output:
        writer = csv.writer(output)
        writer.writerow(["row", "record", "what", "mend"])
        for p in plan.skipped:
            words = p.what(language.value), p.mend(language.value)
            writer.writerow([p.place.line, p.record or "", *words])
