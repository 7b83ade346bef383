"""Cases: what people have promised to look into, each once, with a number and a time."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, PositiveFloat
from ruamel.yaml import YAML
from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from bot.accounts import audit
from bot.conversations import transcript
from bot.conversations.model import Author, Body
from bot.desk.hours import Hours
from bot.orders.model import Order
from bot.orders.promise import local_day
from bot.orders.record import CASE_PREFIX, last_deed, record
from bot.storage.cod import CaseRow, OrderEventRow
from bot.storage.conversations import ConversationRow
from bot.storage.engine import Database

# Kinds of the events that end a case.
CLOSED, WITHDRAWN = "case.closed", "withdrawn"
# What is about no order has its own number in that place.
_OF_AN_ORDER = CaseRow.order_number != CaseRow.number


class CaseKind(StrEnum):
    """What a case is about."""

    URGE = "urge"
    NOT_RECEIVED = "not_received"
    RETURN = "return"
    EXCHANGE = "exchange"
    PROBLEM = "problem"  # wrong, missing or damaged goods
    INVOICE = "invoice"
    COMPLAINT = "complaint"


class CasePolicy(BaseModel):
    """The shop's promises, from ``data/policy/cases.yml``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    answer_within_hours: dict[CaseKind, PositiveFloat]

    @classmethod
    def load(cls, file: Path) -> Self:
        """Read the policy; raises ``ValueError`` when the file is not as described here."""
        policy = cls.model_validate(YAML(typ="safe").load(file.read_text("utf-8")))
        missing = set(CaseKind) - set(policy.answer_within_hours)
        if missing:
            raise ValueError(f"{file}: expected hours for {', '.join(sorted(missing))} too")
        return policy

    def promise(self, kind: CaseKind, hours: Hours, now: datetime) -> datetime:
        """Return until when people answer a case that comes now: at a time when they are there."""
        return hours.due(now, timedelta(hours=self.answer_within_hours[kind]))


@dataclass(frozen=True, slots=True)
class Case:
    """A case; ``new`` is false when it had been opened before. ``data`` is what people need to know.

    ``order_number`` is ``None`` where it is about no order. A closed one has the ``answer`` that its customer was given.
    """

    number: str
    kind: CaseKind
    order_number: str | None
    promised_for: datetime
    new: bool
    data: Mapping[str, Any] = field(default_factory=dict)
    closed_at: datetime | None = None
    answer: str | None = None


class UnknownCaseError(Exception):
    """No open case has this number."""


class CaseDesk:
    """Opens cases for customers, and closes them with an answer."""

    def __init__(self, database: Database, policy: CasePolicy, hours: Hours | None = None) -> None:
        self._database = database
        self._policy = policy
        self._hours = hours or Hours()

    async def open(
        self,
        kind: CaseKind,
        order: Order,
        *,
        conversation_id: str,
        now: datetime,
        data: Mapping[str, Any] | None = None,
    ) -> Case:
        """Open a case, or return the one that is open for this order already.

        Args:
            data: what the people who look into it need to know.
        """
        values = {
            "number": new_number(now),
            "kind": kind.value, "order_number": order.number, "conversation_id": conversation_id,
            "promised_for": self._policy.promise(kind, self._hours, now), "data": dict(data or {}), "created_at": now,
            "closed_at": None,
        }  # fmt: skip
        async with self._database.write() as session:
            dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
            made = await session.execute(
                dialect.insert(CaseRow)
                .values(values)
                .on_conflict_do_nothing()
                .returning(CaseRow.number)
            )
            new = made.scalar_one_or_none() is not None
            row = (
                await session.execute(
                    select(CaseRow).where(
                        CaseRow.order_number == order.number,
                        CaseRow.kind == kind.value,
                        CaseRow.closed_at.is_(None),
                    )
                )
            ).scalar_one()
            if new:
                record(
                    session, order.number, f"{CASE_PREFIX}{kind}", actor=f"customer:{conversation_id}",
                    at=now, after={"case": row.number, **row.data},
                )  # fmt: skip
            return _case(row, new=new)

    async def withdraw_last(self, actor: str, now: datetime) -> Case | None:
        """Take back the case that ``actor`` opened last, if that was the last thing they did.

        Returns:
            ``None`` when it was something else, or the case is closed.
        """
        async with self._database.write() as session:
            last = await last_deed(session, actor)
            if last is None or not last.kind.startswith(CASE_PREFIX):
                return None
            try:
                row = await _locked(session, str(last.after.get("case")))
            except UnknownCaseError:
                return None
            row.closed_at = now
            record(session, row.order_number, WITHDRAWN, actor=actor, at=now,
                   before={"case": row.number})  # fmt: skip
            return _case(row, new=False)

    async def of_orders(self, numbers: Collection[str], *, limit: int = 3) -> Sequence[Case]:
        """Return the newest cases of orders, open and closed, without those taken back."""
        async with self._database.read() as session:
            rows = await session.scalars(
                select(CaseRow)
                .where(CaseRow.order_number.in_(numbers))
                .order_by(CaseRow.closed_at.is_not(None), CaseRow.created_at.desc())
            )
            ends = await session.scalars(
                select(OrderEventRow).where(
                    OrderEventRow.order_number.in_(numbers), OrderEventRow.kind == CLOSED
                )
            )
            answers = {str(end.after.get("case")): str(end.after.get("answer")) for end in ends}
            found = [
                replace(
                    _case(row, new=False), closed_at=row.closed_at, answer=answers.get(row.number)
                )
                for row in rows
                if row.closed_at is None or row.number in answers
            ]
            return found[:limit]

    async def last_order(self, conversation_id: str) -> str | None:
        """Return the order of the newest case that was opened in a conversation."""
        async with self._database.read() as session:
            found: str | None = await session.scalar(
                select(CaseRow.order_number)
                .where(CaseRow.conversation_id == conversation_id, _OF_AN_ORDER)
                .order_by(CaseRow.created_at.desc())
                .limit(1)
            )
            return found

    async def complaint_of(self, conversation_id: str) -> Case | None:
        """Return the complaint of a conversation that people look into."""
        async with self._database.read() as session:
            rows = await open_complaints(session, conversation_id)
            return _case(rows[0], new=False) if rows else None

    async def waiting(self) -> Sequence[Case]:
        """Return the open cases, the one promised soonest first."""
        async with self._database.read() as session:
            rows = await session.scalars(
                select(CaseRow).where(CaseRow.closed_at.is_(None)).order_by(CaseRow.promised_for)
            )
            return [_case(row, new=False) for row in rows]

    async def close(
        self, number: str, answer: str, *, agent: str, now: datetime, name: str | None = None
    ) -> str | None:
        """Close a case and tell the customer in the conversation it came from.

        Args:
            agent: the login, for the order's history and the audit log.
            name: as whom the customer sees the agent.

        Returns:
            The conversation that has the answer, ``None`` when it came from none that still stands.

        Raises:
            UnknownCaseError: no open case has this number.
        """
        async with self._database.write() as session:
            row = await _locked(session, number)
            row.closed_at = now
            record(session, row.order_number, CLOSED, actor=f"agent:{agent}", at=now,
                   after={"case": number, "answer": answer})  # fmt: skip
            told = row.conversation_id or ""
            reachable = await session.get(ConversationRow, told) is not None
            audit.note(session, agent, "close_case", told if reachable else None,
                       case=number, order=row.order_number)  # fmt: skip
            if not reachable:
                return None
            conversation = await transcript.locked(session, told)
            transcript.append_out(
                session, conversation, [Body(answer)], Author.AGENT, author_name=name
            )
            return told


async def open_complaints(session: AsyncSession, conversation_id: str) -> Sequence[CaseRow]:
    """Return the complaints that nobody has dealt with, the newest first: two where two conversations became one."""
    rows = await session.scalars(
        select(CaseRow)
        .where(
            CaseRow.conversation_id == conversation_id,
            CaseRow.kind == CaseKind.COMPLAINT.value,
            CaseRow.closed_at.is_(None),
        )
        .order_by(CaseRow.created_at.desc())
    )
    return rows.all()


def new_number(now: datetime) -> str:
    """Return a number for a case that comes now."""
    return f"CS{local_day(now):%Y%m%d}{secrets.randbelow(10**6):06d}"


async def _locked(session: AsyncSession, number: str) -> CaseRow:
    found = await session.execute(
        select(CaseRow)
        .where(CaseRow.number == number, CaseRow.closed_at.is_(None))
        .with_for_update()
    )
    row = found.scalar_one_or_none()
    if row is None:
        raise UnknownCaseError(f"expected the number of an open case, got {number!r}")
    return row


def _case(row: CaseRow, *, new: bool) -> Case:
    promised_for = row.promised_for or row.created_at
    order = None if row.order_number == row.number else row.order_number
    return Case(row.number, CaseKind(row.kind), order, promised_for, new, row.data)
