"""What a conversation is made of: messages in and out, states, reasons."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Self


class State(StrEnum):
    """Who answers the customer now."""

    BOT = "bot"
    QUEUED = "queued"
    AGENT = "agent"


class Author(StrEnum):
    """Who wrote a message."""

    CUSTOMER = "customer"
    BOT = "bot"
    AGENT = "agent"
    SYSTEM = "system"


class Direction(StrEnum):
    """From the customer (in) or to the customer (out)."""

    IN = "in"
    OUT = "out"


class MessageState(StrEnum):
    """How far a message has come. In: pending -> done. Out: pending -> done or failed."""

    PENDING = "pending"
    DONE = "done"
    FAILED = "failed"


class HandoffReason(StrEnum):
    """Why a person takes over."""

    ASKED_FOR = "asked_for"
    LOW_CONFIDENCE = "low_confidence"
    TURN_LIMIT = "turn_limit"
    COMPLAINT = "complaint"
    ANGER = "anger"
    POLICY = "policy"
    ORDER_PROBLEM = "order_problem"
    BACKEND_DOWN = "backend_down"
    ENGINE_DOWN = "engine_down"
    COD_UNREACHABLE = "cod_unreachable"
    TAKEOVER = "takeover"  # an agent stepped in unasked


@dataclass(frozen=True, slots=True)
class Button:
    """A quick reply: what the customer sees and the payload that the engine reads."""

    title: str
    payload: str


@dataclass(frozen=True, slots=True)
class Link:
    """A page worth opening; ``url`` is http or https."""

    url: str
    title: str


@dataclass(frozen=True, slots=True)
class Card:
    """One thing at a glance: an order, a confirmation.

    ``facts`` are pairs of a label and a value. ``payload`` names the button of the message that belongs to
    this card.
    """

    title: str
    badge: str | None = None
    facts: tuple[tuple[str, str], ...] = ()
    payload: str | None = None

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """Return the card of JSON data."""
        facts = tuple((label, value) for label, value in data.get("facts", ()))
        return cls(data["title"], data.get("badge"), facts, data.get("payload"))


class FileKind(StrEnum):
    """What a file that a customer sent is to a reader."""

    PICTURE = "picture"
    FILE = "file"


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that a customer sent, checked and kept by ``bot.conversations.files.Files``.

    ``id`` is its random name in the store, by which whoever knows it may read it at ``/files/<id>``;
    ``name`` is what the customer called it.
    """

    id: str
    kind: FileKind
    name: str
    media_type: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Body:
    """The content of a message. ``text`` is light Markdown when we wrote it, plain when a customer did.

    ``text`` may be empty where there are ``attachments``. ``link_code`` names a code that stands as dots
    in ``text`` and ``link`` until it is sent (``bot.linking.codes``). ``rateable``: a customer may say
    whether it helped. ``cards`` repeat what ``text`` says in full; where they can be shown, ``lead``
    stands for the text, if given. ``texts`` are those of a note that only colleagues read, by language.
    """

    text: str
    payload: str | None = None
    buttons: tuple[Button, ...] = ()
    picture: str | None = None
    link: Link | None = None
    attachments: tuple[Attachment, ...] = ()
    link_code: str | None = None
    rateable: bool = False
    cards: tuple[Card, ...] = ()
    lead: str | None = None
    texts: dict[str, str] | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the body as JSON data without its empty parts."""
        return {
            key: value for key, value in asdict(self).items() if value not in (None, False, (), [])
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """Return the body that ``to_json`` wrote."""
        link = data.get("link")
        return cls(
            text=data.get("text", ""),
            payload=data.get("payload"),
            buttons=tuple(Button(**button) for button in data.get("buttons", ())),
            picture=data.get("picture"),
            link=Link(**link) if link else None,
            attachments=tuple(
                Attachment(**{**one, "kind": FileKind(one["kind"])})
                for one in data.get("attachments", ())
            ),
            link_code=data.get("link_code"),
            rateable=data.get("rateable", False),
            cards=tuple(Card.from_json(card) for card in data.get("cards", ())),
            lead=data.get("lead"),
            texts=data.get("texts"),
        )


@dataclass(frozen=True, slots=True)
class Inbound:
    """One message as a connector parsed it.

    ``message_id`` is the channel's own and unique within the channel: a second delivery repeats it.
    ``origin`` is the network address that the customer writes from, where the channel knows it.
    ``text`` may be empty where there are ``attachments``.
    """

    channel: str
    user: str
    message_id: str
    text: str
    payload: str | None = None
    origin: str | None = None
    at: datetime = field(default_factory=lambda: datetime.now(UTC))
    attachments: tuple[Attachment, ...] = ()
