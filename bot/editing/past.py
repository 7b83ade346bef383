"""What went live, from our own table and from git: one list, one entry for each publish or commit."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import structlog

from bot.editing.git import Commit, GitError, Repository
from bot.editing.model import Change

_log = structlog.get_logger(__name__)
# Commits that are looked through for changes that were not made on the editor's page.
_COMMITS = 30


@dataclass(frozen=True, slots=True)
class Past:
    """One publish, or one commit of somebody who edited the files.

    Attributes:
        publish_id: of the publish; the hash of a commit that is none. Both can be undone by it.
        at: when it went live, or was committed.
        who: login of the publisher, or the name of the commit's author.
        note: what was said about it.
        undoes: the publish that it took back.
        commit: the hash in git, None where git has none.
        changes: record by record.
    """

    publish_id: str
    at: datetime
    who: str
    note: str
    undoes: str | None
    commit: str | None
    changes: tuple[Change, ...]


async def past(changes: Iterable[Change], repository: Repository | None) -> list[Past]:
    """Return entries, the newest first.

    Args:
        changes: of our own table, the newest first.
        repository: around the FAQ's files; None without.
    """
    own: dict[str, list[Change]] = {}
    for change in changes:
        own.setdefault(change.publish_id, []).append(change)
    commits, theirs = await asyncio.to_thread(_of_git, repository, set(own))
    found = [
        Past(i, c[0].at, c[0].publisher, c[0].note, c[0].undoes, commits.get(i), tuple(c))
        for i, c in own.items()
    ]
    return sorted([*found, *theirs], key=lambda entry: entry.at, reverse=True)


def _of_git(repository: Repository | None, own: set[str]) -> tuple[dict[str, str], list[Past]]:
    """Return {publish: its commit} and the entries that our table doesn't have."""
    commits: dict[str, str] = {}
    theirs: list[Past] = []
    if repository is None:
        return commits, theirs
    try:
        for commit in repository.log(_COMMITS):
            if commit.publish_id is not None:
                commits[commit.publish_id] = commit.id
            if commit.publish_id not in own:
                theirs.append(_entry(commit, tuple(repository.changes(commit))))
    except GitError as error:
        _log.warning("faq_git_unreadable", error=str(error))
    return commits, [entry for entry in theirs if entry.changes]


def _entry(commit: Commit, changes: tuple[Change, ...]) -> Past:
    return Past(
        commit.entry_id, commit.at, commit.author, commit.subject, None, commit.id,
        changes,
    )  # fmt: skip
