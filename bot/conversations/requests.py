"""What a message asks for: two things at once, one and not another, or only that something be left alone.

"Where is my order? Also, do you ship to Hong Kong?" is two requests; "It broke yesterday. What now?" is one
in two sentences. Splitting is only a guess here: the dialogue takes it when each part is understood by
itself (``Dialogue.turn``).
"""

from __future__ import annotations

import re

_MOST_PARTS = 4
_SHORTEST = 2  # letters, digits and characters of a part
# Words that announce another request. 还有 and "also" do so only after a stop: 还有货吗 asks for stock.
_STOP = r"[,，.。;；!！?？]\s*"
# What ends a question where no mark does; 什么 and 怎么 begin one.
_ASKED = r"(?<=[吗嗎呢嘛]|(?<![什怎这那這多])么)"
_ANNOUNCED = re.compile(
    rf"(?:{_STOP}|\s|{_ASKED})(?:另外|顺便|順便|顺带|順帶|对了|對了)(?![加收付买買算再有找])"
    rf"|(?:{_STOP})?(?:\bby the way\b|\bbtw\b|\bone more thing\b|\banother (?:question|thing)\b)"
    rf"|(?:{_STOP}|{_ASKED}\s*)(?:(?:还有|還有)(?!货|貨|没|沒|冇|多|几|幾)|(?=[再还還]想?[问問])|(?:and )?also\b)",
    re.IGNORECASE,
)
_FILLER = re.compile(r"^[\s,，:：]*(?:就是)?(?:我?[再还還]?想?[问問](?:一?下)?)?[\s,，:：]*")
_AFTER_QUESTION = re.compile(rf"(?:(?<=[?？])[\s,，]*|{_ASKED}\s+)(?=[^\s?？!！。.~～])")
_ORDER = re.compile(r"SO[\s-]?\d{8}[\s-]?\d{3}", re.IGNORECASE)
# "Not this, but that": what is wished for begins with a word that says so.
_NOT_BUT = re.compile(
    r"^(?P<not>(?:我)?(?:的意思)?(?:不是|没说|没有?要|没让|不要|不想|不用|别给我|别|先不)[^,，。.;；!！?？\s]{1,12})[,，。;；!！\s]+"
    r"(?:而是|只是|就是|其实是?|是)?(?P<wish>(?:我)?(?:就|只|是)?(?:想|要|帮|给我|麻烦|请|改|换|查).+)$"
    r"|^(?P<not_en>(?:i (?:am |'m )?|i'm )?(?:(?:do not|don't|dont|did not|didn't|never) (?:want|wanna|need|mean|ask(?:ed)?|say|said)"
    r"|not (?:asking|trying|looking|cancel+ing|returning|exchanging|changing|complaining)|no need to)\b[^,.;!?]{0,60})[,.;!?]\s*"
    r"(?:but |instead )?(?P<wish_en>(?:just |only )?(?:i (?:just |only )?(?:want|need|wanna|would like)|i'd like|want|wanna|please|can you|could you)\b.+)$",
    re.IGNORECASE | re.DOTALL,
)
# Nothing but "don't do that": no other word may stand in the message.
_ONLY_NOT_ZH = re.compile(
    r"(?:请|麻烦|求求?|你们?|我|千万|可|先|等等|等一下|[,，\s])*"
    r"(?:别|不要|不想|不用|不需要|不打算|没想|没有?要|没说要|没让你们?|不是要|不是想|勿)(?:再|给我|帮我|急着)?"
    r"(?:把|将)?(?:我的?|这个?|那个?)?(?:订单|单子?|order)?(?:给)?"
    r"\s*(?:取消|撤单|撤掉|退货退款|退货|退款|退掉|换货|换掉|cancel|return|refund)\s*"
    r"(?:掉|我们?的?|这个?|那个?)*\s*(?:订单|单子?|东西|order)?(?:了|啊|呀|哦|哈|吧|嘛|谢谢|[\s,，。.!！~～])*",
    re.IGNORECASE,
)
_ONLY_NOT_EN = re.compile(
    r"(?:(?:please|pls|no|hey|wait|ok|okay|oh)[,.!\s]+)*"
    r"(?:(?:i )?(?:do not|don[’']?t)(?: (?:want|wanna|need|mean|wish))?(?: you)?(?: to)?|no need to|i(?:[’']m| am) not)"
    r" (?:cancel|cancell?ing|return|returning|exchange|exchanging|refund|refunding)"
    r"(?: (?:my|the|this|that|it|me|order|parcel|package|item|items|anything|please|pls|yet|thanks))*[\s.!]*",
    re.IGNORECASE,
)
_CODE = re.compile(r"\d{3}")
_BETWEEN_ORDERS = re.compile(r"[,，;；。.]\s*|\s+and\s+|然后|然後|再把", re.IGNORECASE)


def parts_of(text: str) -> list[str]:
    """Return the parts that may be requests of their own, in order; one part when there is no sign of more.

    Signs are a word such as "also" or 另外, a question mark with more text after it, and two order numbers
    with a comma or an "and" between them. More than four parts are a story, not a list: they stay together.
    """
    pieces = [text]
    for boundary in (_ANNOUNCED, _AFTER_QUESTION):
        pieces = [piece for whole in pieces for piece in boundary.split(whole)]
    pieces = [pieces[0], *(_FILLER.sub("", piece) for piece in pieces[1:])]
    pieces = [piece.strip() for whole in pieces for piece in _by_orders(whole)]
    pieces = [piece for piece in pieces if sum(map(str.isalnum, piece)) >= _SHORTEST]
    return pieces if 1 < len(pieces) <= _MOST_PARTS else [text]


def wish_of(text: str) -> str:
    """Return what is wished for where a message says what is not: "不是要退货，是想换" is 想换.

    Where nothing else is said it is a "never mind": "别取消我的订单" cancels nothing and asks for nothing.
    Any other message comes back as it is, also where what is not wished for holds a number.
    """
    stripped = text.strip()
    if _ONLY_NOT_ZH.fullmatch(stripped):
        return "算了"
    if _ONLY_NOT_EN.fullmatch(stripped):
        return "never mind"
    found = _NOT_BUT.match(stripped)
    if found is None:
        return text
    refused = found["not"] or found["not_en"]
    return text if _CODE.search(refused) else (found["wish"] or found["wish_en"])


def _by_orders(text: str) -> list[str]:
    """Split before the part with the second order number, if there are just two different ones."""
    orders = list(_ORDER.finditer(text))
    if len({re.sub(r"\D", "", order.group()) for order in orders}) != 2:
        return [text]
    boundary = _BETWEEN_ORDERS.search(text, orders[0].end(), orders[1].start())
    after = sum(map(str.isalnum, text[orders[1].end() :]))
    if boundary is None or (boundary.end() == orders[1].start() and after < _SHORTEST):
        return [text]  # a mere list: "SO1, SO2"
    return [text[: boundary.start()], text[boundary.end() :]]
