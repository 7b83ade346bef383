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
        ("你们支持花呗分期吗 还有到付手续费多少", ["你们支持花呗分期吗", "到付手续费多少"]),
        ("包邮嗎 還想問可以貨到付款嗎", ["包邮嗎", "可以貨到付款嗎"]),
        ("有红色的么再问下能开票么", ["有红色的么", "能开票么"]),
        ("能退吗 运费谁出", ["能退吗", "运费谁出"]),
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
        "包邮吗还有货吗",
        "这是什么 怎么用",
        "怎么 退货",
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
        "还没收到，帮我催一下",
        "不是SO20261105001，我要查SO20261105002",
        "I did not receive it, please help",
        "it's not working, I want a refund",
        "不满意",
    ],
)
def test_other_messages_stay_whole(text: str) -> None:
    assert wish_of(text) == text


@pytest.mark.parametrize(
    ("text", "wish"),
    [
        *((text, "算了") for text in (
            "别取消", "别取消我的订单", "不要退货", "千万别把我的订单取消了啊！", "我不想退货了",
            "不是要换货", "麻烦先别给我退款 谢谢", "别cancel我的order",
        )),
        *((text, "never mind") for text in (
            "don't cancel my order", "Please do not cancel it!", "no, I don’t want to return it",
            "I'm not returning anything", "no need to refund me",
        )),
    ],
)  # fmt: skip
def test_what_is_only_refused_is_not_asked_for(text: str, wish: str) -> None:
    assert wish_of(text) == wish


@pytest.mark.parametrize(
    "text",
    [
        "不能退货吗",
        "为什么不退货",
        "不退款我就投诉",
        "别取消SO20261105001",
        "不要了 取消订单",
        "不想要了 退货",
        "不用退货就能退款吗",
        "why don't you cancel my order",
        "I don't want my order, cancel it",
        "don't cancel my order, change the address",
        "can I not return it?",
    ],
)
def test_a_refusal_with_anything_beside_it_is_left_to_the_understanding(text: str) -> None:
    assert wish_of(text) not in {"算了", "never mind"}
