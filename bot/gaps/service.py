"""The gap page: what to show, and what an editor does about it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite

from bot.faq.knowledge import Hit, Knowledge
from bot.gaps.clusters import Gap, clustered
from bot.gaps.privacy import masked
from bot.gaps.questions import missed_questions
from bot.language import detect
from bot.storage.editing import GapMarkRow
from bot.storage.engine import Database

WINDOW = timedelta(days=30)
_NEAREST = 3


class Verdict(StrEnum):
    """What an editor made of a question."""

    DISMISSED = "dismissed"
    ATTACHED = "attached"  # it is a new phrasing of a record
    MADE = "made"  # it got a record of its own


@dataclass(frozen=True, slots=True)
class Example:
    """One question as an editor sees it: numbers masked."""

    text: str
    kind: str
    at: datetime
    language: str | None


@dataclass(frozen=True, slots=True)
class GapView:
    """A gap with all that its card shows.

    ``ids`` are the messages it stands for: a verdict names them, so it is about what was seen.
    ``answer`` is what an agent said to one of them.
    """

    ids: tuple[int, ...]
    examples: tuple[Example, ...]
    times: int
    kinds: dict[str, int]
    last: datetime
    pressure: float
    dismissed: int
    nearest: tuple[Hit, ...]
    answer: str | None


class Gaps:
    """Reads the log and remembers verdicts."""

    def __init__(self, database: Database, knowledge: Callable[[], Knowledge]) -> None:
        self._database, self._knowledge = database, knowledge

    async def pressing(self, limit: int = 50, now: datetime | None = None) -> list[GapView]:
        """Return the gaps of the last month, the most pressing first."""
        now = now or datetime.now(UTC)
        questions = await missed_questions(self._database, now - WINDOW)
        async with self._database.read() as session:
            marks = {
                row.message_id: row.verdict for row in await session.scalars(select(GapMarkRow))
            }
        settled = {i for i, verdict in marks.items() if verdict != Verdict.DISMISSED}
        open_ones = [one for one in questions if one.message_id not in settled]
        dismissed = set(marks) - settled
        knowledge = self._knowledge()

        def look() -> list[GapView]:
            gaps = clustered(open_ones, dismissed, knowledge.index.encode, now)
            return [_view(gap, knowledge) for gap in gaps[:limit]]

        return await asyncio.to_thread(look)

    async def mark(
        self, ids: Sequence[int], verdict: Verdict, who: str, record_id: str | None = None
    ) -> None:
        """Remember what became of these questions."""
        now = datetime.now(UTC)
        values = [
            {
                "message_id": i,
                "verdict": verdict.value,
                "record_id": record_id,
                "editor": who,
                "at": now,
            }
            for i in ids
        ]
        async with self._database.write() as session:
            dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
            put = dialect.insert(GapMarkRow).values(values)
            await session.execute(
                put.on_conflict_do_update(
                    index_elements=["message_id"],
                    set_={
                        name: getattr(put.excluded, name)
                        for name in ("verdict", "record_id", "editor", "at")
                    },
                )
            )


def _view(gap: Gap, knowledge: Knowledge) -> GapView:
    kinds: dict[str, int] = {}
    for one in gap.questions:
        kinds[one.kind] = kinds.get(one.kind, 0) + 1
    answer = next((one.answer for one in gap.questions if one.answer), None)
    unlike = {masked(one.text): one for one in reversed(gap.questions)}
    examples = [
        Example(text, one.kind.value, one.at, detect(one.text)) for text, one in unlike.items()
    ]
    return GapView(
        ids=tuple(one.message_id for one in gap.questions),
        examples=tuple(reversed(examples)),
        times=len(gap.questions),
        kinds=kinds,
        last=max(one.at for one in gap.questions),
        pressure=round(gap.pressure, 2),
        dismissed=gap.dismissed,
        nearest=tuple(knowledge.search(gap.questions[0].text, _NEAREST)),
        answer=masked(answer) if answer else None,
    )
