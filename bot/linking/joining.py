"""Joining two conversations into one customer, and parting them again; inside the caller's transaction.

The one that goes on keeps its id, so everything that hangs on it follows without being moved: the
engine's slots and form, proofs, the place in the queue, cards and cases. The other one stands still with
its own lines, and what arrives at its address belongs to the first from now on. That is why it can be
undone: parting only turns the address back.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from bot.conversations import handoff
from bot.conversations.model import State
from bot.orders.contacts import LAST_FOUR
from bot.storage.cod import BackendWaitRow, CaseRow, CodRow, ContactRow
from bot.storage.conversations import ConversationRow, HandoffRow
from bot.storage.desk import CallbackRow, ConversationOrderRow


async def locked_pair(
    session: AsyncSession, first: str, second: str
) -> tuple[ConversationRow, ConversationRow]:
    """Return two conversations, locked in one order whichever way round they are named.

    Raises:
        KeyError: one of them is gone.
    """
    found = await session.scalars(
        select(ConversationRow)
        .where(ConversationRow.id.in_([first, second]))
        .order_by(ConversationRow.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    rows = {row.id: row for row in found}
    return rows[first], rows[second]


async def family(session: AsyncSession, conversation_id: str) -> list[str]:
    """Return the ids of all conversations of one customer: the one that goes on first."""
    joined = await session.scalar(
        select(ConversationRow.joined_id).where(ConversationRow.id == conversation_id)
    )
    whole = joined or conversation_id
    others = await session.scalars(
        select(ConversationRow.id)
        .where(ConversationRow.joined_id == whole)
        .order_by(ConversationRow.joined_at, ConversationRow.id)
    )
    return [whole, *others]


async def join(
    session: AsyncSession, whole: ConversationRow, other: ConversationRow, now: datetime
) -> None:
    """Let the customer of ``other`` go on in ``whole``; both are locked and joined to nothing."""
    await session.execute(
        update(ConversationRow)
        .where(ConversationRow.joined_id == other.id)
        .values(joined_id=whole.id)
    )
    other.joined_id, other.joined_at = whole.id, now
    # Lines at one address never share a number: a pressed button names its line by it.
    whole.last_seq = max(whole.last_seq, other.last_seq)
    whole.language = whole.language or other.language
    whole.later = [*whole.later, *other.later]
    other.later, other.asking = [], False
    await _take_over(session, whole, other)
    await _take_proofs(session, whole, other)
    await _take_waiting(session, whole, other)


async def part(session: AsyncSession, whole: ConversationRow, other: ConversationRow) -> None:
    """Let the address of ``other`` be a customer of its own again.

    What was proved on either side since they were one counts for nobody any more: it is asked again.
    """
    proofs = ContactRow.conversation_id == whole.id
    since = other.joined_at
    theirs = await session.scalars(select(ContactRow).where(ContactRow.conversation_id == other.id))
    for row in theirs.all():
        await session.execute(
            delete(ContactRow).where(
                proofs, ContactRow.customer_id == row.customer_id, ContactRow.phone == row.phone
            )
        )
    if since is not None:
        await session.execute(delete(ContactRow).where(proofs, ContactRow.proved_at >= since))
    other.joined_id = other.joined_at = None
    other.last_seq = max(whole.last_seq, other.last_seq)
    if (whole.at_channel, whole.at_user) == (other.channel, other.user):
        whole.at_channel = whole.at_user = None


async def _take_over(session: AsyncSession, whole: ConversationRow, other: ConversationRow) -> None:
    """What other tables say of the conversation that stands still is meant for the one that goes on."""
    for table in (CodRow, CaseRow):
        await session.execute(
            update(table).where(table.conversation_id == other.id).values(conversation_id=whole.id)
        )
    for waiting in (ConversationOrderRow, BackendWaitRow):
        here = select(waiting.order_number).where(waiting.conversation_id == whole.id)
        await session.execute(
            update(waiting)
            .where(waiting.conversation_id == other.id, waiting.order_number.not_in(here))
            .values(conversation_id=whole.id)
        )


async def _take_proofs(
    session: AsyncSession, whole: ConversationRow, other: ConversationRow
) -> None:
    """Copy what was proved; the originals stay for the day when the two part."""
    theirs = await session.scalars(select(ContactRow).where(ContactRow.conversation_id == other.id))
    for row in theirs.all():
        known = await session.get(ContactRow, (whole.id, row.customer_id, row.phone))
        if known is None:
            session.add(
                ContactRow(
                    conversation_id=whole.id, customer_id=row.customer_id, phone=row.phone,
                    proved_at=row.proved_at, level=row.level,
                )
            )  # fmt: skip
        elif row.level != LAST_FOUR and row.proved_at > known.proved_at:
            known.level, known.proved_at = row.level, row.proved_at


async def _take_waiting(
    session: AsyncSession, whole: ConversationRow, other: ConversationRow
) -> None:
    """Keep the place in the queue, or the agent, that the customer had where they were before."""
    if other.state == State.BOT:
        return
    if whole.state != State.BOT:
        await handoff.close(session, other, "joined")
        return
    whole.state, other.state = other.state, State.BOT.value
    await session.execute(
        update(HandoffRow)
        .where(HandoffRow.conversation_id == other.id, HandoffRow.closed_at.is_(None))
        .values(conversation_id=whole.id, seen_seq=whole.last_seq)
    )
    await session.execute(
        update(CallbackRow)
        .where(CallbackRow.conversation_id == other.id, CallbackRow.done_at.is_(None))
        .values(conversation_id=whole.id)
    )
