"""``yingda encoder use`` derives the served file and says what is left to do."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.cli import app
from bot.encoder import load_encoder
from bot.encoder.onnx_encoder import OnnxEncoder

runner = CliRunner()


def test_a_folder_is_derived_and_the_next_commands_are_named(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "models" / "other"
    folder.parent.mkdir()
    folder.symlink_to(root / "models" / "encoder")
    monkeypatch.setenv("YINGDA_ROOT", str(tmp_path))
    monkeypatch.setenv("YINGDA_VAR", str(tmp_path / "var"))
    monkeypatch.chdir(tmp_path)
    done = runner.invoke(app, ["encoder", "use", "models/other", "--no-train"])
    assert done.exit_code == 0, done.output
    encoder = load_encoder("models/other")
    assert isinstance(encoder, OnnxEncoder)
    assert encoder.folder == Path("models/serve/other")
    assert encoder.fingerprint in done.output
    assert "Set YINGDA_ENCODER=models/other" in done.output
    assert "YINGDA_ENCODER=models/other yingda faq fit" in done.output


def test_what_is_no_model_gets_one_clear_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("YINGDA_ROOT", str(tmp_path))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    (tmp_path / "empty").mkdir()
    done = runner.invoke(app, ["encoder", "use", str(tmp_path / "empty"), "--no-train"])
    assert done.exit_code == 1
    assert "Expected the name or folder of a sentence-transformers model" in done.output
