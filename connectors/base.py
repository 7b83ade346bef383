"""The contract of a channel, and how a rich message becomes a plain one."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from dataclasses import dataclass, replace

from bot.conversations.model import Body
from bot.conversations.outbox import Delivery

_SENTENCE_END = re.compile(r"(?<=[。！？!?\n])|(?<=\.\s)")


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a channel can show.

    Args:
        text_limit_chars: longest text of one message.
    """

    buttons: bool
    pictures: bool
    links: bool
    text_limit_chars: int


class Connector(ABC):
    """One channel. Sub-classes say what it can show and how one message is sent."""

    name: str
    capabilities: Capabilities

    async def deliver(self, delivery: Delivery) -> None:
        """Send a message in the richest form that the channel can show.

        Raises:
            DeliveryError: when the channel did not take it.
        """
        for body in degrade(delivery.entry.body, self.capabilities):
            await self.send(replace(delivery, entry=replace(delivery.entry, body=body)))

    @abstractmethod
    async def send(self, delivery: Delivery) -> None:
        """Send one message that fits the capabilities; raises ``DeliveryError``."""

    async def typing(self, conversation_id: str, on: bool) -> None:  # noqa: B027 - optional
        """Show or hide that an answer is being written, where the channel can."""


def degrade(body: Body, capabilities: Capabilities) -> list[Body]:
    """Return ``body`` as messages that a channel with ``capabilities`` can show.

    Buttons become numbered lines, links and pictures become addresses, and long text is split at
    sentence ends. The last message carries what is not text.
    """
    text = body.text
    if body.link and not capabilities.links:
        text += f"\n{body.link.title}: {body.link.url}"
    if body.picture and not capabilities.pictures:
        text += f"\n{body.picture}"
    if body.buttons and not capabilities.buttons:
        text += "".join(f"\n{n}. {b.title}" for n, b in enumerate(body.buttons, start=1))
    parts = split_text(text, capabilities.text_limit_chars)
    last = replace(
        body,
        text=parts[-1],
        buttons=body.buttons if capabilities.buttons else (),
        picture=body.picture if capabilities.pictures else None,
        link=body.link if capabilities.links else None,
    )
    return [*(Body(part) for part in parts[:-1]), last]


def split_text(text: str, limit_chars: int) -> list[str]:
    """Split ``text`` into parts of at most ``limit_chars``, at sentence ends where there are any."""
    parts = [""]
    for sentence in _SENTENCE_END.split(text):
        piece = sentence
        if parts[-1] and len(parts[-1]) + len(piece) > limit_chars:
            parts.append("")
        while len(piece) > limit_chars:
            parts[-1] = piece[:limit_chars]
            parts.append("")
            piece = piece[limit_chars:]
        parts[-1] += piece
    return [stripped for part in parts if (stripped := part.strip())] or [""]
