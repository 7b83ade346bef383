"""How publishing stands, in a file, so that the terminal of ``yingda up`` tells what the app found."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from bot.faq.live import Status
from bot.language import Language

FILE_NAME = "faq-status.json"
_SHOWN = 10


def write_news(file: Path, status: Status) -> None:
    """Write the status for ``News``; in one step."""
    data = {
        "version": status.version,
        "seconds": status.seconds,
        "problems": {
            language: [problem.say(language) for problem in status.problems]
            for language in ("zh", "en")
        },
    }
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_suffix(".part")
    part.write_text(json.dumps(data, ensure_ascii=False), "utf-8")
    part.replace(file)


class News:
    """Reads the file again and again; says each thing once."""

    def __init__(self, file: Path, language: Language) -> None:
        self._file, self._language = file, language
        self._last = self._read()

    def lines(self) -> list[str]:
        """Return what is new since the last call, as lines for a terminal."""
        found = self._read()
        if found is None or found == self._last:
            return []
        last, self._last = self._last, found
        problems = found["problems"][self._language]
        zh = self._language == "zh"
        if problems:
            head = (
                "FAQ 没有更新，顾客看到的还是上一版："
                if zh
                else "FAQ not published; customers still see the last good version:"
            )
            more = len(problems) - _SHOWN
            rest = [f"… (+{more}) yingda faq check"] if more > 0 else []
            return [head, *(f"  {line}" for line in problems[:_SHOWN]), *rest]
        if last is None or last["version"] == found["version"]:
            return (
                ["FAQ 文件没有错误了。" if zh else "The FAQ files are correct again."]
                if last
                else []
            )
        seconds = f"{found['seconds']:.1f}"
        return [f"FAQ 已更新（{seconds} 秒）。" if zh else f"FAQ published ({seconds} s)."]

    def _read(self) -> dict[str, Any] | None:
        try:
            found: dict[str, Any] = json.loads(self._file.read_text("utf-8"))
        except (FileNotFoundError, ValueError):
            return None
        return found
