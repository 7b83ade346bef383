"""The FAQ's files in a real git repository: what is committed, what is left alone, and what comes back."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.editing.git import GitError, Repository

PUBLISH = "0123456789abcdef0123456789abcdef"
FILE = """\
category: delivery  # 手写的注释
title: {zh: 配送, en: Delivery}
records:
  - id: fee
    zh: {questions: [包邮吗], answer: 满¥99包邮。}
    en: {questions: [Is shipping free?], answer: From ¥99.}
"""


@dataclass
class Person:
    login: str = "shenhe"
    name: str = "审核"


def git(folder: Path, *arguments: str) -> str:
    options = ("-c", "user.name=Dev", "-c", "user.email=dev@example.org")
    done = subprocess.run(
        ["git", *options, *arguments], cwd=folder, capture_output=True, text=True, check=False
    )
    return done.stdout.strip()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "data" / "faq"
    made.mkdir(parents=True)
    (made / "delivery.yml").write_text(FILE, "utf-8")
    (tmp_path / "other.txt").write_text("one", "utf-8")
    git(tmp_path, "init", "--quiet", "--initial-branch=main")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "-m", "Begin")
    return made


def repository(folder: Path) -> Repository:
    found = Repository.around(folder)
    assert found is not None
    return found


def test_a_publish_is_one_commit_of_its_files_and_leaves_what_is_staged(folder: Path) -> None:
    root = folder.parents[1]
    (root / "other.txt").write_text("two", "utf-8")
    git(root, "add", "other.txt")
    (folder / "delivery.yml").write_text(FILE.replace("¥99", "¥88"), "utf-8")
    (folder / "new.yml").write_text(FILE.replace("fee", "fee-2"), "utf-8")
    (folder / "nobody.yml").write_text("not ours", "utf-8")
    commit = repository(folder).commit(["delivery.yml", "new.yml"], "运费", PUBLISH, Person())
    assert commit == git(root, "rev-parse", "HEAD")
    assert git(root, "show", "--format=%an <%ae>|%cn|%s", "--name-only").split("\n") == [
        "审核 <shenhe@yingda.invalid>|审核|运费", "", "data/faq/delivery.yml", "data/faq/new.yml",
    ]  # fmt: skip
    assert git(root, "status", "--porcelain").split("\n") == [
        "M  other.txt",
        "?? data/faq/nobody.yml",
    ]
    assert repository(folder).commit(["delivery.yml"], "again", PUBLISH, Person()) is None


def test_history_has_everybodys_changes_by_record(folder: Path) -> None:
    text = FILE.replace("¥99", "¥88")
    (folder / "delivery.yml").write_text(text, "utf-8")
    repository(folder).commit(["delivery.yml"], "cheaper", PUBLISH, Person())
    (folder / "delivery.yml").write_text(text.replace("包邮吗", "免运费吗"), "utf-8")
    git(folder, "commit", "--quiet", "--all", "-m", "By hand")
    found = repository(folder)
    hand, ours, begin = found.log(10)
    assert (hand.publish_id, hand.author, hand.subject) == (None, "Dev", "By hand")
    assert (ours.publish_id, ours.author, ours.files) == (PUBLISH, "审核", ("delivery.yml",))
    (change,) = found.changes(hand)
    assert (change.record_id, change.category) == ("fee", "delivery")
    assert change.before["zh"]["questions"] == ["包邮吗"]
    assert change.after["zh"]["questions"] == ["免运费吗"]
    assert found.changes(begin)[0].before == {}
    assert found.find(PUBLISH) == ours
    assert found.find(hand.entry_id) == hand
    assert found.find("f" * 32) is None
    assert found.find("--all") is None
    assert found.texts(ours) == {"delivery.yml": (FILE, text)}


@pytest.mark.parametrize(
    "disturb",
    [["checkout", "--quiet", "--detach"], ["merge", "--no-commit", "--no-ff", "side"]],
    ids=["detached head", "merge"],
)
def test_nothing_is_committed_while_the_repository_is_in_the_middle_of_something(
    folder: Path, disturb: Sequence[str]
) -> None:
    root = folder.parents[1]
    git(root, "checkout", "--quiet", "-b", "side")
    git(root, "commit", "--quiet", "--allow-empty", "-m", "Side")
    git(root, "checkout", "--quiet", "main")
    git(root, *disturb)
    (folder / "delivery.yml").write_text(FILE.replace("¥99", "¥88"), "utf-8")
    before = git(root, "rev-parse", "HEAD")
    assert repository(folder).obstacle()
    with pytest.raises(GitError):
        repository(folder).commit(["delivery.yml"], "x", PUBLISH, Person())
    assert git(root, "rev-parse", "HEAD") == before
    assert git(root, "diff", "--cached", "--name-only") == ""


def test_without_git_without_a_repository_or_ignored_there_is_none(
    folder: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert Repository.around(tmp_path_factory.mktemp("plain")) is None
    (folder.parents[1] / ".gitignore").write_text("/data/\n", "utf-8")
    git(folder, "rm", "-r", "--quiet", "--cached", ".")
    assert Repository.around(folder) is None
    monkeypatch.setenv("PATH", "/nowhere")
    assert Repository.around(folder) is None
