"""Drafts: one for each record, shared by its editors, never overwritten unseen."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from bot.editing.model import Draft, DraftState, EditingError, RecordData, StaleError, UnknownError
from bot.faq.model import Title
from bot.storage.editing import FaqDraftRow
from bot.storage.engine import Database

NOBODY_YET = 0


class Drafts:
    """Stores drafts. A save names the version it was made from; an older one is refused with the newest."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self) -> list[Draft]:
        """Return every draft, the newest first."""
        async with self._database.read() as session:
            rows = await session.scalars(
                select(FaqDraftRow).order_by(FaqDraftRow.updated_at.desc(), FaqDraftRow.record_id)
            )
            return [_draft(row) for row in rows]

    async def find(self, record_id: str) -> Draft | None:
        """Return a record's draft."""
        async with self._database.read() as session:
            row = await session.get(FaqDraftRow, record_id)
        return _draft(row) if row else None

    async def save(
        self,
        record_id: str,
        category: str,
        record: RecordData,
        version: int,
        who: str,
        base: RecordData | None = None,
    ) -> Draft:
        """Keep a draft; one that was sent for review needs another review.

        Args:
            base: what stands in the file, empty for a new record; None leaves a draft's as it is.
            version: of the draft it was made from, ``NOBODY_YET`` when there was none.

        Raises:
            StaleError: somebody has saved since.
            EditingError: the record's own id is another one.
        """
        if record and record.get("id") != record_id:
            raise EditingError(f"expected the id {record_id!r}, got {record.get('id')!r}")
        try:
            async with self._database.write() as session:
                row = await _locked(session, record_id)
                if row is None:
                    row = FaqDraftRow(record_id=record_id, base={}, version=NOBODY_YET, note="")
                    session.add(row)
                elif row.version != version:
                    raise StaleError(row.record, row.version, row.author)
                if base is not None:
                    row.base = base
                row.category, row.record, row.author = category, record, who
                row.state, row.version = DraftState.DRAFT.value, row.version + 1
                row.updated_at = datetime.now(UTC)
        except IntegrityError as error:  # two first saves at once
            theirs = await self.find(record_id)
            if theirs is None:
                raise
            raise StaleError(theirs.record, theirs.version, theirs.author) from error
        return _draft(row)

    async def save_many(self, drafts: list[Draft]) -> None:
        """Keep new drafts of many records at once, in place of what was there."""
        async with self._database.write() as session:
            await session.execute(
                delete(FaqDraftRow).where(
                    FaqDraftRow.record_id.in_([draft.record_id for draft in drafts])
                )
            )
            session.add_all(
                FaqDraftRow(
                    record_id=d.record_id, category=d.category, record=d.record, base=d.base,
                    state=d.state.value, version=d.version, author=d.author, note=d.note,
                    updated_at=d.updated_at,
                    category_title=d.category_title and d.category_title.model_dump(),
                )
                for d in drafts
            )  # fmt: skip

    async def submit(self, record_ids: list[str], note: str) -> None:
        """Send drafts for review; raises ``UnknownError``."""
        async with self._database.write() as session:
            for record_id in record_ids:
                row = await _known(session, record_id)
                row.state, row.note = DraftState.REVIEW.value, note

    async def send_back(self, record_id: str, note: str) -> None:
        """Give a draft back to its author, with what to mend; raises ``UnknownError``."""
        async with self._database.write() as session:
            row = await _known(session, record_id)
            row.state, row.note = DraftState.DRAFT.value, note

    async def discard(self, record_ids: list[str]) -> None:
        """Forget drafts."""
        async with self._database.write() as session:
            await session.execute(delete(FaqDraftRow).where(FaqDraftRow.record_id.in_(record_ids)))


async def _locked(session: AsyncSession, record_id: str) -> FaqDraftRow | None:
    found = await session.execute(
        select(FaqDraftRow).where(FaqDraftRow.record_id == record_id).with_for_update()
    )
    return found.scalar_one_or_none()


async def _known(session: AsyncSession, record_id: str) -> FaqDraftRow:
    row = await _locked(session, record_id)
    if row is None:
        raise UnknownError(f"there is no draft of {record_id!r}")
    return row


def _draft(row: FaqDraftRow) -> Draft:
    return Draft(
        row.record_id, row.category, row.record, row.base, DraftState(row.state), row.version,
        row.author, row.note, row.updated_at,
        Title.model_validate(row.category_title) if row.category_title else None,
    )  # fmt: skip
