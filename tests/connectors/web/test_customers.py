"""The widget's customers: signed in by the shop's page, known by the address they write from."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
from pydantic import SecretStr
from sqlalchemy import select

from bot.orders.identity import Identity, IdentityPolicy
from bot.storage.cod import ContactRow
from bot.storage.conversations import ConversationRow
from tests.connectors.harness import RunningApp, running_app, until
from tests.connectors.web.line import Line, Lines

_KEY = "the key that the shop's page signs with"
_SETTINGS = {"customer_token_key": SecretStr(_KEY)}


def _token(customer: str, minutes: int = 5, key: str = _KEY) -> str:
    until = datetime.now(UTC) + timedelta(minutes=minutes)
    return jwt.encode({"sub": customer, "aud": "yingda", "exp": until}, key, "HS256")


async def _hello(lines: Lines, session: str | None, token: str | None) -> tuple[Line, Any]:
    hello = {"lang": "zh", "session": session, "customer_token": token}
    line = await lines.connect({key: value for key, value in hello.items() if value})
    await until(lambda: bool(line.got("ready")))
    return line, line.got("ready")[0]


async def _signed_in(app: RunningApp, root: Path) -> dict[str, str | None]:
    """Return who is signed in, by the last word that was said in a conversation."""
    identity = Identity(app.database, IdentityPolicy.load(root / "data/policy/identity.yml"), _KEY)
    return {
        str(row.body["text"]): await identity.customer_of(row.conversation_id, datetime.now(UTC))
        for row in await app.messages("in")
    }


async def test_a_token_of_the_page_signs_its_customer_in_and_out(
    root: Path, tmp_path: Path
) -> None:
    async with running_app(root, tmp_path, **_SETTINGS) as app:
        lines = Lines(app.socket)
        line, ready = await _hello(lines, None, _token("c-42"))
        session = ready["session"]
        assert ready["token_error"] is None
        await line.emit("say", {"client_id": "message-1", "text": "我的订单"})
        await until(lambda: len(app.dialogue.seen) == 1)
        assert await _signed_in(app, root) == {"我的订单": "c-42"}

        # A connection that comes back after the token is over changes nothing,
        await line.cut()
        line, ready = await _hello(lines, session, _token("c-42", minutes=-5))
        assert (ready["session"], "still good" in ready["token_error"]) == (session, True)
        assert await _signed_in(app, root) == {"我的订单": "c-42"}
        # one that somebody made up neither,
        line, ready = await _hello(
            lines, session, _token("c-1", key="another key of 32 characters, or so")
        )
        assert (ready["session"], "signed by the shop" in ready["token_error"]) == (session, True)
        assert await _signed_in(app, root) == {"我的订单": "c-42"}
        # and a page without one signs out. The conversation stays.
        line, ready = await _hello(lines, session, None)
        assert ready["session"] == session
        assert [message["text"] for message in ready["messages"]][:1] == ["我的订单"]
        assert await _signed_in(app, root) == {"我的订单": None}


async def test_another_customer_at_the_same_browser_reads_nothing(
    root: Path, tmp_path: Path
) -> None:
    async with running_app(root, tmp_path, **_SETTINGS) as app:
        lines = Lines(app.socket)
        line, ready = await _hello(lines, None, _token("c-1"))
        await line.emit("say", {"client_id": "message-1", "text": "我的手机号"})
        await until(lambda: len(app.dialogue.seen) == 1)
        session = ready["session"]
        await _hello(lines, session, None)  # the first one signs out
        for token in (_token("c-2", minutes=-5), _token("c-2")):
            _, ready = await _hello(lines, session, token)
            assert ready["session"] != session
            assert ready["messages"] == []
        assert await _signed_in(app, root) == {"我的手机号": None}
        async with app.database.read() as rows:
            known = set(await rows.scalars(select(ContactRow.customer_id)))
        assert known == {"c-1", "c-2"}


async def test_without_a_key_no_token_signs_anybody_in(root: Path, tmp_path: Path) -> None:
    async with running_app(root, tmp_path) as app:
        _, ready = await _hello(Lines(app.socket), None, _token("c-42"))
        assert "YINGDA_CUSTOMER_TOKEN_KEY" in ready["token_error"]


async def test_the_address_of_a_visitor_is_kept_for_the_limits_of_tries(
    root: Path, tmp_path: Path
) -> None:
    async with running_app(root, tmp_path) as app:
        lines = Lines(app.socket)
        widget = await lines.connect({"lang": "zh"}, "203.0.113.7")
        await widget.emit("say", {"client_id": "message-1", "text": "6688"})
        webchat = await lines.connect(address="2001:db8::9")
        await webchat.emit("session_request", {})
        await until(lambda: bool(webchat.got("session_confirm")))
        session = webchat.got("session_confirm")[0]
        await webchat.emit("user_uttered", {"message": "6688", "session_id": session})
        await until(lambda: len(app.dialogue.seen) == 2)
        async with app.database.read() as rows:
            origins = set(await rows.scalars(select(ConversationRow.origin)))
        assert origins == {"203.0.113.7", "2001:db8::9"}
