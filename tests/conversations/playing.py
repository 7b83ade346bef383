"""Plays a dialogue against the real stack and says where it went another way."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from itertools import zip_longest

from sqlalchemy import select

from bot.conversations.model import Direction
from bot.language import Language
from bot.storage.conversations import ConversationRow, MessageRow, TurnRow
from bot.storage.engine import Database
from tests.conversations.customers import Customer, RestCustomer, Shop
from tests.conversations.dialogue import NO_TURN, Dialogue, Turn
from tests.stack.running import Stack
from tests.stack.web_customer import WebCustomer

_HAN = re.compile(r"[\u3400-\u9fff]")
_LATIN = re.compile(r"[A-Za-z]")
# An English reply may hold a Chinese address or name, a Chinese one an e-mail address or a product
# name; between them lies much: sentences are either mostly Han or mostly Latin.
_HAN_PER_LATIN = 0.5
_REPLY_CHARS_SHOWN = 160


@dataclass
class Played:
    """A turn with what came of it; ``recorded`` is missing where the bot left it to the people."""

    turn: Turn
    replies: list[str]
    recorded: TurnRow | None = None
    faults: list[str] = field(default_factory=list)

    @property
    def said(self) -> str:
        """All replies as one text."""
        return "\n".join(self.replies)


async def play(stack: Stack, dialogue: Dialogue) -> list[Played]:
    """Play a dialogue as a new customer: over the REST channel, or on the widget if the shop speaks.

    Returns:
        The turns with their faults. It ends early where a button that was to be pressed is missing.
    """
    async with AsyncExitStack() as exits:
        customer: Customer = RestCustomer(stack)
        if dialogue.on_widget:
            customer = await exits.enter_async_context(WebCustomer(stack))
        shop = Shop(stack, customer.user, dialogue)
        played: list[Played] = []
        buttons: list[tuple[str, str]] = []
        for turn in map(shop.with_number, dialogue.turns):
            if turn.shop is not None:
                shop.tells(turn.shop)
                replies = [] if turn.silent else await customer.hears()
            elif turn.say is not None:
                replies = await customer.say(turn.say)
            else:
                title, payload = _button(buttons, turn.press)
                if payload is None:
                    offered = ", ".join(title for title, _ in buttons) or "no button"
                    fault = f"expected the button, offered: {offered}"
                    played.append(Played(turn, [], faults=[fault]))
                    break
                replies = await customer.say(title, payload)
            played.append(Played(turn, [str(reply["text"]) for reply in replies]))
            buttons = list(_buttons(replies))
    asked = [done for done in played if done.turn.shop is None]
    recorded = await _turns_of(stack, customer.user)
    for done, row in zip_longest(asked, recorded[: len(asked)]):
        done.recorded = row
    for done in played:
        done.faults += _faults(done, done.turn.language or dialogue.language, played)
    return played


def report(name: str, played: Sequence[Played]) -> str:
    """Return the whole dialogue, with what was expected where something else came."""
    lines = [name]
    for number, done in enumerate(played, 1):
        turn = done.turn
        typed = turn.say or (f"({turn.shop})" if turn.shop else f"[{turn.press}]")
        lines.append(f"{'✗' if done.faults else '✓'} {number}. {typed}")
        lines.append(f"     {_came_of(done)}")
        lines += [f"     {_shortened(reply)}" for reply in done.replies]
        lines += [f"   ✗ {fault}" for fault in done.faults]
    return "\n".join(lines)


def _faults(done: Played, language: Language, played: Sequence[Played]) -> Iterator[str]:
    turn, row = done.turn, done.recorded
    intent, decision = (row.intent, row.decision) if row else (None, NO_TURN)
    if turn.intent and intent != turn.intent:
        yield f"expected intent {turn.intent}, got {intent}"
    if turn.decision and not any(_fits(decision, expected) for expected in turn.decision):
        yield f"expected decision {' or '.join(turn.decision)}, got {decision}"
    if (row or turn.shop) and not (done.replies or turn.silent):
        yield "expected a reply, got silence"
    yield from (f"expected in the replies: {text}" for text in turn.reply if text not in done.said)
    yield from (
        f"not expected in the replies: {text}" for text in turn.without if text in done.said
    )
    if turn.same_reply_as and done.said != played[turn.same_reply_as - 1].said:
        yield f"expected the words of turn {turn.same_reply_as}"
    for reply in done.replies:
        if language_of(reply) != language:
            yield f"expected {language}, got: {_shortened(reply)}"


def language_of(reply: str) -> Language:
    """Return the language most of a reply is written in."""
    return "zh" if len(_HAN.findall(reply)) > _HAN_PER_LATIN * len(_LATIN.findall(reply)) else "en"


def _fits(decision: str, expected: str) -> bool:
    kind, _, value = expected.partition(":")
    if kind == "faq":
        return decision.partition(":")[0] in {"answer", "suggest"} and value in _ids(decision)
    return decision.startswith(expected) if expected.endswith(":") else decision == expected


def _ids(decision: str) -> list[str]:
    return decision.partition(":")[2].split(",")


def _button(buttons: list[tuple[str, str]], wanted: str | int | None) -> tuple[str, str | None]:
    """Return the title and the payload of a button, the payload ``None`` if there is no such one."""
    if isinstance(wanted, int):
        return buttons[wanted - 1] if wanted <= len(buttons) else ("", None)
    return str(wanted), dict(buttons).get(str(wanted))


def _buttons(replies: list[dict[str, object]]) -> Iterator[tuple[str, str]]:
    for reply in replies:
        offered = reply.get("buttons", [])
        assert isinstance(offered, list)
        yield from ((button["title"], button["payload"]) for button in offered)


async def _turns_of(stack: Stack, sender: str) -> list[TurnRow | None]:
    """Return the recorded turn of each message of a customer, in their order."""
    database = Database(stack.settings.database)
    try:
        async with database.read() as session:
            rows = await session.execute(
                select(TurnRow)
                .select_from(MessageRow)
                .join(ConversationRow, ConversationRow.id == MessageRow.conversation_id)
                .outerjoin(TurnRow, TurnRow.message_id == MessageRow.id)
                .where(ConversationRow.user == sender, MessageRow.direction == Direction.IN.value)
                .order_by(MessageRow.seq)
            )
            return [row for (row,) in rows]
    finally:
        await database.close()


def _came_of(done: Played) -> str:
    row = done.recorded
    if row is None:
        return f"→ {NO_TURN}"
    hits = ", ".join(f"{faq_id} {score}" for faq_id, score in row.faq)
    return f"→ {row.decision} ({row.intent} {row.confidence}; {row.language}; {hits or 'no hits'})"


def _shortened(reply: str) -> str:
    line = reply.replace("\n", " ⏎ ")
    return line if len(line) <= _REPLY_CHARS_SHOWN else f"{line[:_REPLY_CHARS_SHOWN]}…"
