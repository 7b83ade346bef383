"""Which language a message is in, and the normal form the engine reads.

Runs in the engine (Python 3.10) and in the app alike, so it imports nothing else of Yingda.
The language is decided for every message anew and never locked: a customer who switches is
answered in the language of the message just sent.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Iterable
from typing import Literal

import opencc

Language = Literal["zh", "en"]
MessageLanguage = Literal["zh", "en", "mixed"]

_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0002fa1f]")
_LATIN_WORD = re.compile(r"[a-z]+(?:'[a-z]+)?", re.IGNORECASE)
# Codes carry no language: order and tracking numbers, model names (iPhone15, X200), addresses of the web.
_CODE = re.compile(
    r"https?://[!-~]+|[\w.+-]+@[a-z0-9.-]+|[a-z]*\d[a-z0-9-]*", re.IGNORECASE | re.ASCII
)
# Words that Chinese customers type as they are; alone they do not say which language is spoken.
_NEUTRAL = frozenset(
    [
        "ok",
        "okay",
        "app",
        "cod",
        "vip",
        "pvc",
        "usb",
        "wifi",
        "sf",
        "zto",
        "ems",
        "iphone",
        "ipad",
        "macbook",
        "airpods",
        "huawei",
        "xiaomi",
        "oppo",
        "vivo",
        "samsung",
        "apple",
        "android",
        "ios",
        "qq",
        "wechat",
        "alipay",
        "visa",
        "mastercard",
        "emoji",
        "led",
        "tv",
        "pc",
        "hdmi",
        "xl",
        "xxl",
        "s",
        "m",
        "l",
        "hk",
        "cny",
        "rmb",
        "id",
        "sku",
        "pdf",
        "lol",
        "haha",
        "hahaha",
        "emm",
        "emmm",
        "em",
        "hmm",
        "uh",
        "um",
        "ah",
        "oh",
        "yingda",
    ]
)
# One Han character carries about as much as two thirds of an English word.
_HAN_PER_WORD = 1.5


def detect(text: str) -> MessageLanguage | None:
    """Return the language of one message: ``zh``, ``en``, ``mixed``, or ``None`` when it has none.

    ``None`` means that nothing in the text speaks for a language: "ok", "123456", an order number,
    emoji. Text in any other script counts as ``None`` too.
    """
    han, words = _weigh(text)
    if han and words:
        return "mixed"
    if han:
        return "zh"
    return "en" if words else None


def reply_language(text: str) -> Language | None:
    """Return the language to answer ``text`` in; a mixed message is answered in its larger part."""
    han, words = _weigh(text)
    if not han and not words:
        return None
    return "zh" if han / _HAN_PER_WORD >= words else "en"


def conversation_language(latest_first: Iterable[str], default: Language = "zh") -> Language:
    """Return the language to answer in, given the customer's texts from the newest to the oldest.

    The newest text that has a language decides; ``default`` answers when none has.
    """
    return next(filter(None, map(reply_language, latest_first)), default)


def normalise(text: str) -> str:
    """Return ``text`` as the engine and the index read it; what people see is never changed.

    Full-width forms become half-width (NFKC), traditional characters simplified (OpenCC ``t2s``),
    emoji modifiers, zero-width and control characters go, and runs of white space become one space.
    """
    text = unicodedata.normalize("NFKC", text)
    text = "".join(c for c in text if c.isspace() or unicodedata.category(c) not in _DROPPED)
    return re.sub(r"\s+", " ", _to_simplified().convert(text)).strip()


# Control, format (zero-width), surrogate, private and unassigned characters, and combining marks left over.
_DROPPED = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Mn", "Me"})


def _weigh(text: str) -> tuple[int, int]:
    """Return (Han characters, Latin words that speak for English)."""
    text = _CODE.sub(" ", unicodedata.normalize("NFKC", text))
    words = (w.lower() for w in _LATIN_WORD.findall(text))
    return len(_HAN.findall(text)), sum(w not in _NEUTRAL for w in words)


@functools.cache
def _to_simplified() -> opencc.OpenCC:
    return opencc.OpenCC("t2s")
