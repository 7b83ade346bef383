"""Returns, exchanges, reports and invoices in the order form, called through the SDK as the engine calls them."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from rasa_sdk.executor import ActionExecutor
from sqlalchemy import delete, select, update

from actions.change_actions import AskGoAhead, AskNewWindow, UndoChange
from actions.claims import AskClaimDetail
from actions.orders import OrderAction, ValidateOrderForm
from bot.conversations.phrases import Phrases
from bot.orders.cases import CaseKind
from bot.orders.demo import insert_shop
from bot.orders.service import Orders
from bot.storage.cod import CaseRow, OrderEventRow
from bot.storage.engine import Database
from bot.storage.orders import OrderItemRow, TrackingEventRow
from tests.actions.test_orders import Clock, Customer, names
from tests.bot.orders.conftest import NOW, known_customers

# Delivered, in a locker: running shoes and two packs of socks, of which only the shoes may come back unpacked.
SHOES, SOCKS = "CL-1011", "CL-1014"
PROVED = {"order_number": "SO20261105003", "phone_last4": "5207"}


@pytest.fixture
def engine_url(tmp_path: Path) -> str:
    """One kind of database will do here; the desks are tested on both."""
    return f"sqlite+aiosqlite:///{tmp_path / 'test.sqlite3'}"


@pytest.fixture
async def shop(database: Database) -> Database:
    async with database.write() as session:
        await insert_shop(session, known_customers())
    return database


@pytest.fixture
async def clock(shop: Database) -> Clock:
    """A day after the parcel came."""
    async with shop.write() as session:
        await session.execute(
            update(TrackingEventRow)
            .where(TrackingEventRow.kind == "delivered")
            .values(at=NOW - timedelta(hours=20))
        )
    return Clock()


@pytest.fixture
def orders(shop: Database, root: Path) -> Orders:
    return Orders.build(shop, root / "data/policy", Phrases(root / "domain.yml"), "zh")


@pytest.fixture
def customer(orders: Orders, clock: Clock) -> Customer:
    executor = ActionExecutor()
    for action in (
        ValidateOrderForm(orders, clock),
        OrderAction(orders, clock),
        AskGoAhead(orders, clock),
        AskNewWindow(orders, clock),
        AskClaimDetail(orders, clock),
        UndoChange(orders, clock),
    ):
        executor.register_action(action)
    return Customer(executor)


async def the_case(shop: Database) -> CaseRow:
    async with shop.read() as session:
        return (await session.scalars(select(CaseRow))).one()


async def only(shop: Database, sku: str) -> None:
    async with shop.write() as session:
        await session.execute(
            delete(OrderItemRow).where(
                OrderItemRow.order_number == PROVED["order_number"], OrderItemRow.sku != sku
            )
        )


async def test_a_return_told_in_one_go_only_asks_to_go_ahead(
    customer: Customer, shop: Database
) -> None:
    said = await customer.says("跑步鞋太小了 想退", order_goal="return_request", **PROVED)
    assert names(said) == ["utter_preview_return"]
    assert said[0]["items"] == "轻便跑步鞋 41码"
    assert said[0]["postage"] == "¥12"
    done = await customer.says("对")
    assert names(done) == ["utter_done_return"]
    case = await the_case(shop)
    assert done[0]["case"] == case.number
    assert (case.kind, case.data["skus"], case.data["reason"]) == ("return", [SHOES], "unsuitable")
    assert case.data["words"][0] == "跑步鞋太小了 想退"


async def test_what_was_said_before_the_order_is_known_is_not_asked_again(
    customer: Customer,
) -> None:
    intro = await customer.says("跑步鞋穿着太紧 退了吧", order_goal="return_request")
    assert names(intro) == ["utter_return_request"]
    assert customer.asked_for == "order_number"
    await customer.says("SO20261105003", order_number="SO20261105003")
    said = await customer.says("5207", phone_last4="5207")
    assert names(said) == ["utter_preview_return"]
    assert said[0]["items"] == "轻便跑步鞋 41码"


async def test_item_and_reason_are_asked_for_one_after_the_other(customer: Customer) -> None:
    said = await customer.says("退货", order_goal="return_request", **PROVED)
    assert names(said) == ["utter_ask_claim_item"]
    assert [b["title"] for b in said[0]["buttons"]][-1] == "全部"
    said = await customer.says("第一个")
    assert names(said) == ["utter_ask_claim_reason"]
    assert names(await customer.says("不喜欢这个样子")) == ["utter_preview_return"]


async def test_a_fault_costs_no_postage(customer: Customer) -> None:
    said = await customer.says(
        "鞋底开胶 质量问题 跑步鞋退货", order_goal="return_request", **PROVED
    )
    assert names(said) == ["utter_preview_return_fault"]


async def test_unpacked_socks_come_back_only_with_a_fault(customer: Customer) -> None:
    said = await customer.says("袜子不想要了", order_goal="return_request", **PROVED)
    assert names(said) == ["utter_ask_claim_opened"]
    assert said[0]["question"] == "包装拆开过了吗？"
    said = await customer.says("拆了")
    assert names(said) == ["utter_claim_opened"]
    assert customer.active
    said = await customer.says("袜子有个破洞")
    assert names(said) == ["utter_preview_return_fault"]


async def test_a_return_too_late_may_still_be_an_exchange(
    customer: Customer, clock: Clock, shop: Database
) -> None:
    clock.now += timedelta(days=8)
    said = await customer.says("跑步鞋不合适 退货", order_goal="return_request", **PROVED)
    assert names(said) == ["utter_claim_late_return"]
    said = await customer.says("那换大一码的吧", order_goal="exchange_request")
    assert names(said)[0] in {
        "utter_ask_claim_item",
        "utter_ask_claim_reason",
        "utter_preview_exchange",
    }
    clock.now += timedelta(days=9)
    await only(shop, SHOES)
    said = await customer.says("还是退了", order_goal="return_request")
    assert names(said) == ["utter_claim_late_both"]


async def test_an_exchange_keeps_what_was_told_when_the_customer_changes_her_mind(
    customer: Customer, shop: Database
) -> None:
    await customer.says("跑步鞋太小 退", order_goal="return_request", **PROVED)
    said = await customer.says("要不换成42码的", order_goal="exchange_request")
    assert names(said) == ["utter_preview_exchange"]
    assert said[0]["wish"] == "42码"
    said = await customer.says("43码吧 换成43码", order_goal="exchange_request")
    assert said[0]["wish"].startswith("43码")
    await customer.says("好的")
    assert (await the_case(shop)).kind == "exchange"


async def test_damaged_goods_with_photos_in_english(customer: Customer, shop: Database) -> None:
    said = await customer.says(
        "one of the shoes arrived torn", order_goal="wrong_or_damaged_item", **PROVED
    )
    assert names(said) == ["utter_ask_claim_photo"]
    said = await customer.says("just sent them")
    assert names(said) == ["utter_preview_problem"]
    assert said[0]["problem"] == "it arrived damaged"
    assert names(await customer.says("yes please")) == ["utter_done_problem"]
    case = await the_case(shop)
    assert (case.data["problem"], case.data["photo"]) == ("damaged", "sent")


async def test_damage_reported_too_late_says_what_else_helps(
    customer: Customer, clock: Clock
) -> None:
    clock.now += timedelta(days=3)
    said = await customer.says("鞋子破了", order_goal="wrong_or_damaged_item", **PROVED)
    assert names(said) == ["utter_claim_late_report"]
    assert not customer.active


async def test_an_invoice_for_a_company(customer: Customer, shop: Database) -> None:
    said = await customer.says(
        "给我们公司开张票 抬头写杭州小满设计有限公司", order_goal="invoice", **PROVED
    )
    assert names(said) == ["utter_ask_claim_tax_number"]
    said = await customer.says("91330106MA2KJ0000X")
    assert names(said) == ["utter_ask_claim_tax_number_again"]
    said = await customer.says("91350100M000100Y43")
    assert names(said) == ["utter_ask_claim_email"]
    said = await customer.says("发到 fapiao@xiaoman.example 谢谢")
    assert names(said) == ["utter_preview_invoice_company"]
    assert said[0]["title"] == "杭州小满设计有限公司"
    # A correction instead of a yes.
    said = await customer.says("邮箱写错了 是 caiwu@xiaoman.example")
    assert said[0]["email"] == "caiwu@xiaoman.example"
    assert names(await customer.says("对的")) == ["utter_done_invoice"]
    assert (await the_case(shop)).data["tax_number"] == "91350100M000100Y43"


async def test_a_personal_invoice_needs_no_tax_number(customer: Customer) -> None:
    said = await customer.says(
        "invoice in my own name please, to emma@post.example", order_goal="invoice", **PROVED
    )
    assert names(said) == ["utter_preview_invoice"]
    assert said[0]["title"] == "a private person"


async def test_a_short_answer_is_no_new_task(customer: Customer) -> None:
    """ "Quality", asked why it goes back, is easily classified as a report of damage."""
    await customer.says("跑步鞋退货", order_goal="return_request", **PROVED)
    assert customer.asked_for == "claim_detail"
    said = await customer.says("质量问题", order_goal="wrong_or_damaged_item")
    assert names(said) == ["utter_preview_return_fault"]
    assert customer.slots["order_goal"] == "return_request"


async def test_forget_it_registers_nothing(customer: Customer, shop: Database) -> None:
    await customer.says("跑步鞋不合适", order_goal="return_request", **PROVED)
    assert names(await customer.says("算了 不退了")) == ["utter_claim_kept"]
    assert not customer.active
    async with shop.read() as session:
        assert (await session.scalars(select(CaseRow))).all() == []


async def test_a_lost_parcel_becomes_a_case(customer: Customer, shop: Database) -> None:
    said = await customer.says("显示签收了 我没收到", order_goal="not_received", **PROVED)
    assert names(said) == ["utter_order_parcel_delivered", "utter_not_received_help"]
    done = await customer.says("都找过了 没有")
    assert names(done) == ["utter_done_not_received"]
    assert (await the_case(shop)).kind == "not_received"
    again = await customer.says("还是没有收到", order_goal="not_received")
    assert names(again)[-1] == "utter_not_received_help"
    assert names(await customer.says("都找过了 没有"))[-1] == "utter_claim_known"


async def test_a_case_can_be_taken_back_once(customer: Customer, shop: Database) -> None:
    await customer.says("跑步鞋不合适", order_goal="return_request", **PROVED)
    await customer.says("对")
    assert names(await customer._run("action_undo_change")) == ["utter_claim_withdrawn"]
    assert (await the_case(shop)).closed_at == NOW
    assert names(await customer._run("action_undo_change")) == ["utter_undo_nothing"]
    async with shop.read() as session:
        kinds = list(await session.scalars(select(OrderEventRow.kind).order_by(OrderEventRow.id)))
    assert kinds == ["case.return", "withdrawn"]


@pytest.mark.parametrize(
    ("number", "digits", "response"),
    [
        ("SO20261105002", "3321", "utter_claim_not_sent"),
        ("SO20261105001", "6688", "utter_claim_not_here_yet"),
    ],
)
async def test_what_has_not_come_can_t_go_back(
    customer: Customer, number: str, digits: str, response: str
) -> None:
    given: dict[str, Any] = {"order_number": number, "phone_last4": digits}
    said = await customer.says("退货", order_goal="return_request", **given)
    assert names(said) == [response]


async def test_a_new_recipient_is_a_change_like_any_other(customer: Customer) -> None:
    cod = {"order_number": "SO20261105002", "phone_last4": "3321"}
    await customer.says("收货人想换一个", order_goal="change_address", **cod)
    assert customer.asked_for == "new_recipient"
    said = await customer.says("王芳")
    assert names(said) == ["utter_preview_change_cod"]
    assert said[0]["changes"] == "- 收货人：王芳"
    assert names(await customer.says("对")) == ["utter_cod_confirmed_changed"]
    undone = await customer._run("action_undo_change")
    assert names(undone) == ["utter_undone_ask"]
    assert undone[0]["recipient"] == "周•••"


async def test_an_address_given_before_the_order_is_known_is_not_asked_again(
    customer: Customer,
) -> None:
    await customer.says("地址改成成都市武侯区人民路99号", order_goal="change_address")
    await customer.says("SO20261105002", order_number="SO20261105002")
    said = await customer.says("3321", phone_last4="3321")
    assert names(said) == ["utter_preview_change_cod"]
    assert "人民路99号" in said[0]["changes"]


async def test_forget_it_is_no_new_task_either(customer: Customer, shop: Database) -> None:
    """An unsure classifier took it for the confirmation of an order."""
    await customer.says("我要换货 跑步鞋换成42码的", order_goal="exchange_request", **PROVED)
    customer.intent = {"name": "cod_confirm", "confidence": 0.51}
    said = await customer.says("never mind, I'll keep it", order_goal="cod_confirm")
    assert names(said) == ["utter_claim_kept"]
    assert customer.slots["order_goal"] == "exchange_request"


async def test_looked_in_vain_is_no_complaint(customer: Customer) -> None:
    await customer.says("显示签收了 我没收到", order_goal="not_received", **PROVED)
    customer.intent = {"name": "complaint", "confidence": 0.74}
    assert names(await customer.says("都翻遍了 真没有")) == ["utter_done_not_received"]


async def test_an_early_title_is_the_company_and_not_the_words_around_it(
    customer: Customer,
) -> None:
    said = await customer.says(
        "要开公司抬头的票 抬头写上海拾光贸易有限公司", order_goal="invoice", **PROVED
    )
    assert names(said) == ["utter_ask_claim_tax_number"]


async def test_a_picture_that_is_sent_goes_into_the_case(
    customer: Customer, shop: Database
) -> None:
    await customer.says("收到的鞋破了", order_goal="wrong_or_damaged_item", **PROVED)
    picture = {"id": "f1", "kind": "picture", "name": "shoe.jpg", "media_type": "image/jpeg"}
    customer.metadata = {"attachments": [picture]}
    assert names(await customer.says("图片")) == ["utter_preview_problem"]
    customer.metadata = {}
    assert names(await customer.says("对")) == ["utter_done_problem"]
    assert (await the_case(shop)).data["pictures"] == ["f1"]


@pytest.mark.parametrize(
    ("begins", "goal", "asks", "forget"),
    [
        ("开发票", "invoice", "utter_ask_claim_title", "算了"),
        ("an invoice please", "invoice", "utter_ask_claim_title", "never mind"),
        ("跑步鞋太小了 想换", "exchange_request", "utter_ask_claim_wish", "ok, forget it"),
        ("袜子不想要了", "return_request", "utter_ask_claim_opened", "Never mind!"),
        ("袜子破了个洞", "wrong_or_damaged_item", "utter_ask_claim_photo", "那算了吧 不好意思"),
    ],
)
async def test_a_bare_never_mind_is_no_answer_to_any_question(
    customer: Customer, shop: Database, begins: str, goal: str, asks: str, forget: str
) -> None:
    said = await customer.says(begins, order_goal=goal, **PROVED)
    assert [name for name in names(said) if name.startswith("utter_ask")] == [asks]
    assert names(await customer.says(forget)) == ["utter_claim_kept"]
    async with shop.read() as session:
        assert (await session.scalars(select(CaseRow))).all() == []


async def test_never_mind_with_another_wish_is_the_wish(customer: Customer) -> None:
    await customer.says("跑步鞋太小了 想换", order_goal="exchange_request", **PROVED)
    said = await customer.says("算了 换成43码的吧")
    assert names(said) == ["utter_preview_exchange"]


async def test_what_broke_is_said_once_and_no_photo_is_an_answer(customer: Customer) -> None:
    said = await customer.says(
        "跑步鞋开胶了 我没有照片", order_goal="wrong_or_damaged_item", **PROVED
    )
    assert names(said) == ["utter_preview_problem"]


async def test_a_found_parcel_needs_no_case(customer: Customer, shop: Database) -> None:
    for words in ("我再找找", "found it, thanks"):
        said = await customer.says("显示签收了 我没收到", order_goal="not_received", **PROVED)
        assert names(said)[-1] == "utter_not_received_help"
        customer.intent = {"name": "thanks", "confidence": 0.9}
        assert names(await customer.says(words)) == ["utter_claim_kept"]
        customer.intent = {}
    async with shop.read() as session:
        assert (await session.scalars(select(CaseRow))).all() == []


@pytest.mark.parametrize(
    ("no", "name"), [("不对，是王方", "王方"), ("no, it's Wang Fang", "Wang Fang")]
)
async def test_a_wrong_name_is_corrected_before_the_yes(
    customer: Customer, no: str, name: str
) -> None:
    cod = {"order_number": "SO20261105002", "phone_last4": "3321"}
    await customer.says("收货人改成王芳", order_goal="change_address", **cod)
    customer.intent = {"name": "deny", "confidence": 0.95}
    said = await customer.says(no)
    assert names(said) == ["utter_preview_change_cod"]
    assert name in said[0]["changes"]


@pytest.mark.parametrize(
    ("text", "asks"),
    [("SO20261105002 3321 改时间", "new_window"), ("SO20261105002 3321 改地址", "new_address")],
)
async def test_a_task_beside_the_codes_is_the_task(
    customer: Customer, text: str, asks: str
) -> None:
    customer.intent = {"name": "inform", "confidence": 1.0}
    await customer.says(text, order_number="SO20261105002", phone_last4="3321")
    assert customer.asked_for == asks


async def test_goods_of_another_order_are_about_that_order(customer: Customer) -> None:
    await customer.says(
        "查订单", order_goal="order_status", order_number="SO20261105001", phone_last4="6688"
    )
    await customer.says("那双板鞋太小 我要退", order_goal="return_request")
    assert customer.slots["order_number"] == "SO20261010135"
    assert customer.slots["verified_order"] == "SO20261010135"


async def test_goods_of_the_open_order_stay_there(customer: Customer) -> None:
    await customer.says(
        "查订单", order_goal="order_status", order_number="SO20261105001", phone_last4="6688"
    )
    await customer.says("手机壳不想要了 退", order_goal="return_request")
    assert customer.slots["order_number"] == "SO20261105001"


@pytest.mark.parametrize("named", ["SO20261003880", "第一笔 SO20261003880"])
async def test_of_several_orders_with_the_same_goods_one_is_asked_for(
    customer: Customer, named: str
) -> None:
    lamp = {"order_number": "SO20261119823", "phone_last4": "6688"}
    await customer.says("查订单", order_goal="order_status", **lamp)
    said = await customer.says("return the phone case please", order_goal="return_request")
    assert names(said) == ["utter_which_order"]
    assert customer.asked_for == "order_number"
    assert {b["title"] for b in said[0]["buttons"]} == {"SO20261105001", "SO20261003880"}
    await customer.says(named, order_number="SO20261003880")
    assert customer.slots["order_number"] == "SO20261003880"
    # Neither the digits nor which of its goods is asked for again.
    assert customer.asked_for != "phone_last4"
    assert customer.slots["draft"] is None or customer.slots["draft"].get("asks") != "item"


async def test_my_return_is_found_beside_another_order(customer: Customer, orders: Orders) -> None:
    other = await orders.book.find("SO20261010135")
    assert other is not None
    case = await orders.cases.open(CaseKind.RETURN, other, conversation_id="long ago", now=NOW)
    await customer.says(
        "查订单", order_goal="order_status", order_number="SO20261105001", phone_last4="6688"
    )
    said = await customer.says("我的退货", order_goal="return_request")
    assert names(said) == ["utter_case_news_open"]
    assert case.number in said[0]["case"]
    assert "SO20261010135" in said[0]["case"]
