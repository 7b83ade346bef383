"""Customers' numbers and addresses are nobody's business outside the desk."""

from __future__ import annotations

import re

# Order numbers, phones, tracking numbers, codes: any run of four digits or more, with what stands before it.
_NUMBER = re.compile(r"[A-Za-z]{0,4}\d(?:[\d\- ]{2,}\d)")
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")


def masked(text: str) -> str:
    """Return ``text`` without numbers of four digits and more and without mail addresses."""
    return _NUMBER.sub("####", _EMAIL.sub("@@", text))
