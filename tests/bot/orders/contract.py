"""What every order book does. An implementation's test inherits this and gives the fixture ``book``."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.orders.book import ChangeRefusedError, OrderBook, UnknownOrderError
from bot.orders.fields import Field
from bot.orders.model import Carrier, EventKind, Money, OrderState, Receiver
from tests.bot.orders.conftest import NOW

WAITING = "SO20261105002"
ELSEWHERE = {
    "subdivision": "CN-SC",
    "province": "四川省",
    "city": "成都市",
    "district": "武侯区",
    "detail": "天府大道1号2栋301",
}


class OrderBookContract:
    """``book`` holds the demo shop as of ``NOW``."""

    @pytest.fixture
    def book(self) -> OrderBook:
        raise NotImplementedError("the implementation's test gives the book")

    async def test_finds_an_order_by_its_number(self, book: OrderBook) -> None:
        order = await book.find("SO20261105001")
        assert order is not None
        assert (order.number, order.state) == ("SO20261105001", OrderState.SHIPPED)
        assert (order.recipient, order.last_four) == ("林静", "6688")

    async def test_finds_an_order_by_the_number_of_any_of_its_parcels(
        self, book: OrderBook
    ) -> None:
        order = await book.find("SO20261105006")
        assert order is not None
        assert len(order.parcels) == 2
        assert [await book.find(p.tracking_number) for p in order.parcels] == [order, order]

    @pytest.mark.parametrize("reference", ["SO20261105999", "SF0000000000000", "", "' OR 1=1 --"])
    async def test_knows_no_other_order(self, book: OrderBook, reference: str) -> None:
        assert await book.find(reference) is None

    async def test_money_is_whole_minor_units_with_a_currency(self, book: OrderBook) -> None:
        order = await book.find("SO20261105002")
        assert order is not None
        # ¥1,299.00 for the robot and ¥5.00 for cash on delivery.
        assert order.items[0].unit_price == Money(129900, "CNY")
        assert order.total == order.to_collect == Money(130400, "CNY")
        assert order.awaits_confirmation

    async def test_nothing_is_collected_for_a_paid_order(self, book: OrderBook) -> None:
        order = await book.find("SO20261105001")
        assert order is not None
        assert order.to_collect == Money(0, "CNY")

    async def test_a_parcel_brings_its_items_and_its_scans_in_order(self, book: OrderBook) -> None:
        order = await book.find("SO20261105001")
        assert order is not None
        (parcel,) = order.parcels
        assert (parcel.carrier, parcel.tracking_number) == (Carrier.SF, "SF1390020261105")
        assert parcel.items == order.items
        kinds = [event.kind for event in parcel.events]
        assert kinds == [
            EventKind.PICKED_UP,
            EventKind.DEPARTED,
            EventKind.ARRIVED,
            EventKind.DEPARTED,
        ]
        assert [e.at for e in parcel.events] == sorted(e.at for e in parcel.events)
        assert parcel.events[2].place.zh == "深圳转运中心"
        assert parcel.events[2].place.en == "Shenzhen hub"

    async def test_two_parcels_share_out_the_items(self, book: OrderBook) -> None:
        order = await book.find("SO20261105006")
        assert order is not None
        first, second = order.parcels
        assert first.items + second.items == order.items
        assert first.delivered
        assert not second.delivered

    async def test_a_delivered_parcel_says_who_took_it(self, book: OrderBook) -> None:
        order = await book.find("SO20261105003")
        assert order is not None
        assert order.parcels[0].received_by is Receiver.LOCKER
        assert order.parcels[0].delivered
        assert order.parcels[0].delivered == order.parcels[0].last_event

    async def test_every_moment_knows_its_zone(self, book: OrderBook) -> None:
        order = await book.find("SO20261105003")
        assert order is not None
        moments = [order.created_at, order.paid_at, order.parcels[0].shipped_at]
        moments += [event.at for event in order.parcels[0].events]
        assert all(m and m.utcoffset() is not None and m < NOW for m in moments)

    async def test_lists_the_orders_of_a_customer_newest_first(self, book: OrderBook) -> None:
        order = await book.find("SO20261105001")
        assert order is not None
        listed = await book.of_same_customer(order, limit=5)
        assert order in listed
        assert len(listed) == 4
        assert {o.customer_id for o in listed} == {order.customer_id}
        assert [o.created_at for o in listed] == sorted(
            (o.created_at for o in listed), reverse=True
        )

    async def test_lists_no_more_than_asked_for(self, book: OrderBook) -> None:
        order = await book.find("SO20261105001")
        assert order is not None
        whole = await book.of_same_customer(order, limit=5)
        assert list(await book.of_same_customer(order, limit=2)) == list(whole[:2])

    async def test_a_delivery_window_is_a_pair_of_moments(self, book: OrderBook) -> None:
        order = await book.find("SO20261105002")
        assert order is not None
        assert order.window
        assert timedelta(0) < order.window.end - order.window.start < timedelta(hours=12)

    async def test_a_change_is_made_and_stays(self, book: OrderBook) -> None:
        changed = await book.change(
            WAITING, {Field.ADDRESS: ELSEWHERE, Field.NOTE: {"note": "放门卫"}}, key="k1", at=NOW
        )
        assert (changed.address.detail, changed.courier_note) == ("天府大道1号2栋301", "放门卫")
        found = await book.find(WAITING)
        assert found == changed

    async def test_a_repeated_key_changes_nothing(self, book: OrderBook) -> None:
        await book.change(WAITING, {Field.RECIPIENT: {"recipient": "王芳"}}, key="k1", at=NOW)
        await book.change(WAITING, {Field.RECIPIENT: {"recipient": "李雷"}}, key="k2", at=NOW)
        again = await book.change(
            WAITING, {Field.RECIPIENT: {"recipient": "王芳"}}, key="k1", at=NOW
        )
        assert again.recipient == "李雷"

    async def test_a_confirmation_is_told_with_its_time(self, book: OrderBook) -> None:
        changed = await book.change(WAITING, {}, confirmed_at=NOW, key="k1", at=NOW)
        assert changed.cod_confirmed_at == NOW
        assert not changed.awaits_confirmation

    async def test_a_cancellation_can_be_taken_back(self, book: OrderBook) -> None:
        cancelled = {Field.CANCEL: {"state": "cancelled", "collect_minor": 0}}
        order = await book.change(WAITING, cancelled, key="k1", at=NOW)
        assert (order.state, order.to_collect.minor) == (OrderState.CANCELLED, 0)
        before = {Field.CANCEL: {"state": "placed", "collect_minor": 130400}}
        order = await book.change(WAITING, before, key="k2", at=NOW)
        assert (order.state, order.to_collect.minor) == (OrderState.PLACED, 130400)

    async def test_a_window_may_become_any_time(self, book: OrderBook) -> None:
        anytime = {Field.WINDOW: {"start": None, "end": None}}
        assert (await book.change(WAITING, anytime, key="k1", at=NOW)).window is None

    async def test_what_is_on_its_way_is_not_changed(self, book: OrderBook) -> None:
        with pytest.raises(ChangeRefusedError) as refused:
            await book.change(
                "SO20261105001",
                {Field.PHONE: {"phone": "+8613800000000"}, Field.ADDRESS: ELSEWHERE},
                key="k1",
                at=NOW,
            )
        assert refused.value.field in {Field.PHONE, Field.ADDRESS}
        assert refused.value.order.state is OrderState.SHIPPED
        unchanged = await book.find("SO20261105001")
        assert unchanged == refused.value.order

    async def test_no_unknown_order_is_changed(self, book: OrderBook) -> None:
        with pytest.raises(UnknownOrderError, match="SO20261105999"):
            await book.change("SO20261105999", {}, confirmed_at=NOW, key="k1", at=NOW)

    async def test_lists_the_orders_of_a_customer_to_any_phone(self, book: OrderBook) -> None:
        order = await book.find("SO20261105001")
        assert order is not None
        listed = await book.of_customer(order.customer_id, limit=3)
        assert len(listed) == 3
        assert {o.customer_id for o in listed} == {order.customer_id}
        assert await book.of_customer("nobody", limit=3) == []
