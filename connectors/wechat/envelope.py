"""From a callback's request to its message: signature, time, replay, decryption; and the way back."""

from __future__ import annotations

import hashlib
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from connectors.wechat.crypto import (
    CryptoError,
    MessageCipher,
    in_time,
    opened,
    signature,
    signed,
)
from connectors.wechat.xml import XmlError, read_xml, write_xml

_NONCES_REMEMBERED = 50_000


class ForgedError(Exception):
    """A request that WeChat did not send to us now."""


class UnreadableError(Exception):
    """A request of WeChat that we can't read."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A callback's message by element name, and how its answer is put into an envelope."""

    message: dict[str, str]
    seal: Callable[[str], str]


class Envelopes:
    """Opens callbacks in plain, compatible and safe mode.

    With a key every message must be encrypted (compatible and safe mode both do); without one the
    plain fields are read (plain and compatible mode).

    Args:
        token: signs callbacks.
        ciphers: of the current key and, while WeChat changes over, the one before it.
    """

    def __init__(
        self, token: str, ciphers: list[MessageCipher], clock: Callable[[], float] = time.time
    ) -> None:
        self._token = token
        self._ciphers = ciphers
        self._clock = clock
        self._seen: OrderedDict[tuple[str, str], bytes] = OrderedDict()

    def check(self, query: Mapping[str, str], body: bytes = b"") -> None:
        """Check the signature over the query, the time, and that the nonce was not used for another body.

        The plain signature does not cover the body, so whoever once saw an address could send
        another body to it. A repeated delivery has the same body and passes.

        Raises:
            ForgedError: when one of them is wrong.
        """
        timestamp, nonce = query.get("timestamp", ""), query.get("nonce", "")
        if not signed(query.get("signature", ""), self._token, timestamp, nonce):
            raise ForgedError("signature")
        if not in_time(timestamp, self._clock()):
            raise ForgedError("timestamp")
        digest = hashlib.sha256(body).digest()
        if self._seen.setdefault((timestamp, nonce), digest) != digest:
            raise ForgedError("nonce")
        while len(self._seen) > _NONCES_REMEMBERED:
            self._seen.popitem(last=False)

    def open(self, query: Mapping[str, str], body: bytes) -> Letter:
        """Return the message of a callback that ``check`` let pass.

        Raises:
            ForgedError: when the signature over the encrypted message is wrong, or it is not encrypted
                although we have a key.
            UnreadableError: when it is not XML, or encrypted with another key.
        """
        try:
            outer = read_xml(body)
            if not self._ciphers:
                if "MsgType" not in outer:
                    raise UnreadableError("encrypted, but YINGDA_WECHAT_AES_KEY is not set")
                return Letter(outer, lambda answer: answer)
            encrypted = outer.get("Encrypt", "")
            if not encrypted or query.get("encrypt_type") != "aes":
                raise ForgedError("plain")
            timestamp, nonce = query["timestamp"], query["nonce"]
            if not signed(query.get("msg_signature", ""), self._token, timestamp, nonce, encrypted):
                raise ForgedError("signature")
            return self._decrypt(encrypted)
        except XmlError as error:
            raise UnreadableError(str(error)) from error

    def _decrypt(self, encrypted: str) -> Letter:
        try:
            cipher, message = opened(self._ciphers, encrypted)
        except CryptoError as error:
            raise UnreadableError(
                "encrypted with another key than YINGDA_WECHAT_AES_KEY"
            ) from error
        # WeChat reads an answer with the key that it encrypted the question with.
        return Letter(read_xml(message), lambda answer: self._seal(cipher, answer))

    def _seal(self, cipher: MessageCipher, answer: str) -> str:
        timestamp, nonce = int(self._clock()), secrets.token_hex(8)
        encrypted = cipher.encrypt(answer)
        return write_xml(
            {
                "Encrypt": encrypted,
                "MsgSignature": signature(self._token, str(timestamp), nonce, encrypted),
                "TimeStamp": timestamp,
                "Nonce": nonce,
            }
        )
