"""Reading FAQ files: what is right is read, what is wrong is named with file, line, column and remedy."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.faq.errors import FaqFileError, Problem, UnknownRecordError
from bot.faq.model import Category
from bot.faq.records import Reader, load_corpus
from bot.faq.texts import phrase_key

ROOT = Path(__file__).resolve().parents[3]


def problems_of(folder: Path) -> list[Problem]:
    with pytest.raises(FaqFileError) as caught:
        load_corpus(folder)
    return list(caught.value.problems)


def test_reads_records_and_phrasings_in_file_order_with_their_lines(folder: Path) -> None:
    corpus = load_corpus(folder)
    assert [c.category for c in corpus.categories] == ["delivery", "products"]
    assert corpus.records[0].id == "delivery-fee"
    assert corpus.records[0].links[0].zh == "运费表"
    third = corpus.phrasings[2]
    assert (third.record, third.language, third.text) == (0, "zh", "满多少免邮费")
    assert (third.place.line, third.place.column) == (10, 11)
    assert corpus.number("products-size") == 2


def test_scalars_stay_the_text_that_the_editor_typed(folder: Path) -> None:
    file = folder / "products.yml"
    file.write_text(
        file.read_text("utf-8").replace("[尺码怎么选,", "[12306, yes, 2026-11-22,"), "utf-8"
    )
    assert load_corpus(folder).records[2].zh.questions[:3] == ("12306", "yes", "2026-11-22")


def test_an_anchor_may_be_used_twice(folder: Path) -> None:
    file = folder / "delivery.yml"
    text = file.read_text("utf-8").replace("links: [", "links: &fees [")
    file.write_text(text + "    links: *fees\n", "utf-8")
    corpus = load_corpus(folder)
    assert corpus.records[1].links == corpus.records[0].links != ()


def test_unknown_id_names_the_nearest(folder: Path) -> None:
    with pytest.raises(UnknownRecordError, match="nearest is 'delivery-fee'"):
        load_corpus(folder).number("delivery-fees")


@pytest.mark.parametrize(
    ("old", "new", "line", "column", "what", "mend"),
    [
        ("    en:\n      questions:\n        - Is", "    fr:\n      questions:\n        - Is",
         14, 5, "unknown field 'fr'", "known are id, zh, en"),
        ("answer: 签收后", "anser: 签收后", 27, 7, "unknown field 'anser'", "'answer'"),
        ("- postage", "- Postage: how much?", 18, 11, "got named fields", "quotes"),
        ("- postage", "- Is shipping free", 18, 11, "already stands in this record", "keep it only"),
        ("- 不想要了怎么办", "- 包郵嗎？", 26, 11, "already stands in another record", "keep it only"),
        ("- 不想要了怎么办", "- ？？！", 26, 11, "neither a letter nor a digit", "words"),
        ("- 不想要了怎么办", "- ''", 26, 11, "is empty", "fill it in"),
        ("id: returns-how", "id: Returns how", 22, 9, "'Returns how' cannot be an id", "lowercase"),
        ("id: returns-how", "id: delivery-fee", 22, 9, "'delivery-fee' is already used", "another name"),
        ('"https://shop.example/fees"', "shop.example/fees", 21, 19, "is not a link", "https://"),
        ("](https://shop.example/fees)", "](ftp://x.example)", 19, 15, "'ftp://x.example'", "https://"),
        ("answer: 签收后7天内可以无理由退货。", "answer: a: b", 27, 16, "mapping values", "quotes"),
        ("answer: 签收后", "answer: '签收后", 27, 15, "never closed", "where this text"),
        ("- postage", '- "postage', 18, 11, 'quote " opened here', 'close it with "'),
        ("- postage", "- 'what's the postage'", 18, 16, "the text goes on (s the postage')", "other kind"),
        ("title: {zh: 配送, en", 'title: {zh: "配送, en', 3, 13, "the next one, in line 21", "close it with"),
        ("        - 不想要了怎么办", "\t\t- 不想要了怎么办", 26, 1, "tab", "spaces"),
        ("category: delivery\n", "category: delivery\ncategory: two\n", 3, 1, "a second time", "keep one"),
        ("title: {zh: 配送, en: Delivery}", "title: 配送", 3, 8, "expected named fields in 'title'", "zh, en"),
        ("      questions:\n        - 怎么退货\n        - 不想要了怎么办", "      questions: 怎么退货",
         24, 18, "expected a list in 'questions'", "'- '"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_its_place_and_remedy(
    folder: Path, old: str, new: str, line: int, column: int, what: str, mend: str
) -> None:
    file = folder / "delivery.yml"
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), "utf-8")
    found = problems_of(folder)
    at = [p for p in found if (p.place.line, p.place.column) == (line, column)]
    assert at, [str(p) for p in found]
    assert at[0].place.file == file
    assert what in at[0].what()
    assert mend in at[0].mend()
    assert str(at[0]).startswith(f"{file}:{line}:{column}: ")


def test_a_missing_side_is_reported_at_its_record(folder: Path) -> None:
    file = folder / "products.yml"
    text = file.read_text("utf-8")
    start = text.index("    en:\n      questions: [how do I pick")
    file.write_text(text[:start] + text[text.index("  - id: products-iphone15") :], "utf-8")
    (problem,) = problems_of(folder)
    assert "'en' is missing" in problem.what()
    assert problem.place.line == 4


def test_every_mistake_of_every_file_is_reported_at_once(folder: Path) -> None:
    for name in ("delivery.yml", "products.yml"):
        file = folder / name
        file.write_text(file.read_text("utf-8").replace("answer:", "anser:"), "utf-8")
    found = problems_of(folder)
    assert {p.place.file.name for p in found} == {"delivery.yml", "products.yml"}
    assert sum("unknown field 'anser'" in p.what() for p in found) == 10


def test_a_file_is_read_when_its_save_is_done(folder: Path) -> None:
    """Written in place in two steps; the first half is a correct file whose last answer ends early."""
    file = folder / "delivery.yml"
    reader = Reader(folder)
    before = reader.read()
    text = file.read_text("utf-8").replace("within 7 days", "within 15 days")
    half = text.index(" within 15 days")
    half_written = threading.Event()

    def save() -> None:
        with file.open("w", encoding="utf-8") as output:
            output.write(text[:half])
            output.flush()
            half_written.set()
            time.sleep(0.1)
            output.write(text[half:])

    saving = threading.Thread(target=save)
    saving.start()
    half_written.wait(10)
    found = reader.read()
    saving.join()
    assert found.corpus is not None
    assert found.corpus != before.corpus
    assert found.corpus.records[1].en.answer == "You can return unused goods within 15 days."


@pytest.mark.parametrize(
    ("content", "line", "what"),
    [
        (b"category: a\ntitle: \xd6\xd0\xce\xc4\n", 2, "not UTF-8"),
        (b"", 1, "empty"),
        (b"category: a\nrecords: \x07\n", 2, "control character"),
        (b"- a\n- b\n", 1, "expected named fields"),
        (b"category: &a [*a]\n", 1, "nested"),
        (
            b"category: a\nrecords:\n  - id: 'x\n    en:\n      answer: It is the shop's'\n",
            3,
            "in line 5",
        ),
        (
            b"category: a\nrecords:\n  - id: 'x\n    en:\n      answer: It is the shop'\n",
            3,
            "in line 5",
        ),
    ],
)
def test_files_that_are_no_records_at_all(
    folder: Path, content: bytes, line: int, what: str
) -> None:
    (folder / "zz.yml").write_bytes(content)
    found = problems_of(folder)
    assert found[0].place.file.name == "zz.yml"
    assert found[0].place.line == line
    assert what in found[0].what()


def test_a_folder_without_files_says_what_is_expected(tmp_path: Path) -> None:
    (problem,) = problems_of(tmp_path)
    assert "no FAQ file" in problem.what()


def test_utf8_with_byte_order_mark_is_read(folder: Path) -> None:
    file = folder / "delivery.yml"
    file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes())
    assert load_corpus(folder).records[0].id == "delivery-fee"


@pytest.mark.parametrize("other", ["包郵嗎", "包邮吗？", " 包 邮 吗 ", "包邮吗😊", "包\u200b邮吗"])
def test_phrase_key_sees_through_form(other: str) -> None:
    assert phrase_key(other) == phrase_key("包邮吗")


def test_phrase_key_keeps_words_and_numbers_apart() -> None:
    assert phrase_key("iPhone15") == phrase_key("ＩＰＨＯＮＥ 15")
    assert phrase_key("iPhone15") != phrase_key("iPhone14")
    assert phrase_key("怎么退货") != phrase_key("怎么换货")


def test_schema_for_editors_is_the_one_the_loader_checks() -> None:
    written = json.loads((ROOT / "data/faq/schema.json").read_text("utf-8"))
    schema: Callable[[], dict[str, object]] = Category.model_json_schema
    assert {k: v for k, v in written.items() if not k.startswith("$schema")} == schema()


def test_the_shops_own_faq_is_correct() -> None:
    corpus = load_corpus(ROOT / "data/faq")
    assert len(corpus.records) >= 120
    assert len({p.record for p in corpus.phrasings}) == len(corpus.records)
