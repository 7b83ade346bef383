"""What channels say by themselves stands in both languages and can be said."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.conversations.choices import chosen
from bot.conversations.model import Button
from bot.language import detect
from connectors.texts import ChannelTexts


def test_every_line_is_there_in_its_language(root: Path) -> None:
    texts = ChannelTexts(root / "data/channels/texts.yml")
    values = {
        "order": "",
        "name": "",
        "place": "",
        "latitude": "",
        "longitude": "",
        "kind": "",
        "key": "",
    }
    bilingual = {"language"}
    for name in texts._lines:
        assert detect(texts.say(name, "zh", **values).text) in ("zh", "mixed"), name
        english = texts.say(name, "en", **values)
        assert name in bilingual or detect(english.text) == "en", name
        payloads = [button.payload for button in english.buttons]
        assert payloads == [b.payload for b in texts.say(name, "zh", **values).buttons], name


def test_a_line_without_its_other_language_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "texts.yml").write_text("commands: {}\nlines: {help: {zh: {text: 好}}}", "utf-8")
    with pytest.raises(ValueError, match="en"):
        ChannelTexts(tmp_path / "texts.yml")


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1", 1), ("３", 3), ("③", 3), ("第二个", 2), ("两", 2), ("选 1", 1), ("2)", 2), ("No. 2", 2),
        ("4", None), ("0", None), ("12", None), ("2 件", None), ("买2个行吗", None), ("", None), ("一下", None),
    ],
)  # fmt: skip
def test_numbers_are_read_as_people_write_them(text: str, number: int | None) -> None:
    offers = [Button(str(n), f"/{n}") for n in (1, 2, 3)]
    assert chosen(text, offers) == (offers[number - 1] if number else None)
