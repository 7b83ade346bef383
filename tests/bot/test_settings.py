"""Settings: explained, overridable, secrets kept."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from bot.settings import Settings


def test_every_setting_says_what_it_does() -> None:
    for name, field in Settings.model_fields.items():
        assert field.description, name
        assert field.description.endswith("."), name


def test_the_readme_names_every_setting(root: Path) -> None:
    readme = (root / "README.md").read_text("utf-8")
    missing = [name for name in Settings.model_fields if f"YINGDA_{name.upper()}" not in readme]
    assert missing == []


def test_the_environment_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YINGDA_PORT", "9123")
    assert Settings().port == 9123


def test_secrets_are_made_once_and_for_the_owner_only(tmp_path: Path) -> None:
    first = Settings(var=tmp_path).secrets
    assert Settings(var=tmp_path).secrets == first
    assert len({first.engine_token, first.actions_token, first.session_key}) == 3
    mode = stat.S_IMODE((tmp_path / "secrets.json").stat().st_mode)
    assert mode == 0o600
