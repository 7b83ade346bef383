"""What a message says about a claim: which goods, why, what instead, for whom the invoice is.

It reads only messages of a customer who is telling about a claim, so it need not be careful about
anything else. A pressed button brings a ``choice`` in place of words.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from bot.language import normalise
from bot.orders.answers import Goal
from bot.orders.claims.invoices import email_in, tax_number_in, title_in
from bot.orders.claims.model import Claim, Detail, Photo, Problem, Reason
from bot.orders.model import Order, OrderItem

WORDS_KEPT, WORDS_CHARS, _WISH_CHARS = 6, 200, 80
ALL = "all"

_CODES = re.compile(r"(?i)\b(?:so)?20\d{9}\b|\bsf\d{13}\b|(?<!\d)1[3-9]\d{9}(?!\d)")
_FORGET = re.compile(
    r"算了|不退了|不换了|不开了|不用了|别退|别换|先不(?:退|换|开|登记|要)|不登记|撤[掉了]|当我没说"
    r"|(?<![a-z])(?:never ?mind|forget (?:it|about it)|no longer|leave it|drop it|don'?t bother|changed my mind,? keep)(?![a-z])",
    re.IGNORECASE,
)
_AROUND_FORGET = re.compile(
    r"[\s,，。.!！~～;；]|[嗯哦啊呀吧啦了还那就先哎唉呢我]|谢谢|不好意思|不要|(?<![a-z])(?:ok|okay|oh|well|actually|just|then|no|thanks|thank you|sorry|please|about|it|that|lets|let'?s)(?![a-z])",
    re.IGNORECASE,
)
_NO_FAULT = re.compile(
    r"(?:没有?|不是|无).{0,4}(?:质量|毛病|坏|问题|故障)|(?<![a-z])(?:no|not|isn'?t|nothing)\b.{0,16}(?:fault|wrong|broken|defect)",
    re.IGNORECASE,
)
_FAULT = re.compile(
    r"质量|坏了|坏的|破[了洞损]|裂|开[线胶]|脱[线胶]|发霉|生锈|起球|掉色|褪色|故障|不能用|用不了|没反应|不工作|失灵|瑕疵|漏[水电气]|断了|划痕|毛病|充不进|不(?:加热|制冷|转|亮)"
    r"|(?<![a-z])(?:fault|faulty|defect|defective|broken?|broke|doesn'?t work|not working|stopped working|won'?t (?:turn|charge|start)|torn|crack|cracked|leaks?|dead|quality)(?![a-z])",
    re.IGNORECASE,
)
_UNSUITABLE = re.compile(
    r"不喜欢|不合适|不合身|不想要|不想留|不打算留|后悔|显[胖黑老]|[太偏][大小长短紧松肥瘦厚薄]|[大小长短紧松肥瘦]了|腰紧|不好看|难看|拍错|买错|买多|买重|尺码|[大小]一?[号码]|颜色|不需要|用不上"
    r"|(?<![a-z])(?:too (?:big|small|large|tight|loose|long|short|thick|thin|wide|heavy)|size|colou?r|changed my mind|don'?t (?:like|want|need)|not my|unsuitable|(?:doesn'?t|does not|didn'?t) (?:fit|suit)|looks? (?:bad|awful|odd)|makes me look|wrong size|no longer need|by mistake)(?![a-z])",
    re.IGNORECASE,
)
_WRONG = re.compile(
    r"发错|寄错|错发|送错|装错|给错|不是我(?:买|要|拍|订)|明明.{0,14}(?:寄|发|给|送|来)|(?:买|拍|订|要)的.{0,12}(?:寄|发|来|收到).{0,6}的|(?:颜色|尺码|型号|款式)不对|货不对|不一样|不符"
    r"|(?<![a-z])(?:wrong|instead of|not what i|different (?:item|colou?r|size|model)|but (?:the |you |i )?(?:\w+ ){0,4}(?:sent|got|received|is)|someone else'?s)(?![a-z])",
    re.IGNORECASE,
)
_MISSING = re.compile(
    r"少[了件发一两装寄]|漏发|漏装|缺[了件少]|没有配|没见到|不全|空盒|空包"
    r"|(?<![a-z])(?:missing|left out|incomplete|not in the (?:box|parcel)|empty box|only (?:got|received)|short by)(?![a-z])",
    re.IGNORECASE,
)
_DAMAGED = re.compile(
    r"破|碎|裂|坏|压[扁坏烂]|摔|漏|划|断|凹|变形|烂|湿了|刮花"
    r"|(?<![a-z])(?:damage[ds]?|broken?|broke|crack\w*|smash\w*|torn|tear|scratch\w*|dent\w*|leak\w*|crush\w*|bent|shatter\w*|ripped)(?![a-z])",
    re.IGNORECASE,
)
_SENT = re.compile(
    r"发(?:了|好|过|完|给)|传(?:了|好|上)|上传|拍好|好了|已发|这就是|看图"
    r"|(?<![a-z])(?:sent|uploaded|attached|done|there you go|here (?:it is|they are|you go)|posted)(?![a-z])",
    re.IGNORECASE,
)
_LATER = re.compile(
    r"没有|没拍|没照|不方便|稍后|晚点|回头|待会|等会|一会|先不|拍不|扔了"
    r"|(?<![a-z])(?:later|no photos?|don'?t have|haven'?t|can'?t|cannot|skip|not now|without)(?![a-z])",
    re.IGNORECASE,
)
_NO_PHOTO = re.compile(
    r"(?:没有?|没拍|没照|拍不了)[^,，。]{0,3}(?:照片|图|相片)|(?<![a-z])(?:no|don'?t have (?:a|any)|haven'?t (?:got )?(?:a|any)) (?:photo|picture)s?(?![a-z])",
    re.IGNORECASE,
)
_YES = re.compile(
    r"^(?:是|对|嗯|有|拆|开|用|激活|都?拆|都?开)|(?:拆|开|用|激活)(?:封|机)?过?了|拆过|开过|(?<![a-z])(?:yes|yeah|yep|i did|opened|activated|used|it is|they are|have been)(?![a-z])",
    re.IGNORECASE,
)
_NO = re.compile(
    r"没|未|不是|^不|还没|全新|原封|(?<![a-z])(?:no|nope|not|never|haven'?t|hasn'?t|isn'?t|unopened|sealed|unused)(?![a-z])",
    re.IGNORECASE,
)
_WISH_ZH = re.compile(
    r"(?:换成|换个|换一?[件双个条台套]|换为|改成|换)\s*(?P<wish>[^，,。；;？?！!]{0,30}?(?:[小大]一?[号码]|[0-9A-Za-z]+[码号]|[SMLX]{1,3}(?![A-Za-z])|[\u3400-\u9fff]色|新的|同款|别的|另)[^，,。；;？?！!]{0,20})",
    re.IGNORECASE,
)
_WISH_EN = re.compile(
    r"(?<![a-z])(?:swap|exchange|change|switch|replace)\b[^.,;!?]*?\b(?:for|to|into|with)\s+(?P<wish>[^.,;!?]{3,60})"
    r"|(?P<size>(?:one|a) size (?:smaller|larger|bigger|up|down)|size [0-9a-z]{1,4})",
    re.IGNORECASE,
)
_ALL = re.compile(
    r"全部|都[退换要是]|全[退换都]|两[件个样]都|整单|(?<![a-z])(?:all|both|everything)(?![a-z])",
    re.I,
)
_ORDINALS = (
    re.compile(r"^\s*(?:1|一|第一|first)(?!\d)|第一|(?<![a-z])first(?![a-z])", re.I),
    re.compile(r"^\s*(?:2|二|第二|second)(?!\d)|第二|(?<![a-z])second(?![a-z])", re.I),
    re.compile(r"^\s*(?:3|三|第三|third)(?!\d)|第三|(?<![a-z])third(?![a-z])", re.I),
    re.compile(r"^\s*(?:4|四|第四|fourth)(?!\d)|第四|(?<![a-z])fourth(?![a-z])", re.I),
)
_LETTERS = re.compile(r"[a-z]{3,}")
_FEWEST_HAN = 2
# Words of names that say nothing about which of two things is meant.
_GENERIC = frozenset({"the", "and", "for", "with", "pack", "pairs", "set"})


_NAMED = {
    Goal.CHANGE_PHONE: re.compile(
        r"[改换][^,，。]{0,5}(?:手机|电话|号码)|(?:手机|电话|号码)[^,，。]{0,4}[改换]"
        r"|(?<![a-z])(?:change|update|switch)\b[^.,;!?]{0,16}\b(?:phone|mobile)",
        re.I,
    ),
    Goal.CHANGE_DELIVERY_TIME: re.compile(
        r"[改换][^,，。]{0,5}时间|时间[^,，。]{0,4}[改换]|重新?(?:派|配)?送|再(?:派|配|送)"
        r"|(?<![a-z])(?:redeliver|(?:deliver|come) again)"
        r"|(?<![a-z])(?:change|move|switch)\b[^.,;!?]{0,16}\b(?:time|day|date)|(?<![a-z])deliver (?:it|them)? ?(?:on|at|next|tomorrow)(?![a-z])",
        re.I,
    ),
    Goal.CHANGE_ADDRESS: re.compile(
        r"[改换][^,，。]{0,5}地址|地址[^,，。]{0,4}[改换]|(?<![a-z])(?:change|update)\b[^.,;!?]{0,20}\baddress",
        re.I,
    ),
    Goal.INVOICE: re.compile(r"发票|开票|(?<![a-z])invoice(?![a-z])", re.I),
    Goal.EXCHANGE_REQUEST: re.compile(
        r"换货|[想要给]换|换一?[件双个条台]|换[大小]|(?<![a-z])(?:exchange|swap)(?![a-z])", re.I
    ),
    Goal.RETURN_REQUEST: re.compile(
        r"退货|[想要]退|退[掉了款]|(?<![a-z])(?:return (?:it|this|them|my|the)|send (?:it|this) back|refund)(?![a-z])",
        re.I,
    ),
}


@dataclass(frozen=True, slots=True)
class Told:
    """A message as it was sent: its words, what a button chose, the ids of pictures that came along."""

    text: str
    choice: str | None = None
    pictures: tuple[str, ...] = ()


def forgets(text: str) -> bool:
    """Tell whether a message takes the claim back before it is one: 算了, never mind."""
    return _FORGET.search(normalise(text)) is not None


def only_forgets(text: str) -> bool:
    """Tell whether a message does nothing else: "算了" is no name for an invoice, "forget it" no wish."""
    return forgets(text) and not _AROUND_FORGET.sub("", _FORGET.sub("", normalise(text)))


def goal_in(text: str) -> Goal | None:
    """Return the task that a message names, when the classifier saw only the codes in it."""
    plain = normalise(text)
    return next((goal for goal, words in _NAMED.items() if words.search(plain)), None)


def still_missing(text: str) -> bool:
    """Tell whether a customer has looked for a parcel in vain: "都找过了 没有" is no "no"."""
    return (
        re.search(
            r"没有|没找到|找不到|没看到|找过|问过|都没|(?<![a-z])(?:looked|checked|nothing|nowhere|not there|isn'?t there|can'?t find|no sign)(?![a-z])",
            normalise(text),
            re.I,
        )
        is not None
    )


def looks_again(text: str) -> bool:
    """Tell whether a customer has found the parcel after all, or goes to look for it."""
    return (
        re.search(
            r"(?<![没未])(?<!没有)找到[了啦]|再[找看问]一?[找看问下]|(?<![没未])(?<!没有)收到了"
            r"|(?<![a-z])(?:found it|i found|have found|(?:look|check|ask) again|here it is)(?![a-z])",
            normalise(text),
            re.I,
        )
        is not None
    )


def grown(claim: Claim, told: Told, order: Order, goal: Goal, asked: Detail | None) -> Claim:
    """Return a claim with what a message adds to it or corrects of it.

    Args:
        asked: what the customer was asked; ``None`` when the message says it by itself.
    """
    text = _CODES.sub(" ", normalise(told.text)).strip()
    found = dict(_by_choice(told, order))
    if text:
        for read in (_goods, _why, _trouble, _replacement, _invoice):
            found |= {
                key: value
                for key, value in read(text, order, goal, asked).items()
                if key not in found
            }
    if told.pictures and goal is Goal.WRONG_OR_DAMAGED_ITEM:
        found["photo"] = Photo.SENT
        found["pictures"] = tuple(dict.fromkeys((*claim.pictures, *told.pictures)))
    names = {field.name for field in fields(Claim)}
    claim = replace(claim, **{key: value for key, value in found.items() if key in names})
    if text and goal is not Goal.INVOICE:
        kept = (*claim.words, told.text.strip()[:WORDS_CHARS])
        claim = replace(claim, words=tuple(dict.fromkeys(kept))[-WORDS_KEPT:])
    return claim


def holding(text: str, order: Order, others: Sequence[Order]) -> Sequence[Order]:
    """Return which orders hold what a message names: ``order`` itself unless only others do.

    "Return the coat", said while an order of shoes is open, is about another one.
    """
    plain = _CODES.sub(" ", normalise(text)).strip()
    if not plain or _ALL.search(plain):
        return (order,)
    likeness = {
        one.number: max((_likeness(plain, item) for item in one.items), default=0)
        for one in (order, *others)
    }
    best = max(likeness.values())
    if best < _FEWEST_HAN or likeness[order.number] >= _FEWEST_HAN:
        return (order,)
    return [one for one in others if likeness[one.number] == best]


def gives(before: Claim, after: Claim, asked: Detail) -> bool:
    """Tell whether a message answered what was asked."""
    name = "skus" if asked is Detail.ITEM else asked.value
    return bool(getattr(after, name) != getattr(before, name))


_Found = dict[str, Any]


def _by_choice(told: Told, order: Order) -> _Found:
    choice = told.choice
    if not choice:
        return {}
    skus = tuple(item.sku for item in order.items)
    known: Mapping[str, _Found] = {
        ALL: {"skus": skus},
        "same": {"wish": "同款新的" if order.items else None},
        "personal": {"title": "个人"},
        "opened": {"opened": True},
        "unopened": {"opened": False},
        **{sku: {"skus": (sku,)} for sku in skus},
        **{reason.value: {"reason": reason} for reason in Reason},
        **{problem.value: {"problem": problem} for problem in Problem},
        Photo.SENT.value: {"photo": Photo.SENT},
        Photo.LATER.value: {"photo": Photo.LATER},
    }
    return dict(known.get(choice, {}))


def _goods(text: str, order: Order, goal: Goal, asked: Detail | None) -> _Found:
    if goal is Goal.INVOICE:
        return {}
    skus = tuple(item.sku for item in order.items)
    if _ALL.search(text):
        return {"skus": skus}
    if asked is Detail.ITEM:
        for ordinal, sku in zip(_ORDINALS, skus, strict=False):
            if ordinal.search(text):
                return {"skus": (sku,)}
    matched = {item.sku: _likeness(text, item) for item in order.items}
    best = max(matched.values(), default=0)
    named = tuple(sku for sku, likeness in matched.items() if likeness == best and best)
    return {"skus": named} if len(named) == 1 else {}


def _likeness(text: str, item: OrderItem) -> int:
    """Return how many letters or characters of an item's name, without size and colour, are in a text."""
    plain = text.lower()
    name_zh = item.name.zh.split(maxsplit=1)[0] if item.name.zh else ""
    # 袜子 is the 中筒棉袜: a Chinese name ends in what the thing is.
    longest = int(name_zh[-1:] in plain) if name_zh else 0
    for start in range(len(name_zh)):
        for end in range(len(name_zh), start + max(_FEWEST_HAN, longest) - 1, -1):
            if name_zh[start:end].lower() in plain:
                longest = max(longest, end - start)
                break
    words = set(_LETTERS.findall(item.name.en.split(",")[0].lower())) - _GENERIC
    said = {word.removesuffix("s") for word in _LETTERS.findall(plain)}
    english = sum(len(word) for word in words if word.removesuffix("s") in said)
    return max(longest, english)


def _why(text: str, order: Order, goal: Goal, asked: Detail | None) -> _Found:
    found: _Found = {}
    if asked is Detail.OPENED:
        if _NO.search(text):
            return {"opened": False}
        return {"opened": True} if _YES.search(text) else {}
    if goal in {Goal.RETURN_REQUEST, Goal.EXCHANGE_REQUEST}:
        if _NO_FAULT.search(text) or (_UNSUITABLE.search(text) and not _FAULT.search(text)):
            found["reason"] = Reason.UNSUITABLE
        elif _FAULT.search(text):
            found["reason"] = Reason.FAULT
        if re.search(
            r"没拆|未拆|没开封|未开封|没激活|unopened|still sealed|not activated", text, re.I
        ):
            found["opened"] = False
    return found


def _trouble(text: str, order: Order, goal: Goal, asked: Detail | None) -> _Found:
    if goal is not Goal.WRONG_OR_DAMAGED_ITEM:
        return {}
    if asked is Detail.PHOTO:
        if _LATER.search(text):
            return {"photo": Photo.LATER}
        return {"photo": Photo.SENT} if _SENT.search(text) else {}
    found: _Found = {"photo": Photo.LATER} if _NO_PHOTO.search(text) else {}
    for problem, words in (
        (Problem.MISSING, _MISSING), (Problem.WRONG, _WRONG), (Problem.DAMAGED, _DAMAGED),
        (Problem.DAMAGED, _FAULT),
    ):  # fmt: skip
        if words.search(text):
            found["problem"] = problem
            break
    return found


def _plain_wish(said: str) -> str:
    """Return a wish without what trails behind it in speech: 42码的, 黑色的吧."""
    wish = re.sub(
        r"(?<=[码号色款寸LMSXlmsx0-9])的?(?:吧|哈|呢|啊|呀|可以吗|好吗|行吗|谢谢)*$",
        "",
        said.strip(),
    )
    return wish[:_WISH_CHARS]


def _replacement(text: str, order: Order, goal: Goal, asked: Detail | None) -> _Found:
    if goal is not Goal.EXCHANGE_REQUEST:
        return {}
    said = _WISH_ZH.search(text) or _WISH_EN.search(text)
    if said:
        wish = next(part for part in said.groups() if part)
        return {"wish": _plain_wish(wish)}
    if asked is Detail.WISH:
        return {"wish": _plain_wish(text)}
    return {}


def _invoice(text: str, order: Order, goal: Goal, asked: Detail | None) -> _Found:
    if goal is not Goal.INVOICE:
        return {}
    read: dict[str, Callable[[str], str | None]] = {"email": email_in, "tax_number": tax_number_in}
    found = {name: value for name, of in read.items() if (value := of(text))}
    title = title_in(text, asked=asked is Detail.TITLE)
    return found | ({"title": title} if title else {})
