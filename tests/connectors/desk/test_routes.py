"""The desk's HTTP interface: who may do what, from where, and what is left in the audit log."""

from __future__ import annotations

import asyncio
import csv
import io
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
import socketio
from sqlalchemy import select

from bot.accounts import throttle
from bot.clock import SHOP_ZONE
from bot.orders.book import SqlOrderBook
from bot.orders.cases import CaseKind
from bot.orders.people import call_customer
from bot.storage.accounts import AuditRow
from bot.storage.engine import Database
from tests.apps import read_phrases
from tests.desk.running import PASSWORD, DeskApp, real_knowledge


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DeskApp]:
    with DeskApp(tmp_path_factory.mktemp("desk"), real_knowledge()) as app:
        yield app


@pytest.fixture(scope="module")
def clients(app: DeskApp) -> Iterator[dict[str, httpx.Client]]:
    made = {login: app.client(login) for login in ("xiaochen", "grace", "zhuguan", "bianji")}
    made["nobody"] = app.client()
    yield made
    for client in made.values():
        client.close()


def _queued(app: DeskApp, client: httpx.Client) -> str:
    """Hand a new conversation off and return its id."""
    before = {row["id"] for row in client.get("/desk/api/conversations").json()}
    app.say(f"customer-{time.time_ns()}", "转人工")
    after = {row["id"] for row in client.get("/desk/api/conversations").json()}
    (found,) = after - before
    return str(found)


_EVERY_CALL = [
    ("GET", "catalogue"), ("GET", "conversations"), ("GET", "agents"),
    ("GET", "conversations/{id}"), ("GET", "conversations/{id}/suggestions"),
    ("POST", "conversations/{id}/take"), ("POST", "conversations/{id}/answer"),
    ("POST", "conversations/{id}/note"), ("POST", "conversations/{id}/pass-on"),
    ("POST", "conversations/{id}/give-back"), ("POST", "conversations/{id}/close"),
    ("POST", "conversations/{id}/seen"), ("POST", "conversations/{id}/snooze"),
    ("POST", "conversations/{id}/mark"), ("POST", "conversations/{id}/part"), ("POST", "files"), ("GET", "cases"),
    ("GET", "cases/count"), ("POST", "cases/{number}/close"),
]  # fmt: skip


def test_the_list_of_calls_is_complete(app: DeskApp) -> None:
    paths = app.client().get("/openapi.json").json()["paths"]
    known = {
        (method.upper(), path.removeprefix("/desk/api/").replace("{conversation_id}", "{id}"))
        for path, methods in paths.items()
        for method in methods
        if path.startswith("/desk/api/")
    }
    others = {
        ("GET", "report"),
        ("GET", "report.csv"),
        ("GET", "live"),
        ("POST", "assigns"),
        ("POST", "agents/{login}"),
    }
    assert known == {*_EVERY_CALL, *others}


def test_everybody_pauses_themselves_and_only_supervisors_direct(
    clients: dict[str, httpx.Client],
) -> None:
    chen, boss = clients["xiaochen"], clients["zhuguan"]
    assert chen.post("/desk/api/agents/xiaochen", json={"accepting": False}).status_code == 200
    assert chen.post("/desk/api/agents/grace", json={"accepting": False}).status_code == 403
    assert chen.post("/desk/api/agents/xiaochen", json={"capacity": 50}).status_code == 403
    assert chen.get("/desk/api/live").status_code == 403
    assert chen.post("/desk/api/assigns", json={"on": True}).status_code == 403
    assert boss.post("/desk/api/agents/xiaochen", json={"capacity": 2}).status_code == 200
    live = boss.get("/desk/api/live").json()
    (me,) = [agent for agent in live["agents"] if agent["login"] == "xiaochen"]
    assert (me["capacity"], me["accepting"]) == (2, False)
    assert boss.post("/desk/api/agents/bianji", json={"capacity": 2}).status_code == 404
    assert chen.post("/desk/api/agents/xiaochen", json={"accepting": True}).status_code == 200


def test_a_mark_is_kept_replaced_and_taken_back(
    app: DeskApp, clients: dict[str, httpx.Client]
) -> None:
    chen = clients["xiaochen"]
    url = f"/desk/api/conversations/{_queued(app, chen)}"

    def shown() -> str | None:
        line = next(line for line in chen.get(url).json()["lines"] if line["reading"])
        mark: str | None = line["reading"]["mark"]
        return mark

    assert shown() is None
    for kind in ("wrong", "missing", None):
        body = {"seq": 1, "kind": kind, "comment": "应该答运费"}
        assert chen.post(f"{url}/mark", json=body).status_code == 200
        assert shown() == kind
    assert chen.post(f"{url}/mark", json={"seq": 2, "kind": "wrong"}).status_code == 404


@pytest.mark.parametrize(("method", "path"), _EVERY_CALL)
def test_only_people_who_talk_to_customers_get_in(
    clients: dict[str, httpx.Client], method: str, path: str
) -> None:
    url = f"/desk/api/{path.format(id='0' * 32, number='CS' + '0' * 14)}"
    assert clients["nobody"].request(method, url, json={}).status_code == 401
    assert clients["bianji"].request(method, url, json={}).status_code == 403
    assert clients["xiaochen"].request(method, url, json={}).status_code not in (401, 403)


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "https://evil.example"},
        {"origin": "null"},
    ],
)
def test_another_site_can_change_nothing_with_an_agent_s_cookie(
    app: DeskApp, clients: dict[str, httpx.Client], headers: dict[str, str]
) -> None:
    conversation = _queued(app, clients["xiaochen"])
    cookie = {"cookie": f"yingda_session={clients['xiaochen'].cookies['yingda_session']}"}
    url = f"{app.url}/desk/api/conversations/{conversation}/take"
    assert httpx.post(url, headers={**cookie, **headers}).status_code == 403
    assert httpx.post(url, headers={**cookie, "origin": app.url}).status_code == 200


def test_the_cookie_is_closed_to_scripts_and_other_sites(app: DeskApp) -> None:
    answer = app.client().post("/account/sign-in", json={"login": "grace", "password": PASSWORD})
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert answer.json()["zone"] == SHOP_ZONE.key, "moments are shown by the shop's clock"


def test_a_foreign_page_may_not_read_with_credentials(
    app: DeskApp, clients: dict[str, httpx.Client]
) -> None:
    answer = clients["grace"].get("/desk/api/agents", headers={"origin": "https://evil.example"})
    assert "access-control-allow-credentials" not in answer.headers


def test_only_the_holder_or_a_supervisor_disposes_of_a_conversation(
    app: DeskApp, clients: dict[str, httpx.Client]
) -> None:
    chen, grace, boss = (clients[login] for login in ("xiaochen", "grace", "zhuguan"))
    conversation = _queued(app, chen)
    url = f"/desk/api/conversations/{conversation}"
    assert chen.post(f"{url}/take").status_code == 200
    for deed, body in (
        ("take", {}), ("answer", {"text": "我来", "client_id": "12345678"}),
        ("pass-on", {"to": "grace"}), ("give-back", {}), ("close", {"resolution": "solved"}),
    ):  # fmt: skip
        refused = grace.post(f"{url}/{deed}", json=body)
        assert refused.status_code == 409, deed
        assert "xiaochen" in refused.json()["detail"]
    assert boss.post(f"{url}/pass-on", json={"to": "grace"}).status_code == 200
    assert grace.post(f"{url}/close", json={"resolution": "solved"}).status_code == 200


def test_a_repeated_answer_is_sent_once(app: DeskApp, clients: dict[str, httpx.Client]) -> None:
    chen = clients["xiaochen"]
    conversation = _queued(app, chen)
    url = f"/desk/api/conversations/{conversation}"
    sent = [
        chen.post(f"{url}/answer", json={"text": "您好", "client_id": "repeated-1"}).json()
        for _ in range(3)
    ]
    assert sent[0] == sent[1] == sent[2]
    lines = chen.get(url).json()["lines"]
    assert [line["text"] for line in lines].count("您好") == 1


@pytest.mark.parametrize(
    ("deed", "body", "status"),
    [
        ("close", {"resolution": "customer_left"}, 422), ("close", {"resolution": "x"}, 422),
        ("pass-on", {"to": "bianji"}, 422), ("pass-on", {"to": "nobody"}, 422),
        ("answer", {"text": "", "client_id": "12345678"}, 422), ("answer", {"text": "x"}, 422),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused(
    app: DeskApp, clients: dict[str, httpx.Client], deed: str, body: dict[str, Any], status: int
) -> None:
    conversation = _queued(app, clients["xiaochen"])
    url = f"/desk/api/conversations/{conversation}/{deed}"
    assert clients["xiaochen"].post(url, json=body).status_code == status


def test_an_unknown_conversation_is_not_found(clients: dict[str, httpx.Client]) -> None:
    url = f"/desk/api/conversations/{'0' * 32}"
    assert clients["xiaochen"].get(url).status_code == 404
    assert clients["xiaochen"].post(f"{url}/take").status_code == 404


def test_every_look_and_deed_is_in_the_audit_log(
    app: DeskApp, clients: dict[str, httpx.Client]
) -> None:
    chen, grace = clients["xiaochen"], clients["grace"]
    conversation = _queued(app, chen)
    url = f"/desk/api/conversations/{conversation}"
    chen.get(url)
    chen.get(url)
    grace.get(url)
    chen.post(f"{url}/take")
    chen.post(f"{url}/note", json={"text": "秘密"})
    chen.post(f"{url}/close", json={"resolution": "solved"})
    log = asyncio.run(_audit(app, conversation))
    assert [(actor, action) for actor, action, _ in log] == [
        ("xiaochen", "view"), ("grace", "view"), ("xiaochen", "take"), ("xiaochen", "note"),
        ("xiaochen", "close"),
    ]  # fmt: skip
    assert "秘密" not in str(log)


async def _audit(app: DeskApp, conversation: str | None) -> list[tuple[str, str, Any]]:
    database = Database(app.settings.database)
    async with database.read() as session:
        rows = await session.scalars(
            select(AuditRow).where(AuditRow.conversation_id == conversation).order_by(AuditRow.id)
        )
        log = [(row.actor, row.action, row.detail) for row in rows]
    await database.close()
    return log


@pytest.mark.parametrize(
    ("login", "origin", "let_in"),
    [("xiaochen", None, True), ("bianji", None, False), ("nobody", None, False),
     ("xiaochen", "https://evil.example", False)],
)  # fmt: skip
async def test_live_updates_are_for_agents_on_our_own_page(
    app: DeskApp,
    clients: dict[str, httpx.Client],
    login: str,
    origin: str | None,
    let_in: bool,
) -> None:
    token = clients[login].cookies.get("yingda_session", "none")
    headers = {"cookie": f"yingda_session={token}", **({"origin": origin} if origin else {})}
    client = socketio.AsyncClient()
    try:
        await client.connect(app.url, headers=headers, namespaces=["/desk"], wait_timeout=30)
        connected = True
    except socketio.exceptions.ConnectionError:
        connected = False
    finally:
        await client.disconnect()
    assert connected is let_in


async def test_lines_that_come_by_themselves_are_a_look_too(
    app: DeskApp, clients: dict[str, httpx.Client]
) -> None:
    grace = clients["grace"]
    conversation = await asyncio.to_thread(_queued, app, grace)
    headers = {"cookie": f"yingda_session={grace.cookies['yingda_session']}"}
    client, came = socketio.AsyncClient(), asyncio.Event()
    client.on("lines", lambda _: came.set(), namespace="/desk")
    await client.connect(app.url, headers=headers, namespaces=["/desk"], wait_timeout=30)
    try:
        for wanted in ("0" * 32, 7, conversation):  # what there is not is nothing to look at
            await client.call("open", {"id": wanted}, namespace="/desk", timeout=20)
        assert ("grace", "view", {}) in await _audit(app, conversation)
        url = f"/desk/api/conversations/{conversation}/answer"
        said = {"text": "您好", "client_id": "audit-live-1"}
        await asyncio.to_thread(grace.post, url, json=said)
        await asyncio.wait_for(came.wait(), 20)
    finally:
        await client.disconnect()


def test_after_a_word_of_thanks_the_question_before_it_is_still_suggested_for(
    app: DeskApp, clients: dict[str, httpx.Client]
) -> None:
    chen, user = clients["xiaochen"], f"customer-{time.time_ns()}"
    app.say(user, "怎么开发票")
    app.say(user, "转人工")
    (conversation,) = app.conversations_of(user)
    url = f"/desk/api/conversations/{conversation}"
    chen.post(f"{url}/take")
    app.say(user, "好的，麻烦您了")
    assert "发票" in chen.get(f"{url}/suggestions").json()[0]["question"]["zh"]


def test_a_case_is_listed_beside_its_conversation_answered_once_and_heard_by_the_customer(
    app: DeskApp, clients: dict[str, httpx.Client]
) -> None:
    chen, grace = clients["xiaochen"], clients["grace"]
    # The REST channel's customer finds the answer with the next reply.
    app.say("breaks-on-arrival", "转人工")
    (conversation,) = [
        row["id"] for row in chen.get("/desk/api/conversations").json()
        if row["id"] in app.conversations_of("breaks-on-arrival")
    ]  # fmt: skip
    case = app.open_case(
        CaseKind.PROBLEM, "SO20261105001", conversation,
        problem="damaged", words=["杯子碎了"], pictures=["0" * 32 + ".jpg"],
    )  # fmt: skip
    before = chen.get("/desk/api/cases/count").json()
    (card,) = [c for c in chen.get("/desk/api/cases").json() if c["number"] == case.number]
    assert (card["kind"], card["state"]) == ("problem", "open")
    assert (card["order_number"], card["conversation_id"]) == ("SO20261105001", conversation)
    assert datetime.fromisoformat(card["promised_for"]) == case.promised_for
    assert (card["told"], card["words"]) == ({"problem": "damaged"}, ["杯子碎了"])
    assert card["pictures"] == ["0" * 32 + ".jpg"]
    panel = chen.get(f"/desk/api/conversations/{conversation}").json()["customer"]["cases"]
    assert [c["number"] for c in panel] == [case.number]

    url = f"/desk/api/cases/{case.number}/close"
    assert chen.post(url, json={"answer": "  "}).status_code == 422
    assert chen.post(url, json={"answer": "新杯子今天发出"}).json() == {"ok": True, "told": True}
    assert grace.post(url, json={"answer": "我也答一遍"}).status_code == 409
    assert before["open"] - chen.get("/desk/api/cases/count").json()["open"] == 1
    (closed,) = [
        c for c in chen.get("/desk/api/cases?list=closed").json() if c["number"] == case.number
    ]
    assert (closed["state"], closed["answer"], closed["closed_by"]) == (
        "closed", "新杯子今天发出", "xiaochen",
    )  # fmt: skip
    heard = [reply["text"] for reply in app.say("breaks-on-arrival", "在吗")]
    assert heard.count("新杯子今天发出") == 1
    assert "我也答一遍" not in heard
    log = asyncio.run(_audit(app, conversation))
    assert ("xiaochen", "close_case", {"case": case.number, "order": "SO20261105001"}) in log
    assert [actor for actor, action, _ in asyncio.run(_audit(app, None)) if action == "view_cases"]


def test_a_case_whose_conversation_is_gone_says_so(
    app: DeskApp, clients: dict[str, httpx.Client]
) -> None:
    chen = clients["xiaochen"]
    case = app.open_case(CaseKind.URGE, "SO20261105007", "0" * 32)
    (card,) = [c for c in chen.get("/desk/api/cases").json() if c["number"] == case.number]
    assert card["conversation_id"] is None
    closed = chen.post(f"/desk/api/cases/{case.number}/close", json={"answer": "已电话告知"})
    assert closed.json() == {"ok": True, "told": False}


def test_the_figures_are_for_those_who_direct(clients: dict[str, httpx.Client]) -> None:
    codes = {
        login: clients[login].get("/desk/api/report?days=1").status_code
        for login in ("nobody", "bianji", "xiaochen", "zhuguan")
    }
    assert codes == {"nobody": 401, "bianji": 403, "xiaochen": 403, "zhuguan": 200}


def test_the_figures_come_as_a_file_and_with_every_day(
    app: DeskApp, clients: dict[str, httpx.Client]
) -> None:
    app.say(f"customer-{time.time_ns()}", "包邮吗")
    assert clients["xiaochen"].get("/desk/api/report.csv").status_code == 403
    boss = clients["zhuguan"]
    days = boss.get("/desk/api/report?days=30&by=day").json()
    assert len(days) == 30
    assert days[0]["sessions"] == 0 < days[-1]["sessions"]
    file = boss.get("/desk/api/report.csv?days=30&by=channel")
    assert (
        file.headers["content-disposition"] == 'attachment; filename="service-channel-30-days.csv"'
    )
    (row,) = [row for row in csv.DictReader(io.StringIO(file.text)) if row["group"] == "rest"]
    assert int(row["sessions"]) == days[-1]["sessions"]


def test_guessing_is_stopped_on_the_web_too(app: DeskApp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throttle, "TRIES_OF_LOGIN", 2)
    wrong = {"login": "grace", "password": "not her password"}
    codes = [app.client().post("/account/sign-in", json=wrong).status_code for _ in range(3)]
    assert codes == [401, 401, 429]


def test_a_file_is_handed_in_and_sent_where_the_channel_takes_it(
    app: DeskApp, clients: dict[str, httpx.Client]
) -> None:
    chen = clients["xiaochen"]
    assert chen.get("/desk/api/catalogue").json()["files"]["web"] == ["picture", "file"]
    handed = chen.post("/desk/api/files", params={"name": "发票.pdf"}, content=b"%PDF-1.7 x").json()
    assert handed["attachment"]["kind"] == "file"
    refused = chen.post("/desk/api/files", content=b"MZ no picture")
    assert (refused.status_code, "PDF" in refused.json()["detail"]) == (415, True)
    url = f"/desk/api/conversations/{_queued(app, chen)}"
    answer = {"client_id": "file-file-1", "file": handed["receipt"]}
    assert chen.post(f"{url}/answer", json=answer).status_code == 422, "the REST channel has none"
    assert chen.post(f"{url}/answer", json={"client_id": "empty-empty"}).status_code == 422


def test_a_call_names_whom_to_call_and_why_in_the_agent_s_language(
    app: DeskApp, clients: dict[str, httpx.Client]
) -> None:
    async def hand_over(database: Database) -> None:
        order = await SqlOrderBook(database).find("SO20261105002")
        assert order is not None
        why = {"zh": "首单", "en": "first order"}
        async with database.write() as session:
            await call_customer(
                session, read_phrases(app.settings.root), order, [why], datetime.now(UTC)
            )

    app.fill(hand_over)
    listed = clients["grace"].get("/desk/api/conversations").json()
    (row,) = [row for row in listed if row["channel"] == "phone"]
    view = clients["grace"].get(f"/desk/api/conversations/{row['id']}").json()
    (line,) = view["lines"]
    assert view["row"]["name"] == row["name"]
    assert f"收货人：{row['name'][0]}•••" in line["texts"]["zh"]
    for text, said in (
        (line["texts"]["zh"], "需要电话确认"),
        (line["texts"]["en"], "by telephone"),
    ):
        assert said in text
        assert row["phone"] in text
    assert "首单" in line["texts"]["zh"]
    assert "first order" in line["texts"]["en"]


def test_a_complaint_is_a_case_without_an_order(
    app: DeskApp, clients: dict[str, httpx.Client]
) -> None:
    (reply,) = app.say("complains", "我要投诉")
    (case,) = [
        one for one in clients["grace"].get("/desk/api/cases").json() if one["kind"] == "complaint"
    ]
    assert case["number"] in reply["text"]
    assert (case["order_number"], case["items"], case["words"]) == (None, None, ["我要投诉"])
    url = f"/desk/api/cases/{case['number']}/close"
    assert clients["grace"].post(url, json={"answer": "已处理"}).json()["told"] is True
    closed = clients["grace"].get("/desk/api/cases?list=closed").json()
    assert [c["answer"] for c in closed if c["number"] == case["number"]] == ["已处理"]
