"""Publishing: drafts go into the files and live, the history remembers, and one press takes it back."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

import structlog
from sqlalchemy import delete, select, update

from bot.editing.drafts import Drafts
from bot.editing.faults import Phrasings, faults_of
from bot.editing.git import GitError, Repository, Who
from bot.editing.model import (
    Change,
    Draft,
    FaultyError,
    RecordData,
    StaleError,
    UnknownError,
    as_data,
)
from bot.faq.errors import Problem
from bot.faq.knowledge import Knowledge
from bot.faq.model import Title
from bot.faq.pairs import Pairs
from bot.language import Language
from bot.storage.editing import FaqChangeRow, FaqDraftRow
from bot.storage.engine import Database

_log = structlog.get_logger(__name__)
_FILES = "the files"
_NOTE_CHARS = 400


@dataclass(frozen=True, slots=True)
class Put:
    """What is to stand in a category's file under this id; empty ``record`` removes it.

    ``title`` is what the category is called if it is new.
    """

    category: str
    record_id: str
    record: RecordData
    title: Title | None = None


class Library(Protocol):
    """The FAQ's files and what is live of them."""

    @property
    def knowledge(self) -> Knowledge:
        """What customers are answered from."""

    def prepare(self, knowledge: Knowledge) -> None:
        """Keep a trial: when the files come to say the same, it goes live at once."""

    @property
    def repository(self) -> Repository | None:
        """The git repository that the files lie in, None without one."""

    async def write(self, puts: Sequence[Put]) -> Sequence[str]:
        """Write the files, make them live, and return the names of those that changed.

        Raises:
            FaqFileError: with nothing changed.
        """

    async def restore(self, texts: Mapping[str, tuple[str | None, str | None]]) -> Sequence[str]:
        """Bring files back as they were, comments and all, and make them live.

        Args:
            texts: {file name: (text then, text now)}; None where there is no file.

        Returns the names of the files, none when one of them is no longer as it should be now.

        Raises:
            FaqFileError: with nothing changed.
        """

    async def calibrate(self, language: Language, answer: float, suggest: float) -> None:
        """Write the thresholds of one language and let them count; raises ``ValueError``."""

    def pairs(self) -> Pairs:
        """Return the answers as the two languages last agreed."""

    async def agree(self, record_id: str) -> None:
        """Say that a record's two answers belong together as they are."""

    def problems(self) -> Sequence[Problem]:
        """Return what keeps the files on disk from going live."""


class Publisher:
    """Lets drafts go live, one publish at a time."""

    def __init__(self, database: Database, library: Library, drafts: Drafts) -> None:
        self._database, self._library, self._drafts = database, library, drafts
        self._one_at_a_time = asyncio.Lock()

    def live(self, record_id: str) -> RecordData:
        """Return what stands in the files, empty when nothing does."""
        # Not ``knowledge.record``: for an unknown id that looks for the nearest one, which takes its time.
        records = self._library.knowledge.corpus.records
        return next((as_data(one) for one in records if one.id == record_id), {})

    async def publish(self, record_ids: Sequence[str], who: Who, note: str = "") -> str:
        """Make these drafts live and return the publish's id.

        Raises:
            UnknownError: a record has no draft.
            FaultyError: a draft isn't fit to go live.
            StaleError: a record was changed in the files since its draft was begun.
            FaqFileError: the files can't be written as they are.
        """
        async with self._one_at_a_time:
            known = {draft.record_id: draft for draft in await self._drafts.all()}
            drafts = [known[i] for i in record_ids if i in known]
            if not drafts or len(drafts) < len(record_ids):
                missing = ", ".join(i for i in record_ids if i not in known) or "nothing chosen"
                raise UnknownError(f"there is no draft to publish: {missing}")
            changing = {draft.record_id: draft.record for draft in drafts}
            phrasings = Phrasings(self._library.knowledge.corpus, changing)
            faults = [fault for data in changing.values() for fault in faults_of(data, phrasings)]
            if faults:
                raise FaultyError(faults)
            for draft in drafts:
                current = self.live(draft.record_id)
                if current != draft.base:
                    raise StaleError(current, draft.version, _FILES)
            puts = [Put(d.category, d.record_id, d.record, d.category_title) for d in drafts]
            names = await self._library.write(puts)
            made = await self._remember(drafts, who.login, note)
            subject = note or next((d.note for d in drafts if d.note), "") or _subject(puts)
            await self._commit(names, subject, made, who)
            return made

    async def undo(self, publish_id: str, who: Who) -> str:
        """Take a publish, or a commit of FAQ files, back and return the new publish's id.

        Where git has it and nobody has touched the files since, they come back to the letter;
        otherwise record by record.

        Raises:
            UnknownError: there is no such publish.
            StaleError: one of its records was changed again since.
        """
        async with self._one_at_a_time:
            changes = await self.changes(publish_id=publish_id)
            repository = self._library.repository
            commit = await asyncio.to_thread(repository.find, publish_id) if repository else None
            if not changes and repository and commit:
                changes = await asyncio.to_thread(repository.changes, commit)
            if not changes:
                raise UnknownError(f"there is no publish {publish_id!r}")
            for change in changes:
                current = self.live(change.record_id)
                if current != change.after:
                    raise StaleError(current, 0, _FILES)
            names: Sequence[str] = ()
            if repository and commit:
                texts = await asyncio.to_thread(repository.texts, commit)
                names = await self._library.restore(texts)
            if not names:
                puts = [Put(c.category, c.record_id, c.before) for c in changes]
                names = await self._library.write(puts)
            made = uuid.uuid4().hex
            async with self._database.write() as session:
                session.add_all(
                    _row(
                        made,
                        c.record_id,
                        c.category,
                        c.after,
                        c.before,
                        who.login,
                        who.login,
                        c.note[:_NOTE_CHARS],
                        publish_id,
                    )
                    for c in changes
                )
            said = changes[0].note or _subject(
                [Put(c.category, c.record_id, c.after) for c in changes]
            )
            await self._commit(names, f"Undo: {said}", made, who)
            return made

    async def changes(
        self, record_id: str | None = None, publish_id: str | None = None, limit: int = 200
    ) -> list[Change]:
        """Return what went live, the newest first; of one record or one publish when named."""
        query = select(FaqChangeRow).order_by(FaqChangeRow.id.desc())
        if record_id is not None:
            query = query.where(FaqChangeRow.record_id == record_id)
        if publish_id is not None:
            query = query.where(FaqChangeRow.publish_id == publish_id)
        else:
            query = query.limit(limit)
        async with self._database.read() as session:
            return [_change(row) for row in await session.scalars(query)]

    async def _commit(self, names: Sequence[str], subject: str, made: str, who: Who) -> None:
        """Commit what went live; git's refusal is told in the log and keeps nothing from being live."""
        repository = self._library.repository
        if repository is None:
            return
        try:
            await asyncio.to_thread(repository.commit, names, subject, made, who)
        except GitError as error:
            _log.warning("faq_not_committed", publish=made, reason=str(error))

    async def _remember(self, drafts: Sequence[Draft], who: str, note: str) -> str:
        made = uuid.uuid4().hex
        async with self._database.write() as session:
            for d in drafts:
                session.add(
                    _row(
                        made,
                        d.record_id,
                        d.category,
                        d.base,
                        d.record,
                        d.author,
                        who,
                        note or d.note,
                    )
                )
                # What somebody saved while this was going live stays a draft, on top of it.
                await session.execute(
                    delete(FaqDraftRow).where(
                        FaqDraftRow.record_id == d.record_id, FaqDraftRow.version == d.version
                    )
                )
                await session.execute(
                    update(FaqDraftRow)
                    .where(FaqDraftRow.record_id == d.record_id)
                    .values(base=d.record)
                )
        return made


def _subject(puts: Sequence[Put]) -> str:
    more = f" and {len(puts) - 1} more" if len(puts) > 1 else ""
    return f"FAQ: {puts[0].record_id}{more}"


def _row(
    publish_id: str,
    record_id: str,
    category: str,
    before: RecordData,
    after: RecordData,
    author: str,
    publisher: str,
    note: str,
    undoes: str | None = None,
) -> FaqChangeRow:
    return FaqChangeRow(
        publish_id=publish_id, record_id=record_id, category=category, before=before, after=after,
        author=author, publisher=publisher, note=note, undoes=undoes, at=datetime.now(UTC),
    )  # fmt: skip


def _change(row: FaqChangeRow) -> Change:
    return Change(
        row.id, row.publish_id, row.record_id, row.category, row.before, row.after, row.author,
        row.publisher, row.note, row.undoes, row.at,
    )  # fmt: skip
