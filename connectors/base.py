"""The contract of a channel, and how a rich message becomes a plain one."""

from __future__ import annotations

import re
import unicodedata
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from bot.conversations.model import Body, FileKind
from bot.conversations.outbox import Delivery

if TYPE_CHECKING:
    from fastapi import APIRouter

    from connectors.service import Reception

_SENTENCE_END = re.compile(r"(?<=[。！？!?\n])|(?<=\.\s)")
_JOINER = "\u200d"


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a channel can show and what its platform allows.

    Args:
        text_limit: longest text of one message, measured by ``text_length``.
        text_length: how the platform counts: characters, UTF-16 units, bytes.
        reply_window: for how long after a customer's message it may be answered; ``None`` for ever.
        merges: the platform counts messages, so what waits for a customer goes out as one.
        files: kinds of files that it can send; ``degrade`` leaves others out.
        cards: it shows cards; elsewhere the text says the same.
    """

    buttons: bool
    pictures: bool
    links: bool
    text_limit: int
    text_length: Callable[[str], int] = len
    reply_window: timedelta | None = None
    merges: bool = False
    files: frozenset[FileKind] = frozenset()
    cards: bool = False


class Connector(ABC):
    """One channel: it takes messages in and hands them to the reception, and sends what the outbox says."""

    name: str
    capabilities: Capabilities

    def routes(self) -> APIRouter | None:
        """Return what the platform calls, if it calls us."""
        return None

    @abstractmethod
    def open(self, reception: Reception) -> None:
        """Begin to take messages; called once, inside the running event loop."""

    async def close(self) -> None:  # noqa: B027 - optional
        """Stop taking and sending messages."""

    async def deliver(self, delivery: Delivery) -> None:
        """Send a message in the richest form that the channel can show.

        Raises:
            DeliveryError: when the channel did not take it.
        """
        parts = degrade(delivery.entry.body, self.capabilities)
        for number, part in enumerate(parts, start=1):
            if number <= delivery.parts_done:
                continue
            await self.send(replace(delivery, entry=replace(delivery.entry, body=part)))
            if number < len(parts):
                await delivery.part_done()

    @abstractmethod
    async def send(self, delivery: Delivery) -> None:
        """Send one message that fits the capabilities; raises ``DeliveryError``."""

    async def typing(self, user: str, on: bool) -> None:  # noqa: B027 - optional
        """Show or hide that an answer to a customer of this channel is being written, where it can."""


def degrade(body: Body, capabilities: Capabilities) -> list[Body]:
    """Return ``body`` as messages that a channel with ``capabilities`` can show.

    Buttons become numbered lines, links and pictures become addresses, cards give way to the text that
    says the same, and long text is split at sentence ends. The last message carries what is not text.
    """
    text = body.text
    if body.link and not capabilities.links:
        text += f"\n{body.link.title}: {body.link.url}"
    if body.picture and not capabilities.pictures:
        text += f"\n{body.picture}"
    if body.buttons and not capabilities.buttons:
        text += "".join(f"\n{n}. {b.title}" for n, b in enumerate(body.buttons, start=1))
    parts = split_text(text, capabilities.text_limit, capabilities.text_length)
    last = replace(
        body,
        text=parts[-1],
        buttons=body.buttons if capabilities.buttons else (),
        picture=body.picture if capabilities.pictures else None,
        link=body.link if capabilities.links else None,
        cards=body.cards if capabilities.cards else (),
        lead=body.lead if capabilities.cards else None,
        attachments=tuple(one for one in body.attachments if one.kind in capabilities.files),
    )
    return [*(Body(part) for part in parts[:-1]), last]


def split_text(text: str, limit: int, length: Callable[[str], int] = len) -> list[str]:
    """Split ``text`` into parts that measure at most ``limit``.

    Parts end at sentence ends where there are any, else at white space, and never inside a
    character that is written with several code points (a flag, a family, an accent) unless that
    one alone is longer than ``limit``.
    """
    parts = [""]
    for sentence in _SENTENCE_END.split(text):
        rest = sentence
        if parts[-1] and length(parts[-1] + rest) > limit:
            parts.append("")
        while length(rest) > limit:
            end = _cut(rest, limit, length)
            parts[-1] = rest[:end]
            parts.append("")
            rest = rest[end:]
        parts[-1] += rest
    return [stripped for part in parts if (stripped := part.strip())] or [""]


def _cut(text: str, limit: int, length: Callable[[str], int]) -> int:
    """Return the best place to cut text that is too long; at least 1."""
    low, high = 1, len(text) - 1
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if length(text[:middle]) <= limit else (low, middle - 1)
    space = text.rfind(" ", low // 2, low + 1)
    if space > 0:
        return space
    whole = low
    while whole > 1 and _belongs_together(text, whole):
        whole -= 1
    return whole if whole > 1 else low


def _belongs_together(text: str, at: int) -> bool:
    """Tell whether the characters before and after ``at`` are seen as one."""
    before, after = text[at - 1], text[at]
    regional = [0x1F1E6 <= ord(c) <= 0x1F1FF for c in (before, after)]
    return (
        before == _JOINER
        or after == _JOINER
        or unicodedata.category(after) in ("Mn", "Me", "Mc")
        or 0x1F3FB <= ord(after) <= 0x1F3FF
        or 0xFE00 <= ord(after) <= 0xFE0F
        or all(regional)
    )
