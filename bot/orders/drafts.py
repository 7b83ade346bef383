"""Drafts of changes as JSON: how the dialogue engine keeps them between two messages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from bot.orders.changes import Draft
from bot.orders.model import Address, Window


def draft_to_json(draft: Draft) -> dict[str, Any]:
    """Return a draft as JSON data without its empty parts."""
    data: dict[str, Any] = {}
    if draft.address:
        data["address"] = asdict(draft.address)
    if draft.window:
        data["window"] = [draft.window.start.isoformat(), draft.window.end.isoformat()]
    return data | {
        name: value
        for name in ("recipient", "phone", "note", "cancel", "confirm")
        if (value := getattr(draft, name))
    }


def draft_from_json(data: Mapping[str, Any] | None) -> Draft:
    """Return the draft that ``draft_to_json`` wrote; an empty one of nothing."""
    data = data or {}
    window = data.get("window")
    return Draft(
        address=Address(**data["address"]) if "address" in data else None,
        window=Window(*map(datetime.fromisoformat, window)) if window else None,
        recipient=data.get("recipient"),
        phone=data.get("phone"),
        note=data.get("note"),
        cancel=data.get("cancel", False),
        confirm=data.get("confirm", False),
    )
