"""Only WeChat gets in: signature, time, nonce, encryption, XML."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from connectors.wechat.crypto import CryptoError, MessageCipher, signature, signed
from connectors.wechat.envelope import Envelopes, ForgedError, UnreadableError
from connectors.wechat.xml import XmlError, read_xml, write_xml
from tests.connectors.harness import RunningApp, running_app
from tests.connectors.wechat.conftest import account
from tests.connectors.wechat.fake import (
    AES_KEY,
    APP_ID,
    OTHER_AES_KEY,
    PATH,
    TOKEN,
    FakeWeChat,
    _encrypt,
    _sign,
)

# Encrypted and signed once with the library wechatpy 1.8.18, by none of our code.
FOREIGN = (
    "LpP5ajl0kfNd3hr4DUjd9M40DrNKjOJbJmQpK3JYMnT3PbbnAbiTIQH5uCq9vUIPoCTLSqrr4o/HRirkYJw7SxXCwY0K"
    "C7JAkvlzSLixmMYxnTrEJI6swIEk1CN7vsyZh2f5iei9jBmpR+AapBu7rhTQhQV20sSb4kNrRPF+8Zs="
)
FOREIGN_SIGNATURE = "be8ce8db2989d010bbf7fdc9841225f1871a1f22"


def test_a_message_that_another_library_encrypted_is_read() -> None:
    message = read_xml(MessageCipher(AES_KEY, APP_ID).decrypt(FOREIGN))
    assert message == {"MsgType": "text", "Content": "你好👋"}
    assert signed(FOREIGN_SIGNATURE, "spamtest", "1409735669", "1320562132", FOREIGN)


@pytest.mark.parametrize("text", ["", "好", "x" * 31, "x" * 32, "长" * 3000, "]]>&<👨‍👩‍👧"])
def test_what_is_encrypted_is_read_again(text: str) -> None:
    cipher = MessageCipher(AES_KEY, APP_ID)
    assert cipher.decrypt(cipher.encrypt(text)).decode() == text


@pytest.mark.parametrize("encrypted", ["", "!", "AAAA", FOREIGN[:-8], FOREIGN[4:] + "AAAA"])
def test_a_broken_message_is_an_error_and_never_text(encrypted: str) -> None:
    with pytest.raises(CryptoError):
        MessageCipher(AES_KEY, APP_ID).decrypt(encrypted)


def test_a_message_for_another_account_is_refused() -> None:
    with pytest.raises(CryptoError, match="AppID"):
        MessageCipher(AES_KEY, "wx0000000000000000").decrypt(FOREIGN)


def test_a_wrong_key_in_the_settings_is_named() -> None:
    with pytest.raises(ValueError, match="YINGDA_WECHAT_AES_KEY"):
        MessageCipher("short", APP_ID)


@pytest.mark.parametrize(
    "xml",
    [
        b'<!DOCTYPE xml [<!ENTITY a "aaaa">]><xml><Content>&a;</Content></xml>',
        b'<!DOCTYPE xml SYSTEM "file:///etc/passwd"><xml/>',
        b"<xml><Content>", b"", b"\xff\xfe", b"{}", b"<html></html>",
    ],
)  # fmt: skip
def test_xml_with_entities_or_of_another_kind_is_refused(xml: bytes) -> None:
    with pytest.raises(XmlError):
        read_xml(xml)


def test_text_that_ends_a_cdata_section_stays_text() -> None:
    text = "a]]>b</Content><Content>c\x00\x0b&amp;"
    assert read_xml(write_xml({"Content": text}).encode()) == {
        "Content": "a]]>b</Content><Content>c&amp;"
    }


def _query(timestamp: int, nonce: str = "7") -> dict[str, str]:
    sign = signature(TOKEN, str(timestamp), nonce)
    return {"timestamp": str(timestamp), "nonce": nonce, "signature": sign}


def test_an_old_or_future_request_is_refused() -> None:
    envelopes = Envelopes(TOKEN, [], clock=lambda: 1_000_000)
    envelopes.check(_query(1_000_000 - 299, "1"))
    envelopes.check(_query(1_000_000 + 299, "2"))
    for off in (-301, 301):
        with pytest.raises(ForgedError, match="timestamp"):
            envelopes.check(_query(1_000_000 + off))


def test_an_address_that_was_seen_once_is_worthless_for_another_body() -> None:
    envelopes = Envelopes(TOKEN, [], clock=lambda: 1_000_000)
    envelopes.check(_query(1_000_000), b"first")
    envelopes.check(_query(1_000_000), b"first")  # WeChat's own repetition
    with pytest.raises(ForgedError, match="nonce"):
        envelopes.check(_query(1_000_000), b"second")


@pytest.mark.parametrize(
    "change",
    [{"signature": "0" * 40}, {"signature": ""}, {"signature": "签名"}, {"nonce": "8"}, {"timestamp": "x"}],
)  # fmt: skip
def test_a_wrong_signature_is_refused(change: dict[str, str]) -> None:
    with pytest.raises(ForgedError):
        Envelopes(TOKEN, [], clock=lambda: 1_000_000).check(_query(1_000_000) | change)


async def test_the_server_configuration_is_verified(wechat: FakeWeChat, app: RunningApp) -> None:
    stamp = str(int(time.time()))
    query = {"timestamp": stamp, "nonce": "1", "echostr": "93847<b>"}
    query["signature"] = _sign(TOKEN, stamp, "1")
    answer = await app.http.get(PATH, params=query)
    assert (answer.status_code, answer.text) == (200, "93847<b>")
    assert answer.headers["content-type"].startswith("text/plain")
    refused = await app.http.get(PATH, params=query | {"signature": "0" * 40})
    assert (refused.status_code, refused.text) == (403, "")


async def test_with_a_key_nothing_plain_and_nothing_badly_signed_gets_in(
    wechat: FakeWeChat, root: Path, tmp_path: Path
) -> None:
    chosen = {**account(wechat), "wechat_aes_key": AES_KEY}
    async with running_app(root, tmp_path, **chosen) as app:
        wechat.http = app.http
        message = wechat.message("oLi", MsgType="text", Content="你好")
        assert (await wechat.post(*wechat.sealed(message))).status_code == 403  # plain
        wechat.aes_key = AES_KEY
        query, body = wechat.sealed(message)
        forged = await wechat.post(query | {"msg_signature": "0" * 40}, body)
        assert forged.status_code == 403
        query, body = wechat.sealed(message)
        other = body.replace(b"<Encrypt>", b"<Encrypt>AAAA")
        assert (await wechat.post(query, other)).status_code == 403
        wechat.aes_key = OTHER_AES_KEY  # neither the current key nor the one before
        assert (await wechat.post(*wechat.sealed(message))).status_code == 400
        assert app.dialogue.seen == []
        assert await app.messages() == []


async def test_while_the_key_changes_both_are_read_and_answered_with_their_own(
    wechat: FakeWeChat, root: Path, tmp_path: Path
) -> None:
    keys = {"wechat_aes_key": OTHER_AES_KEY, "wechat_aes_key_previous": AES_KEY}
    async with running_app(root, tmp_path, **account(wechat), **keys) as app:
        wechat.http = app.http
        for key in (AES_KEY, OTHER_AES_KEY):
            wechat.aes_key = key
            assert await wechat.say("oLi", f"你好 {key[:1]}") == f"re 你好 {key[:1]}"


async def test_a_message_encrypted_for_another_account_is_not_read(
    wechat: FakeWeChat, root: Path, tmp_path: Path
) -> None:
    chosen = {**account(wechat), "wechat_aes_key": AES_KEY}
    async with running_app(root, tmp_path, **chosen) as app:
        wechat.http = app.http
        encrypted = _encrypt(AES_KEY, "<xml><MsgType>text</MsgType></xml>", "wx0000000000000000")
        stamp = str(int(time.time()))
        query = {
            "timestamp": stamp, "nonce": "5", "signature": _sign(TOKEN, stamp, "5"),
            "encrypt_type": "aes", "msg_signature": _sign(TOKEN, stamp, "5", encrypted),
        }  # fmt: skip
        body = f"<xml><Encrypt>{encrypted}</Encrypt></xml>".encode()
        assert (await wechat.post(query, body)).status_code == 400


def test_an_encrypted_message_without_a_key_says_which_setting_is_missing() -> None:
    with pytest.raises(UnreadableError, match="YINGDA_WECHAT_AES_KEY"):
        Envelopes(TOKEN, []).open({}, b"<xml><Encrypt>x</Encrypt></xml>")
