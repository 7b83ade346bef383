"""The report in the terminal: no figure is cut off, however narrow it is."""

from __future__ import annotations

from dataclasses import fields

import pytest

from bot.cli.report import _print
from bot.desk.report import Figures

_TEXTS = {"group": "2026-11-23"}
_LARGE = {"sessions": 1234, "handoffs": 345, "ratings": 120, "nps_answers": 110, "nps": -67}


def _line() -> Figures:
    seconds = {field.name: 754.0 for field in fields(Figures) if field.name.endswith("_s")}
    shares = dict.fromkeys(("handoff_rate", "containment", "resolution_rate", "abandoned_rate", "csat", "csat_mean"), 1.0)  # fmt: skip
    return Figures(**_TEXTS, **_LARGE, **seconds, **shares)  # type: ignore[arg-type]


@pytest.mark.parametrize("width", [80, 140])
def test_every_figure_is_whole(
    width: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    _print([_line()], 7)
    shown = capsys.readouterr().out
    assert "…" not in shown
    assert all(len(line) <= width for line in shown.splitlines())
    for text in ("1234", "345 (100%)", "12.6 min (12.6 min)", "100% of 120", "-67 of 110"):
        assert text in shown


def test_nothing_is_said_in_words(capsys: pytest.CaptureFixture[str]) -> None:
    _print([], 7)
    assert capsys.readouterr().out == "Nothing happened in this time.\n"
