"""Reading who shall get a parcel: a new name of the recipient."""

from __future__ import annotations

import re

_ABOUT = re.compile(
    r"收[件货]人|收货姓名|收件姓名|名字|姓名|(?<![a-z])(?:recipient|addressee|name)(?![a-z])", re.I
)
_NAMED_ZH = re.compile(
    r"(?:收[件货]人|收[件货]?姓名|名字|姓名)(?:的?(?:名字|姓名))?(?:改成|改为|换成|换为|应该是|是|写成?|叫|填|改|:|：)+\s*(?P<name>[\u3400-\u9fff·]{2,6}?|[A-Za-z][A-Za-z .'’-]{1,40}?)(?=[,，。;；!！\s]|吧|就行|谢谢|收|，|$)"
)
_NAMED_EN = re.compile(
    r"(?i:recipient|addressee|name)(?i:'s name)?(?i: (?:on (?:it|the (?:parcel|order))))?(?i:\s+(?:to|is|should be|into|as)|\s*:)\s+(?P<name>[A-Z][\w'’-]+(?: [A-Z][\w'’-]+){0,3}|[\u3400-\u9fff·]{2,6})"
)
_NAME_ZH = re.compile(r"[\u3400-\u9fff·]{2,6}")
_NAME_EN = re.compile(r"[A-Za-z][\w'’-]+(?: [A-Za-z][\w'’-]+){0,3}")
_LEAD = re.compile(r"^(?:就?写|改成|换成|改为|是|叫|填|it'?s|it is|please use|use|to)\s*", re.I)
# "No, it's Wang Fang": a name once more, after the one that was repeated was wrong.
_CORRECTED = re.compile(
    r"^(?:不对|不是|错了|写错了|no|sorry|oops|wrong)[,，。.!！\s]*(?:应该?是|是|叫|改成|it'?s|it is|it should be|should be|make it)\s*(?P<name>.+)$",
    re.I,
)
_TAIL = re.compile(r"(?:吧|谢谢|就行|就好|please|thanks|thank you|[\s,，。.!！])+$", re.I)
# Words that are an answer and no name.
_NO_NAME = re.compile(
    r"算了|不用|不改|取消|人工|客服|你好|可以|好的|没有|什么|怎么|谢谢|订单|快递|(?<![a-z])(?:yes|no|nope|ok|okay|sorry|hello|hi|never|cancel|help|what|why|how|human|agent|person|wait|thanks)(?![a-z])",
    re.I,
)


def about_recipient(text: str) -> bool:
    """Tell whether a message talks of who gets the parcel."""
    return _ABOUT.search(text) is not None


def corrects_name(text: str) -> bool:
    """Tell whether a message says that what was repeated is wrong, and what it should be."""
    return _CORRECTED.match(text.strip()) is not None


def recipient_in(text: str, *, asked: bool) -> str | None:
    """Return the name that a message gives; with ``asked`` a bare name will do."""
    named = _NAMED_ZH.search(text) or _NAMED_EN.search(text)
    if named:
        return named["name"].strip()
    if not asked:
        return None
    corrected = _CORRECTED.match(text.strip())
    text = corrected["name"] if corrected else text
    if _NO_NAME.search(text):
        return None
    bare = _TAIL.sub("", _LEAD.sub("", text.strip()))
    return bare if _NAME_ZH.fullmatch(bare) or _NAME_EN.fullmatch(bare) else None
