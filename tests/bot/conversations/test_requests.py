"""Messages that may hold two requests fall apart where people set them apart, and nowhere else."""

from __future__ import annotations

import pytest

from bot.conversations.requests import parts_of, wish_of


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
        "多打两个孔 要另外收费吗",
        "打孔 另外收费吗",
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


@pytest.mark.parametrize(
    ("text", "wish"),
    [
        ("不是要退货，是想换", "想换"),
        ("我不要取消订单，只是想改地址", "想改地址"),
        ("不是换货，我要退", "我要退"),
        ("我没说要退款 我要换个大一码的", "我要换个大一码的"),
        ("I don't want to return it, I want to exchange it", "I want to exchange it"),
        ("not cancelling, just want to move the delivery", "just want to move the delivery"),
        ("No need to call me. Please leave it at the door", "Please leave it at the door"),
    ],
)
def test_what_is_refused_first_is_not_what_is_wished_for(text: str, wish: str) -> None:
    assert wish_of(text) == wish


@pytest.mark.parametrize(
    "text",
    [
        "不想要了",
        "别取消",
        "还没收到，帮我催一下",
        "不是SO20261105001，我要查SO20261105002",
        "I did not receive it, please help",
        "it's not working, I want a refund",
        "don't cancel my order",
        "不满意",
    ],
)
def test_other_messages_stay_whole(text: str) -> None:
    assert wish_of(text) == text
