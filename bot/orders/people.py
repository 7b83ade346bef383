"""Handing an order to people: a place in their queue with what they need to call the customer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from bot.conversations import handoff, transcript
from bot.conversations.model import Author, Body, HandoffReason, MessageState
from bot.conversations.phrases import Phrases
from bot.language import Language
from bot.orders.messages import card_values
from bot.orders.model import Order
from bot.storage.desk import ConversationOrderRow

# Conversations on this channel are telephone numbers to be called; nothing is delivered there.
PHONE_CHANNEL = "phone"
_BOTH: tuple[Language, ...] = ("zh", "en")


async def call_customer(
    session: AsyncSession,
    phrases: Phrases,
    order: Order,
    reasons: Sequence[dict[str, Any]],
    now: datetime,
    why: HandoffReason = HandoffReason.ORDER_PROBLEM,
) -> None:
    """Put an order into the agents' queue: the phone number, what to settle, why it is checked."""
    conversation = await transcript.open_conversation(session, PHONE_CHANNEL, order.phone)
    known = await session.get(ConversationOrderRow, (conversation.id, order.number))
    if known is None:
        session.add(
            ConversationOrderRow(conversation_id=conversation.id, order_number=order.number)
        )
    zh, en = (_note(phrases, order, reasons, language) for language in _BOTH)
    note = Body(zh, texts={"zh": zh, "en": en})
    for row in transcript.append_out(session, conversation, [note], Author.SYSTEM):
        # A note for the desk: it is in the transcript and goes nowhere else.
        row.state, row.done_at, row.next_attempt_at = MessageState.DONE.value, now, None
    await handoff.enqueue(session, conversation, why)


def _note(
    phrases: Phrases, order: Order, reasons: Sequence[dict[str, Any]], language: Language
) -> str:
    between = "；" if language == "zh" else "; "
    values = card_values(order, language) | {
        "phone": order.phone,
        "reasons": between.join(reason[language] for reason in reasons) or "—",
    }
    return phrases.say("utter_desk_cod_call", language, **values).text
