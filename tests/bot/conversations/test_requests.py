"""Messages that may hold two requests fall apart where people set them apart, and nowhere else."""

from __future__ import annotations

import pytest

from bot.conversations.requests import parts_of


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("查一下订单SO20261105001到哪了，另外包邮吗", ["查一下订单SO20261105001到哪了", "包邮吗"]),
        ("包邮吗？还有能开发票吗？", ["包邮吗", "能开发票吗？"]),
        ("包邮吗另外想问一下能开发票吗", ["包邮吗", "能开发票吗"]),
        ("運費幾多？順便問一下幾時送到", ["運費幾多", "幾時送到"]),
        ("运费多少？几天能到？", ["运费多少？", "几天能到？"]),
        (
            "Where is my order? Also, do you ship to Hong Kong?",
            ["Where is my order", "do you ship to Hong Kong?"],
        ),
        ("is shipping free btw do you take visa", ["is shipping free", "do you take visa"]),
        (
            "I want to cancel SO20261105001 and return SO20261101002",
            ["I want to cancel SO20261105001", "return SO20261101002"],
        ),
        ("取消SO20261105001，SO20261101002要退货", ["取消SO20261105001", "SO20261101002要退货"]),
    ],
)
def test_two_requests(text: str, parts: list[str]) -> None:
    assert parts_of(text) == parts


@pytest.mark.parametrize(
    "text",
    [
        "包邮吗",
        "还有货吗",
        "这款，还有没有黑色的",
        "包邮吗？？？",
        "在吗？！",
        "收到是坏的，怎么办",
        "It broke yesterday. What can I do now?",
        "I also want one",
        "SO20261105001 and SO20261101002",
        "SO20261105001，还是SO20261105001",
        "为什么？怎么会？凭什么？你说？我不管？",
        "",
        "👍",
    ],
)
def test_one_request(text: str) -> None:
    assert parts_of(text) == [text]
