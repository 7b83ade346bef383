"""The signature of order events: who does not know the key can neither send nor repeat one.

``X-Yingda-Timestamp`` holds the seconds since 1970, ``X-Yingda-Signature`` holds ``sha256=`` and the
hexadecimal HMAC-SHA256, keyed with the shared key, over the timestamp, a full stop and the body as
sent. The time is signed too and may be five minutes off, so a recorded request is worthless soon
after; within that time the event's id keeps it from counting twice.
"""

from __future__ import annotations

import hmac
from hashlib import sha256

TIMESTAMP = "X-Yingda-Timestamp"
SIGNATURE = "X-Yingda-Signature"
TOLERANCE_S = 300
_SCHEME = "sha256="


class SignatureError(Exception):
    """A request is not signed as it should be; ``code`` is for programs, the text for people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def sign(key: str, timestamp: int, body: bytes) -> str:
    """Return the signature of a body sent at ``timestamp`` (seconds since 1970)."""
    signed = f"{timestamp}.".encode() + body
    return _SCHEME + hmac.new(key.encode(), signed, sha256).hexdigest()


def check(
    key: str, timestamp: str | None, signature: str | None, body: bytes, now_s: float
) -> None:
    """Accept a signed body.

    Raises:
        SignatureError: a header is missing or malformed, the time is off, the signature is wrong.
    """
    if not timestamp or not signature:
        raise SignatureError(
            "not_signed", f"expected the headers {TIMESTAMP} and {SIGNATURE}; see the README"
        )
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) < 13):
        raise SignatureError(
            "bad_timestamp", f"expected {TIMESTAMP} in whole seconds since 1970, got {timestamp!r}"
        )
    if not hmac.compare_digest(sign(key, int(timestamp), body).encode(), signature.encode()):
        raise SignatureError(
            "bad_signature", "expected HMAC-SHA256 over timestamp, full stop and body, with our key"
        )
    off_s = now_s - int(timestamp)
    if abs(off_s) > TOLERANCE_S:
        raise SignatureError(
            "stale", f"expected a time within {TOLERANCE_S} s of ours, got one {off_s:.0f} s off"
        )
