"""Texts that the app says without the engine, read from domain.yml like all others."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from bot.conversations.model import Body, Button
from bot.language import Language

_PLACEHOLDER = re.compile(r"\{(\w+)\}")


class Phrases:
    """The responses of domain.yml by name and language, filled as the engine fills them."""

    def __init__(self, domain_file: Path) -> None:
        domain = YAML(typ="safe").load(domain_file.read_text("utf-8"))
        self._responses: dict[str, list[dict[str, Any]]] = domain["responses"]

    def say(self, name: str, language: Language, **values: str) -> Body:
        """Return response ``name`` in ``language`` with its placeholders filled.

        Raises:
            KeyError: there is no such response, or a placeholder has no value.
        """
        by_language = {_language_of(v): v for v in self._responses[name]}
        variation = by_language.get(language) or by_language[None]
        buttons = tuple(
            Button(b["title"], _fill(b["payload"], values)) for b in variation.get("buttons", ())
        )
        text = _fill(variation["text"].strip(), values)
        return Body(text, buttons=buttons, picture=variation.get("image"))


def _fill(text: str, values: Mapping[str, str]) -> str:
    """Fill placeholders; doubled braces stand for themselves, as in the engine."""
    filled = _PLACEHOLDER.sub(lambda match: values[match[1]], text)
    return filled.replace("{{", "{").replace("}}", "}")


def _language_of(variation: dict[str, Any]) -> str | None:
    conditions = variation.get("condition", [])
    return next((c["value"] for c in conditions if c.get("name") == "language"), None)
