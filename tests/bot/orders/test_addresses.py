"""Addresses as customers write them; what they leave out stays as it is on the order."""

from __future__ import annotations

import pytest

from bot.orders.addresses import read_address
from bot.orders.model import Address

BEFORE = Address("CN-SC", "四川省", "成都市", "武侯区", "人民路18号")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "SO20261111063这单地址改成杭州市西湖区文三路128号",
            Address("CN-ZJ", "浙江省", "杭州市", "西湖区", "文三路128号"),
        ),
        (
            "浙江杭州余杭区五常大道200号3幢1单元501室 谢谢",
            Address("CN-ZJ", "浙江省", "杭州市", "余杭区", "五常大道200号3幢1单元501室"),
        ),
        ("上海市徐汇区漕溪北路18号 2203室", Address("CN-SH", "上海市", "上海市", "徐汇区", "漕溪北路18号2203室")),
        ("地址改成北京市朝阳区望京街10号 时间周六下午", Address("CN-BJ", "北京市", "北京市", "朝阳区", "望京街10号")),
        ("送到公司吧 南京市鼓楼区中山北路52号 13588203317", Address("CN-JS", "江苏省", "南京市", "鼓楼区", "中山北路52号")),
        ("江苏省昆山市前进路8号", Address("CN-JS", "江苏省", "昆山市", "", "前进路8号")),
        ("改地址到武汉市洪山区珞喻路9号2栋", Address("CN-HB", "湖北省", "武汉市", "洪山区", "珞喻路9号2栋")),
        ("收货地址改成武汉市洪山区珞喻路88号", Address("CN-HB", "湖北省", "武汉市", "洪山区", "珞喻路88号")),
        ("武侯区科华北路65号", Address("CN-SC", "四川省", "成都市", "武侯区", "科华北路65号")),
        ("中山路52号锦江花园2栋301", Address("CN-SC", "四川省", "成都市", "武侯区", "中山路52号锦江花园2栋301")),
        ("香港九龍彌敦道６１０號", Address("CN-HK", "香港特别行政区", "香港特别行政区", "", "九龙弥敦道610号")),
        (
            "change it to Room 1502, Building 3, 88 Century Avenue, Pudong New Area, Shanghai please",
            Address("CN-SH", "Shanghai", "Shanghai", "Pudong New Area", "Room 1502, Building 3, 88 Century Avenue"),
        ),
        (
            "27 Zhongguancun Street, Haidian District, Beijing",
            Address("CN-BJ", "Beijing", "Beijing", "Haidian District", "27 Zhongguancun Street"),
        ),
        (
            "12 Xiaozhai West Road, Xi'an, Shaanxi",
            Address("CN-SN", "Shaanxi", "Xian", "", "12 Xiaozhai West Road"),
        ),
        (
            "Please change the delivery address of SO20261105002 (3321) to Room 1201, Building 3, 18 Renmin Road, "
            "Wuhou District, Chengdu, Sichuan and deliver Saturday afternoon, call first",
            Address("CN-SC", "Sichuan", "Chengdu", "Wuhou District", "Room 1201, Building 3, 18 Renmin Road"),
        ),
        (
            "ship it to 27 Zhongguancun Street, Haidian District, Beijing on Saturday",
            Address("CN-BJ", "Beijing", "Beijing", "Haidian District", "27 Zhongguancun Street"),
        ),
    ],
)  # fmt: skip
def test_reads(text: str, expected: Address) -> None:
    assert read_address(text, BEFORE) == expected


@pytest.mark.parametrize(
    "text",
    ["包邮吗", "周六下午三点", "改到深圳", "昆山市前进路8号", "楼号写错了 应该是3单元", "地址对，时间改到周六下午",
     "确认，放门卫那里，来之前打电话", "my office", "yes 5", "tomorrow at 3pm", ""],
)  # fmt: skip
def test_finds_no_address(text: str) -> None:
    assert read_address(text, BEFORE) is None
