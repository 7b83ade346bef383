"""A month of questions that customers settled themselves: asked, offered suggestions, pressed one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from bot.conversations.model import Body
from bot.storage.conversations import ConversationRow, MessageRow, TurnRow
from bot.storage.engine import Database

_DAYS = 30


async def fill_month(database: Database, settled: Sequence[tuple[str, str]]) -> None:
    """Store (question, record that was pressed) pairs, one conversation each, spread over 30 days."""
    now = datetime.now(UTC)
    async with database.write() as session:
        for number, (text, record) in enumerate(settled):
            at = now - timedelta(days=_DAYS * (number + 1) / (len(settled) + 1))
            name = f"month-{number}"
            session.add(
                ConversationRow(
                    id=name, channel="web", user=name, state="bot", language="zh", last_seq=2,
                    created_at=at, updated_at=at,
                )
            )  # fmt: skip
            await session.flush()
            pressed = Body("", payload=f'/faq{{"id":"{record}"}}')
            said = ((Body(text), f"suggest:{record}"), (pressed, f"answer:{record}"))
            for seq, (body, decision) in enumerate(said, start=1):
                message = MessageRow(
                    conversation_id=name, seq=seq, direction="in", author="customer",
                    body=body.to_json(), state="done", channel="web",
                    channel_message_id=f"{name}-{seq}", created_at=at + timedelta(seconds=20 * seq),
                )  # fmt: skip
                session.add(message)
                await session.flush()
                session.add(
                    TurnRow(
                        message_id=message.id, conversation_id=name, language="zh", entities=[],
                        faq=[], decision=decision, latency_ms=10.0, created_at=message.created_at,
                    )
                )  # fmt: skip
