"""Secrets never reach a log, wherever in a line they stand."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.logs import configure_logs, mask, secrets_of
from bot.settings import Settings

TOKEN = "123456789:AAF4keT0kenF0rTestsOnly"


def test_secrets_are_masked_in_every_value_and_other_words_are_not() -> None:
    event = {"event": f"GET /bot{TOKEN}/getMe", "n": 3, "text": "hello", "exception": f"x {TOKEN}"}
    assert mask([TOKEN, "", "ab"])(None, "info", event) == {
        "event": "GET /bot********/getMe", "n": 3, "text": "hello", "exception": "x ********",
    }  # fmt: skip


def test_every_secret_setting_is_masked_and_none_is_printed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import structlog

    settings = Settings(var=tmp_path, telegram_token=TOKEN, wechat_secret="wechatSecretOfTheTest")
    assert {TOKEN, "wechatSecretOfTheTest", settings.secrets.session_key} <= set(
        secrets_of(settings)
    )
    assert TOKEN not in repr(settings)
    configure_logs(settings)
    try:
        try:
            raise ValueError(f"The token `{TOKEN}` was rejected")  # noqa: TRY301
        except ValueError:
            structlog.get_logger().exception("no telegram", key=settings.secrets.session_key)
    finally:
        structlog.reset_defaults()
    written = capsys.readouterr().err
    assert "was rejected" in written
    assert TOKEN not in written
    assert settings.secrets.session_key not in written


def test_a_secret_may_come_from_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "yingda_telegram_token").write_text(f"{TOKEN}\n")
    monkeypatch.setenv("YINGDA_SECRETS_DIR", str(tmp_path))
    assert Settings(var=tmp_path).telegram_token.get_secret_value() == TOKEN
    monkeypatch.setenv("YINGDA_TELEGRAM_TOKEN", "from the environment")
    assert Settings(var=tmp_path).telegram_token.get_secret_value() == "from the environment"


@pytest.mark.parametrize(
    ("written", "masked"),
    [
        ("call 13812346688 back", "call ****6688 back"),
        ("电话+86 138 1234 6688。", "电话****6688。"),
        ("phone=+85291236688", "phone=****6688"),
        ("code YD-7K3M-Q9XP", "code ****XP"),
        # Orders, parcels and moments are no telephone numbers.
        ("SO20261105001 SF1390000000012 1795413025.139", "SO20261105001 SF1390000000012 1795413025.139"),
    ],
)  # fmt: skip
def test_telephone_numbers_and_link_codes_are_masked(written: str, masked: str) -> None:
    assert mask([])(None, "info", {"event": written, "exception": written}) == {
        "event": masked, "exception": masked,
    }  # fmt: skip
