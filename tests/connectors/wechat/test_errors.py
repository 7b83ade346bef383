"""WeChat's error codes: each does what its documentation asks for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.conversations.model import Author, Body, State
from bot.conversations.outbox import Delivery, DeliveryError, Refused, RetryAfter
from bot.conversations.transcript import Entry
from bot.storage.engine import Database
from connectors.wechat.api import WeChatApi, WeChatError
from connectors.wechat.errors import translate
from tests.connectors.harness import RunningApp, running_app, until
from tests.connectors.wechat.conftest import account
from tests.connectors.wechat.fake import APP_ID, SECRET, FakeWeChat, Shown


def _delivery(age: timedelta = timedelta()) -> Delivery:
    entry = Entry(1, Author.BOT, Body("x"), datetime.now(UTC) - age, None)

    async def nothing(*_: object) -> None:
        return None

    return Delivery("c", "oLi", State.BOT, entry, None, 0, nothing, nothing)


async def _too_late(wechat: FakeWeChat, app: RunningApp) -> None:
    """Ask something whose answer is not there in time."""
    app.dialogue.go.clear()
    assert await wechat.say("oLi", "held") is None
    app.dialogue.go.set()


@pytest.mark.parametrize(
    ("code", "kind", "at_least_s", "at_most_s"),
    [
        (45015, RetryAfter, 47 * 3600, 48 * 3600 + 1),
        (45047, RetryAfter, 47 * 3600, 48 * 3600 + 1),
        (45009, RetryAfter, 0, 1800),
        (45011, RetryAfter, 60, 60),
        (40164, RetryAfter, 60, 60),
    ],
)
def test_a_code_that_passes_is_waited_for(
    code: int, kind: type[DeliveryError], at_least_s: float, at_most_s: float
) -> None:
    error = translate(WeChatError(code, ""), _delivery(timedelta(minutes=1)))
    assert isinstance(error, RetryAfter)
    assert at_least_s <= error.seconds <= at_most_s


@pytest.mark.parametrize("code", [40003, 43004, 45002])
def test_a_code_that_never_passes_is_final(code: int) -> None:
    assert isinstance(translate(WeChatError(code, ""), _delivery()), Refused)


@pytest.mark.parametrize("code", [-1, None, 40097])
def test_any_other_failure_is_tried_again_with_growing_pauses(code: int | None) -> None:
    error = translate(WeChatError(code, ""), _delivery())
    assert type(error) is DeliveryError


async def test_an_expired_or_replaced_token_is_renewed_and_the_message_arrives_at_once(
    wechat: FakeWeChat, app: RunningApp, quick: None
) -> None:
    await _too_late(wechat, app)
    await until(lambda: len(wechat.shown) == 1)
    wechat.expire_tokens()  # 42001
    await _too_late(wechat, app)
    await until(lambda: len(wechat.shown) == 2)
    assert [call["force_refresh"] for call in wechat.token_calls] == [False, True]
    wechat.faults.append(40001)
    await _too_late(wechat, app)
    await until(lambda: len(wechat.shown) == 3)
    # A second force within 30 s would have no effect and count against the 20 of the day.
    assert [call["force_refresh"] for call in wechat.token_calls] == [False, True, False]


@pytest.mark.parametrize("fault", ["500", "reset", -1])
async def test_an_outage_delays_the_answer_and_doubles_nothing(
    wechat: FakeWeChat, app: RunningApp, quick: None, fault: int | str
) -> None:
    wechat.faults.append(fault)
    await _too_late(wechat, app)
    await until(lambda: wechat.shown == [Shown("oLi", "re held", "service")])


async def test_one_token_serves_all_processes_and_outlives_them(
    wechat: FakeWeChat, root: Path, tmp_path: Path, quick: None
) -> None:
    for number in (1, 2):
        async with running_app(root, tmp_path, **account(wechat)) as app:
            wechat.http = app.http
            await _too_late(wechat, app)
            await until(lambda n=number: len(wechat.shown) == n)  # type: ignore[misc]
    assert len(wechat.token_calls) == 1


async def test_a_token_is_renewed_before_it_ends(wechat: FakeWeChat, database: Database) -> None:
    wechat.customers["oLi"].grants = [(float("inf"), 9)]
    api = WeChatApi(wechat.url, APP_ID, SECRET, database)
    message = {"touser": "oLi", "msgtype": "text", "text": {"content": "好"}}
    await api.post("/cgi-bin/message/custom/send", message)
    assert api._token is not None
    almost = datetime.now(UTC) + timedelta(minutes=4)
    api._token = (api._token[0], almost)
    async with database.write() as session:
        from bot.storage.channels import ChannelStateRow

        (await session.get_one(ChannelStateRow, f"wechat.token.{APP_ID}")).expires_at = almost
    wechat._tokens = {token: until_ - 7000 for token, until_ in wechat._tokens.items()}
    await api.post("/cgi-bin/message/custom/send", message)
    await api.close()
    assert [call["force_refresh"] for call in wechat.token_calls] == [False, False]
    assert len(wechat._tokens) == 2


async def test_no_error_names_the_secret_or_the_token(
    wechat: FakeWeChat, database: Database
) -> None:
    api = WeChatApi("http://127.0.0.1:9", APP_ID, SECRET, database)
    with pytest.raises(WeChatError) as caught:
        await api.post("/cgi-bin/message/custom/send", {})
    await api.close()
    assert SECRET not in repr(caught.getrepr(chain=True))
    assert caught.value.__cause__ is None


async def test_somebody_who_no_longer_follows_costs_one_try(
    wechat: FakeWeChat, app: RunningApp, quick: None
) -> None:
    await wechat.say("oLi", "held")
    await wechat.deliver(wechat.event("oLi", "unsubscribe"))
    app.dialogue.go.set()
    await app.until_out(lambda row: row.error is not None)
    assert wechat.texts("oLi") == []
    assert wechat.token_calls == []  # it was not even tried
