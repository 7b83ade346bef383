"""Texts that the app says without the engine, read from domain.yml like all others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from bot.conversations.model import Body, Button
from bot.language import Language


class Phrases:
    """The responses of domain.yml by name and language.

    Only responses without placeholders can be said from here; the engine fills all others.
    """

    def __init__(self, domain_file: Path) -> None:
        domain = YAML(typ="safe").load(domain_file.read_text("utf-8"))
        self._responses: dict[str, list[dict[str, Any]]] = domain["responses"]

    def say(self, name: str, language: Language) -> Body:
        """Return response ``name`` in ``language``; raises ``KeyError`` for an unknown name."""
        by_language = {_language_of(v): v for v in self._responses[name]}
        variation = by_language.get(language) or by_language[None]
        buttons = tuple(Button(b["title"], b["payload"]) for b in variation.get("buttons", ()))
        return Body(variation["text"].strip(), buttons=buttons, picture=variation.get("image"))


def _language_of(variation: dict[str, Any]) -> str | None:
    conditions = variation.get("condition", [])
    return next((c["value"] for c in conditions if c.get("name") == "language"), None)
