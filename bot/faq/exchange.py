"""FAQ records as tables and documents: CSV, Excel, Markdown and JSON, out and in without loss.

A table has one row per record. A cell with several values (questions, links) has one a line; a line break
or backslash within a value is written ``\\n`` or ``\\\\``. In CSV a cell that a spreadsheet would take for a
formula begins with an apostrophe. Column titles may be Chinese, and many tables that were made for other
tools are read too: see ``_TITLES``.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

from bot.faq.errors import FaqError
from bot.faq.model import Corpus, Record

COLUMNS = (
    "id", "category", "category_zh", "category_en", "zh_questions", "zh_answer", "en_questions",
    "en_answer", "valid_from", "valid_until", "channels", "links", "picture", "task", "follow_ups",
    "owner",
)  # fmt: skip
FORMATS = (".csv", ".xlsx", ".md", ".json")
_SINGLE = ("id", "valid_from", "valid_until", "picture", "task", "owner")
# Other titles of columns, in lower case without spaces.
_TITLES = {
    "编号": "id", "分类": "category", "类别": "category", "分类名": "category_zh",
    "中文分类": "category_zh", "英文分类": "category_en",
    "问题": "zh_questions", "中文问题": "zh_questions", "中文问法": "zh_questions", "问法": "zh_questions",
    "回答": "zh_answer", "答案": "zh_answer", "中文回答": "zh_answer", "中文答案": "zh_answer",
    "英文问题": "en_questions", "英文问法": "en_questions", "英文回答": "en_answer", "英文答案": "en_answer",
    "question": "en_questions", "questions": "en_questions", "answer": "en_answer",
    "question_zh": "zh_questions", "questions_zh": "zh_questions", "answer_zh": "zh_answer",
    "question_en": "en_questions", "questions_en": "en_questions", "answer_en": "en_answer",
    "zh_question": "zh_questions", "en_question": "en_questions",
    "开始日期": "valid_from", "生效日期": "valid_from", "结束日期": "valid_until", "失效日期": "valid_until",
    "渠道": "channels", "链接": "links", "图片": "picture", "配图": "picture", "任务": "task",
    "相关问题": "follow_ups", "负责人": "owner",
}  # fmt: skip
_FORMULA = re.compile(r"'*[=+\-@]")
_HEADING = re.compile(r"(#{1,3}) (.*)")


class ExchangeError(FaqError):
    """The file cannot be read as a table of FAQ records at all."""


@dataclass(frozen=True)
class Row:
    """One record of a table: its line (or row) in the file, and its cells by column name."""

    line: int
    cells: Mapping[str, str]


@dataclass(frozen=True)
class Sheet:
    """What a file holds. ``ignored`` are titles of columns that mean nothing here."""

    rows: tuple[Row, ...]
    ignored: tuple[str, ...] = field(default=())


def export(corpus: Corpus, file: Path, encoding: str = "utf-8-sig") -> int:
    """Write all records to ``file``, by its ending; return how many.

    Args:
        corpus: The records.
        file: Ends in .csv, .xlsx, .md or .json.
        encoding: Of a CSV file: ``utf-8-sig`` is what Excel reads right, ``gbk`` for older tools.

    Raises:
        ExchangeError: The ending is another.
    """
    rows = [
        {
            **record_cells(record),
            "category": c.category,
            "category_zh": c.title.zh,
            "category_en": c.title.en,
        }
        for c in corpus.categories
        for record in c.records
    ]
    match file.suffix.lower():
        case ".csv":
            output = io.StringIO(newline="")
            writer = csv.writer(output)
            writer.writerow(COLUMNS)
            writer.writerows([_guarded(row.get(name, "")) for name in COLUMNS] for row in rows)
            # Whatever GBK lacks (emoji) is written as its superset GB 18030 does.
            name = "gb18030" if encoding.lower() in {"gbk", "gb2312"} else encoding
            file.write_bytes(output.getvalue().encode(name))
        case ".xlsx":
            _write_excel(file, rows)
        case ".md":
            file.write_text("\n".join(_markdown(rows)) + "\n", "utf-8")
        case ".json":
            data = [
                {
                    "category": c.category,
                    "title": c.title.model_dump(),
                    "records": [r.plain() for r in c.records],
                }
                for c in corpus.categories
            ]
            file.write_text(json.dumps(data, ensure_ascii=False, indent=2) + "\n", "utf-8")
        case _:
            raise ExchangeError(_unknown(file))
    return len(rows)


def read_sheet(file: Path) -> Sheet:
    """Read a file that ``export`` or a person wrote.

    Raises:
        ExchangeError: Its ending, encoding or form is none that is known.
    """
    match file.suffix.lower():
        case ".csv" | ".tsv" | ".txt":
            return _table(_csv_lines(_decoded(file)))
        case ".xlsx":
            return _table(_excel_lines(file))
        case ".md":
            return Sheet(tuple(_read_markdown(_decoded(file))))
        case ".json":
            return Sheet(tuple(_read_json(file)))
    raise ExchangeError(_unknown(file))


def record_cells(record: Record) -> dict[str, str]:
    """Return a record as cells by column name; empty ones are left out."""
    data = record.plain()
    cells: dict[str, str] = {name: str(data[name]) for name in _SINGLE if name in data}
    for language in ("zh", "en"):
        cells[f"{language}_questions"] = _joined(data[language]["questions"])
        cells[f"{language}_answer"] = data[language]["answer"]
    for name in ("channels", "follow_ups"):
        if name in data:
            cells[name] = _joined(data[name])
    if record.links:
        cells["links"] = _joined(f"{link.url} | {link.zh} | {link.en}" for link in record.links)
    return cells


def record_data(cells: Mapping[str, str]) -> dict[str, Any]:
    """Return the data of a record, to be validated, from cells by column name."""
    given = {name: text for name, text in cells.items() if text.strip()}
    data: dict[str, Any] = {}
    for name in _SINGLE:
        if name in given:
            data[name] = given[name].strip()
    for language in ("zh", "en"):
        questions = _split(given.get(f"{language}_questions", ""))
        answer = given.get(f"{language}_answer", "").strip()
        if questions or answer:
            data[language] = {"questions": questions, "answer": answer}
    for name in ("channels", "follow_ups"):
        if name in given:
            data[name] = re.split(r"[\s,，、;；]+", given[name].strip())
    if "links" in given:
        parts = [[p.strip() for p in line.split("|")] for line in _split(given["links"])]
        data["links"] = [
            {"url": p[0], "zh": p[1] if len(p) > 1 else p[0], "en": p[-1]} for p in parts
        ]
    return data


def _joined(values: Iterable[str]) -> str:
    return "\n".join(value.replace("\\", "\\\\").replace("\n", "\\n") for value in values)


def _split(cell: str) -> list[str]:
    values = (
        re.sub(r"\\(.)", lambda m: "\n" if m[1] == "n" else m[1], line)
        for line in cell.splitlines()
    )
    return [value.strip() for value in values if value.strip()]


def _guarded(cell: str) -> str:
    return f"'{cell}" if _FORMULA.match(cell) else cell


def _unguarded(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell


def _decoded(file: Path) -> str:
    raw = file.read_bytes()
    encodings = ["utf-16"] if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else ["utf-8-sig", "gb18030"]
    for encoding in encodings:
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise ExchangeError(f"{file}: expected text in UTF-8, UTF-16 or GBK; save it as 'CSV UTF-8'")


def _csv_lines(text: str) -> Iterator[tuple[int, list[str]]]:
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    line = 1
    for cells in reader:
        yield line, [_unguarded(cell) for cell in cells]
        line = reader.line_num + 1


def _excel_lines(file: Path) -> Iterator[tuple[int, list[str]]]:
    from zipfile import BadZipFile

    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        book = load_workbook(file, read_only=True, data_only=True)
    except (BadZipFile, InvalidFileException, KeyError, OSError) as error:
        raise ExchangeError(f"{file} is no Excel workbook ({error}); save it as .xlsx") from error
    for number, row in enumerate(book.worksheets[0].iter_rows(values_only=True), start=1):
        yield number, [_as_text(value) for value in row]
    book.close()


def _as_text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return (
            value.date().isoformat()
            if value.time().isoformat() == "00:00:00"
            else value.isoformat("T", "minutes")
        )
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    # Excel keeps line breaks of pasted text as they came.
    return str(value).replace("_x000D_", "").replace("\r\n", "\n").replace("\r", "\n")


def _table(lines: Iterable[tuple[int, list[str]]]) -> Sheet:
    filled = ((number, cells) for number, cells in lines if any(cell.strip() for cell in cells))
    head = next(filled, None)
    if head is None:
        raise ExchangeError("the table is empty: expected a first row with column titles")
    names = [_column(title) for title in head[1]]
    if not {"zh_questions", "en_questions"} & set(names):
        titles = ", ".join(title for title in head[1] if title.strip())
        raise ExchangeError(
            f"expected column titles such as {', '.join(COLUMNS[4:8])} in the first row, got {titles}"
        )
    ignored = tuple(
        title for title, name in zip(head[1], names, strict=True) if name is None and title.strip()
    )
    rows = tuple(
        Row(number, {name: cell for name, cell in zip(names, cells, strict=False) if name})
        for number, cells in filled
    )
    return Sheet(rows, ignored)


def _column(title: str) -> str | None:
    key = re.sub(r"[\s\-]+", "_", title.strip().lower())
    return key if key in COLUMNS else _TITLES.get(key.replace("_", ""), _TITLES.get(key))


def _write_excel(file: Path, rows: list[dict[str, str]]) -> None:
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Alignment, Font

    book = Workbook(write_only=True)
    sheet = book.create_sheet("FAQ")
    sheet.freeze_panes = "B2"
    for name in COLUMNS:
        letter = chr(ord("A") + COLUMNS.index(name))
        sheet.column_dimensions[letter].width = 44 if name[:3] in {"zh_", "en_"} else 18

    def cells(values: Iterable[str], bold: bool = False) -> list[Any]:
        made = []
        for value in values:
            cell = WriteOnlyCell(sheet, value)
            cell.data_type = "s"  # "=1+1" is a text here, never a formula
            cell.alignment, cell.font = Alignment(wrap_text=True, vertical="top"), Font(bold=bold)
            made.append(cell)
        return made

    sheet.append(cells(COLUMNS, bold=True))
    for row in rows:
        sheet.append(cells(row.get(name, "") for name in COLUMNS))
    book.save(file)


def _markdown(rows: list[dict[str, str]]) -> Iterator[str]:
    category = None
    for row in rows:
        if row["category"] != category:
            category = row["category"]
            yield f"# {category} | {row['category_zh']} | {row['category_en']}\n"
        yield f"## {row['id']}\n"
        for name in COLUMNS[8:]:
            yield from (f"- {name}: {value}" for value in row.get(name, "").splitlines())
        for language in ("zh", "en"):
            yield f"\n### {language} questions\n"
            yield from (f"- {line}" for line in row[f"{language}_questions"].splitlines())
            yield f"\n### {language} answer\n"
            yield from (
                f"\\{line}" if re.match(r"\\*#", line) else line
                for line in row[f"{language}_answer"].splitlines()
            )
        yield ""


def _read_markdown(text: str) -> Iterator[Row]:
    category: dict[str, str] = {}
    line, cells, part = 0, dict[str, list[str]](), ""
    for number, content in enumerate([*text.splitlines(), "# end"], start=1):
        heading = _HEADING.fullmatch(content)
        level, title = (len(heading[1]), heading[2].strip()) if heading else (0, "")
        if level in (1, 2) and cells:
            yield Row(line, category | {name: "\n".join(values) for name, values in cells.items()})
            cells = {}
        if level == 1:
            names = [name.strip() for name in title.split("|")]
            category, part = dict(zip(COLUMNS[1:4], names, strict=False)), ""
        elif level == 2:
            line, cells, part = number, {"id": [title]}, ""
        elif level == 3:
            part = title.replace(" ", "_")
        elif part.endswith("_answer"):
            cells.setdefault(part, []).append(
                content[1:] if re.match(r"\\+#", content) else content
            )
        elif content.startswith("- ") and part.endswith("_questions"):
            cells.setdefault(part, []).append(content[2:])
        elif content.startswith("- ") and ":" in content:
            name, _, value = content[2:].partition(":")
            cells.setdefault(name.strip(), []).append(value.strip())


def _read_json(file: Path) -> Iterator[Row]:
    try:
        data = json.loads(_decoded(file))
        for category in data if isinstance(data, list) else [data]:
            title = category.get("title", {})
            names = {"category": category["category"], "category_zh": title.get("zh", ""), "category_en": title.get("en", "")}  # fmt: skip
            for number, record in enumerate(category["records"], start=1):
                yield Row(number, {**names, "json": json.dumps(record)})
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ExchangeError(
            f"{file}: expected a list of {{category, title, records}}, as 'yingda faq export' writes ({error!r})"
        ) from error


def _unknown(file: Path) -> str:
    return f"{file}: expected a file that ends in {', '.join(FORMATS)}"
