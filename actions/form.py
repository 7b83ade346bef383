"""What the parts of the order form share: its slots, and what a customer said before we knew the order."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.context import text_of
from bot.language import normalise
from bot.orders.codes import Checked

# Slots of the form beside goal, number and digits; domain.yml says what each is.
DRAFT, GO_AHEAD, CODE, DETAIL = "draft", "go_ahead", "one_time_code", "claim_detail"
# In place of a yes or no: all is said already.
STOPPED = "stopped"

# A message of these intents is about something else, whatever values stand in it; one of the others
# only if it does not give what was asked for ("Saturday morning" is easily taken for a greeting).
QUESTIONS = frozenset({"ask_faq", "cod_question", "ask_human", "complaint"})
ELSEWHERE = QUESTIONS | {
    "greet", "thanks", "bot_challenge", "out_of_scope", "goodbye", "product_question",
    "installation_help", "suggestion", "price_bargain", "continue_elsewhere",
}  # fmt: skip

_EARLY_KEPT = 6
_DIGITS_BESIDE_CODE = re.compile(
    r"(?:so ?20\d{9}|sf\d{13})[\s,，.。;；:：/-]{0,3}(?:[^\d\s,，.。;；]{0,12}[\s:：]{0,2}){0,4}(\d{4})(?![\d-])",
    re.I,
)
# Called by their name, wherever they stand.
_NAMED_DIGITS = re.compile(
    r"(?:尾号|尾数|[后末]四位|last (?:four|4)(?: digits)?|digits|ending(?: in| with)?|ends (?:in|with))"
    r"(?:\s|是|为|of|the|my|phone|are|is|[:：]){0,4}(\d{4})(?![\d-])",
    re.I,
)
# The digits first or last beside a question: "6688, also do you ship to Hong Kong?". Four digits in the
# middle of a sentence are a price or a model, and a wrong guess costs one of the customer's tries.
_BEFORE_DIGITS = r"(?:尾号|后四位|手机号?|号码|是|我的|的|嗯+|好的?|哦|不是|不对|[打写说记]错了|应该|sorry|oops|no\b|actually|wait|i mean|it'?s|its|is|my|the|are|digits|phone|number|ok|okay|sure|here|[\s,，:：])*"
_DIGITS_FIRST = re.compile(
    rf"^{_BEFORE_DIGITS}(?:(\d{{4}})\s*[,，.。;；!！?？、~～\n]|(\d{{4}})\s*$|((?!20[0-3]\d)\d{{4}})\s)",
    re.I,
)
_DIGITS_LAST = re.compile(
    rf"[,，.。;；!！?？、~～\n]{_BEFORE_DIGITS}(\d{{4}})[\s.。!！~～]*$", re.I
)

# What was meant for an order number and is none: of another length, or without a date in it.
_WHOLE_NUMBER = re.compile(
    r"(?<![0-9a-z])(?:(?:so[\s#:-]{0,2})?20\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])[\s-]?\d{3}"
    r"|sf[\s-]?\d{13}|7\d{11,13})(?![0-9a-z])",
    re.I,
)
_ODD_NUMBER = re.compile(r"(?<![a-z0-9])so[\s#:-]{0,2}\d{5,24}(?![a-z0-9])", re.I)
_ODD_DIGITS = re.compile(r"(?<![a-z0-9])\d{7,24}(?![a-z0-9])", re.I)
_PHONE = re.compile(r"(?:86)?1[3-9]\d{9}")


def intent_of(tracker: Tracker) -> str:
    """Return the intent of the latest message."""
    return (tracker.latest_message.get("intent") or {}).get("name") or ""


def confidence_of(tracker: Tracker) -> float:
    """Return how sure the classifier is of the latest message."""
    return float((tracker.latest_message.get("intent") or {}).get("confidence", 1.0))


def code_refused(
    dispatcher: CollectingDispatcher, checked: Checked
) -> tuple[list[EventType], str | None]:
    """Say that a one-time code was wrong, or wrong too often; returns what the form does then."""
    if checked is Checked.WRONG:
        dispatcher.utter_message(response="utter_code_wrong")
        return [SlotSet(GO_AHEAD, None)], CODE
    dispatcher.utter_message(response="utter_code_over")
    return [SlotSet(GO_AHEAD, STOPPED)], None


def pictures_of(tracker: Tracker) -> list[str]:
    """Return the ids of the pictures that came with the latest message."""
    attachments = (tracker.latest_message.get("metadata") or {}).get("attachments") or ()
    return [one["id"] for one in attachments if one.get("kind") == "picture"]


def digits_beside_code(text: str) -> str | None:
    """Return four digits beside an order or tracking number: right behind it, or called what they are."""
    plain = normalise(text)
    found = _NAMED_DIGITS.search(plain) or _DIGITS_BESIDE_CODE.search(plain)
    return found[1] if found else None


def digits_beside_question(text: str) -> str | None:
    """Return four digits that stand first or last in a message that says something else as well."""
    plain = normalise(text).strip()
    found = _DIGITS_FIRST.search(plain) or _DIGITS_LAST.search(plain)
    return next((digits for digits in found.groups() if digits), None) if found else None


def misnumbered(text: str, *, asked: bool) -> str | None:
    """Return what a customer takes for an order number in a message that holds none.

    Args:
        asked: the number was asked for, so that bare digits are meant for it, unless they are a phone.
    """
    plain = normalise(text)
    if _WHOLE_NUMBER.search(plain):
        return None
    found = _ODD_NUMBER.search(plain)
    if found is None and asked:
        found = _ODD_DIGITS.search(plain)
    if found is None or _PHONE.fullmatch(found[0]):
        return None
    return re.sub(r"[\s#:-]", "", found[0]).upper()


def with_early(tracker: Tracker, *, starts: bool) -> dict[str, Any]:
    """Return the draft with the latest message, said before its order is known, kept for later.

    Values given early are never asked again: they are read once the order is there.
    """
    draft = {} if starts else dict(tracker.get_slot(DRAFT) or {})
    text = text_of(tracker)
    pictures = pictures_of(tracker)
    if text or pictures:
        entities = [
            {"entity": one["entity"], "value": one["value"]}
            for one in tracker.latest_message.get("entities") or ()
        ]
        kept = [*draft.get("early", ()), {"text": text, "entities": entities, "pictures": pictures}]
        draft["early"] = kept[-_EARLY_KEPT:]
    return draft


def take_early(draft: dict[str, Any]) -> Sequence[Mapping[str, Any]]:
    """Take the early messages out of a draft; each has ``text``, ``entities`` and ``pictures``."""
    early: Sequence[Mapping[str, Any]] = draft.pop("early", ())
    return early
