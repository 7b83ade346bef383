"""Reading what an invoice needs out of a message: title, tax number, e-mail."""

from __future__ import annotations

import re

from bot.orders.claims.model import PERSONAL

_EMAIL = re.compile(r"(?<![\w.+-])[A-Za-z0-9][\w.+-]*@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+(?![\w-])")
# 统一社会信用代码 (GB 32100-2015): 18 letters and digits without I, O, S, V, Z; before it 15 or 20 digits.
_CREDIT_CODE = re.compile(r"(?<![0-9A-Za-z])[0-9A-HJ-NPQRTUWXYa-hj-npqrtuwxy]{18}(?![0-9A-Za-z])")
_OLD_NUMBER = re.compile(r"(?<![0-9A-Za-z])(?:\d{20}|\d{15})(?![0-9A-Za-z])")
_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_LOOKS_LIKE_ONE = re.compile(
    r"(?<![0-9A-Za-z@.])(?=[0-9A-Za-z]*\d{4})[0-9A-Za-z]{12,22}(?![0-9A-Za-z@.])"
)
_PERSONAL = re.compile(
    r"个人|私人|本人|我自己|(?<![a-z])(?:personal|private person|individual|for myself|my own name)(?![a-z])",
    re.IGNORECASE,
)
_NAMED_ZH = re.compile(
    r"(?:发票抬头|抬头|公司名称?|单位名称?|开给|开票给)(?:就?写成?|是|为|用|开|叫|[:：\s])*(?!的)(?P<title>[A-Za-z][\w&.'’ -]{1,60}?(?=\s*$|\s*[,，。;；\u3400-\u9fff]|\s+\d)|[^\s,，。;；:：!！?？]{2,60})"
)
_NAMED_EN = re.compile(
    r"(?:(?i:invoice|receipt|bill)(?i:\s+(?:it|me|us|made out|please))?\s+(?i:to|for|in the name of|under)"
    r"|(?i:title|company(?: name)?)(?i:\s+is|\s*:)?|(?i:make it out to|made out to))\s+(?P<title>[A-Z][\w&.'’ -]{1,60}?)(?=[,;!?\n]|\.\s|\.?$| (?i:please|with|and|tax|e-?mail)\b)"
)
_LABELS = re.compile(
    r"发票|抬头|公司名称?|单位名称?|税号|纳税人识别号|信用代码|邮箱|邮件|电子邮箱|麻烦|谢谢|(?i:\b(?:tax (?:number|id|no\.?)|e-?mail(?: address)?|title|company name|please|thanks?|thank you)\b)"
)
_EDGES = re.compile(r"^(?:就?写成?|是|为|用|开给?|叫|给|改成|[:：\s-])+|[\s:：。.!！]+$")
_TITLE_CHARS = range(2, 61)


def email_in(text: str) -> str | None:
    """Return the first e-mail address in a text."""
    found = _EMAIL.search(text)
    return found[0] if found else None


def tax_number_in(text: str) -> str | None:
    """Return the first tax number in a text, in capital letters; a mistyped one is none."""
    for found in _CREDIT_CODE.finditer(text):
        if is_credit_code(number := found[0].upper()):
            return number
    old = _OLD_NUMBER.search(text)
    return old[0] if old else None


def is_credit_code(number: str) -> bool:
    """Tell whether the last of the 18 characters is the check character of the others (GB 32100-2015)."""
    total = sum(_ALPHABET.index(c) * pow(3, place, 31) for place, c in enumerate(number[:-1]))
    return _ALPHABET[(31 - total % 31) % 31] == number[-1]


def seems_a_tax_number(text: str) -> bool:
    """Tell whether a text has what is meant for a tax number, right or mistyped."""
    return _LOOKS_LIKE_ONE.search(text) is not None


def seems_an_email(text: str) -> bool:
    """Tell whether a text has what is meant for an e-mail address, whole or not."""
    return "@" in text


def title_in(text: str, *, asked: bool) -> str | None:
    """Return in whose name an invoice is.

    Args:
        asked: the customer was asked for it, so what is no address and no number is the title.
    """
    named = _NAMED_ZH.search(text) or _NAMED_EN.search(text)
    if named:
        title = _EDGES.sub("", named["title"])
        if _PERSONAL.fullmatch(title):
            return PERSONAL
        return title if len(title) in _TITLE_CHARS else None
    if _PERSONAL.search(text):
        return PERSONAL
    if not asked:
        return None
    rest = _LABELS.sub(" ", _LOOKS_LIKE_ONE.sub(" ", _EMAIL.sub(" ", text)))
    pieces = (_EDGES.sub("", piece) for piece in re.split(r"[,，;；\n]+", rest))
    return next((piece.strip() for piece in pieces if len(piece.strip()) in _TITLE_CHARS), None)
