"""WeChat's message encryption: AES-256-CBC with PKCS#7 padding to 32 bytes, and its signatures.

The plain text is 16 random bytes, the length in 4 bytes (network order), the message and the AppID;
the initialisation vector is the first half of the key ("消息加解密说明", developers.weixin.qq.com).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import re
import struct
from collections.abc import Iterable

from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from pydantic import SecretStr

_ENCODING_KEY = re.compile("[A-Za-z0-9]{43}")
_RANDOM_BYTES = 16
_LENGTH_BYTES = 4
_PADDED_TO_BITS = 32 * 8
_WINDOW_S = 300


class CryptoError(Exception):
    """A message that was not encrypted with our key for our account."""


def signature(*parts: str) -> str:
    """Return WeChat's signature over ``parts``: SHA-1 of their sorted concatenation, in hex."""
    # SHA-1 is the platform's choice.
    return hashlib.sha1("".join(sorted(parts)).encode(), usedforsecurity=False).hexdigest()


def signed(given: str, *parts: str) -> bool:
    """Tell, in constant time, whether ``given`` is the signature over ``parts``."""
    return hmac.compare_digest(given.encode(), signature(*parts).encode())


def in_time(timestamp: str, now: float) -> bool:
    """Tell whether a request's ``timestamp`` is of the last or next five minutes of ``now`` (Unix time).

    The platforms repeat a callback within seconds; clocks may be off by some minutes.
    """
    is_one = timestamp.isascii() and timestamp.isdigit()
    return is_one and abs(now - int(timestamp)) <= _WINDOW_S


class MessageCipher:
    """Encrypts and decrypts with one EncodingAESKey.

    Args:
        encoding_key: 43 characters of Base64.
        app_id: to whom messages must be addressed: an AppID, or WeCom's CorpID.

    Raises:
        ValueError: when the key is not one.
    """

    def __init__(self, encoding_key: str, app_id: str) -> None:
        if not _ENCODING_KEY.fullmatch(encoding_key):
            raise ValueError(
                f"expected an EncodingAESKey of 43 letters and digits, got {len(encoding_key)} "
                "characters; check YINGDA_WECHAT_AES_KEY or YINGDA_WECOM_AES_KEY, and …_PREVIOUS"
            )
        key = base64.b64decode(f"{encoding_key}=")
        self._cipher = Cipher(algorithms.AES(key), modes.CBC(key[:16]))
        self._app_id = app_id.encode()

    def encrypt(self, message: str) -> str:
        """Return ``message`` encrypted, in Base64."""
        content = message.encode()
        plain = os.urandom(_RANDOM_BYTES) + struct.pack("!I", len(content)) + content + self._app_id
        padder, encryptor = padding.PKCS7(_PADDED_TO_BITS).padder(), self._cipher.encryptor()
        padded = padder.update(plain) + padder.finalize()
        return base64.b64encode(encryptor.update(padded) + encryptor.finalize()).decode()

    def decrypt(self, encrypted: str) -> bytes:
        """Return the message.

        Raises:
            CryptoError: when key, padding, length or AppID do not fit.
        """
        try:
            unpadder, decryptor = (
                padding.PKCS7(_PADDED_TO_BITS).unpadder(),
                self._cipher.decryptor(),
            )
            padded = decryptor.update(base64.b64decode(encrypted, validate=True))
            plain = unpadder.update(padded + decryptor.finalize()) + unpadder.finalize()
            start = _RANDOM_BYTES + _LENGTH_BYTES
            (length,) = struct.unpack("!I", plain[_RANDOM_BYTES:start])
        except (ValueError, binascii.Error, struct.error) as error:
            raise CryptoError("expected a message encrypted with our key") from error
        if plain[start + length :] != self._app_id:
            raise CryptoError("expected a message for our AppID or CorpID")
        return plain[start : start + length]


def ciphers_of(keys: Iterable[SecretStr], app_id: str) -> list[MessageCipher]:
    """Return a cipher for each key that is set: the one in use, then the one before the last change."""
    return [MessageCipher(key.get_secret_value(), app_id) for key in keys if key.get_secret_value()]


def opened(ciphers: Iterable[MessageCipher], encrypted: str) -> tuple[MessageCipher, bytes]:
    """Return a message and the cipher that it was encrypted with.

    Raises:
        CryptoError: when it is none of them.
    """
    for cipher in ciphers:
        try:
            return cipher, cipher.decrypt(encrypted)
        except CryptoError:
            continue
    raise CryptoError("expected a message encrypted with one of our keys")
