"""One turn: what was understood, what was decided, what is said, read from the engine's events."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from bot.conversations.engine_client import EngineFault, Event
from bot.conversations.model import Body, Button, Card, HandoffReason, Link

NO_INTENT = "nlu_fallback"
_FORM = "order_form"
_ASKED = "requested_slot"  # Rasa's name for what an active form waits for
_KEPT = "kept_request"


@dataclass(frozen=True, slots=True)
class Turn:
    """The outcome of one customer message.

    ``decision`` is one rung of the ladder: ``flow:<intent>``, ``answer:<faq id>``,
    ``suggest:<faq ids>``, ``decline``, ``clarify`` or ``handoff:<reason>``. ``asks`` tells whether a
    task waits for the customer after the turn; ``None`` when the turn changed nothing about that. The last
    ``repeated`` replies only ask again what the form had asked before the customer's question.
    ``keeps`` says that what the message asks for has to wait until the task at hand is done.
    """

    intent: str | None
    confidence: float | None
    entities: list[dict[str, Any]]
    decision: str
    replies: tuple[Body, ...]
    handoff: HandoffReason | None = None
    asks: bool | None = None
    repeated: int = 0
    keeps: bool = False


def read_turn(events: Iterable[Event]) -> Turn:
    """Return the turn that ``events`` (of one turn, in order) describe.

    Raises:
        EngineFault: when the events hold no customer message or no reply; a customer never meets silence.
    """
    parse: dict[str, Any] | None = None
    slots: dict[str, Any] = {}
    replies: list[Body] = []
    before_form = 0
    for event in events:
        match event["event"]:
            case "user":
                parse = event["parse_data"]
            case "slot":
                slots[event["name"]] = event["value"]
            case "action" if event.get("name") == _FORM:
                before_form = len(replies)
            case "bot":
                replies.append(_body(event))
    if parse is None:
        raise EngineFault("expected the customer's message among the engine's events, got none")
    if not replies:
        raise EngineFault("expected at least one reply from the engine, got none")
    intent = parse["intent"]["name"]
    reason = slots.get("handoff")
    decision = slots.get("decision") or f"flow:{intent}"
    answered = decision.startswith("answer:")
    if answered:  # what a form asks again after it is no answer
        replies[0] = replace(replies[0], rateable=True)
    return Turn(
        intent=intent,
        confidence=parse["intent"].get("confidence"),
        entities=[_entity(entity) for entity in parse["entities"]],
        decision=decision,
        replies=tuple(replies),
        handoff=HandoffReason(reason) if reason else None,
        asks=slots[_ASKED] is not None if _ASKED in slots else None,
        repeated=len(replies) - before_form if answered and before_form else 0,
        keeps=bool(slots.get(_KEPT)),
    )


def _body(event: Event) -> Body:
    data = event.get("data") or {}
    custom = data.get("custom") or {}
    link = custom.get("link")
    return Body(
        text=event.get("text") or "",
        buttons=tuple(Button(b["title"], b["payload"]) for b in data.get("buttons") or ()),
        picture=data.get("image"),
        link=Link(link["url"], link["title"]) if link else None,
        link_code=custom.get("link_code"),
        cards=tuple(Card.from_json(card) for card in custom.get("cards", ())),
        lead=custom.get("lead"),
    )


def _entity(entity: dict[str, Any]) -> dict[str, Any]:
    return {key: entity[key] for key in ("entity", "value", "start", "end") if key in entity}
