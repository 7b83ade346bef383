"""Callback data of inline buttons: which button of which message, signed for one chat.

Telegram gives a button 1 to 64 bytes, and whoever writes their own client may send any bytes back.
So the data names a button (message and position) instead of carrying its payload, and a signature
binds it to the chat it was shown in.
"""

from __future__ import annotations

import base64
import hashlib
import hmac

_SIGNATURE_BYTES = 12
_FIELDS = 3


class ButtonSigner:
    """Makes and reads callback data.

    Args:
        key: the installation's session key; changing it makes all shown buttons expire.
    """

    def __init__(self, key: str) -> None:
        self._key = hashlib.sha256(f"telegram-button:{key}".encode()).digest()

    def sign(self, user: str, seq: int, index: int) -> str:
        """Return the callback data of button ``index`` of message ``seq`` in the chat of ``user``."""
        return f"{seq}.{index}.{self._signature(user, seq, index)}"

    def read(self, user: str, data: str) -> tuple[int, int] | None:
        """Return (seq, index) of a pressed button, or ``None`` when the data is not ours."""
        fields = data.split(".")
        if len(fields) != _FIELDS or not all(f.isascii() and f.isdigit() for f in fields[:2]):
            return None
        seq, index = int(fields[0]), int(fields[1])
        signed = self._signature(user, seq, index).encode()
        return (seq, index) if hmac.compare_digest(signed, fields[2].encode()) else None

    def _signature(self, user: str, seq: int, index: int) -> str:
        digest = hmac.digest(self._key, f"{user}|{seq}|{index}".encode(), "sha256")
        return base64.urlsafe_b64encode(digest[:_SIGNATURE_BYTES]).decode()
