"""What channels say by themselves, from ``data/channels/texts.yml``, in both languages."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict
from ruamel.yaml import YAML

from bot.conversations.model import Body, Button
from bot.language import Language


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Button(_Strict):
    title: str
    payload: str


class _Line(_Strict):
    text: str
    buttons: list[_Button] = []


class _Both(_Strict):
    zh: _Line
    en: _Line


class _File(_Strict):
    lines: dict[str, _Both]
    commands: dict[str, dict[Language, str]]


class ChannelTexts:
    """Lines and command names by name and language.

    Args:
        file: see ``data/channels/texts.yml``; a missing language is an error when it is read.
    """

    def __init__(self, file: Path) -> None:
        read = _File.model_validate(YAML(typ="safe").load(file.read_text("utf-8")))
        self._lines = read.lines
        self.commands = read.commands
        for name, command in read.commands.items():
            if set(command) != {"zh", "en"}:
                raise ValueError(f"expected command {name!r} of {file} in zh and en, got {command}")

    def say(self, name: str, language: Language, /, **values: str) -> Body:
        """Return line ``name``, with ``{placeholders}`` filled in."""
        line: _Line = getattr(self._lines[name], language)
        buttons = tuple(Button(button.title, button.payload) for button in line.buttons)
        return Body(line.text.strip().format(**values), buttons=buttons)

    def mark(self, name: str, language: Language, /, **values: str) -> str:
        """Return, in one line, what stands in the transcript for a message without words."""
        return " ".join(self.say(f"mark_{name}", language, **values).text.split())
