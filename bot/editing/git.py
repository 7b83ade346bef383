"""The FAQ's files in a git repository: a commit for every publish, and a history of what anybody changed.

Only the FAQ's files are committed (``git commit --only``): what somebody has staged stays staged and out of
it. Nothing is committed while a merge, a rebase or the like is going on, on a detached head, or where git
ignores the files; publishing goes on without. Hooks and signing are passed over: they may take minutes or
ask for a password, and nobody is there to answer.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol, Self

import structlog
import yaml
from pydantic import ValidationError

from bot.editing.model import Change, RecordData
from bot.faq.model import Record

_log = structlog.get_logger(__name__)
_TIMEOUT_S = 20.0
_ID_CHARS = 32
# What git keeps in its folder while one of these is not finished.
_UNFINISHED = ("MERGE_HEAD", "CHERRY_PICK_HEAD", "REVERT_HEAD", "BISECT_LOG", "rebase-merge", "rebase-apply")  # fmt: skip
_TRAILER = "Yingda-Publish"
_FIELDS = ("%H", "%an", "%aI", "%s", f"%(trailers:key={_TRAILER},valueonly,separator=%x20)")
_END, _BETWEEN = "\x1e", "\x1f"


class GitError(Exception):
    """Git is missing, took too long or refused; the message has its words."""


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit that touched FAQ files.

    Attributes:
        id: its hash.
        publish_id: of the publish that made it, None for somebody's own commit.
        author: the person's name.
        at: when it was made.
        subject: its first line.
        files: names of the FAQ files that it touched.
    """

    id: str
    publish_id: str | None
    author: str
    at: datetime
    subject: str
    files: tuple[str, ...]

    @property
    def entry_id(self) -> str:
        """The publish's id; for somebody's own commit the hash, as long as such an id."""
        return self.publish_id or self.id[:_ID_CHARS]


class Who(Protocol):
    """The person a commit is made for."""

    @property
    def login(self) -> str:
        """The name that one signs in with."""

    @property
    def name(self) -> str:
        """The name that colleagues see."""


class Repository:
    """The git repository around a folder of FAQ files."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        # A commit never changes; looking into one takes two runs of git for each file.
        self._changes: dict[str, list[Change]] = {}

    @classmethod
    def around(cls, folder: Path) -> Self | None:
        """Return the repository that a folder lies in, None without one or without git."""
        found = cls(folder)
        try:
            inside = found._git("rev-parse", "--is-inside-work-tree").strip() == "true"
            return None if not inside or found._ignored(".") else found
        except GitError:
            return None

    def obstacle(self) -> str | None:
        """Return what keeps us from committing, None when nothing does."""
        try:
            for name in _UNFINISHED:
                if (self._folder / self._git("rev-parse", "--git-path", name).strip()).exists():
                    return f"git has not finished: {name} is there"
            self._git("symbolic-ref", "--quiet", "HEAD")
        except GitError as error:
            return str(error) or "the head is detached"
        return None

    def dirty(self) -> set[str]:
        """Return the names of files in the folder that say something else than the last commit."""
        lines = self._git("status", "--porcelain", "-z", "--untracked-files=all", "--", ".")
        return {Path(entry[3:]).name for entry in lines.split("\0") if len(entry) > 3}

    def commit(self, names: Iterable[str], subject: str, publish_id: str, who: Who) -> str | None:
        """Commit files of the folder as they are, and return the hash; None when nothing differs.

        Raises:
            GitError: with nothing committed.
        """
        changed = sorted(set(names) & self.dirty())
        changed = [name for name in changed if not self._ignored(name)]
        if not changed:
            return None
        if obstacle := self.obstacle():
            raise GitError(obstacle)
        new = [name for name in changed if (self._folder / name).exists()]
        if new:
            self._git("add", "--intent-to-add", "--", *new)
        message = f"{subject}\n\n{_TRAILER}: {publish_id}"
        self._git(
            "commit", "--quiet", "--no-verify", "--only", "-m", message, "--", *changed, who=who
        )
        return self._git("rev-parse", "HEAD").strip()

    def log(self, limit: int, *chosen: str) -> list[Commit]:
        """Return the commits that touched FAQ files, the newest first.

        Args:
            limit: how many at most.
            chosen: further options of ``git log``.
        """
        form = _BETWEEN.join(_FIELDS)
        output = self._git(
            "log", f"--max-count={limit}", "--no-merges", "--relative", "--name-only",
            f"--format={_END}{form}{_BETWEEN}", *chosen, "--", "*.yml", "*.yaml",
        )  # fmt: skip
        found = []
        for entry in output.split(_END)[1:]:
            commit, author, at, subject, publish_id, names = entry.split(_BETWEEN)
            files = tuple(line for line in names.splitlines() if line.strip())
            moment = datetime.fromisoformat(at)
            found.append(Commit(commit, publish_id.strip() or None, author, moment, subject, files))
        return found

    def find(self, publish_id: str) -> Commit | None:
        """Return the commit with this ``entry_id``, None when git has none."""
        if not re.fullmatch(f"[0-9a-f]{{{_ID_CHARS}}}", publish_id):
            return None
        by_trailer = ("--fixed-strings", f"--grep={_TRAILER}: {publish_id}")
        for chosen in (by_trailer, (publish_id,)):
            try:
                found = next(iter(self.log(1, *chosen)), None)
            except GitError:  # no such revision
                continue
            if found is not None and found.entry_id == publish_id:
                return found
        return None

    def text(self, revision: str, name: str) -> str | None:
        """Return a file as it was at a revision, None where it was not there."""
        try:
            return self._git("show", f"{revision}:./{name}")
        except GitError:
            return None

    def texts(self, commit: Commit) -> dict[str, tuple[str | None, str | None]]:
        """Return {file name: (text before, text after)} of what a commit touched."""
        return {
            name: (self.text(f"{commit.id}^", name), self.text(commit.id, name))
            for name in commit.files
        }

    def changes(self, commit: Commit) -> list[Change]:
        """Return what a commit did to each record."""
        if commit.id not in self._changes:
            self._changes[commit.id] = self._look(commit)
        return self._changes[commit.id]

    def _look(self, commit: Commit) -> list[Change]:
        before: dict[str, tuple[str, RecordData]] = {}
        after: dict[str, tuple[str, RecordData]] = {}
        for old, new in self.texts(commit).values():
            before |= _records(old or "")
            after |= _records(new or "")
        found = []
        for record_id in dict.fromkeys([*before, *after]):
            category, was = before.get(record_id, ("", {}))
            home, now = after.get(record_id, (category, {}))
            if was != now:
                found.append(
                    Change(
                        0,
                        commit.entry_id,
                        record_id,
                        home or category,
                        was,
                        now,
                        commit.author,
                        commit.author,
                        commit.subject,
                        None,
                        commit.at,
                    )
                )
        return found

    def _ignored(self, name: str) -> bool:
        done = self._run("check-ignore", "--quiet", "--", name)
        return done.returncode == 0

    def _git(self, *arguments: str, who: Who | None = None) -> str:
        done = self._run(*arguments, who=who)
        if done.returncode:
            raise GitError(done.stderr.strip().partition("\n")[0])
        return done.stdout

    def _run(self, *arguments: str, who: Who | None = None) -> subprocess.CompletedProcess[str]:
        # No setting of whoever started us leads git to another repository.
        given = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
        given |= {"GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C.UTF-8"}
        settings = ("core.quotePath=false", "core.hooksPath=/dev/null", "commit.gpgSign=false")
        options = [part for setting in settings for part in ("-c", setting)]
        try:
            return subprocess.run(
                ["git", *options, *arguments],
                cwd=self._folder, env=given | _identity(who), timeout=_TIMEOUT_S,
                capture_output=True, text=True, encoding="utf-8", check=False,
            )  # fmt: skip
        except (OSError, subprocess.TimeoutExpired, UnicodeDecodeError) as error:
            raise GitError(str(error)) from error


def _identity(who: Who | None) -> dict[str, str]:
    if who is None:
        return {}
    # Accounts have no mail address; .invalid is never anybody's (RFC 2606).
    values = {"NAME": who.name or who.login, "EMAIL": f"{who.login}@yingda.invalid"}
    return {f"GIT_{role}_{k}": v for role in ("AUTHOR", "COMMITTER") for k, v in values.items()}


@lru_cache(maxsize=256)
def _records(text: str) -> dict[str, tuple[str, RecordData]]:
    """Return {id: (category, record)} of a file's text; nothing of one that can't be read."""
    try:
        data: Any = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506
        records: Sequence[Any] = data["records"]
        return {str(one["id"]): (str(data["category"]), _plain(one)) for one in records}
    except (yaml.YAMLError, KeyError, TypeError):
        return {}


def _plain(record: Mapping[str, Any]) -> RecordData:
    """Return a record as ``Record.plain`` has it, where it is one."""
    try:
        return Record.model_validate(record).plain()
    except ValidationError:
        return dict(record)
