"""Editing files by program: what was not meant to change does not, and nobody's edit is lost."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from bot.faq.authoring import Author, AuthoringError, StaleRecordError
from bot.faq.errors import FaqFileError
from bot.faq.model import Record, Title

ROOT = Path(__file__).resolve().parents[3]

COMMENTED = """\
# Written by 小王.
category: gifts
title: {zh: 礼品, en: Gifts}   # both names

records:
  # Ask 小王 before changing this one.
  - id: gifts-wrap
    zh:
      questions:
        - 可以包装成礼物吗   # the button
        # typed by many
        - "礼品包装: 怎么收费"
        - '能写贺卡吗'
      answer: |
        可以，¥5 一份。

        # 不是注释
        - 红色
    en:
      questions: [do you wrap gifts, gift wrap]
      answer: Yes, for ¥5.   # price of 2026
    links: [{url: "https://shop.example/gifts", zh: 包装, en: Wrapping}]

  # The last one.
  - id: gifts-card
    zh: {questions: [贺卡], answer: 有。}
    en: {questions: [card], answer: Yes.}
# The end.
"""


@pytest.fixture
def author(folder: Path) -> Author:
    (folder / "gifts.yml").write_text(COMMENTED, "utf-8")
    return Author(folder)


def edited(record: Record, **changes: object) -> Record:
    return Record.model_validate({**record.plain(), **changes})


def test_only_what_was_edited_changes(author: Author, folder: Path) -> None:
    stored = author.read("gifts-wrap")
    side = stored.record.plain()["zh"]
    side["questions"] = ["可以包装成礼物吗", "礼品包装: 多少钱", "能写贺卡吗", "包装好看吗"]
    author.save(edited(stored.record, zh=side, owner="小王"), stored.version)
    expected = COMMENTED.replace('"礼品包装: 怎么收费"', '"礼品包装: 多少钱"').replace(
        "        - '能写贺卡吗'\n", "        - '能写贺卡吗'\n        - 包装好看吗\n"
    )
    expected = expected.replace("en: Wrapping}]\n", "en: Wrapping}]\n    owner: 小王\n")
    assert (folder / "gifts.yml").read_text("utf-8") == expected


def test_an_answer_is_written_as_a_block_and_others_stay_byte_for_byte(
    author: Author, folder: Path
) -> None:
    stored = author.read("gifts-card")
    answer = "有：\n\n- 中文\n- English: yes\n# 也行"
    author.save(edited(stored.record, zh={"questions": ["贺卡"], "answer": answer}), stored.version)
    text = (folder / "gifts.yml").read_text("utf-8")
    assert author.read("gifts-card").record.zh.answer == answer
    assert text.startswith(COMMENTED[: COMMENTED.index("  - id: gifts-card")])
    assert text.endswith("# The end.\n")


def test_windows_line_ends_and_byte_order_mark_survive(author: Author, folder: Path) -> None:
    file = folder / "gifts.yml"
    file.write_bytes(b"\xef\xbb\xbf" + COMMENTED.replace("\n", "\r\n").encode())
    stored = author.read("gifts-wrap")
    author.save(edited(stored.record, owner="小王"), stored.version)
    raw = file.read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf#")
    assert raw.count(b"\r\n") == raw.count(b"\n") == COMMENTED.count("\n") + 1


def test_records_come_go_and_move(author: Author, folder: Path) -> None:
    stored = author.read("gifts-wrap")
    new = edited(stored.record, id="gifts-bow", zh={"questions": ["蝴蝶结"], "answer": "有"},
                 en={"questions": ["bow"], "answer": "yes"})  # fmt: skip
    with pytest.raises(AuthoringError, match="new"):
        author.create(new, "ribbons")
    made = author.create(new, "ribbons", Title(zh="丝带", en="Ribbons"))
    assert (made.category, made.record) == ("ribbons", new)
    with pytest.raises(AuthoringError, match="exists already"):
        author.create(new, "gifts")
    moved = author.move("gifts-bow", made.version, "gifts")
    assert moved.category == "gifts"
    assert not (folder / "ribbons.yml").exists()
    author.delete("gifts-bow", moved.version)
    assert (folder / "gifts.yml").read_text("utf-8") == COMMENTED
    author.delete("gifts-wrap", stored.version)
    text = (folder / "gifts.yml").read_text("utf-8")
    assert "gifts-wrap" not in text
    assert "# The last one." in text


def test_a_stale_save_carries_the_present_version_and_writes_nothing(
    author: Author, folder: Path
) -> None:
    mine = author.read("gifts-card")
    theirs = author.save(edited(mine.record, owner="小李"), mine.version)
    before = (folder / "gifts.yml").read_bytes()
    with pytest.raises(StaleRecordError) as caught:
        author.save(edited(mine.record, owner="小张"), mine.version)
    assert caught.value.current == theirs
    with pytest.raises(StaleRecordError):
        author.delete("gifts-card", mine.version)
    assert (folder / "gifts.yml").read_bytes() == before
    author.delete("gifts-card", theirs.version)
    with pytest.raises(StaleRecordError) as caught:
        author.save(mine.record, mine.version)
    assert caught.value.current is None


def test_comments_make_no_new_version(author: Author, folder: Path) -> None:
    before = author.read("gifts-wrap").version
    file = folder / "gifts.yml"
    file.write_text(file.read_text("utf-8").replace("# typed by many", "# typed by all"), "utf-8")
    assert author.read("gifts-wrap").version == before


def test_a_file_with_a_mistake_is_left_alone(author: Author, folder: Path) -> None:
    stored = author.read("gifts-card")
    file = folder / "gifts.yml"
    file.write_text(COMMENTED.replace("answer: |", "anser: |"), "utf-8")
    before = file.read_bytes()
    with pytest.raises((StaleRecordError, FaqFileError)):
        author.save(edited(stored.record, owner="小李"), stored.version)
    assert file.read_bytes() == before


def test_a_reader_never_meets_a_half_written_file_and_no_part_is_left(
    author: Author, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = author.read("gifts-card")

    def power_cut(handle: int) -> None:
        raise OSError("power cut")

    monkeypatch.setattr(os, "fsync", power_cut)
    before = sorted(folder.iterdir()), (folder / "gifts.yml").read_bytes()
    with pytest.raises(OSError, match="power cut"):
        author.save(edited(stored.record, owner="小李"), stored.version)
    assert (sorted(folder.iterdir()), (folder / "gifts.yml").read_bytes()) == before


def test_records_of_the_shop_can_be_edited_in_place(tmp_path: Path) -> None:
    """A file's first, middle and last record: other lines stay, and taking it back restores the file."""
    folder = tmp_path / "faq"
    folder.mkdir()
    file = Path(shutil.copy(ROOT / "data" / "faq" / "cod.yml", folder))
    before = file.read_text("utf-8")
    author = Author(folder)
    ids = [stored.record.id for stored in author.records()]
    for faq_id in (ids[0], ids[len(ids) // 2], ids[-1]):
        stored = author.read(faq_id)
        side = stored.record.plain()["en"]
        side["questions"].insert(1, "an added question: with a colon")
        changed = author.save(edited(stored.record, en=side), stored.version)
        assert len(file.read_text("utf-8").splitlines()) == len(before.splitlines()) + 1
        author.save(stored.record, changed.version)
        assert file.read_text("utf-8") == before
