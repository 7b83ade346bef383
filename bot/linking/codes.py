"""Link codes: how they look, how they are made, how they are shown.

``YD-7K3M-Q9XP``: eight of 31 characters that are not taken for one another (no 0 O, 1 I L), 8.5e11 codes.
A code is derived from a random number, which is stored, and the installation's own key, which is not in
the database; it is found again by a keyed hash. So nothing at rest holds it, neither the table nor the
transcript: a stored message has ``Body.link_code``, and dots where the code is shown.
"""

from __future__ import annotations

import hmac
import re
import secrets
import unicodedata
from dataclasses import dataclass, replace
from hashlib import sha256

from bot.conversations.model import Body, Link

_ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
_DOTS = "••••••••"
HIDDEN = "YD-••••-••••"
# In a deep link of Telegram, whose payloads are letters, digits, _ and - (core.telegram.org/bots/features).
HIDDEN_IN_LINK = f"link_{_DOTS}"
_CODE = re.compile(
    rf"(?<![A-Z0-9])YD\s?[-_–—]?\s?([{_ALPHABET}]{{4}})\s?[-_–—]?\s?([{_ALPHABET}]{{4}})(?![A-Z0-9])"
)


def read_code(text: str) -> str | None:
    """Return the code that a message holds, without its dashes; ``None`` if there is none."""
    found = _CODE.search(unicodedata.normalize("NFKC", text).upper())
    return found[1] + found[2] if found else None


def without_code(text: str) -> str:
    """Return a message without its code, which is no word of any language."""
    return _CODE.sub(" ", unicodedata.normalize("NFKC", text).upper()) if read_code(text) else text


def written(code: str) -> str:
    """Return a code as customers see it."""
    return f"YD-{code[:4]}-{code[4:]}"


@dataclass(frozen=True, slots=True)
class LinkCodes:
    """Makes codes.

    Args:
        key: the installation's own secret; changing it makes the codes that are out worthless.
    """

    key: str

    def new(self) -> str:
        """Return the random number of a new code."""
        return secrets.token_hex(16)

    def code_of(self, nonce: str) -> str:
        """Return the code of a random number."""
        number = int.from_bytes(self._keyed(f"link code:{nonce}"))
        letters = []
        for _ in _DOTS:
            number, letter = divmod(number, len(_ALPHABET))
            letters.append(_ALPHABET[letter])
        return "".join(letters)

    def hash_of(self, code: str) -> str:
        """Return what a code is found by."""
        return self._keyed(f"link hash:{code}").hex()

    def reveal(self, body: Body) -> Body:
        """Return a message as its customer gets it: with the code in the place of the dots."""
        if body.link_code is None:
            return body
        code = self.code_of(body.link_code)
        link = body.link
        if link is not None:
            link = Link(link.url.replace(_DOTS, code), link.title)
        return replace(
            body, text=body.text.replace(HIDDEN, written(code)), link=link, link_code=None
        )

    def _keyed(self, text: str) -> bytes:
        return hmac.new(self.key.encode(), text.encode(), sha256).digest()
