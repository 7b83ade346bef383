"""Reading an address in China out of a message, in Chinese or English.

Provinces and prefecture-level cities are looked up (``places.yml``), the rest is taken as written: the
customer sees the result and says whether it is right. Nothing is guessed: what the message does not
name (province, city, district) stays as it is on the order.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from importlib import resources

from pypinyin import lazy_pinyin
from ruamel.yaml import YAML

from bot.language import normalise
from bot.orders.model import Address

_CODES = re.compile(r"(?i)\b(?:so)?20\d{9}\b|(?:\+?86[ -]?)?\b1[3-9]\d{9}\b|\bsf\d{13}\b")
_HAN = re.compile(r"[\u3400-\u9fff]")
_CLAUSE_ZH = re.compile(r"[，,。；;！!？?\n\s:：]+")
# What stands before an address in a sentence.
_LEAD_ZH = re.compile(
    r"^.*?(?:(?:改|换)(?:一下|下)?(?:收货|送货|配送)?地址(?:改)?[到成为是去]?|改成|改到|改为|换成|换到|换为|改去|搬到|送到|送去|寄到|寄去|发到|地址是|地址应该是|应该是|地址写|收货地址|新地址|在)"
)
_TAIL_ZH = re.compile(
    r"(?:吧|谢谢|谢谢啦|哈|哦|啊|呀|了|就行|就好|可以吗|行吗|好吗|帮我改过去|改过去)+$"
)
_STREET_ZH = re.compile(
    r"路|街|大道|道\d|巷|弄|胡同|村|镇|乡|屯|小区|花园|家园|公寓|大厦|广场|中心|苑|府|园|城|庭|湾|里\d|驿站|酒店|宾馆|医院|学校|大学|学院|公司|工业区|科技园|产业园"
)
_NUMBER_ZH = re.compile(r"[0-9]|[一二三四五六七八九十百]+(?=[号栋幢座单室楼层])")
_PART_ZH = re.compile(
    r"^[0-9A-Za-z一二三四五六七八九十百-]+(?:号楼?|栋|幢|座|单元|层|楼|室|房|户)?"
)
_NOT_ADDRESS_ZH = re.compile(
    r"周[一二三四五六日天末]|星期|上午|下午|晚上|明天|后天|今天|电话|手机|时间|快递|麻烦|收件人|收货人|确认"
)
_DISTRICT_ZH = re.compile(r"^([\u3400-\u9fff]{1,7}?(?:新区|区|县|旗|市))(?=[\u3400-\u9fff0-9])")
_COUNTY_CITY_ZH = re.compile(r"^([\u3400-\u9fff]{2,5})市")
_STREET_EN = re.compile(
    r"(?i)\b(?:road|rd|street|st|avenue|ave|lane|ln|alley|boulevard|blvd|building|bldg|block|room|rm|apt|apartment|flat|floor|unit|tower|plaza|garden|square|hotel|village|district|no\.?)\b"
)
_LEAD_EN = re.compile(
    r"(?i)^.*?\b(?:change (?:it|(?:the |my )?(?:delivery |shipping )?address)(?: (?:of|on|for)\b.{0,40}?)? to|send it to|ship it to|deliver (?:it )?to|address is(?: now)?|should be|new address(?: is)?|(?:ship|send|redirect|go|move)(?: \w+){0,3} to)\s*:?\s*"
)
_TAIL_EN = re.compile(r"(?i)[\s,.;!]*(?:please|thanks?|thank you|instead)?[\s.;!]*$")
# What follows an address in a sentence: a time, a note, a yes.
_CLAUSE_EN = re.compile(
    r"(?i)(?:,|;|\band\b|\bbut\b|(?=\bon (?:next |this )?\w+day\b))\s*(?=(?:please|then|also|and|deliver|call|ring|text|leave|bring|come|make|move|change|confirm|phone|thanks?|yes"
    r"|on|at|by|after|before|tomorrow|(?:next |this )?(?:mon|tues|wednes|thurs|fri|satur|sun)day)\b).*$",
    re.DOTALL,
)
_FEWEST_CHARS_EN = 10


@dataclass(frozen=True, slots=True)
class _City:
    subdivision: str
    province: dict[str, str]
    city: dict[str, str]


def read_address(text: str, before: Address) -> Address | None:
    """Return the address that a message gives, ``None`` when it has no street or house number.

    Args:
        before: the order's address, for what the message does not say.
    """
    text = _CODES.sub(" ", normalise(text))
    return _read_zh(text, before) if _HAN.search(text) else _read_en(text, before)


def _read_zh(text: str, before: Address) -> Address | None:
    found: list[str] = []
    for clause in _CLAUSE_ZH.split(text):
        piece = _TAIL_ZH.sub("", clause)
        while (rest := _LEAD_ZH.sub("", piece)) != piece:
            piece = rest
        if _NOT_ADDRESS_ZH.search(piece):
            continue
        if _city_zh(piece) is not None:
            found = [piece]  # What came before was about the address, not the address itself.
        elif _STREET_ZH.search(piece) or (found and _PART_ZH.match(piece)):
            found.append(piece)
    whole = "".join(found)
    if not _STREET_ZH.search(whole) or not _NUMBER_ZH.search(whole):
        return None
    known = _city_zh(whole)
    if known is None:
        match = _DISTRICT_ZH.match(whole)
        if match and match[1].endswith("市"):
            return None  # A county-level city: which province is it in?
        district = match[1] if match else before.district
        detail = whole[match.end() :] if match else whole
        return Address(before.subdivision, before.province, before.city, district, detail)
    city, rest = known
    match = _DISTRICT_ZH.match(rest)
    district = match[1] if match else ""
    if not district and city.city["zh"] == before.city:
        district = before.district
    detail = rest[match.end() :] if match else rest
    if not detail:
        return None
    return Address(city.subdivision, city.province["zh"], city.city["zh"], district, detail)


def _city_zh(text: str) -> tuple[_City, str] | None:
    """Return the city that a text begins with, after its province if that is named, and the rest."""
    provinces, cities = _index_zh()
    rest, subdivision = text, None
    for name, code in provinces:
        if text.startswith(name):
            subdivision, rest = code, text.removeprefix(name)
            break
    for name, city in cities:
        if rest.startswith(name) and subdivision in {None, city.subdivision}:
            tail = rest.removeprefix(name)
            # 中山路, 南京路: a street that is called after a city.
            if subdivision is None and re.match(r"[东西南北中]?[一二三四]?[路街道]", tail):
                continue
            return city, tail.removeprefix("市")
    if subdivision is None:
        return None
    only = [city for _, city in cities if city.subdivision == subdivision]
    if len(only) == 1:
        return only[0], rest
    county = _COUNTY_CITY_ZH.match(rest)
    if county is None:
        return None
    names = {"zh": county[0], "en": _pinyin(county[1])}
    return _City(subdivision, only[0].province, names), rest.removeprefix(county[0])


def _read_en(text: str, before: Address) -> Address | None:
    text = _TAIL_EN.sub("", _CLAUSE_EN.sub("", _LEAD_EN.sub("", text, count=1)))
    if len(text) < _FEWEST_CHARS_EN or not re.search(r"\d", text) or not _STREET_EN.search(text):
        return None
    kept: list[str] = []
    found: _City | None = None
    district = ""
    for part in (part.strip() for part in text.split(",")):
        city = _index_en().get(_plain(part))
        if city is not None:
            found = city if found is None or city.city["en"] != city.province["en"] else found
        elif _plain(part) in _provinces_en():
            continue  # The city says it too; where it does not, the customer sees that.
        elif re.search(r"(?i)\bdistrict\b|\bnew area\b|\bcounty\b", part):
            district = part
        else:
            kept.append(part)
    detail = ", ".join(part for part in kept if part)
    if not detail:
        return None
    if found is None:
        return Address(
            before.subdivision, before.province, before.city, district or before.district, detail
        )
    return Address(found.subdivision, found.province["en"], found.city["en"], district, detail)


def _plain(name: str) -> str:
    """Return an English name of a place as it is looked up: small letters, nothing else."""
    name = re.sub(r"(?i)\b(?:city|province|china|prc)\b|\d{6}", "", name)
    return re.sub(r"[^a-z]", "", name.lower())


@functools.cache
def _index_zh() -> tuple[list[tuple[str, str]], list[tuple[str, _City]]]:
    provinces: list[tuple[str, str]] = []
    cities: list[tuple[str, _City]] = []
    for code, (province, names) in _places().items():
        full = province["zh"]
        short = re.sub(r"(?:壮族|回族|维吾尔)?自治区$|特别行政区$|[省市]$", "", full)
        # 吉林 and 上海 are cities too: without 省 behind it the city is meant.
        if short not in names:
            provinces.append((short, code))
        provinces.append((full, code))
        for name, city in names.items():
            cities.append((name, _City(code, province, city)))
    longest_first = lambda pair: -len(pair[0])  # noqa: E731 - used twice, right here
    return sorted(provinces, key=longest_first), sorted(cities, key=longest_first)


@functools.cache
def _index_en() -> dict[str, _City]:
    index: dict[str, _City] = {}
    for code, (province, names) in _places().items():
        for city in names.values():
            index.setdefault(_plain(city["en"]), _City(code, province, city))
    return index


@functools.cache
def _provinces_en() -> frozenset[str]:
    return frozenset(_plain(province["en"]) for province, _ in _places().values())


@functools.cache
def _places() -> dict[str, tuple[dict[str, str], dict[str, dict[str, str]]]]:
    text = resources.files("bot.orders").joinpath("places.yml").read_text("utf-8")
    places = {}
    for code, entry in YAML(typ="safe").load(text).items():
        short = re.sub(r"[省市]$", "", entry["zh"])
        province = {"zh": entry["zh"], "en": entry.get("en") or _pinyin(short)}
        cities = {}
        for name in entry["cities"]:
            single = name in entry["zh"]
            whole = entry["zh"] if single and len(entry["cities"]) == 1 else _with_suffix(name)
            english = province["en"] if single and len(entry["cities"]) == 1 else _pinyin(name)
            cities[name] = {"zh": whole, "en": english}
        places[code] = (province, cities)
    return places


def _with_suffix(name: str) -> str:
    return name if re.search(r"[盟州]$", name) and len(name) > 2 else f"{name}市"


def _pinyin(name: str) -> str:
    return "".join(lazy_pinyin(name)).capitalize()
